//! Notify FIFOs: one line per event, for a program that reads along.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use keepalived_conf::model::{NotifyFifo, Script};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, chown, mkfifo};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;

use crate::script::{self, Groups};

/// An open FIFO.
#[derive(Debug)]
pub struct Fifo {
    path: PathBuf,
    file: File,
    made: Made,
    reader: Option<Reader>,
}

/// The program that reads along.
#[derive(Debug)]
struct Reader {
    group: i32,
    end: oneshot::Receiver<()>,
}

/// How long a reader may take for what still stands in the FIFO.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Who made the FIFO; only our own is removed at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Ours,
    Found,
}

impl Fifo {
    /// Makes the FIFO if there is none, starts its reader, and opens it. `None` if no path is configured.
    pub fn open(config: &NotifyFifo, groups: Groups) -> io::Result<Option<Self>> {
        let Some(path) = config.path.as_deref().map(Path::new) else { return Ok(None) };
        let made = make(path, config)?;
        let reader = config.script.as_ref().and_then(|script| start_reader(script, path, groups));
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(path)?;
        let about = file.metadata()?;
        if !about.file_type().is_fifo() {
            return Err(io::Error::other("not a FIFO"));
        }
        Ok(Some(Self { path: path.to_owned(), file, made, reader }))
    }

    /// Writes one line; with a reader that does not read it is lost rather than waited for.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the FIFO if it is our own, and ends the reader once it has read everything: our end closes, and
    /// only a reader that does not mind the end of its input is told by a signal.
    ///
    /// The first part is done by the call, the wait by the future.
    pub fn close(self) -> impl Future<Output = ()> + 'static {
        if self.made == Made::Ours {
            let _ = fs::remove_file(&self.path);
        }
        drop(self.file);
        let reader = self.reader;
        async move {
            if let Some(reader) = reader
                && timeout(LAST_WORDS, reader.end).await.is_err()
            {
                script::signal_group(reader.group, Signal::SIGTERM);
            }
        }
    }
}

fn make(path: &Path, config: &NotifyFifo) -> io::Result<Made> {
    match mkfifo(path, Mode::from_bits_truncate(0o644)) {
        Ok(()) => {}
        Err(Errno::EEXIST) => {
            let about = fs::symlink_metadata(path)?;
            if !about.file_type().is_fifo() {
                return Err(io::Error::other("exists and is no FIFO"));
            }
            if about.uid() != Uid::effective().as_raw() && config.owner.is_none() {
                return Err(io::Error::other("belongs to another user"));
            }
            return Ok(Made::Found);
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(owner) = config.owner {
        chown(path, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))?;
    }
    Ok(Made::Ours)
}

fn start_reader(script: &Script, path: &Path, groups: Groups) -> Option<Reader> {
    match script::start(script, &[path.to_string_lossy().into_owned()], groups) {
        Ok(mut running) => {
            let group = running.pid();
            let (tell, end) = oneshot::channel();
            spawn_local(async move {
                let _ = running.ended().await;
                let _ = tell.send(());
            });
            Some(Reader { group, end })
        }
        Err(error) => {
            tracing::warn!("Unable to start FIFO script {}: {error}", script.command_line());
            None
        }
    }
}
