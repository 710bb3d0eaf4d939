//! Aliases of log formats (manual §8.2.6).

use std::net::{IpAddr, SocketAddr};

use bstr::ByteSlice;

use crate::cast;
use crate::cx::{Cx, Date, Endpoint, LogInfo, ProxyNumber};
use crate::logformat::Origin;
use crate::logformat::date;
use crate::logformat::text::{self, Flags, Out};

/// What an alias may look at.
#[derive(Clone, Copy)]
pub struct LogCx<'a> {
    /// The evaluation.
    pub cx: &'a Cx<'a>,
    /// The numbers of the line, empty ones outside transactions.
    pub log: &'a LogInfo,
    /// Why the line is made.
    pub origin: Origin,
}

/// Which proxies an alias makes sense in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any.
    Nothing,
    /// `mode http`.
    Http,
    /// TLS on the client's side.
    Tls,
}

/// One alias.
pub struct Alias {
    /// Name after `%`.
    pub name: &'static str,
    /// Where it makes sense.
    pub needs: Needs,
    /// Writes the value.
    pub run: fn(&LogCx<'_>, &mut Out<'_>),
    /// One line of documentation.
    pub doc: &'static str,
}

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}", self.name)
    }
}

/// The alias of a name.
pub fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

const fn any(name: &'static str, run: fn(&LogCx<'_>, &mut Out<'_>), doc: &'static str) -> Alias {
    Alias { name, needs: Needs::Nothing, run, doc }
}

const fn http(name: &'static str, run: fn(&LogCx<'_>, &mut Out<'_>), doc: &'static str) -> Alias {
    Alias { name, needs: Needs::Http, run, doc }
}

const fn tls(name: &'static str, run: fn(&LogCx<'_>, &mut Out<'_>), doc: &'static str) -> Alias {
    Alias { name, needs: Needs::Tls, run, doc }
}

