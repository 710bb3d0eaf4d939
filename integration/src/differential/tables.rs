//! `show stat` and `/metrics` as text: an object a check, a column or sample a line, what cannot be steady masked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::case::{Aspect, Exchange, Text, Until};
use super::client::{self, Target};
use super::play::Check;

/// Columns of `show stat` that depend on time or on what is open at the moment.
const VOLATILE: &[&str] = &[
    "scur",
    "smax",
    "qcur",
    "rate",
    "rate_max",
    "req_rate",
    "req_rate_max",
    "conn_rate",
    "conn_rate_max",
    "pid",
    "lastchg",
    "chkfail",
    "downtime",
    "check_duration",
    "lastsess",
    "qtime",
    "ctime",
    "rtime",
    "ttime",
    "qtime_max",
    "ctime_max",
    "rtime_max",
    "ttime_max",
    "agent_duration",
    "idle_conn_cur",
    "safe_conn_cur",
    "used_conn_cur",
    "need_conn_est",
    "srv_icur",
];

/// Asks the stats socket. A check that runs at the moment (`* `) has no steady words: then it asks again.
pub fn csv(socket: &Path) -> Result<Vec<Check>> {
    let mut text = String::new();
    for _ in 0..40 {
        text = show_stat(socket)?;
        if !text.contains(",* ") {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(csv_checks(&text))
}

fn show_stat(socket: &Path) -> Result<String> {
    let mut stream =
        UnixStream::connect(socket).with_context(|| format!("stats socket {}", socket.display()))?;
    stream.set_read_timeout(Some(client::LIMIT))?;
    stream.write_all(b"show stat\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn csv_checks(text: &str) -> Vec<Check> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let rows = lines.filter(|line| !line.is_empty()).map(|line| {
        let values: Vec<&str> = line.split(',').collect();
        let columns = header
            .iter()
            .zip(&values)
            .take_while(|(name, _)| **name != "-")
            .filter(|(name, _)| !name.is_empty());
        let seen: String = columns
            .map(|(name, value)| match VOLATILE.contains(name) && !value.is_empty() {
                true => format!("{name}=~\n"),
                false => format!("{name}={value}\n"),
            })
            .collect();
        let name = values.iter().take(2).copied().collect::<Vec<_>>().join("/");
        Check { name: format!("show stat {name}"), aspect: Aspect::Csv, seen: seen.into_bytes() }
    });
    rows.collect()
}

/// Asks the exporter.
pub fn metrics(port: u16) -> Result<Vec<Check>> {
    let request = Exchange {
        name: String::new(),
        to: String::new(),
        send: Text::Whole("GET /metrics HTTP/1.0\r\n\r\n".to_owned()),
        until: Until::Closed,
        half_close: false,
        logs: 0,
    };
    let seen = client::exchange(&Target::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, port))), &request);
    Ok(metric_checks(&String::from_utf8_lossy(&seen.answer)))
}

fn metric_checks(text: &str) -> Vec<Check> {
    let mut families: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let bare = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        let family: String = bare.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !family.starts_with("haproxy_") || line.starts_with("# HELP ") {
            continue;
        }
        let steady = family.ends_with("_total") && !family.contains("process") && !family.contains("bytes");
        let kept = match line.rsplit_once(' ') {
            Some((sample, _)) if !line.starts_with('#') && !steady => format!("{sample} ~"),
            _ => line.to_owned(),
        };
        *families.entry(family).or_default() += &(kept + "\n");
    }
    families
        .into_iter()
        .map(|(name, seen)| Check {
            name: format!("metric {name}"),
            aspect: Aspect::Metrics,
            seen: seen.into_bytes(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_families_become_checks() {
        let checks = csv_checks("# pxname,svname,scur,stot,-,h1,\nfe,FRONTEND,3,4,,5,\n\n");
        assert_eq!(checks[0].name, "show stat fe/FRONTEND");
        assert_eq!(checks[0].seen, b"pxname=fe\nsvname=FRONTEND\nscur=~\nstot=4\n");
        let checks = metric_checks(
            "# HELP haproxy_x_total h\n# TYPE haproxy_x_total counter\nhaproxy_x_total{a=\"b\"} 3\nhaproxy_y 4\n",
        );
        assert_eq!(checks[0].seen, b"# TYPE haproxy_x_total counter\nhaproxy_x_total{a=\"b\"} 3\n");
        assert_eq!(checks[1].seen, b"haproxy_y ~\n");
    }
}
