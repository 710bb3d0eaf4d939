//! Everything a load asked the machine for, and the answers: recorded on one side, given again on the other.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use haproxy_conf::{DirEntry, EntryKind, FileProvider};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Kind,
    Read,
    List,
    Addresses,
}

const QUESTIONS: [Question; 4] = [Question::Kind, Question::Read, Question::List, Question::Addresses];

/// The answer as bytes, or the system's error.
type Answer = Result<Vec<u8>, i32>;

/// Questions with their answers.
type Answers = BTreeMap<(Question, String), Answer>;

/// Passes questions on to another provider and keeps the answers.
pub struct Recorder<P> {
    inner: P,
    answers: Mutex<Answers>,
}

impl<P: FileProvider> Recorder<P> {
    /// Nothing recorded yet.
    pub fn new(inner: P) -> Self {
        Recorder { inner, answers: Mutex::default() }
    }

    fn keep<T>(
        &self,
        question: Question,
        name: &str,
        answer: io::Result<T>,
        bytes: impl FnOnce(&T) -> Vec<u8>,
    ) -> io::Result<T> {
        let kept = match &answer {
            Ok(value) => Ok(bytes(value)),
            Err(error) => Err(error.raw_os_error().unwrap_or(match error.kind() {
                io::ErrorKind::NotFound => nix::libc::ENOENT,
                _ => nix::libc::EIO,
            })),
        };
        if let Ok(mut answers) = self.answers.lock() {
            answers.insert((question, name.to_owned()), kept);
        }
        answer
    }

    /// The answers in memory that another process can be handed.
    pub fn into_memory(self: std::sync::Arc<Self>) -> io::Result<OwnedFd> {
        let mut file = std::fs::File::from(memfd_create(c"configuration", MFdFlags::MFD_CLOEXEC)?);
        let mut out = io::BufWriter::new(&mut file);
        let answers = self.answers.lock().map_err(|_| io::ErrorKind::Other)?;
        for ((question, name), answer) in answers.iter() {
            let position = QUESTIONS.iter().position(|known| known == question).unwrap_or(0);
            let (code, bytes) = match answer {
                Ok(bytes) => (0, bytes.as_slice()),
                Err(code) => (*code, &[][..]),
            };
            out.write_all(&[position as u8])?;
            out.write_all(&code.to_le_bytes())?;
            for part in [name.as_bytes(), bytes] {
                out.write_all(&(part.len() as u64).to_le_bytes())?;
                out.write_all(part)?;
            }
        }
        out.flush()?;
        drop(out);
        Ok(file.into())
    }
}

impl<P: FileProvider> FileProvider for Recorder<P> {
    fn kind(&self, path: &str) -> io::Result<EntryKind> {
        let bytes = |kind: &EntryKind| vec![u8::from(*kind == EntryKind::Directory)];
        self.keep(Question::Kind, path, self.inner.kind(path), bytes)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.keep(Question::Read, path, self.inner.read(path), Vec::clone)
    }

    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let bytes = |entries: &Vec<DirEntry>| {
            let shown = |entry: &DirEntry| {
                let mark = if entry.kind == EntryKind::Directory { 'd' } else { 'f' };
                format!("{mark}{}\0", entry.name)
            };
            entries.iter().map(shown).collect::<String>().into_bytes()
        };
        self.keep(Question::List, path, self.inner.list(path), bytes)
    }

    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let bytes = |addresses: &Vec<IpAddr>| {
            addresses.iter().map(|address| format!("{address}\0")).collect::<String>().into_bytes()
        };
        self.keep(Question::Addresses, name, self.inner.addresses(name), bytes)
    }
}

/// Recorded answers. What was not asked then has no answer now.
#[derive(Debug)]
pub struct Bundle {
    answers: Answers,
}

