//! `--compare`: what would change for a configuration if this program took the place of the installed HAProxy.
//!
//! Both programs are asked in the same way, from outside: `-c` on the configuration for their messages, and a short life
//! on a small configuration of our own for the names of their statistics. Nothing of the real service is touched.

mod names;
mod report;
mod said;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::answers::Process;
use crate::args::Args;
use crate::messages;
use haproxy_conf::Severity;

use names::Names;
use said::Said;

/// Where the original is looked for when no program is named.
const PLACES: &[&str] = &["/usr/sbin/haproxy", "/usr/sbin/haproxy.original", "/usr/local/sbin/haproxy"];

/// One of the two programs.
struct Side {
    version: String,
    said: Said,
    names: Result<Names, String>,
}

/// Prints the comparison. Ends with 0 if the configuration would go on as before, 1 if something it asks for would not be
/// done, 2 if the comparison was not possible.
pub fn run(program: &str, args: &Args, process: &Process) -> ExitCode {
    match compare(program, args, process) {
        Ok(report) => {
            print!("{}", report.text);
            ExitCode::from(u8::from(report.loses))
        }
        Err(text) => {
            messages::print(Severity::Alert, &text);
            ExitCode::from(2)
        }
    }
}

fn compare(program: &str, args: &Args, process: &Process) -> Result<report::Report, String> {
    let original = original(program)?;
    let own = common_os::process::executable_of_self().unwrap_or_else(|| PathBuf::from(&process.name));
    let theirs = side(&original, args)?;
    let ours = side(&own, args)?;
    Ok(report::report(&original, &theirs, &ours))
}

/// The program to compare with: never this one.
fn original(program: &str) -> Result<PathBuf, String> {
    if !program.is_empty() {
        let path = PathBuf::from(program);
        let version = version(&path)?;
        if is_own(&version) {
            return Err(format!("--compare : {program} is this program: {version}"));
        }
        return Ok(path);
    }
    let there = PLACES.iter().map(PathBuf::from).filter(|path| path.is_file());
    there
        .into_iter()
        .find(|path| version(path).is_ok_and(|version| !is_own(&version)))
        .ok_or_else(|| format!("--compare : no other HAProxy in {}; name it.", PLACES.join(", ")))
}

fn is_own(version: &str) -> bool {
    version.contains("rhaproxy")
}

/// The first line of `-v`.
fn version(program: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .arg("-v")
        .output()
        .map_err(|error| format!("--compare : {}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.lines().next() {
        Some(line) if line.starts_with("HA") => Ok(line.to_owned()),
        _ => Err(format!("--compare : {} does not say that it is HAProxy.", program.display())),
    }
}

fn side(program: &Path, args: &Args) -> Result<Side, String> {
    let said =
        said::of(program, args).map_err(|error| format!("--compare : {}: {error}", program.display()))?;
    Ok(Side { version: version(program)?, said, names: names::of(program) })
}
