//! Streams: listing them, ending them.

use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;

use common_base::ids::ServerId;
use haproxy_engine::process::{Process, ThreadMessage};
use haproxy_engine::sessions::Note;
use haproxy_expr::cx::Endpoint;
use haproxy_model::snapshot::{Proxy, Snapshot};
use tokio::sync::mpsc::unbounded_channel;

use super::{Answer, Call, Command, Level};
use crate::source::text;

/// Streams.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["show", "sess"],
        usage: "show sess [help|<id>|all|susp|older...]",
        doc: "report the list of current streams or dump this exact stream",
        level: Level::Operator,
        experimental: false,
        run: show,
    },
    Command {
        words: &["shutdown", "session"],
        usage: "shutdown session [id]",
        doc: "kill a specific session",
        level: Level::Admin,
        experimental: false,
        run: shutdown,
    },
    Command {
        words: &["shutdown", "sessions", "server"],
        usage: "shutdown sessions server <bk>/<srv>",
        doc: "kill sessions on a server",
        level: Level::Admin,
        experimental: false,
        run: shutdown_of_server,
    },
];

/// Which streams are shown, and how much of them.
#[derive(Clone, Debug, Default)]
struct Wanted {
    id: Option<u64>,
    whole: bool,
    older_s: Option<u64>,
    frontend: Option<String>,
    backend: Option<String>,
    server: Option<String>,
}

/// Number of a stream as operators write it.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

const HELP: &str = "Usage: show sess [<id> | all | help] [<options>*]
Dumps active streams (formerly called 'sessions'). Available selectors:
   <id>         dump only this stream identifier (0x...)
   all          dump all stream in large format
   help         display this help
Available output options:
   backend <b>  only display streams attached to this backend
   frontend <f> only display streams attached to this frontend
   older <age>  only display streams older than <age> seconds
   server <b/s> only show streams attached to this backend+server
Without any argument, all streams are dumped in a shorter format.
";

/// An option with one argument.
type Take = fn(&mut Wanted, &str);

const OPTIONS: &[(&str, Take)] = &[
    ("older", |wanted, age| {
        wanted.older_s = common_base::duration::parse_time(
            age.as_bytes(),
            common_base::duration::TimeUnit::Second,
            common_base::duration::TimeUnit::Second,
        )
        .ok()
        .map(|time| u64::from(time.value))
    }),
    ("frontend", |wanted, name| wanted.frontend = Some(name.to_owned())),
    ("backend", |wanted, name| wanted.backend = Some(name.to_owned())),
    ("server", |wanted, path| wanted.server = Some(path.to_owned())),
];

fn show(call: &mut Call<'_>) -> Answer {
    let mut wanted = Wanted::default();
    let mut words = call.args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "help" {
            return HELP.into();
        }
        if word == "all" {
            wanted.whole = true;
        } else if let Some((_, take)) = OPTIONS.iter().find(|(name, _)| *name == word) {
            let Some(argument) = words.next() else {
                return format!("Missing argument to '{word}'.\n").into();
            };
            take(&mut wanted, argument);
        } else if let Some(id) = number(word) {
            (wanted.id, wanted.whole) = (Some(id), true);
        } else {
            return format!("Unsupported option '{word}'.\n").into();
        }
    }
    let id = wanted.id;
    let lines = gather(&call.cx.process, move |note, thread, now_ms, out| {
        if matches(&wanted, note, now_ms) {
            if wanted.whole { whole(note, thread, now_ms, out) } else { short(note, now_ms, out) }
        }
    });
    Answer::Later(Box::pin(async move {
        match (lines.await, id) {
            (text, Some(_)) if text.is_empty() => "Session not found.\n".to_owned(),
            (text, _) => text,
        }
    }))
}

/// Asks each thread for its streams; what `tell` writes of them, in the order of threads.
fn gather(
    process: &Process,
    tell: impl Fn(&Note, usize, u64, &mut String) + Clone + Send + 'static,
) -> Pin<Box<dyn Future<Output = String>>> {
    let (send, mut receive) = unbounded_channel::<(usize, String)>();
    process.tell(|| {
        let (send, tell) = (send.clone(), tell.clone());
        ThreadMessage::Ask(Box::new(move |thread| {
            let mut out = String::new();
            for note in thread.notes.streams() {
                tell(&note, thread.index, thread.now_ms(), &mut out);
            }
            // the asker may have hung up
            drop(send.send((thread.index, out)));
        }))
    });
    drop(send);
    Box::pin(async move {
        let mut parts = Vec::new();
        while let Some(part) = receive.recv().await {
            parts.push(part);
        }
        parts.sort();
        parts.into_iter().map(|(_, text)| text).collect()
    })
}

fn matches(wanted: &Wanted, note: &Note, now_ms: u64) -> bool {
    let Some(snapshot) = note.snapshot() else { return false };
    let is = |px: &Proxy, name: &Option<String>| name.as_ref().is_none_or(|name| text(&px.name) == *name);
    let age_s = now_ms.saturating_sub(note.began_ms.get()) / 1000;
    let server = note.server.get().map(|server| path_of(&snapshot, server));
    wanted.id.is_none_or(|id| id == note.id)
        && wanted.older_s.is_none_or(|older_s| age_s >= older_s)
        && is(snapshot.proxy(note.frontend.get()), &wanted.frontend)
        && is(snapshot.proxy(note.backend.get()), &wanted.backend)
        && wanted.server.as_ref().is_none_or(|wanted| server.as_ref() == Some(wanted))
}

