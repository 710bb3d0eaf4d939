//! Names of the statistics a program offers, read from a running one on a configuration of our own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time to wait for a program's sockets, and for each answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two looks for a socket.
const LOOK: Duration = Duration::from_millis(20);

/// The names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Columns of `show stat`, in order.
    pub columns: Vec<String>,
    /// Fields of `show info`.
    pub info: BTreeSet<String>,
    /// Families of the Prometheus exporter with their types.
    pub metrics: BTreeSet<String>,
}

/// Starts the program for a moment and asks it.
pub fn of(program: &Path) -> Result<Names, String> {
    let room = Room::new().map_err(|error| format!("no room for a test run: {error}"))?;
    let mut running = Running::start(program, &room.0).map_err(|error| format!("not started: {error}"))?;
    ask(&mut running, &room.0).map_err(|error| format!("no answer from a test run: {error}"))
}

fn ask(running: &mut Running, room: &Path) -> io::Result<Names> {
    let stat = running.converse(&room.join("cli"), "show stat\n")?;
    let info = running.converse(&room.join("cli"), "show info\n")?;
    let request = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let metrics = running.converse(&room.join("web"), request)?;
    Ok(Names { columns: columns(&stat), info: fields(&info), metrics: families(&metrics) })
}

fn columns(stat: &str) -> Vec<String> {
    let head = stat.lines().next().unwrap_or_default().trim_start_matches("# ");
    head.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn fields(info: &str) -> BTreeSet<String> {
    info.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

fn families(metrics: &str) -> BTreeSet<String> {
    metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(str::to_owned).collect()
}

/// A folder of one's own that goes with the value.
struct Room(PathBuf);

impl Room {
    fn new() -> io::Result<Room> {
        let unique = (0..100).map(|n| format!("rhaproxy-compare-{}-{n}", std::process::id()));
        for name in unique {
            let path = std::env::temp_dir().join(name);
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Room(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // it is in the system's folder for such things: what cannot be removed now goes later
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program with a life as long as the value.
struct Running(Child);

impl Running {
    fn start(program: &Path, room: &Path) -> io::Result<Running> {
        let file = room.join("cfg");
        let room = room.display();
        fs::write(
            &file,
            format!(
                "global\n stats socket {room}/cli level admin\n\
                 defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
                 frontend f\n bind unix@{room}/web\n option socket-stats\n\
                 http-request use-service prometheus-exporter if {{ path /metrics }}\n default_backend b\n\
                 backend b\n server s unix@{room}/none check inter 1h\n"
            ),
        )?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running(command.spawn()?))
    }

    /// Sends a text and reads until the other side ends.
    fn converse(&mut self, socket: &Path, text: &str) -> io::Result<String> {
        let mut stream = self.connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(text.as_bytes())?;
        // a half-closed request would be given up by proxies that watch for it
        if !text.starts_with("GET") {
            stream.shutdown(Shutdown::Write)?;
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn connect(&mut self, socket: &Path) -> io::Result<UnixStream> {
        let end = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => return Ok(stream),
                Err(error) if Instant::now() > end || self.0.try_wait()?.is_some() => return Err(error),
                Err(_) => thread::sleep(LOOK),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_answers() {
        assert_eq!(columns("# pxname,svname,-,\nf,FRONTEND,-,\n"), ["pxname", "svname", "-"]);
        assert!(fields("Name: HAProxy\nIdle_pct: 100\n\n").contains("Idle_pct"));
        assert!(families("# HELP a b\n# TYPE a gauge\na 1\n").contains("a gauge"));
    }
}
