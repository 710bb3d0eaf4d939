//! The page for people: process, legend, and a table for each proxy.

use std::fmt::Write;

use haproxy_model::settings::StatsPage;
use haproxy_stats::info::{self, ProcessFacts};
use haproxy_stats::row::{RowKind, StatRow};
use haproxy_stats::value::Value;

use super::form::{ACTIONS, Outcome};
use super::query::PageQuery;
use super::style::STYLE;

/// What a page shows.
pub(super) struct View<'a> {
    /// The page's settings.
    pub page: &'a StatsPage,
    /// Its address.
    pub uri: &'a str,
    /// What the reader asked for.
    pub query: &'a PageQuery,
    /// True when the reader may change servers.
    pub admin: bool,
    /// The process.
    pub process: &'a ProcessFacts<'a>,
    /// Date of release.
    pub released: &'a str,
    /// The objects.
    pub rows: &'a [StatRow],
}

/// Writes the page.
pub(super) fn render(view: &View<'_>) -> String {
    let mut out = String::with_capacity(16 * 1024);
    head(&mut out, view);
    process(&mut out, view);
    if let Some(code) = &view.query.outcome {
        let (class, words) = Outcome::shown(code);
        let _ = writeln!(
            out,
            "<p><div class={class}><a class=lfsb href=\"{}\" title=\"Remove this message\">[X]</a> {words}</div>",
            escape(view.uri)
        );
    }
    let proxies = view.rows.chunk_by(|a, b| a.iid == b.iid);
    proxies.for_each(|rows| proxy(&mut out, view, rows));
    out.push_str("</body></html>\n");
    out
}

fn head(out: &mut String, view: &View<'_>) {
    let node =
        view.page.node.as_deref().map_or_else(String::new, |node| format!(" on {}", escape_bytes(node)));
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html><head><title>Statistics Report for HAProxy{node}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<meta charset=\"utf-8\">\n<style>\n{STYLE}</style></head>\n<body><h1>"
    );
    out.push_str("<a href=\"http://www.haproxy.org/\" style=\"text-decoration: none;\">HAProxy");
    if !view.page.hide_version {
        let _ = write!(out, " version {}, released {}", escape(view.process.version), view.released);
    }
    out.push_str("</a></h1>\n");
    let description = view.page.description.as_deref();
    let description = description.map_or_else(String::new, |text| format!(": {}", escape_bytes(text)));
    let _ = write!(
        out,
        "<h2>Statistics Report for pid {}{node}{description}</h2>\n<hr class=\"hr\">\n\
         <h3>&gt; General process information</h3>\n",
        view.process.pid
    );
}

fn process(out: &mut String, view: &View<'_>) {
    let p = view.process;
    let info = |name: &str| info::value(p, name);
    let bits = info("BytesOutRate").number().unwrap_or(0.0) * 8.0;
    let memory =
        if p.memory_max == 0 { "unlimited".to_owned() } else { format!("{} MB", p.memory_max >> 20) };
    let _ = write!(
        out,
        "<table border=0><tr><td align=\"left\" nowrap width=\"1%\">\n\
         <p><b>pid = </b> {} (process #1, nbproc = 1, nbthread = {})<br>\n<b>uptime = </b> {}<br>\n\
         <b>system limits:</b> memmax = {memory}; ulimit-n = {}<br>\n\
         <b>maxsock = </b> {}; <b>maxconn = </b> {}; <b>maxpipes = </b> {}<br>\n\
         current conns = {}; current pipes = {}/{}; conn rate = {}/sec; bit rate = {}<br>\n\
         Running tasks: {}/{}; idle = {} %<br>\n</td>{LEGEND}",
        p.pid,
        p.threads,
        info("Uptime"),
        p.files_max,
        p.sockets_max,
        p.maxconn,
        p.pipes_max,
        info("CurrConns"),
        info("PipesUsed"),
        info("PipesFree"),
        info("ConnRate"),
        bit_rate(bits),
        p.run_queue,
        p.tasks,
        p.idle_percent
    );
    options(out, view);
}

/// Bits per second with a unit that leaves one to three digits.
fn bit_rate(bits: f64) -> String {
    match bits {
        b if b >= 1e9 => format!("{:.3} Gbps", b / 1e9),
        b if b >= 1e6 => format!("{:.3} Mbps", b / 1e6),
        b if b >= 1e3 => format!("{:.3} kbps", b / 1e3),
        b => format!("{b:.3} bps"),
    }
}