fn path_of(snapshot: &Snapshot, server: ServerId) -> String {
    let server = snapshot.server(server);
    format!("{}/{}", text(&snapshot.proxy(server.backend).name), server.live.conf().name)
}

/// Protocol and address of a client, as lists of streams name them.
fn client(note: &Note) -> (&'static str, String) {
    match note.client.get() {
        Endpoint::Ip(address) if address.is_ipv4() => ("tcpv4", address.to_string()),
        Endpoint::Ip(address) => ("tcpv6", format!("{}:{}", address.ip(), address.port())),
        Endpoint::Unix => ("unix_stream", "unix:1".to_owned()),
    }
}

fn short(note: &Note, now_ms: u64, out: &mut String) {
    let Some(snapshot) = note.snapshot() else { return };
    let (proto, source) = client(note);
    let server = note.server.get().map(|server| snapshot.server(server).live.conf().name.to_string());
    let _ = writeln!(
        out,
        "{:#x}: proto={proto} src={source} fe={} be={} srv={} ts=00 epoch=0 age={} calls={} rate=0 cpu=0 lat=0 \
         rq[f=000000h,i=0,an=00h,ax=] rp[f=000000h,i=0,an=00h,ax=] scf=[8,0h,fd={},rex=,wex=] \
         scb=[8,0h,fd={},rex=,wex=] exp= rc=0 c_exp=",
        note.id,
        text(&snapshot.proxy(note.frontend.get()).name),
        text(&snapshot.proxy(note.backend.get()).name),
        server.as_deref().unwrap_or("<none>"),
        age(now_ms.saturating_sub(note.began_ms.get()) / 1000),
        note.calls.get(),
        note.fd,
        note.server_fd.get(),
    );
}

/// An age in its two largest units: `4h12m`.
fn age(seconds: u64) -> String {
    const UNITS: &[(u64, &str)] = &[(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let Some(first) = UNITS.iter().position(|(size, _)| seconds >= *size) else { return "0s".to_owned() };
    let (size, unit) = UNITS[first];
    let mut out = format!("{}{unit}", seconds / size);
    if let Some((next, unit)) = UNITS.get(first + 1) {
        let _ = write!(out, "{}{unit}", seconds % size / next);
    }
    out
}

fn whole(note: &Note, thread: usize, now_ms: u64, out: &mut String) {
    let Some(snapshot) = note.snapshot() else { return };
    let (proto, source) = client(note);
    let (fe, be) = (snapshot.proxy(note.frontend.get()), snapshot.proxy(note.backend.get()));
    let mode = |px: &Proxy| px.settings.mode.name();
    let date = haproxy_date(note.began.get());
    let age = age(now_ms.saturating_sub(note.began_ms.get()) / 1000);
    let _ = writeln!(out, "{:#x}: [{date}] id={} proto={proto} source={source}", note.id, note.id);
    let _ = writeln!(out, "  flags=0x0, conn_retries=0, conn_exp=<NEVER> waiting=0 epoch=0");
    let _ = writeln!(out, "  frontend={} (id={} mode={})", text(&fe.name), fe.uuid, mode(fe));
    let _ = writeln!(out, "  backend={} (id={} mode={})", text(&be.name), be.uuid, mode(be));
    match note.server.get() {
        None => out.push_str("  server=<NONE> (id=-1)\n"),
        Some(server) => {
            let conf = snapshot.server(server).live.conf();
            let _ = writeln!(out, "  server={} (id={}) addr={}", conf.name, conf.puid, conf.address);
        }
    }
    let _ = writeln!(out, "  task=thread {} (calls={} age={age})", thread + 1, note.calls.get());
    let _ = writeln!(out, "  scf=fd={}", note.fd);
    let _ = writeln!(out, "  scb=fd={}", note.server_fd.get());
}

/// `24/Nov/2026:12:19:33.125568`
fn haproxy_date(date: haproxy_expr::cx::Date) -> String {
    let at = jiff::Timestamp::new(date.secs, date.micros as i32 * 1000).unwrap_or_default();
    let local = at.to_zoned(jiff::tz::TimeZone::system());
    format!("{}.{:06}", local.strftime("%d/%b/%Y:%H:%M:%S"), date.micros)
}

fn shutdown(call: &mut Call<'_>) -> Answer {
    let Some(id) = number(call.arg(0)) else {
        return "Session pointer expected (use 'show sess').\n".into();
    };
    let ended = gather(&call.cx.process, move |note, _, _, out| {
        if note.id == id {
            note.kill();
            out.push('x');
        }
    });
    Answer::Later(Box::pin(async move {
        if ended.await.is_empty() { "No such session (use 'show sess').\n".to_owned() } else { String::new() }
    }))
}

fn shutdown_of_server(call: &mut Call<'_>) -> Answer {
    let live = match call.server(call.arg(0)) {
        Ok((_, server)) => Arc::clone(&server.live),
        Err(text) => return text.into(),
    };
    let ended = gather(&call.cx.process, move |note, _, _, _| {
        let on_it = note.snapshot().zip(note.server.get());
        if on_it.is_some_and(|(snapshot, server)| Arc::ptr_eq(&snapshot.server(server).live, &live)) {
            note.kill();
        }
    });
    Answer::Later(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units() {
        let ages: Vec<String> = [0, 59, 61, 3_600, 90_061].into_iter().map(age).collect();
        assert_eq!(ages, ["0s", "59s", "1m1s", "1h0m", "1d1h"]);
    }

    #[test]
    fn streams_are_named_in_both_bases() {
        assert_eq!((number("0x1f"), number("31"), number("x")), (Some(31), Some(31), None));
    }
}