/// All aliases but `%o`, which only sets flags.
pub const ALIASES: &[Alias] = &[
    any("T", |log, out| utc(accepted(log), out), "accept date in UTC"),
    any("Tl", |log, out| local(log, accepted(log), out), "accept date in local time"),
    any("Ts", |log, out| number_or_hex(accepted(log).secs, out), "accept date in seconds since 1970"),
    any("t", |log, out| local_millis(log, accepted(log), out), "accept date in local time with milliseconds"),
    any("ms", |log, out| millis(accepted(log), out), "milliseconds of the accept date"),
    http(
        "tr",
        |log, out| local_millis(log, requested(log), out),
        "request date in local time with milliseconds",
    ),
    http("trg", |log, out| utc(requested(log), out), "request date in UTC"),
    http("trl", |log, out| local(log, requested(log), out), "request date in local time"),
    http("Ta", |log, out| timer_end(log, log.log.active_ms, out), "active time of the request"),
    any("Tc", |log, out| out.int(log.log.connect_ms.into()), "time to connect to the server"),
    any("Td", |log, out| timer_end(log, log.log.data_ms, out), "time of the data phase"),
    any("Th", |log, out| out.int(log.cx.session.handshake_ms.into()), "time of the connection's handshakes"),
    http("Ti", |log, out| out.int(log.log.idle_ms.into()), "idle time before the request"),
    http("Tq", |log, out| out.int(queue_total(log)), "Th + Ti + TR"),
    http("TR", |log, out| out.int(log.log.request_time_ms.into()), "time to receive the whole request head"),
    http("Tr", |log, out| out.int(log.log.response_ms.into()), "time to the server's response head"),
    any("Tt", |log, out| timer_end(log, log.log.total_ms, out), "total time since accept"),
    any("Tu", |log, out| timer_end(log, user_ms(log), out), "total time since the request's first byte"),
    any("Tw", |log, out| out.int(log.log.queue_ms.into()), "time in queues"),
    any("B", bytes_read, "bytes from server to client"),
    http("CC", |log, out| optional(log.log.cookies[0].as_deref(), out), "captured request cookie"),
    http("CS", |log, out| optional(log.log.cookies[1].as_deref(), out), "captured response cookie"),
    any("H", |log, out| out.text(log.cx.world.process().hostname.as_bytes()), "host name"),
    http("HM", method, "request method"),
    http("HP", |log, out| target(log, out, without_query), "request target without its query"),
    http("HPO", |log, out| target(log, out, path_only), "path alone"),
    http("HQ", |log, out| target(log, out, query), "query with its question mark"),
    http("HU", |log, out| target(log, out, |uri| uri), "request target"),
    http("HV", version, "HTTP version"),
    any("ID", unique_id, "unique id"),
    any("ST", |log, out| out.int(log.log.status.into()), "status sent to the client"),
    any("U", bytes_uploaded, "bytes from client to server"),
    any("ac", |log, out| out.int(log.log.active.into()), "connections of the process"),
    any("b", |log, out| out.text(backend(log)), "backend"),
    any("bc", |log, out| out.int(log.log.backend_active.into()), "connections of the backend"),
    any(
        "bi",
        |log, out| ip(log.log.server_local.map(|address| address.ip()), out),
        "our address towards the server",
    ),
    any("bp", |log, out| port(log.log.server_local, out), "our port towards the server"),
    any(
        "bq",
        |log, out| out.int(log.log.backend_queue.into()),
        "requests before this one in the backend's queue",
    ),
    any("ci", |log, out| endpoint_ip(log.cx.session.source, out), "client address"),
    any("cp", |log, out| endpoint_port(log, log.cx.session.source, out), "client port"),
    any("f", |log, out| out.text(frontend(log)), "frontend"),
    any("fc", |log, out| out.int(log.log.frontend_active.into()), "connections of the frontend"),
    any("fi", |log, out| endpoint_ip(log.cx.session.destination, out), "address the client connected to"),
    any("fp", |log, out| endpoint_port(log, log.cx.session.destination, out), "port the client connected to"),
    any("ft", frontend_transport, "frontend, with ~ when it is TLS"),
    any("lc", |log, out| number_or_hex(log_counter(log), out), "number of the frontend's log line"),
    any("hr", |log, out| captures(&log.log.request_captures, out), "captured request headers"),
    any(
        "hrl",
        |log, out| captures_apart(&log.log.request_captures, out),
        "captured request headers, CLF style",
    ),
    any("hs", |log, out| captures(&log.log.response_captures, out), "captured response headers"),
    any(
        "hsl",
        |log, out| captures_apart(&log.log.response_captures, out),
        "captured response headers, CLF style",
    ),
    any("mode", |log, out| out.text(mode(log)), "mode of the stream"),
    any("OG", |log, out| out.text(log.origin.describe().as_bytes()), "why the line was made"),
    any("pid", |log, out| number_or_hex(log.cx.world.process().pid.into(), out), "process id"),
    http("r", request_line, "request line"),
    any("rc", retries, "retries, with + after a redispatch"),
    any("rt", request_counter, "number of the request"),
    any("s", server, "server"),
    any("sc", |log, out| out.int(log.log.server_active.into()), "connections of the server"),
    any("si", |log, out| ip(log.log.server_remote.map(|address| address.ip()), out), "server address"),
    any("sp", |log, out| port(log.log.server_remote, out), "server port"),
    any(
        "sq",
        |log, out| out.int(log.log.server_queue.into()),
        "requests before this one in the server's queue",
    ),
    tls("sslc", |log, out| optional(cipher(log), out), "TLS cipher"),
    tls("sslv", |log, out| optional(tls_version(log), out), "TLS version"),
    any("ts", |log, out| termination(log, 2, out), "termination state"),
    http("tsc", |log, out| termination(log, 4, out), "termination state with the cookie's"),
];

fn accepted(log: &LogCx<'_>) -> Date {
    log.cx.session.accepted
}

fn requested(log: &LogCx<'_>) -> Date {
    if log.log.request_date == Date::default() { accepted(log) } else { log.log.request_date }
}

fn utc(date: Date, out: &mut Out<'_>) {
    out.bare(|out| {
        date::write_clock(date.secs, out);
        out.extend_from_slice(b" +0000");
    });
}

fn local(log: &LogCx<'_>, date: Date, out: &mut Out<'_>) {
    let offset = date::offset_secs(log.cx.world.time_zone(), date);
    out.bare(|out| {
        date::write_clock(date.secs + i64::from(offset), out);
        out.push(b' ');
        date::write_offset(offset, out);
    });
}

fn local_millis(log: &LogCx<'_>, date: Date, out: &mut Out<'_>) {
    let offset = date::offset_secs(log.cx.world.time_zone(), date);
    out.bare(|out| {
        date::write_clock(date.secs + i64::from(offset), out);
        date::write_millis(date.micros, out);
    });
}

fn millis(date: Date, out: &mut Out<'_>) {
    let millis = date.micros / 1000;
    match (out.encodes(), out.flags().has(Flags::HEX)) {
        (true, _) => out.int(millis.into()),
        (false, true) => out.bare(|out| hex(millis.into(), 2, out)),
        (false, false) => out.bare(|out| date::write_three(millis, out)),
    }
}

