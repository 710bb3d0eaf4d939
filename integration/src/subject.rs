//! Where the programs under test and the originals are.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The repository's root folder.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Cargo's target folder of the build this program belongs to (`target/debug`, `target/release`), tests included.
pub fn build_dir() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let dir = program.parent()?;
    Some(if dir.ends_with("deps") { dir.parent()?.to_path_buf() } else { dir.to_path_buf() })
}

/// A program of this workspace: the file named by the environment variable (the name in capitals, for example
/// `RHAPROXY`), else the one of the same build.
pub fn ours(name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(name.to_uppercase()) {
        return existing(PathBuf::from(path));
    }
    match build_dir() {
        Some(dir) => existing(dir.join(name)),
        None => bail!("no build folder to look for {name} in"),
    }
}

/// The installed original: `haproxy`, `keepalived`, `nginx`.
pub fn original(name: &str) -> Result<PathBuf> {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(|dir| Path::new(dir).join(name));
    match found.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{name} is not installed (make deps)"),
    }
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path.canonicalize()?);
    }
    bail!("{} is not there: build it first (make build)", path.display())
}