impl Bundle {
    /// Reads what [`Recorder::into_memory`] wrote.
    pub fn from_memory(memory: OwnedFd) -> io::Result<Self> {
        let mut file = std::fs::File::from(memory);
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut answers = Answers::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let question =
                QUESTIONS.get(usize::from(take(&mut rest, 1)?[0])).ok_or(io::ErrorKind::InvalidData)?;
            let code = i32::from_le_bytes(array(take(&mut rest, 4)?)?);
            let name = String::from_utf8_lossy(part(&mut rest)?).into_owned();
            let content = part(&mut rest)?.to_vec();
            answers.insert((*question, name), if code == 0 { Ok(content) } else { Err(code) });
        }
        Ok(Bundle { answers })
    }

    fn answer(&self, question: Question, name: &str) -> io::Result<&[u8]> {
        match self.answers.get(&(question, name.to_owned())) {
            Some(Ok(bytes)) => Ok(bytes),
            Some(Err(code)) => Err(io::Error::from_raw_os_error(*code)),
            None => Err(io::Error::new(io::ErrorKind::NotFound, "not among what was handed over")),
        }
    }

    fn lines(&self, question: Question, name: &str) -> io::Result<Vec<String>> {
        let text = String::from_utf8_lossy(self.answer(question, name)?);
        Ok(text.split_terminator('\0').map(str::to_owned).collect())
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> io::Result<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(n).ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = behind;
    Ok(taken)
}

fn array<const N: usize>(bytes: &[u8]) -> io::Result<[u8; N]> {
    bytes.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

fn part<'a>(rest: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let length = u64::from_le_bytes(array(take(rest, 8)?)?);
    take(rest, usize::try_from(length).map_err(io::Error::other)?)
}

impl FileProvider for Bundle {
    fn kind(&self, path: &str) -> io::Result<EntryKind> {
        let is_directory = self.answer(Question::Kind, path)? == [1];
        Ok(if is_directory { EntryKind::Directory } else { EntryKind::File })
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.answer(Question::Read, path).map(<[u8]>::to_vec)
    }

    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let entry = |line: String| {
            let kind = if line.starts_with('d') { EntryKind::Directory } else { EntryKind::File };
            DirEntry { name: line.get(1..).unwrap_or_default().to_owned(), kind }
        };
        Ok(self.lines(Question::List, path)?.into_iter().map(entry).collect())
    }

    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let lines = self.lines(Question::Addresses, name)?;
        Ok(lines.iter().filter_map(|line| line.parse().ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use haproxy_conf::MemFiles;

    use super::*;

    #[test]
    fn what_was_asked_is_answered_again() {
        let mut files = MemFiles::new();
        files.insert("d/a.cfg", b"one\0\xff".to_vec()).insert("d/sub/x", "").insert("empty", "");
        let recorder = Arc::new(Recorder::new(files));
        let ask = |provider: &dyn FileProvider| {
            (
                provider.kind("d").unwrap(),
                provider.list("d").unwrap(),
                provider.read("d/a.cfg").unwrap(),
                provider.read("empty").unwrap(),
                provider.read("none").unwrap_err().kind(),
                provider.addresses("127.0.0.1").unwrap(),
            )
        };
        let first = ask(&*recorder);
        let bundle = Bundle::from_memory(recorder.into_memory().unwrap()).unwrap();
        assert_eq!(ask(&bundle), first);
        assert_eq!(
            bundle.read("d/sub/x").unwrap_err().kind(),
            io::ErrorKind::NotFound,
            "it was not asked for"
        );
    }

    #[test]
    fn damage_is_an_error() {
        let recorder = Arc::new(Recorder::new(MemFiles::single("a", "content")));
        recorder.read("a").unwrap();
        let mut whole = Vec::new();
        let mut file = std::fs::File::from(recorder.into_memory().unwrap());
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut whole).unwrap();
        for length in 1..whole.len() {
            let memory = memfd_create(c"cut", MFdFlags::MFD_CLOEXEC).unwrap();
            let mut file = std::fs::File::from(memory);
            file.write_all(&whole[..length]).unwrap();
            assert!(Bundle::from_memory(file.into()).is_err(), "{length}");
        }
    }
}
