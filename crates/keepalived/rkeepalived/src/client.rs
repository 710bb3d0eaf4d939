//! `rkeepalived status` and `rkeepalived maintenance`: the other end of the control socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::pidfiles;

/// How long the daemon may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often `--watch` asks.
const PERIOD: Duration = Duration::from_secs(1);

/// How a status is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    Table,
    Json,
}

/// Runs a command of the client; `None` if the words are none. The result is the exit code.
pub fn run(words: &[String]) -> Option<u8> {
    let (command, rest) = words.split_first()?;
    match command.as_str() {
        "status" => Some(status(rest)),
        "maintenance" => Some(maintenance(rest)),
        _ => None,
    }
}

fn status(words: &[String]) -> u8 {
    let (mut show, mut watch, mut pidfile) = (Show::Table, false, default_pidfile());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => show = Show::Json,
            "--watch" => watch = true,
            "-p" | "--pid" => match words.next() {
                Some(path) => pidfile = PathBuf::from(path),
                None => return usage(),
            },
            _ => return usage(),
        }
    }
    loop {
        match ask(&pidfile, "status\n") {
            Ok(answer) => print_status(&answer, show),
            Err(error) => return unreachable_daemon(&pidfile, &error),
        }
        if !watch {
            return 0;
        }
        std::thread::sleep(PERIOD);
    }
}

fn maintenance(words: &[String]) -> u8 {
    let mut pidfile = default_pidfile();
    let mut line = String::from("maintenance");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "-p" || word == "--pid" {
            match words.next() {
                Some(path) => pidfile = PathBuf::from(path),
                None => return usage(),
            }
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    line.push('\n');
    match ask(&pidfile, &line) {
        Ok(answer) if answer == "ok\n" => 0,
        Ok(answer) => {
            eprint!("{answer}");
            1
        }
        Err(error) => unreachable_daemon(&pidfile, &error),
    }
}

fn default_pidfile() -> PathBuf {
    PathBuf::from("/run/keepalived.pid")
}

fn usage() -> u8 {
    eprintln!("Usage: status [--json] [--watch] [-p PIDFILE] | maintenance on|off [INSTANCE] [-p PIDFILE]");
    1
}

fn unreachable_daemon(pidfile: &Path, error: &io::Error) -> u8 {
    eprintln!("{}: {error} - is the daemon running?", pidfiles::control_of(pidfile).display());
    1
}

fn ask(pidfile: &Path, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(pidfiles::control_of(pidfile))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::from(io::ErrorKind::TimedOut));
    }
    Ok(answer)
}

fn print_status(answer: &str, show: Show) {
    match show {
        Show::Json => println!("{}", answer.trim_end()),
        Show::Table => match keepalived_daemon::vrrp::status_table(answer) {
            Some(table) => print!("{table}"),
            None => println!("{}", answer.trim_end()),
        },
    }
}
