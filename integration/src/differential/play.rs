//! Plays a case on one subject.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regex::Regex;

use super::case::{Aspect, Case, Exchange, Text, Until};
use super::client::{self, Seen, Target};
use super::mask::Masks;
use super::server::{self, Received, Running};
use super::tables;
use super::written::{VARIABLE, Written};
use crate::framing::find;
use crate::netns::wait_until;
use crate::ports::{free_port, listening};

/// One thing that was seen, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The exchange, or the object of a table.
    pub name: String,
    /// What it is.
    pub aspect: Aspect,
    /// Its masked bytes.
    pub seen: Vec<u8>,
}

/// What stays the same for all subjects of a case: ports, folder, servers, log collector.
#[derive(Debug)]
pub struct Stage<'a> {
    case: &'a Case,
    written: Written,
    listens: Vec<u16>,
    dir: PathBuf,
    masks: Masks,
    log: UdpSocket,
    received: Received,
    _servers: Vec<Running>,
}

impl<'a> Stage<'a> {
    /// Takes the ports, starts the servers.
    pub fn new(name: &str, case: &'a Case) -> Result<Stage<'a>> {
        let dir = std::env::temp_dir().join(format!("differential-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let log = UdpSocket::bind("127.0.0.1:0")?;
        let received = Received::default();
        let mut values = BTreeMap::from([
            ("dir".to_owned(), dir.display().to_string()),
            ("log".to_owned(), log.local_addr()?.to_string()),
            ("cli".to_owned(), dir.join("cli.sock").display().to_string()),
        ]);
        let mut servers = Vec::new();
        for (name, script) in &case.servers {
            let running = server::start(name, script.clone(), Received::clone(&received))?;
            values.insert(name.clone(), running.port.to_string());
            servers.push(running);
        }
        let rows = case.table.as_ref().map(|table| table.all_rows()).unwrap_or_default();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for found in Regex::new(VARIABLE)?.captures_iter(&case.config) {
            names.insert(found[1].to_owned());
        }
        if case.table.as_ref().is_some_and(|table| table.line.contains("${row}")) {
            names.extend((0..rows.len()).map(|n| format!("row{n}")));
        }
        let mut listens = Vec::new();
        for name in names {
            if let Entry::Vacant(free) = values.entry(name) {
                let port = free_port()?;
                listens.push(port);
                free.insert(port.to_string());
            }
        }
        for (name, content) in &case.files {
            fs::write(dir.join(name), content)?;
        }
        let masks = Masks::new(&case.mask)?;
        let written = Written {
            lines: case.config.lines().map(str::to_owned).collect(),
            row: case.table.as_ref().map(|table| table.line.clone()),
            rows,
            values,
            file: dir.join("case.cfg"),
            struck: BTreeSet::new(),
        };
        Ok(Stage { case, written, listens, dir, masks, log, received, _servers: servers })
    }

    /// Leaves out of the configuration, for every subject, what this program cannot read beside the rows; what it said of it.
    pub fn strike(&mut self, program: &Path) -> Result<Vec<String>> {
        self.written.strike(program)
    }

    /// Plays the whole case on one program.
    pub fn play(&self, program: &Path) -> Result<Vec<Check>> {
        let (rows, refusal) = self.written.accepted(program)?;
        let mut checks: Vec<Check> = Vec::new();
        for n in (0..self.written.rows.len()).filter(|n| !rows.contains(n)) {
            checks.push(Check {
                name: self.written.rows[n].clone(),
                aspect: Aspect::Answer,
                seen: b"{refused}".to_vec(),
            });
        }
        if let Some(refusal) = refusal {
            checks.push(Check {
                name: "configuration".into(),
                aspect: Aspect::Answer,
                seen: self.masks.text(refusal.as_bytes(), &[]),
            });
            return Ok(checks);
        }
        let daemon = self.start(program)?;
        for (exchange, to) in self.exchanges(&rows)? {
            let seen = client::exchange(&to, &exchange);
            self.note(&exchange, &seen, &mut checks);
        }
        if self.case.compare.contains(&Aspect::Csv) {
            checks.extend(tables::csv(Path::new(&self.written.values["cli"])).unwrap_or_else(|error| {
                vec![Check {
                    name: "show stat".into(),
                    aspect: Aspect::Csv,
                    seen: format!("{error:#}").into_bytes(),
                }]
            }));
        }
        if self.case.compare.contains(&Aspect::Metrics) {
            let port = self
                .written
                .values
                .get("metrics")
                .context("metrics are compared, but no ${metrics} is bound")?
                .parse()?;
            checks.extend(tables::metrics(port)?);
        }
        drop(daemon);
        self.log_lines(0, Duration::ZERO);
        Ok(checks)
    }

    fn note(&self, exchange: &Exchange, seen: &Seen, checks: &mut Vec<Check>) {
        let name = exchange.name.clone();
        let mut push = |aspect, seen| {
            if self.case.compare.contains(&aspect) {
                checks.push(Check { name: name.clone(), aspect, seen });
            }
        };
        push(Aspect::Answer, self.masks.text(&seen.answer, &[seen.port]));
        if seen.answer.ends_with(b"}") {
            // Cut off or refused: what the server got of it may still be on its way.
            std::thread::sleep(Duration::from_millis(20));
        }
        let received = self.received.take().into_iter().map(|entry| self.masks.text(&entry, &[seen.port]));
        // As a set only once masked: entries may differ by a time alone.
        let received: Vec<Vec<u8>> = if self.case.any_order {
            received.collect::<BTreeSet<_>>().into_iter().collect()
        } else {
            received.collect()
        };
        push(Aspect::Received, received.join(&b"\n--\n"[..]));
        if self.case.compare.contains(&Aspect::Log) {
            let lines = self.log_lines(exchange.logs, Duration::from_secs(1));
            let masked: Vec<Vec<u8>> = lines.iter().map(|line| self.masks.log(line, &[seen.port])).collect();
            push(Aspect::Log, masked.join(&b"\n"[..]));
        }
    }

    /// The exchanges of the case and of its table's accepted rows, each with its port.
    fn exchanges(&self, rows: &BTreeSet<usize>) -> Result<Vec<(Exchange, Target)>> {
        let target = |name: &str| -> Result<Target> {
            let value = self
                .written
                .values
                .get(name)
                .with_context(|| format!("no port {name} in the configuration"))?;
            Ok(match name {
                "cli" => Target::Path(PathBuf::from(value)),
                _ => Target::Port(SocketAddr::from((Ipv4Addr::LOCALHOST, value.parse()?))),
            })
        };
        let mut all = Vec::new();
        for exchange in &self.case.exchanges {
            let mut exchange = exchange.clone();
            self.fill_in(&mut exchange.send);
            let to = target(&exchange.to)?;
            all.push((exchange, to));
        }
        let Some(table) = &self.case.table else { return Ok(all) };
        for n in rows {
            for (input, text) in &table.inputs {
                let own = self.written.values.contains_key(&format!("row{n}"));
                let send = if own { text.clone() } else { marked(text, *n) };
                let name = format!("{} @ {input}", self.written.rows[*n]);
                let to = if own { format!("row{n}") } else { "fe".to_owned() };
                let target = target(&to)?;
                all.push((
                    Exchange { name, to, send, until: Until::default(), half_close: false, logs: 1 },
                    target,
                ));
            }
        }
        Ok(all)
    }

    /// What is sent may name `${dir}` and the like too.
    fn fill_in(&self, text: &mut Text) {
        let Text::Whole(whole) = text else { return };
        for (name, value) in &self.written.values {
            *whole = whole.replace(&format!("${{{name}}}"), value);
        }
    }

    /// The ports the program will listen on: those that the configuration as it was written names.
    fn ports(&self) -> Vec<u16> {
        let text = fs::read_to_string(&self.written.file).unwrap_or_default();
        let named = |port: u16| {
            text.lines().any(|line| line.trim().starts_with("bind ") && line.contains(&format!(":{port}")))
        };
        self.listens.iter().copied().filter(|port| named(*port)).collect()
    }

    fn start(&self, program: &Path) -> Result<Daemon> {
        let said = self.dir.join("said");
        let log = File::create(&said)?;
        let mut child = Command::new(program)
            .arg("-db")
            .arg("-f")
            .arg(&self.written.file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut ended = false;
        let ports = self.ports();
        let ready = wait_until(Duration::from_secs(10), || {
            ended = !matches!(child.try_wait(), Ok(None));
            ended || listening(&ports)
        });
        let daemon = Daemon(child);
        if ended || !ready {
            bail!("{} did not start: {}", program.display(), fs::read_to_string(said).unwrap_or_default());
        }
        Ok(daemon)
    }

    /// The log lines that are there, waiting for so many at most so long.
    fn log_lines(&self, wanted: usize, limit: Duration) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut buffer = vec![0; 65536];
        let _ = self.log.set_nonblocking(true);
        wait_until(if wanted == 0 { Duration::from_millis(30).min(limit) } else { limit }, || {
            while let Ok(len) = self.log.recv(&mut buffer) {
                lines.push(buffer[..len].to_vec());
            }
            wanted > 0 && lines.len() >= wanted
        });
        lines
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The input with the row's number in a header after its first line.
fn marked(text: &Text, row: usize) -> Text {
    let bytes = text.bytes();
    let at = find(&bytes, b"\r\n").map_or(bytes.len(), |at| at + 2);
    let header = format!("x-case: {row}\r\n");
    let whole = [&bytes[..at], header.as_bytes(), &bytes[at..]].concat();
    Text::Whole(whole.iter().map(|byte| char::from(*byte)).collect())
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        if !wait_until(Duration::from_secs(3), || !matches!(self.0.try_wait(), Ok(None))) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