const LEGEND: &str = "<td align=\"center\" nowrap>\n<table class=\"lgd\"><tr>\n\
<td class=\"active_up\">&nbsp;</td><td class=\"noborder\">active UP </td><td class=\"backup_up\">&nbsp;</td><td class=\"noborder\">backup UP </td></tr><tr>\n\
<td class=\"active_going_down\"></td><td class=\"noborder\">active UP, going down </td><td class=\"backup_going_down\"></td><td class=\"noborder\">backup UP, going down </td></tr><tr>\n\
<td class=\"active_going_up\"></td><td class=\"noborder\">active DOWN, going up </td><td class=\"backup_going_up\"></td><td class=\"noborder\">backup DOWN, going up </td></tr><tr>\n\
<td class=\"active_down\"></td><td class=\"noborder\">active or backup DOWN &nbsp;</td><td class=\"active_no_check\"></td><td class=\"noborder\">not checked </td></tr><tr>\n\
<td class=\"maintain\"></td><td class=\"noborder\" colspan=\"3\">active or backup DOWN for maintenance (MAINT) &nbsp;</td></tr><tr>\n\
<td class=\"active_draining\"></td><td class=\"noborder\" colspan=\"3\">active or backup SOFT STOPPED for maintenance &nbsp;</td></tr></table>\n\
Note: \"NOLB\"/\"DRAIN\" = UP with load-balancing disabled.</td>";

fn options(out: &mut String, view: &View<'_>) {
    let (uri, q) = (escape(view.uri), view.query);
    let scope = q.scope.as_deref().unwrap_or("");
    let up = q.flag(q.up, ";up");
    let still = q.flag(q.no_refresh, ";norefresh");
    let _ = writeln!(
        out,
        "<td align=\"left\" valign=\"top\" nowrap width=\"1%\"><b>Display option:</b><ul style=\"margin-top: 0.25em;\">\
         <li><form method=\"GET\">Scope : <input value=\"{}\" name=\"scope\" size=\"8\" maxlength=\"20\" tabindex=\"1\"/></form>",
        escape(scope)
    );
    let (hide, hide_flag) = if q.up { ("Show all servers", "") } else { ("Hide 'DOWN' servers", ";up") };
    let _ = writeln!(out, "<li><a href=\"{uri}{hide_flag}{still}\">{hide}</a><br>");
    if view.page.refresh_s.is_some() {
        let (words, flag) =
            if q.no_refresh { ("Enable refresh", "") } else { ("Disable refresh", ";norefresh") };
        let _ = writeln!(out, "<li><a href=\"{uri}{up}{flag}\">{words}</a><br>");
    }
    let _ = write!(
        out,
        "<li><a href=\"{uri}{up}{still}\">Refresh now</a><br>\n<li><a href=\"{uri};csv;norefresh\">CSV export</a><br>\n\
         <li><a href=\"{uri};json;norefresh\">JSON export</a><br>\n</ul></td></tr></table>\n"
    );
}

fn proxy(out: &mut String, view: &View<'_>, rows: &[StatRow]) {
    let Some(first) = rows.first() else { return };
    let name = escape(&first.get("pxname").to_string());
    let has_servers = rows.iter().any(|row| row.kind == RowKind::Server);
    let form = view.admin && has_servers;
    if form {
        let _ = write!(out, "<form method=\"post\">");
    }
    let _ = write!(
        out,
        "<table class=\"tbl\">\n<tr class=\"titre\"><th class=\"pxname\" width=\"10%\"><a name=\"{name}\"></a>\
         <u><a class=px href=\"#{name}\">{name}</a><div class=tips>mode: {}, id: {}</div></u></th>\
         <th class=\"empty\" width=\"90%\"></th></tr>\n</table>\n<table class=\"tbl\">\n",
        first.get("mode"),
        first.iid
    );
    let corner = if form {
        format!(
            "<th rowspan=2 width=1><input type=\"checkbox\" onclick=\"for(const c of document.getElementsByClassName('{name}-checkbox')) c.checked=this.checked\"></th><th rowspan=2></th>"
        )
    } else {
        "<th rowspan=2></th>".to_owned()
    };
    let _ = write!(out, "<tr class=\"titre\">{corner}{HEADS}");
    rows.iter().for_each(|row| object(out, &name, row, form));
    out.push_str("</table>");
    if form {
        out.push_str("Choose the action to perform on the checked servers : <select name=action><option value=\"\"></option>");
        for (value, words, _) in ACTIONS.iter().filter(|row| !row.1.is_empty()) {
            let _ = write!(out, "<option value=\"{value}\">{words}</option>");
        }
        let _ = write!(
            out,
            "</select><input type=\"hidden\" name=\"b\" value=\"#{}\">&nbsp;<input type=\"submit\" value=\"Apply\"></form>",
            first.iid
        );
    }
    out.push_str("<p>\n");
}

