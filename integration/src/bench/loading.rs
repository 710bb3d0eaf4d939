//! Time and memory of checking a big configuration.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::program::kilobytes;

/// How one check of the configuration went.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    /// From start to end, in seconds.
    pub wall_s: f64,
    /// CPU seconds.
    pub cpu_s: f64,
    /// Peak of resident memory in bytes.
    pub peak: u64,
}

/// So many backends with five servers each.
pub fn config(backends: usize) -> String {
    let mut text = "global\n    nbthread 1\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\
                    frontend fe\n    bind 127.0.0.1:65000\n    use_backend %[req.hdr(host),lower]\n"
        .to_owned();
    for b in 0..backends {
        let _ = writeln!(text, "backend app{b}.example.com\n    balance roundrobin");
        for s in 0..5 {
            let _ = writeln!(text, "    server srv{s} 10.{}.{}.{}:8080 check", b / 250, b % 250, s + 1);
        }
    }
    text
}

/// Runs `-c` on the file, with `core` for `taskset`.
pub fn check(program: &Path, file: &Path, core: &str) -> Result<Loaded> {
    let used = || -> Result<f64> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        Ok((usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
    };
    let (cpu, began) = (used()?, Instant::now());
    let mut child = Command::new("taskset")
        .args(["-c", core])
        .arg(program)
        .arg("-c")
        .arg("-f")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        peak = peak
            .max(fs::read_to_string(&status).ok().and_then(|text| kilobytes(&text, "VmHWM:")).unwrap_or(0));
        thread::sleep(Duration::from_millis(2));
    };
    if !ended.success() {
        bail!("{} refuses the big configuration: {ended}", program.display());
    }
    Ok(Loaded { wall_s: began.elapsed().as_secs_f64(), cpu_s: used()? - cpu, peak: peak * 1024 })
}
