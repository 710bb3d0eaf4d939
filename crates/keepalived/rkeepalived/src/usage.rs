//! `-h`, `-v` and the first lines of the log.

use std::fs;

use crate::args::OPTIONS;
use crate::identity::TITLE;

/// `-h`.
pub fn help(program: &str) -> String {
    let mut text = format!("Usage: {program} [OPTION...]\n");
    text.push_str(&format!("       {program} status [--json] [--watch] [-p PIDFILE]\n"));
    text.push_str(&format!("       {program} maintenance on|off [INSTANCE] [-p PIDFILE]\n"));
    for row in OPTIONS {
        text.push_str(&row.line());
        text.push('\n');
    }
    text
}

/// `-v`.
pub fn version() -> String {
    let mut text =
        format!("{TITLE}\n\nA drop-in replacement for keepalived, written in Rust (MIT OR Apache-2.0)\n\n");
    text.push_str(&format!("Running on {}\n", kernel()));
    if let Some(distro) = distro() {
        text.push_str(&format!("Distro: {distro}\n"));
    }
    text.push_str("\nconfigure options: --enable-json\n");
    text.push_str("\nConfig options:  NFTABLES VRRP VRRP_AUTH VRRP_VMAC JSON SYSTEMD_NOTIFY\n");
    text
}

/// `Linux 6.1.0 #1 SMP ...`
pub fn kernel() -> String {
    match nix::sys::utsname::uname() {
        Ok(name) => format!(
            "{} {} {}",
            name.sysname().to_string_lossy(),
            name.release().to_string_lossy(),
            name.version().to_string_lossy()
        ),
        Err(_) => String::from("an unknown kernel"),
    }
}

fn distro() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

/// `Command line: 'a' 'b'`, wrapped before 128 columns with 14 blanks in front of what follows.
pub fn command_line(words: &[String]) -> Vec<String> {
    /// Longest line, counted without the time.
    const WIDTH: usize = 113;
    let mut lines = vec![String::from("Command line:")];
    for word in words {
        let quoted = format!(" '{word}'");
        let last = lines.last().map_or(0, String::len);
        if last > 13 && last + quoted.len() > WIDTH {
            lines.push(String::from("             "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&quoted);
        }
    }
    lines
}
