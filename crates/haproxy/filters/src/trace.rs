//! The trace filter: tells what passes, and may let it pass in pieces of random size.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use haproxy_http::Fields;

use crate::chain::{Filter, Flow, Passed};

/// `filter trace` (manual §9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `name`
    pub name: String,
    /// `quiet`
    pub quiet: bool,
    /// `random-forwarding`
    pub random: bool,
    /// `max-fwd`: bytes forwarded at a time at most, 0 without limit.
    pub forward_max: u64,
    /// `hexdump`
    pub hexdump: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { name: "TRACE".to_owned(), quiet: false, random: false, forward_max: 0, hexdump: false }
    }
}

/// Takes a message of the filter; the process writes it to its standard error.
pub type Tell = fn(&str);

/// The filter on one body.
pub struct Trace {
    settings: Arc<Settings>,
    /// Name, stream and direction, as each message has them.
    prefix: String,
    channel: &'static str,
    random: u64,
    passed_bytes: u64,
    tell: Tell,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl Trace {
    /// A filter whose messages begin with `prefix`; `seed` decides its random sizes.
    pub fn new(
        settings: Arc<Settings>,
        prefix: String,
        channel: &'static str,
        seed: u64,
        tell: Tell,
    ) -> Self {
        Trace { settings, prefix, channel, random: seed | 1, passed_bytes: 0, tell }
    }

    fn share(&mut self, available: usize) -> usize {
        let mut share = available as u64;
        if self.settings.random {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            share = self.random % (share + 1);
        }
        if self.settings.forward_max > 0 {
            share = share.min(self.settings.forward_max);
        }
        share as usize
    }
}

impl Filter for Trace {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        let taken = self.share(input.len());
        flow.out.extend_from_slice(&input[..taken]);
        if !self.settings.quiet {
            let mut text = format!(
                "{} {:<25}: channel={:<10} - offset={} - len={} - forward={taken}",
                self.prefix,
                "trace_payload",
                self.channel,
                self.passed_bytes,
                input.len()
            );
            if self.settings.hexdump {
                hexdump(&mut text, &input[..taken]);
            }
            (self.tell)(&text);
        }
        self.passed_bytes += taken as u64;
        // what is left passes at once, in its own turn
        Passed { taken, again_ms: (taken < input.len()).then_some(flow.now_ms) }
    }

    fn end(&mut self, _: &mut Flow<'_>) {
        if !self.settings.quiet {
            (self.tell)(&format!("{} {:<25}: channel={:<10}", self.prefix, "trace_end", self.channel));
        }
    }
}

/// Tells of a message's head: its first line, then a line for each field.
pub fn tell_head(prefix: &str, channel: &str, start: &[u8], fields: &Fields, tell: Tell) {
    let text = String::from_utf8_lossy;
    tell(&format!("{prefix} {:<25}: channel={channel:<10}\t{}", "trace_headers", text(start)));
    for field in fields.iter() {
        tell(&format!("{prefix} \t{}: {}", text(field.name), text(field.value)));
    }
}

/// Lines of sixteen bytes, in hexadecimal and as text.
fn hexdump(text: &mut String, bytes: &[u8]) {
    for (line, bytes) in bytes.chunks(16).enumerate() {
        // writing to a string cannot fail
        let _ = write!(text, "\n\t0x{:06x}: ", line * 16);
        for at in 0..16 {
            let gap = if at == 8 { "  " } else { "" };
            let _ = match bytes.get(at) {
                Some(byte) => write!(text, "{gap}{byte:02x} "),
                None => write!(text, "{gap}   "),
            };
        }
        text.push_str("  |");
        text.extend(bytes.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { *b as char } else { '.' }));
        text.push('|');
    }
}

#[cfg(test)]
mod tests;
