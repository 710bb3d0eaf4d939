//! What outlives a vrrp process that dies: who was master, and when the last advert left.
//!
//! The parent holds a memory file; each vrrp process writes into it and reads what its predecessor wrote. So a
//! successor can go on as master while the peers have not yet missed an advert.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// Bytes of one record: key, time of the last advert in microseconds of CLOCK_MONOTONIC (0: not master).
const RECORD: usize = 16;
/// More instances than any process has.
const RECORDS_MAX: usize = 4096;

/// The memory file.
#[derive(Debug)]
pub struct Heartbeat {
    file: File,
}

/// What an instance is known by over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// From VRID, family and interface: what makes a virtual router the same to its peers.
    pub fn new(vrid: u8, family: u8, interface: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (vrid, family, interface).hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Heartbeat {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let fd = memfd_create("keepalived-heartbeat", MFdFlags::MFD_CLOEXEC)?;
        Ok(Self { file: File::from(fd) })
    }

    /// A second handle for a child process.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()? })
    }

    /// Everything the predecessor left: keys of masters with the time of their last advert.
    pub fn read(&self) -> Vec<(Key, u64)> {
        let mut bytes = vec![0; RECORD * RECORDS_MAX];
        let mut filled = 0;
        while let Ok(read) = self.file.read_at(&mut bytes[filled..], filled as u64) {
            if read == 0 {
                break;
            }
            filled += read;
        }
        let (records, _) = bytes[..filled].as_chunks::<RECORD>();
        let word = |record: &[u8; RECORD], at: usize| {
            record[at..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes))
        };
        records
            .iter()
            .map(|record| (Key(word(record, 0)), word(record, 8)))
            .filter(|(_, last)| *last != 0)
            .collect()
    }

    /// Forgets everything; a process does so after it has read.
    pub fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Notes an advert of a master in the record of `slot`; `last_us` 0 says that it is no master any more.
    pub fn beat(&self, slot: usize, key: Key, last_us: u64) {
        if slot >= RECORDS_MAX {
            return;
        }
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&key.0.to_ne_bytes());
        record[8..].copy_from_slice(&last_us.to_ne_bytes());
        // Without the note a successor only waits longer.
        let _ = self.file.write_all_at(&record, (slot * RECORD) as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_reads_the_masters() {
        let ours = Heartbeat::new().unwrap();
        let theirs = ours.try_clone().unwrap();
        let (a, b) = (Key::new(51, 2, "eth0"), Key::new(52, 2, "eth0"));
        theirs.beat(0, a, 100);
        theirs.beat(2, b, 200);
        theirs.beat(0, a, 0);
        assert_eq!(ours.read(), vec![(b, 200)]);
        ours.clear().unwrap();
        assert!(ours.read().is_empty());
        assert_ne!(a, Key::new(51, 10, "eth0"));
    }
}
