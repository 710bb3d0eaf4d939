//! Where configuration text comes from. The loader opens nothing by itself: a provider does, so that a chrooted worker
//! can be handed contents by its master, and a test can keep its files in memory.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

/// One configuration source as the command line names it: a file or a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path exactly as given; messages print it.
    pub path: String,
}

impl Source {
    /// A source at a path.
    pub fn new(path: impl Into<String>) -> Self {
        Source { path: path.into() }
    }
}

/// What a name in a directory, or a path, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Anything that can be read as a file (devices and pipes too).
    File,
    /// A directory.
    Directory,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name alone, without the directory.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// Reads files for the loader, and asks for what else the machine knows.
pub trait FileProvider {
    /// What stands at the path.
    fn kind(&self, path: &str) -> io::Result<EntryKind>;
    /// The whole content of a file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// The names in a directory, in any order.
    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>>;
    /// The addresses of a name, in the order of the system's resolver.
    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// Files of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFiles;

impl FileProvider for OsFiles {
    fn kind(&self, path: &str) -> io::Result<EntryKind> {
        Ok(if std::fs::metadata(path)?.is_dir() { EntryKind::Directory } else { EntryKind::File })
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(path)? {
            // a name that is not UTF-8 cannot be printed in messages and is passed over like any non-.cfg name
            let Ok(name) = entry?.file_name().into_string() else { continue };
            // links are followed; one that leads nowhere is left to fail when it is read
            let kind = self.kind(&format!("{path}/{name}")).unwrap_or(EntryKind::File);
            entries.push(DirEntry { name, kind });
        }
        Ok(entries)
    }
}

/// Files in memory; a path with entries below it is a directory.
#[derive(Clone, Debug, Default)]
pub struct MemFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemFiles {
    /// No file at all.
    pub fn new() -> Self {
        MemFiles::default()
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> &mut Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// One file only.
    pub fn single(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        let mut files = MemFiles::new();
        files.insert(path, content);
        files
    }
}

impl FileProvider for MemFiles {
    fn kind(&self, path: &str) -> io::Result<EntryKind> {
        if self.files.contains_key(path) {
            return Ok(EntryKind::File);
        }
        let below = format!("{path}/");
        if self.files.keys().any(|name| name.starts_with(&below)) {
            return Ok(EntryKind::Directory);
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        let below = format!("{path}/");
        let mut entries: Vec<DirEntry> = Vec::new();
        for rest in self.files.keys().filter_map(|name| name.strip_prefix(&below)) {
            let (name, kind) = match rest.split_once('/') {
                Some((name, _)) => (name, EntryKind::Directory),
                None => (rest, EntryKind::File),
            };
            if entries.iter().all(|entry| entry.name != name) {
                entries.push(DirEntry { name: name.to_owned(), kind });
            }
        }
        Ok(entries)
    }
}

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("Cannot open configuration file/directory {path} : {}", os_text(.error))]
pub struct SourceError {
    /// The path as given.
    pub path: String,
    /// What the provider said.
    pub error: io::Error,
}

/// The error's text as strerror gives it, without Rust's code in parentheses.
pub(crate) fn os_text(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "No such file or directory".to_owned();
    }
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Replaces directories by the files in them: not hidden, named `*.cfg`, in the order of their bytes (management
/// manual 3, `-f`). Paths of such files are `<directory>/<name>`.
pub fn expand_sources(sources: &[Source], provider: &dyn FileProvider) -> Result<Vec<Source>, SourceError> {
    let mut files = Vec::new();
    for source in sources {
        let refuse = |error| SourceError { path: source.path.clone(), error };
        match provider.kind(&source.path).map_err(refuse)? {
            EntryKind::File => files.push(source.clone()),
            EntryKind::Directory => {
                let mut names: Vec<String> = provider
                    .list(&source.path)
                    .map_err(refuse)?
                    .into_iter()
                    .filter(|entry| entry.kind == EntryKind::File)
                    .map(|entry| entry.name)
                    .filter(|name| !name.starts_with('.') && name.ends_with(".cfg"))
                    .collect();
                names.sort_unstable();
                files.extend(names.into_iter().map(|name| Source::new(format!("{}/{name}", source.path))));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(paths: &[&str], files: &MemFiles) -> Result<Vec<String>, String> {
        let sources: Vec<Source> = paths.iter().map(|path| Source::new(*path)).collect();
        let files = expand_sources(&sources, files).map_err(|error| error.to_string())?;
        Ok(files.into_iter().map(|source| source.path).collect())
    }

    #[test]
    fn a_directory_stands_for_its_cfg_files() {
        let mut files = MemFiles::new();
        for name in
            ["d/b.cfg", "d/a.cfg", "d/B.cfg", "d/.h.cfg", "d/.cfg", "d/c.txt", "d/e.cfg/x", "main.cfg"]
        {
            files.insert(name, "");
        }
        assert_eq!(
            expand(&["main.cfg", "d"], &files).unwrap(),
            ["main.cfg", "d/B.cfg", "d/a.cfg", "d/b.cfg"]
        );
        assert_eq!(
            expand(&["main.cfg", "no"], &files),
            Err("Cannot open configuration file/directory no : No such file or directory".to_owned())
        );
    }

    #[test]
    fn files_of_the_machine_are_read_and_listed() {
        let here = env!("CARGO_MANIFEST_DIR");
        assert_eq!(OsFiles.kind(here).unwrap(), EntryKind::Directory);
        let names: Vec<String> = OsFiles.list(here).unwrap().into_iter().map(|entry| entry.name).collect();
        assert!(names.contains(&"Cargo.toml".to_owned()) && names.contains(&"src".to_owned()));
        assert!(OsFiles.read(&format!("{here}/Cargo.toml")).unwrap().starts_with(b"[package]"));
        let refused = OsFiles.read(&format!("{here}/nothing")).unwrap_err();
        assert_eq!(os_text(&refused), "No such file or directory");
    }
}