const HEADS: &str = "<th colspan=3>Queue</th><th colspan=3>Session rate</th><th colspan=6>Sessions</th>\
<th colspan=2>Bytes</th><th colspan=2>Denied</th><th colspan=3>Errors</th><th colspan=2>Warnings</th>\
<th colspan=9>Server</th></tr>\n<tr class=\"titre\"><th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th><th>Max</th>\
<th>Limit</th><th>Cur</th><th>Max</th><th>Limit</th><th>Total</th><th>LbTot</th><th>Last</th><th>In</th><th>Out</th>\
<th>Req</th><th>Resp</th><th>Req</th><th>Conn</th><th>Resp</th><th>Retr</th><th>Redis</th><th>Status</th>\
<th>LastChk</th><th>Wght</th><th>Act</th><th>Bck</th><th>Chk</th><th>Dwn</th><th>Dwntme</th><th>Thrtle</th></tr>\n";

/// Columns of numbers, from queue to redispatches; the first letters are the group.
const NUMBERS: &[&str] = &[
    "qcur", "qmax", "qlimit", "rate", "rate_max", "rate_lim", "scur", "smax", "slim", "stot", "lbtot",
    "lastsess", "bin", "bout", "dreq", "dresp", "ereq", "econ", "eresp", "wretr", "wredis",
];

fn object(out: &mut String, proxy: &str, row: &StatRow, form: bool) {
    let (class, name, anchor) = match row.kind {
        RowKind::Frontend => ("frontend", "Frontend".to_owned(), "Frontend".to_owned()),
        RowKind::Backend => ("backend", "Backend".to_owned(), "Backend".to_owned()),
        RowKind::Listener => {
            let name = escape(&row.get("svname").to_string());
            ("socket", name.clone(), format!("+{name}"))
        }
        RowKind::Server => {
            let name = escape(&row.get("svname").to_string());
            (server_class(row), name.clone(), name)
        }
    };
    let _ = write!(out, "<tr class=\"{class}\">");
    if form {
        match row.kind {
            RowKind::Server => {
                let _ = write!(
                    out,
                    "<td><input class='{proxy}-checkbox' type=\"checkbox\" name=\"s\" value=\"{name}\"></td>"
                );
            }
            RowKind::Frontend | RowKind::Backend | RowKind::Listener => out.push_str("<td></td>"),
        }
    }
    let _ = write!(
        out,
        "<td class=ac><a name=\"{proxy}/{anchor}\"></a><a class=lfsb href=\"#{proxy}/{anchor}\">{name}</a></td>"
    );
    for column in NUMBERS {
        let value = row.get(column);
        let cell = match (*column, value.number()) {
            ("lastsess", Some(seconds)) if seconds >= 0.0 => duration(seconds as u64),
            ("lastsess", Some(_)) => "?".to_owned(),
            ("qlimit" | "rate_lim", None | Some(0.0)) => "-".to_owned(),
            ("slim", None) => "-".to_owned(),
            (_, Some(number)) => grouped(number as u64),
            (_, None) => String::new(),
        };
        match (*column, tip(column, row)) {
            ("stot" | "rate", Some(tip)) => {
                let _ = write!(out, "<td><u>{cell}<div class=tips>{tip}</div></u></td>");
            }
            (_, _) => {
                let _ = write!(out, "<td>{cell}</td>");
            }
        }
    }
    state(out, row);
    out.push_str("</tr>\n");
}

/// Details of the total: requests and answers.
const STOT_TIP: &[(&str, &str)] = &[
    ("Cum. connections", "conn_tot"),
    ("Cum. sessions", "stot"),
    ("New connections", "connect"),
    ("Reused connections", "reuse"),
    ("Cum. HTTP requests", "req_tot"),
    ("- HTTP 1xx responses", "hrsp_1xx"),
    ("- HTTP 2xx responses", "hrsp_2xx"),
    ("- HTTP 3xx responses", "hrsp_3xx"),
    ("- HTTP 4xx responses", "hrsp_4xx"),
    ("- HTTP 5xx responses", "hrsp_5xx"),
    ("- other responses", "hrsp_other"),
    ("Intercepted requests", "intercepted"),
    ("Failed hdr rewrites", "wrew"),
    ("Internal errors", "eint"),
    ("Queue time (ms)", "qtime"),
    ("Connect time (ms)", "ctime"),
    ("Response time (ms)", "rtime"),
    ("Total time (ms)", "ttime"),
];

/// Details of the rate.
const RATE_TIP: &[(&str, &str)] = &[
    ("Current connection rate", "conn_rate"),
    ("Current session rate", "rate"),
    ("Current request rate", "req_rate"),
];

