//! The same question to all hosts: their answers must be the same.

use anyhow::{Result, anyhow, bail, ensure};
use regex::Regex;

use super::Stage;
use crate::interop::exporter;

impl Stage<'_> {
    /// Runs a line on every host; what is left after masking must be equal.
    pub(super) fn same(&self, run: &str, mask: &[(String, String)], leave_out: &[String]) -> Result<()> {
        let masks: Vec<(Regex, &str)> =
            mask.iter().map(|(from, to)| Ok((Regex::new(from)?, to.as_str()))).collect::<Result<_>>()?;
        let leave_out: Vec<Regex> = leave_out
            .iter()
            .map(|line| Regex::new(line).map_err(anyhow::Error::from))
            .collect::<Result<_>>()?;
        let mut answers = Vec::new();
        for (host, node) in &self.nodes {
            let mut text = node.sh(&self.line(host, run))?;
            for (from, to) in &masks {
                text = from.replace_all(&text, *to).into_owned();
            }
            let lines = text.lines().filter(|line| !leave_out.iter().any(|out| out.is_match(line)));
            answers.push((host, lines.map(str::to_owned).collect::<Vec<_>>()));
        }
        let [(first, wanted), rest @ ..] = answers.as_slice() else { bail!("no host") };
        for (host, got) in rest {
            let differing = differences(wanted, got);
            ensure!(differing.is_empty(), "`{run}` differs ({first} -, {host} +):\n{}", differing.join("\n"));
        }
        Ok(())
    }

    /// What the exporters that people use make of the dumps of these hosts must be the same.
    pub(super) fn exporter(&self, hosts: &[String]) -> Result<()> {
        let mut known = None;
        for host in hosts {
            let node = self.node(host)?;
            let files = exporter::Files {
                data: node.read("/tmp/keepalived.data")?,
                stats: node.read("/tmp/keepalived.stats")?,
                json: node.read("/tmp/keepalived.json")?,
            };
            let metrics = exporter::read(&files).map_err(|error| anyhow!("{host}: {error}"))?;
            ensure!(!metrics.is_empty(), "{host}: the dumps hold nothing");
            match &known {
                None => known = Some(metrics),
                Some(first) => {
                    let differing = differences(first, &metrics);
                    ensure!(differing.is_empty(), "exporters see other values:\n{}", differing.join("\n"));
                }
            }
        }
        Ok(())
    }
}

/// Lines that only one side has, `-` those of the first.
fn differences(a: &[String], b: &[String]) -> Vec<String> {
    let only = |from: &[String], other: &[String], sign: &str| -> Vec<String> {
        let mut left: Vec<&String> = other.iter().collect();
        let missing = from.iter().filter(|line| match left.iter().position(|known| known == line) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        });
        missing.map(|line| format!("{sign} {line}")).collect()
    };
    let mut all = only(a, b, "-");
    all.extend(only(b, a, "+"));
    all
}
