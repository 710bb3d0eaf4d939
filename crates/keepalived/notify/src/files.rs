//! Tracked files: numbers that others write.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use keepalived_conf::model::{InitFile, TrackFile};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// A file holds a few digits; more is not read.
const READ_MAX: u64 = 128;

/// Watches the directories of all tracked files: a file may come, go or be replaced.
#[derive(Debug)]
pub struct FileTracker {
    inotify: Inotify,
    directories: HashMap<WatchDescriptor, PathBuf>,
    files: Vec<PathBuf>,
}

impl FileTracker {
    /// Watches `files`; their order is the numbering of [`FileTracker::changed`].
    pub fn new(files: &[TrackFile]) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let mut tracker = Self { inotify, directories: HashMap::new(), files: Vec::new() };
        for file in files {
            let path = PathBuf::from(&file.file);
            if let Err(error) = tracker.watch(&path) {
                tracing::warn!("Unable to monitor directory of track file {}: {error}", file.name);
            }
            tracker.files.push(path);
        }
        Ok(tracker)
    }

    fn watch(&mut self, path: &Path) -> io::Result<()> {
        let directory = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO;
        let descriptor = self.inotify.add_watch(directory, flags)?;
        self.directories.insert(descriptor, directory.to_owned());
        Ok(())
    }

    /// The numbers of files that changed since the last call. After an overflow of the kernel's queue that is all of
    /// them.
    pub fn changed(&self) -> io::Result<Vec<usize>> {
        let mut changed = Vec::new();
        loop {
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error.into()),
            };
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    return Ok((0..self.files.len()).collect());
                }
                if let Some(name) = event.name {
                    changed.extend(self.numbers_of(event.wd, &name));
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        Ok(changed)
    }

    fn numbers_of(&self, descriptor: WatchDescriptor, name: &OsString) -> Vec<usize> {
        let Some(directory) = self.directories.get(&descriptor) else { return Vec::new() };
        let path = directory.join(name);
        self.files
            .iter()
            .enumerate()
            .filter(|(_, file)| **file == path || Path::new(".").join(file) == path)
            .map(|(number, _)| number)
            .collect()
    }
}

impl AsFd for FileTracker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// `init_file`: makes a tracked file with its first value.
pub fn initialise(file: &TrackFile) -> io::Result<()> {
    let Some(InitFile { value, overwrite }) = file.init_file else { return Ok(()) };
    if overwrite || !Path::new(&file.file).exists() {
        fs::write(&file.file, format!("{value}\n"))?;
    }
    Ok(())
}

/// The number in a tracked file; 0 if there is none.
pub fn value_of(path: &Path) -> i64 {
    use std::io::Read;
    let mut text = Vec::new();
    let Ok(file) = fs::File::open(path) else { return 0 };
    if file.take(READ_MAX).read_to_end(&mut text).is_err() {
        return 0;
    }
    parse(&text)
}

/// strtol(3) with base 0: blanks, a sign, `0x` or `0` before the digits, and anything after them.
fn parse(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (base, text) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', rest @ ..] => (8, rest),
        rest => (10, rest),
    };
    let value = text
        .iter()
        .map_while(|byte| char::from(*byte).to_digit(base))
        .fold(0_i64, |value, digit| value.saturating_mul(i64::from(base)).saturating_add(i64::from(digit)));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_strtol_reads_them() {
        let cases: [(&[u8], i64); 9] = [
            (b"", 0),
            (b"x", 0),
            (b"12\n", 12),
            (b" -7 ", -7),
            (b"0x1f", 31),
            (b"010", 8),
            (b"+3abc", 3),
            (b"99999999999999999999", i64::MAX),
            (b"-0", 0),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text), value, "{text:?}");
        }
    }
}