fn number_or_hex(number: i64, out: &mut Out<'_>) {
    if out.flags().has(Flags::HEX) && !out.encodes() {
        out.bare(|out| hex(number as u64, 4, out));
    } else {
        out.int(number);
    }
}

/// Upper-case hexadecimal with at least `least` digits.
fn hex(number: u64, least: usize, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = [b'0'; 16];
    let mut at = 16;
    let mut rest = number;
    while rest != 0 {
        at -= 1;
        text[at] = DIGITS[(rest & 15) as usize];
        rest >>= 4;
    }
    out.extend_from_slice(&text[at.min(16 - least)..]);
}

/// A timer that is not final yet gets a plus (`option logasap`).
fn timer_end(log: &LogCx<'_>, ms: i32, out: &mut Out<'_>) {
    if log.log.early { out.int_with_plus(ms.into()) } else { out.int(ms.into()) }
}

fn queue_total(log: &LogCx<'_>) -> i64 {
    if log.log.request_time_ms < 0 {
        return -1;
    }
    i64::from(log.cx.session.handshake_ms)
        + i64::from(log.log.idle_ms.max(0))
        + i64::from(log.log.request_time_ms)
}

fn user_ms(log: &LogCx<'_>) -> i32 {
    if log.log.total_ms < 0 { -1 } else { log.log.total_ms - log.log.idle_ms.max(0) }
}

fn bytes_read(log: &LogCx<'_>, out: &mut Out<'_>) {
    let bytes = log.log.bytes_out as i64;
    if log.log.early { out.int_with_plus(bytes) } else { out.int(bytes) }
}

fn bytes_uploaded(log: &LogCx<'_>, out: &mut Out<'_>) {
    let bytes = log.log.bytes_in as i64;
    if log.log.early { out.int_with_plus(bytes) } else { out.int(bytes) }
}

fn optional(text: Option<&[u8]>, out: &mut Out<'_>) {
    match text {
        Some(text) => out.text(text),
        None => out.none(),
    }
}

/// The first words of the request line that were received, `<BADREQ>` included.
fn line<'a>(log: &LogCx<'a>) -> &'a [u8] {
    &log.log.request_line
}

const BAD_REQUEST: &[u8] = b"<BADREQ>";

fn request_line(log: &LogCx<'_>, out: &mut Out<'_>) {
    let line = line(log);
    out.text(if line.is_empty() { BAD_REQUEST } else { line });
}

fn method(log: &LogCx<'_>, out: &mut Out<'_>) {
    let line = line(log);
    let method = line.split_str(" ").next().unwrap_or_default();
    out.text(if method.is_empty() { BAD_REQUEST } else { method });
}

fn uri<'a>(log: &LogCx<'a>) -> Option<&'a [u8]> {
    let mut words = line(log).split_str(" ");
    words.nth(1)
}

fn target(log: &LogCx<'_>, out: &mut Out<'_>, part: fn(&[u8]) -> &[u8]) {
    match uri(log) {
        Some(uri) => match part(uri) {
            b"" => out.none(),
            part => out.text(part),
        },
        None => out.text(BAD_REQUEST),
    }
}

fn without_query(uri: &[u8]) -> &[u8] {
    uri.split_str("?").next().unwrap_or_default()
}

fn query(uri: &[u8]) -> &[u8] {
    uri.find_byte(b'?').map_or(b"", |at| &uri[at..])
}

fn path_only(uri: &[u8]) -> &[u8] {
    without_query(crate::fetch::http_uri::path_and_query(uri))
}

fn version(log: &LogCx<'_>, out: &mut Out<'_>) {
    let mut words = line(log).split_str(" ");
    match words.nth(2) {
        Some(version) => out.text(version),
        None => out.text(BAD_REQUEST),
    }
}

fn unique_id(log: &LogCx<'_>, out: &mut Out<'_>) {
    let id = log.cx.txn.map(|txn| txn.unique_id.borrow());
    optional(id.as_ref().and_then(|id| id.as_deref()), out);
}

fn frontend<'a>(log: &LogCx<'a>) -> &'a [u8] {
    log.cx.world.proxy_name(log.cx.session.frontend)
}

fn backend<'a>(log: &LogCx<'a>) -> &'a [u8] {
    let proxy = log.cx.txn.map_or(log.cx.session.frontend, |txn| txn.backend);
    log.cx.world.proxy_name(proxy)
}

fn frontend_transport(log: &LogCx<'_>, out: &mut Out<'_>) {
    if log.cx.session.tls.is_none() {
        return out.text(frontend(log));
    }
    let name = frontend(log);
    out.plain(|out| {
        text::escape(name, b'#', text::LOG, out);
        out.push(b'~');
    });
}

