//! `wrk` as the load, and what it reports.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::program::{Cores, Running};

/// One measurement of one program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Requests per second.
    pub rate: f64,
    /// CPU microseconds of the program for a request, idle use taken off.
    pub cpu_us: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile of latency in microseconds.
    pub p99_us: f64,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Load {
    /// `http://127.0.0.1:PORT/path`
    pub url: String,
    /// Connections at a time.
    pub connections: u32,
    /// Further request headers.
    pub headers: Vec<String>,
    /// Seconds.
    pub seconds: u32,
}

impl Load {
    /// Runs against a program that uses `idle` (a share of a core) when nothing happens.
    pub fn run(&self, cores: &Cores, program: &Running, idle: f64) -> Result<Sample> {
        let mut command = Command::new("taskset");
        command.args(["-c", &cores.load, "wrk", "-t1", "--latency", "--timeout", "10s"]);
        command.arg(format!("-c{}", self.connections)).arg(format!("-d{}s", self.seconds));
        for header in &self.headers {
            command.args(["-H", header]);
        }
        let before = program.cpu_ns();
        let output = command.arg(&self.url).stdin(Stdio::null()).output().context("wrk (make deps)")?;
        let cpu_ns = program.cpu_ns().saturating_sub(before) as f64;
        let text = String::from_utf8_lossy(&output.stdout);
        let report = Report::read(&text)
            .with_context(|| format!("wrk said: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
        if report.requests == 0.0 {
            bail!("no request was answered: {text}");
        }
        let used_us = cpu_ns / 1e3 - idle * report.seconds * 1e6;
        Ok(Sample {
            rate: report.requests / report.seconds,
            cpu_us: used_us.max(0.0) / report.requests,
            p50_us: report.p50_us,
            p99_us: report.p99_us,
        })
    }
}

/// Bytes of one whole answer, head included.
pub fn answer_bytes(port: u16, path: &str, headers: &[&str]) -> Result<usize> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{lines}\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.len())
}

#[derive(Debug, PartialEq)]
struct Report {
    requests: f64,
    seconds: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Report {
    /// Answers other than 2xx and 3xx, or broken connections, would make the numbers meaningless: an error.
    fn read(text: &str) -> Result<Report> {
        for line in text.lines().map(str::trim) {
            if line.starts_with("Non-2xx") || line.starts_with("Socket errors") {
                bail!("{line}");
            }
        }
        let value = |prefix: &str| text.lines().find_map(|line| line.trim().strip_prefix(prefix));
        let total =
            text.lines().find_map(|line| line.trim().split_once(" requests in ")).context("no total")?;
        let time = total.1.split(',').next().unwrap_or_default();
        Ok(Report {
            requests: total.0.parse()?,
            seconds: micros(time).context("no time")? / 1e6,
            p50_us: micros(value("50%").context("no median")?).context("no median")?,
            p99_us: micros(value("99%").context("no 99 %")?).context("no 99 %")?,
        })
    }
}

/// `380.00us`, `1.20ms`, `2.00s`, `1.00m` in microseconds.
fn micros(text: &str) -> Option<f64> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..unit].parse().ok()?;
    let factor = match &text[unit..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        "m" => 60e6,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_wrk_says() {
        let text = "  Latency Distribution\n     50%  380.00us\n     99%    1.20ms\n  1000 requests in 2.00s, 15MB read\n";
        assert_eq!(
            Report::read(text).unwrap(),
            Report { requests: 1000.0, seconds: 2.0, p50_us: 380.0, p99_us: 1200.0 }
        );
        assert!(Report::read(&format!("{text}  Non-2xx or 3xx responses: 5\n")).is_err());
    }
}
