//! Messages that broke the protocol.

use std::fmt::Write;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use haproxy_engine::clock;
use haproxy_model::snapshot::{Captured, Proxy};

use super::{Answer, Call, Command, Level};
use crate::source::text;

/// Messages that broke the protocol.
pub(super) const COMMANDS: &[Command] = &[Command {
    words: &["show", "errors"],
    usage: "show errors [<px>] [request|response]",
    doc: "report last request and/or response errors for each proxy",
    level: Level::Operator,
    experimental: false,
    run: show,
}];

fn date(seconds: i64, millis: u32) -> String {
    let at = jiff::Timestamp::new(seconds, 0).unwrap_or_default();
    let local = at.to_zoned(jiff::tz::TimeZone::system());
    format!("{}.{millis:03}", local.strftime("%d/%b/%Y:%H:%M:%S"))
}

fn show(call: &mut Call<'_>) -> Answer {
    let mut which = call.arg(1);
    let mut name = call.arg(0);
    if matches!(name, "request" | "response") {
        (which, name) = (name, "");
    }
    let all = name.is_empty() || name == "-1";
    let is_it = |px: &&Proxy| all || text(&px.name) == name || name.parse() == Ok(px.uuid);
    if !all && !call.snapshot.proxies.iter().any(|px| is_it(&px)) {
        return "No such proxy.\n".into();
    }
    let now = clock::date();
    let mut out = format!(
        "Total events captured on [{}] : {}\n",
        date(now.secs, now.micros / 1000),
        call.cx.process.captured.load(Relaxed)
    );
    for px in call.snapshot.proxies.iter().filter(is_it) {
        let sides = [("request", &px.live.request_error), ("response", &px.live.response_error)];
        for (side, place) in sides.into_iter().filter(|(side, _)| which.is_empty() || which == *side) {
            if let Some(captured) = &*place.lock().unwrap_or_else(PoisonError::into_inner) {
                dump(&mut out, px, side, captured);
            }
        }
    }
    out.into()
}

fn dump(out: &mut String, px: &Proxy, side: &str, captured: &Captured) {
    let none = || ("<NONE>".to_owned(), "-1".to_owned());
    let (other, other_id) =
        captured.other.as_ref().map_or_else(none, |(name, id)| (text(name).to_string(), id.to_string()));
    let (server, server_id) =
        captured.server.as_ref().map_or_else(none, |(name, id)| (name.clone(), id.to_string()));
    let (own, opposite) = if side == "request" { ("frontend", "backend") } else { ("backend", "frontend") };
    let source = captured.source.map_or_else(|| "unix:1".to_owned(), |source| source.to_string());
    let _ = writeln!(
        out,
        " \n[{}] {own} {} (#{}): invalid {side}",
        date(captured.date.0, captured.date.1),
        text(&px.name),
        px.uuid
    );
    let _ = writeln!(
        out,
        "  {opposite} {other} (#{other_id}), server {server} (#{server_id}), event #{}, src {source}",
        captured.event
    );
    let _ = writeln!(
        out,
        "  buffer starts at 0 (including 0 out), 0 free,\n  len {}, wraps at {}, error at position {}\n  ",
        captured.bytes.len(),
        captured.bytes.len(),
        captured.at
    );
    lines(out, &captured.bytes);
}

/// Widest line of a dump.
const WIDTH: usize = 79;

/// The bytes, one line of theirs a line; what is too wide goes on behind a `+`.
fn lines(out: &mut String, bytes: &[u8]) {
    let mut at = 0;
    let mut goes_on = false;
    while at < bytes.len() {
        let mut line = format!("  {at:05}{} ", if goes_on { '+' } else { ' ' });
        goes_on = true;
        while at < bytes.len() {
            let shown = escaped(bytes[at]);
            if line.len() + shown.len() > WIDTH {
                break;
            }
            line.push_str(&shown);
            at += 1;
            if bytes[at - 1] == b'\n' {
                goes_on = false;
                break;
            }
        }
        out.push_str(&line);
        out.push('\n');
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\t' => "\\t".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        0x1b => "\\e".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        other => format!("\\x{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_lines_are_broken() {
        let mut out = String::new();
        lines(&mut out, &[b"GET / HTTP/1.1\r\n", &[b'a'; 80][..], b"\x01\n"].concat());
        let shown: Vec<&str> = out.lines().collect();
        assert_eq!(shown[0], "  00000  GET / HTTP/1.1\\r\\n");
        assert_eq!(shown[1].len(), WIDTH);
        assert_eq!(shown[2], format!("  00086+ {}\\x01\\n", "a".repeat(10)));
    }
}