fn tip(column: &str, row: &StatRow) -> Option<String> {
    let lines = match column {
        "stot" => STOT_TIP,
        "rate" => RATE_TIP,
        _ => return None,
    };
    let mut out = String::from("<table class=det>");
    for (words, name) in lines {
        if let Some(number) = row.get(name).number() {
            let _ = write!(out, "<tr><th>{words}:</th><td>{}</td></tr>", grouped(number as u64));
        }
    }
    Some(out + "</table>")
}

/// Status, last check, weight, counts and times of the last nine columns.
fn state(out: &mut String, row: &StatRow) {
    let status = row.get("status").to_string();
    if matches!(row.kind, RowKind::Frontend | RowKind::Listener) {
        let _ = write!(out, "<td class=ac>{status}</td><td class=ac colspan=8></td>");
        return;
    }
    let since = row.get("lastchg").number().map_or_else(String::new, |s| duration(s as u64) + " ");
    let weight = match (row.get("weight").number(), row.get("uweight").number()) {
        (Some(now), Some(user)) => format!("{now}/{user}"),
        (_, _) => String::new(),
    };
    let mark = |name: &str, yes: &'static str| match (row.kind, row.get(name)) {
        (RowKind::Server, Value::U32(1)) => yes.to_owned(),
        (RowKind::Server, _) => "-".to_owned(),
        (_, value) => value.to_string(),
    };
    let down = row.get("downtime").number().map_or_else(String::new, |s| duration(s as u64));
    let throttle =
        row.get("throttle").number().map_or_else(|| "-".to_owned(), |percent| format!("{percent} %"));
    let throttle = if row.kind == RowKind::Server { throttle } else { String::new() };
    let _ = write!(
        out,
        "<td class=ac>{since}{}</td><td class=ac>{}</td><td class=ac>{weight}</td><td class=ac>{}</td><td class=ac>{}</td>\
         <td>{}</td><td>{}</td><td>{down}</td><td class=ac>{throttle}</td>",
        escape(&status),
        last_check(row),
        mark("act", "Y"),
        mark("bck", "Y"),
        row.get("chkfail"),
        row.get("chkdown"),
    );
}

/// `L7OK/200 in 1ms`, with what the server said in a tooltip.
fn last_check(row: &StatRow) -> String {
    let status = row.get("check_status").to_string();
    if status.is_empty() {
        return String::new();
    }
    let code = row.get("check_code").number().map_or_else(String::new, |code| format!("/{code}"));
    let time = row.get("check_duration").number().map_or_else(String::new, |ms| format!(" in {ms}ms"));
    let output = row.get("last_chk").to_string();
    let output = if output.is_empty() { String::new() } else { format!(": {}", escape(&output)) };
    format!("<u>{}{code}{time}<div class=tips>{}{output}</div></u>", escape(&status), row.get("check_desc"))
}

/// Colour of a server's row.
fn server_class(row: &StatRow) -> &'static str {
    let status = row.get("status").to_string();
    let class = match status.as_str() {
        s if s.starts_with("MAINT") => 0,
        s if s.starts_with("DOWN ") && s.contains('/') => 1,
        s if s.starts_with("DOWN") => 2,
        s if s.starts_with("UP ") => 3,
        s if s.starts_with("DRAIN") => 4,
        s if s.starts_with("NOLB") => 5,
        s if s.starts_with("no check") => 6,
        _ => 7,
    };
    let active = [
        "maintain",
        "active_going_up",
        "active_down",
        "active_going_down",
        "active_draining",
        "active_nolb",
        "active_no_check",
        "active_up",
    ];
    let backup = [
        "maintain",
        "backup_going_up",
        "backup_down",
        "backup_going_down",
        "backup_draining",
        "backup_nolb",
        "backup_no_check",
        "backup_up",
    ];
    if row.get("bck") == &Value::U32(1) { backup[class] } else { active[class] }
}

/// `1d2h`, `3m4s`: the two largest units.
fn duration(seconds: u64) -> String {
    let (d, h, m, s) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (d, h, m) {
        (0, 0, 0) => format!("{s}s"),
        (0, 0, _) => format!("{m}m{s}s"),
        (0, _, _) => format!("{h}h{m}m"),
        (_, _, _) => format!("{d}d{h}h"),
    }
}

/// A number in groups of three digits, set apart by style alone so that it can be copied.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if left > 1 && left % 3 == 1 {
            let _ = write!(out, "<span class=\"rls\">{digit}</span>");
        } else {
            out.push(digit);
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn escape_bytes(text: &[u8]) -> String {
    escape(&String::from_utf8_lossy(text))
}