fn server(log: &LogCx<'_>, out: &mut Out<'_>) {
    if let Some(service) = log.log.service {
        return out.text(service.as_bytes());
    }
    match log.cx.txn.and_then(|txn| txn.server) {
        Some(server) => out.text(log.cx.world.server_name(server)),
        None => out.text(b"<NOSRV>"),
    }
}

fn log_counter(log: &LogCx<'_>) -> i64 {
    log.cx.world.proxy_number(log.cx.session.frontend, ProxyNumber::LogLines)
}

fn request_counter(log: &LogCx<'_>, out: &mut Out<'_>) {
    number_or_hex(log.cx.txn.map_or(log.cx.session.id, |txn| txn.id) as u32 as i64, out);
}

fn mode(log: &LogCx<'_>) -> &'static [u8] {
    if log.cx.txn.is_some_and(|txn| txn.http) { b"HTTP" } else { b"TCP" }
}

fn endpoint_ip(endpoint: Endpoint, out: &mut Out<'_>) {
    match endpoint {
        Endpoint::Ip(address) => ip(Some(address.ip()), out),
        Endpoint::Unix => out.text(b"unix"),
    }
}

/// A unix client's port is the number of the address it was accepted on.
fn endpoint_port(log: &LogCx<'_>, endpoint: Endpoint, out: &mut Out<'_>) {
    match endpoint {
        Endpoint::Ip(address) => port(Some(address), out),
        Endpoint::Unix => number_or_hex(log.cx.world.listener_luid(log.cx.session.listener), out),
    }
}

fn ip(address: Option<IpAddr>, out: &mut Out<'_>) {
    let Some(address) = address else { return out.none() };
    let hexadecimal = out.flags().has(Flags::HEX) && !out.encodes();
    out.plain(|out| match (address, hexadecimal) {
        (IpAddr::V4(address), false) => cast::write_v4(address, out),
        (IpAddr::V6(address), false) => cast::write_v6(address, out),
        (IpAddr::V4(address), true) => hex(u32::from(address).into(), 8, out),
        (IpAddr::V6(address), true) => {
            hex((u128::from(address) >> 64) as u64, 16, out);
            hex(u128::from(address) as u64, 16, out);
        }
    });
}

fn port(address: Option<SocketAddr>, out: &mut Out<'_>) {
    match address {
        Some(address) => number_or_hex(address.port().into(), out),
        None => out.none(),
    }
}

fn retries(log: &LogCx<'_>, out: &mut Out<'_>) {
    let count = log.log.retries.into();
    if log.log.redispatched { out.int_with_plus(count) } else { out.int(count) }
}

fn termination(log: &LogCx<'_>, letters: usize, out: &mut Out<'_>) {
    let state = log.log.termination;
    let text = [state.cause, state.state, state.cookie_in, state.cookie_out];
    out.bare(|out| out.extend_from_slice(&text[..letters]));
}

fn cipher<'a>(log: &LogCx<'a>) -> Option<&'a [u8]> {
    log.cx.session.tls.as_ref().map(|tls| tls.cipher.as_bytes())
}

fn tls_version<'a>(log: &LogCx<'a>) -> Option<&'a [u8]> {
    log.cx.session.tls.as_ref().map(|tls| tls.version.as_bytes())
}

/// `{a|b}`; nothing at all when no slot is declared.
fn captures(slots: &[Option<Vec<u8>>], out: &mut Out<'_>) {
    if slots.is_empty() {
        return;
    }
    let escaping = out.flags().has(Flags::ESCAPE) && !out.encodes();
    let joined = |out: &mut Vec<u8>| {
        out.push(b'{');
        for (index, slot) in slots.iter().enumerate() {
            if index > 0 {
                out.push(b'|');
            }
            let value = slot.as_deref().unwrap_or_default();
            if escaping {
                text::escape_both(value, text::HEADER, out);
            } else {
                text::escape(value, b'#', text::HEADER, out);
            }
        }
        out.push(b'}');
    };
    out.plain(joined);
}

/// Slots as separate words, a dash for an empty one.
fn captures_apart(slots: &[Option<Vec<u8>>], out: &mut Out<'_>) {
    for (index, slot) in slots.iter().enumerate() {
        if index > 0 && !out.encodes() {
            out.raw(|out, _| out.push(b' '));
        }
        match slot.as_deref() {
            Some(value) if !value.is_empty() => out.captured(value),
            _ => out.none(),
        }
    }
}
