//! The scenario language.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `S1` ...
    pub id: String,
    /// What happens.
    pub title: String,
    /// Hosts by name; `h1` is X, `h2` is Y, and others play the part of Y, too.
    pub hosts: BTreeMap<String, Host>,
    /// Network besides `eth0`.
    #[serde(default)]
    pub links: Links,
    /// What is done and expected, in order.
    pub steps: Vec<Step>,
    /// Why the original may fail it.
    #[serde(default)]
    pub original_fails: Option<String>,
    /// Quick enough, and telling enough, for the short form.
    #[serde(default)]
    pub short: bool,
}

/// One host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// keepalived.conf.
    #[serde(default)]
    pub config: String,
    /// Further files: path and content; those that begin with `#!` can be run.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Further words on the command line.
    #[serde(default)]
    pub args: Vec<String>,
}

/// Second bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Links {
    /// Only `eth0`, 192.0.2.0/24 and 2001:db8::/64.
    #[default]
    One,
    /// And `eth1`, 198.51.100.0/24.
    Two,
}

/// One step; times are in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Starts the daemon of a host.
    Start(String),
    /// Lets time pass.
    Sleep(f64),
    /// Names this moment.
    Mark(String),
    /// Sends a signal.
    Signal {
        /// Host.
        host: String,
        /// Whom.
        to: Target,
        /// `TERM`, `KILL`, `HUP` ...
        signal: String,
    },
    /// Pulls or plugs the cable of eth0.
    Cable {
        /// Host.
        host: String,
        /// Link, `eth0` if not given.
        #[serde(default = "eth0")]
        link: String,
        /// `false` is out.
        plugged: bool,
    },
    /// Runs a shell line, `{program}` being the host's daemon; it must end with 0.
    Sh {
        /// Host, or `switch`.
        host: String,
        /// The line.
        run: String,
    },
    /// Writes a new configuration and sends HUP.
    Reload {
        /// Host.
        host: String,
        /// keepalived.conf.
        config: String,
    },
    /// Waits until an address is on a host.
    Holds {
        /// Host.
        host: String,
        /// Address.
        address: String,
        /// At most so long.
        within: f64,
    },
    /// Waits until an address is not on a host.
    Lacks {
        /// Host.
        host: String,
        /// Address.
        address: String,
        /// At most so long.
        within: f64,
    },
    /// Waits until exactly one host has an address.
    OneHolds {
        /// Address.
        address: String,
        /// At most so long.
        within: f64,
    },
    /// Waits for a line in the log.
    Log {
        /// Host.
        host: String,
        /// Part of the line.
        text: String,
        /// At most so long; 0 looks once.
        #[serde(default)]
        within: f64,
        /// Only lines after this mark.
        #[serde(default)]
        after: Option<String>,
    },
    /// A line must not be in the log.
    NoLog {
        /// Host.
        host: String,
        /// Part of the line.
        text: String,
        /// Only lines after this mark.
        #[serde(default)]
        after: Option<String>,
    },
    /// A file (or the output of a line) must hold a text.
    Output {
        /// Host.
        host: String,
        /// Shell line.
        run: String,
        /// What its output must contain, each on its own.
        #[serde(default)]
        contains: Vec<String>,
        /// What it must not contain.
        #[serde(default)]
        lacks: Vec<String>,
    },
    /// The daemon ends by itself.
    Exit {
        /// Host.
        host: String,
        /// Exit code.
        code: i32,
        /// At most so long.
        within: f64,
    },
    /// The first advert of a host after a mark.
    Advert {
        /// Host.
        host: String,
        /// After this mark.
        after: String,
        /// The earliest time allowed.
        #[serde(default)]
        min: f64,
        /// The latest time allowed.
        max: f64,
        /// Count from the last advert of this host instead of the mark.
        #[serde(default)]
        since_last_of: Option<String>,
        /// Only adverts with this priority; without it any but 0.
        #[serde(default)]
        priority: Option<u8>,
    },
    /// No advert of a host after a mark.
    NoAdvert {
        /// Host.
        host: String,
        /// After this mark.
        after: String,
        /// Only adverts with this priority.
        #[serde(default)]
        priority: Option<u8>,
    },
    /// Largest distance between two adverts of a host after a mark.
    Gap {
        /// Host.
        host: String,
        /// After this mark.
        after: String,
        /// Seconds.
        max: f64,
    },
    /// Least time between two announcements of an address.
    Spacing {
        /// Address.
        address: String,
        /// After this mark.
        after: String,
        /// Seconds.
        min: f64,
    },
    /// Time from the first advert of a host after a mark to the moment when its addresses have been announced.
    Takeover {
        /// Host.
        host: String,
        /// After this mark.
        after: String,
        /// How many addresses.
        addresses: usize,
        /// Seconds.
        max: f64,
    },
    /// A shell line whose output must be the same on all hosts.
    Same {
        /// The line.
        run: String,
        /// Patterns and what stands for them.
        #[serde(default)]
        mask: Vec<(String, String)>,
        /// Patterns of lines that are left out.
        #[serde(default)]
        lacks: Vec<String>,
    },
    /// The dumps of these hosts, read by the exporters' rules, must hold the same.
    Exporter(Vec<String>),
    /// A new eth0 for a host that lost its own.
    Replug(String),
    /// Starts the daemon of a host with `-s` in the machine's own process namespace.
    StartOutside(String),
    /// Number of gratuitous ARPs and neighbour advertisements for an address.
    Garp {
        /// Address.
        address: String,
        /// After this mark.
        after: String,
        /// At least.
        #[serde(default)]
        min: usize,
        /// At most.
        #[serde(default = "many")]
        max: usize,
    },
}

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The parent.
    Parent,
    /// The vrrp process.
    Vrrp,
    /// All of them.
    All,
}

fn eth0() -> String {
    String::from("eth0")
}

fn many() -> usize {
    usize::MAX
}

/// Reads all scenario files of a directory, in the order of their numbers.
///
/// # Errors
/// Those of files, and mistakes in them.
pub fn load(directory: &Path) -> Result<Vec<Scenario>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path)?;
            all.push(parse(&text).with_context(|| path.display().to_string())?);
        }
    }
    all.sort_by_key(|scenario: &Scenario| number(&scenario.id));
    Ok(all)
}

/// A step is `{name: arguments}`: nested enums are written as maps, which serde_yaml reads as singletons.
fn parse(text: &str) -> Result<Scenario> {
    let value: serde_yaml::Value = serde_yaml::from_str(text)?;
    // Through JSON, where `{"start": "h1"}` is the plain form of a variant.
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

fn number(id: &str) -> (u32, String) {
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u32::MAX), id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read() {
        let all = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/vrrp")).unwrap();
        assert!(all.len() >= 9);
        for pair in all.windows(2) {
            assert_ne!(pair[0].id, pair[1].id);
        }
    }
}
