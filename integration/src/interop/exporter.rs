//! The dumps as the exporters read them that people use: mehdy/keepalived-exporter and gen2brain/keepalived_exporter.
//!
//! An instance begins with ` VRRP Instance`; its keys have exactly three spaces, the values of a list five or more, and
//! any other line ends it. Counters are plain integers. The JSON file is an array of objects with typed fields.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The three files.
#[derive(Clone, Debug)]
pub struct Files {
    /// `keepalived.data`.
    pub data: String,
    /// `keepalived.stats`.
    pub stats: String,
    /// `keepalived.json`.
    pub json: String,
}

/// Everything the exporters would tell, one line each.
///
/// # Errors
/// What they would stumble over.
pub fn read(files: &Files) -> Result<Vec<String>> {
    let mut all = instances(&files.data)?;
    all.extend(scripts(&files.data)?);
    all.extend(counters(&files.stats)?);
    all.extend(json(&files.json)?);
    all.sort();
    Ok(all)
}

fn instances(data: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut current: Option<BTreeMap<String, Vec<String>>> = None;
    let mut key = String::new();
    for line in data.lines().chain([""]) {
        if let Some(name) = line.strip_prefix(" VRRP Instance = ") {
            all.extend(current.take().map(told).transpose()?.into_iter().flatten());
            current = Some(BTreeMap::from([(String::from("name"), vec![name.to_owned()])]));
        } else if let Some(fields) = &mut current {
            if line.starts_with("     ") {
                fields.entry(key.clone()).or_default().push(line.trim().to_owned());
            } else if let Some(rest) = line.strip_prefix("   ") {
                let (name, value) =
                    rest.split_once('=').or_else(|| rest.split_once(':')).unwrap_or((rest, ""));
                key = name.trim().split(" (").next().unwrap_or_default().to_owned();
                let value = value.trim();
                fields
                    .insert(key.clone(), if value.is_empty() { Vec::new() } else { vec![value.to_owned()] });
            } else {
                all.extend(current.take().map(told).transpose()?.into_iter().flatten());
            }
        }
    }
    Ok(all)
}

/// The metrics of one instance.
fn told(fields: BTreeMap<String, Vec<String>>) -> Result<Vec<String>> {
    let one = |key: &str| fields.get(key).and_then(|values| values.first()).map(String::as_str);
    let name = one("name").unwrap_or_default();
    let need = |key: &str| one(key).with_context(|| format!("instance {name} has no {key}"));
    let state = |key: &str| -> Result<u8> {
        Ok(match need(key)? {
            "INIT" => 0,
            "BACKUP" => 1,
            "MASTER" => 2,
            "FAULT" => 3,
            other => bail!("instance {name}: {key} is {other}"),
        })
    };
    let interface = one("Interface").or_else(|| one("Listening device")).unwrap_or_default();
    let vrid: u8 = need("Virtual Router ID")?.parse()?;
    let delay: u32 = need("Gratuitous ARP delay")?.parse()?;
    let mut lines = vec![
        format!("state {name} {interface} {vrid} {}", state("State")?),
        format!("wantstate {name} {}", state("Wantstate")?),
        format!("garp_delay {name} {delay}"),
    ];
    for address in fields.get("Virtual IP").into_iter().flatten() {
        let words: Vec<&str> = address.split(' ').collect();
        let device = words.get(2).with_context(|| format!("`{address}` has no device"))?;
        lines.push(format!("address {name} {} {device}", words[0]));
    }
    Ok(lines)
}

fn scripts(data: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut name = None;
    for line in data.lines() {
        if let Some(script) = line.strip_prefix(" VRRP Script = ") {
            name = Some(script);
        } else if !line.starts_with("   ") {
            name = None;
        } else if let (Some(name), Some((key, value))) = (name, line.trim().split_once(" = ")) {
            let known: &[&str] = match key {
                "Status" => &["BAD", "GOOD"],
                "State" => &["idle", "running", "requested termination", "forcing termination"],
                _ => continue,
            };
            let number = known.iter().position(|word| *word == value);
            let number = number.with_context(|| format!("script {name}: {key} is {value}"))?;
            all.push(format!("script {name} {key} {number}"));
        }
    }
    Ok(all)
}

fn counters(stats: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let (mut name, mut section) = ("", "");
    for line in stats.lines() {
        if let Some(instance) = line.strip_prefix("VRRP Instance: ") {
            name = instance;
            continue;
        }
        let (key, value) = line.trim().split_once(':').with_context(|| format!("`{line}`"))?;
        if value.is_empty() {
            section = key;
            continue;
        }
        if !line.starts_with("    ") {
            section = "";
        }
        let number: u64 = value.trim().parse().with_context(|| format!("`{line}`"))?;
        all.push(format!("counter {name} {section}/{key} {number}"));
    }
    Ok(all)
}

#[derive(Debug, Deserialize)]
struct Element {
    data: Data,
    stats: BTreeMap<String, u64>,
}

/// The fields the exporters take, in the types they take them in.
#[derive(Debug, Deserialize)]
struct Data {
    iname: String,
    state: u8,
    wantstate: u8,
    ifp_ifname: String,
    vrid: u8,
    garp_delay: u32,
    #[serde(default)]
    vips: Vec<String>,
    #[serde(default)]
    evips: Vec<String>,
}

fn json(text: &str) -> Result<Vec<String>> {
    let elements: Vec<Element> = serde_json::from_str(text)?;
    let mut all = Vec::new();
    for Element { data, stats } in elements {
        let Data { iname, state, wantstate, ifp_ifname, vrid, garp_delay, vips, evips } = data;
        all.push(format!(
            "json {iname} {ifp_ifname} {vrid} {state} {wantstate} {garp_delay} {vips:?} {evips:?}"
        ));
        all.extend(stats.into_iter().map(|(key, value)| format!("json {iname} {key} {value}")));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_is_read_by_the_rules() {
        let data = " VRRP Instance = V\n   State = MASTER\n   Wantstate = BACKUP\n   Interface = eth0\n   Virtual Router ID = 5\n   \
                    Gratuitous ARP delay = 5\n   Virtual IP (1):\n     192.0.2.1/24 dev eth0 scope global set\n\
                    ------< X >------\n VRRP Script = c\n   Status = GOOD\n   State = idle\n";
        let stats = "VRRP Instance: V\n  Advertisements:\n    Received: 1\n  Became master: 2\n";
        let files = Files { data: data.into(), stats: stats.into(), json: "[]".into() };
        let lines = read(&files).unwrap();
        for wanted in [
            "address V 192.0.2.1/24 eth0",
            "counter V /Became master 2",
            "counter V Advertisements/Received 1",
            "script c State 0",
            "script c Status 1",
            "state V eth0 5 2",
            "wantstate V 1",
        ] {
            assert!(lines.iter().any(|line| line == wanted), "{wanted} in {lines:?}");
        }
        assert!(read(&Files { stats: "VRRP Instance: V\n  Became master: x\n".into(), ..files }).is_err());
    }
}
