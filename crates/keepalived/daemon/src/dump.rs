//! The data files that monitoring reads: `keepalived.data`, `keepalived.stats`, `keepalived.json`.
//!
//! The forms are those of keepalived 2.2.7, which the exporters were written for. A file is written beside its place
//! and renamed, so that a reader never sees half of it.

mod global;
mod interfaces;
mod json;
mod objects;
mod stats;
mod topology;
mod trackers;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use keepalived_conf::model::{Config, IpAddress, IpRoute, IpRule};

use crate::options::Options;

pub(crate) use json::json;
pub(crate) use stats::stats;
pub(crate) use topology::View;

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `keepalived.data`.
    Data,
    /// `keepalived_parent.data`.
    ParentData,
    /// `keepalived.stats`.
    Stats,
    /// `keepalived.json`.
    Json,
}

/// Writes `keepalived_parent.data`.
///
/// # Errors
/// Those of the file system.
pub fn parent(config: &Config, options: &Options) -> io::Result<()> {
    write_whole(&path(Kind::ParentData, config, options), &global::text(config, options))
}

/// Everything the vrrp process knows.
pub(crate) fn data(view: &View<'_>) -> String {
    let mut text = global::text(view.config, view.options);
    text.push_str(&global::garp_groups(view.config));
    text.push_str(&statics(view.config));
    text.push_str(&topology::text(view));
    text.push_str(&trackers::text(view));
    text.push_str(&interfaces::text(view));
    text
}

/// A static address on an interface, as log lines tell it.
pub(crate) fn address_text(address: &IpAddress, interface: &str) -> String {
    objects::address(address, interface, true, false)
}

/// A route, as log lines tell it.
pub(crate) fn route_text(route: &IpRoute) -> String {
    objects::route(route)
}

/// A rule, as log lines tell it.
pub(crate) fn rule_text(rule: &IpRule) -> String {
    objects::rule(rule)
}

/// `static_ipaddress`, `static_routes`, `static_rules` and the groups that mind them.
fn statics(config: &Config) -> String {
    let home = config.global.vrrp.default_interface.as_deref().unwrap_or("eth0");
    let addresses = config.static_addresses.iter();
    let groups = config.track_groups.iter().map(|group| {
        let members: String = group.instances.iter().map(|name| format!("     {name}\n")).collect();
        format!(" Static Track Group = {}\n   VRRP member instances :\n{members}", group.name)
    });
    let line = |text: String| format!("     {text}\n");
    let sections: [(&str, String); 4] = [
        (
            "Addresses",
            addresses.map(|one| line(address_text(one, one.dev.as_deref().unwrap_or(home)))).collect(),
        ),
        ("Routes", config.static_routes.iter().map(|one| line(route_text(one))).collect()),
        ("Rules", config.static_rules.iter().map(|one| line(rule_text(one))).collect()),
        ("Track groups", groups.collect()),
    ];
    let shown = sections.into_iter().filter(|(_, text)| !text.is_empty());
    shown.map(|(what, text)| format!("------< Static {what} >------\n{text}")).collect()
}

/// Where a file goes: the directory for temporary files unless the configuration names a place.
pub(crate) fn path(kind: Kind, config: &Config, options: &Options) -> PathBuf {
    let files = &config.global.files;
    let (configured, stem, extension) = match kind {
        Kind::Data => (&files.state_dump_file, "keepalived", "data"),
        Kind::ParentData => (&None, "keepalived_parent", "data"),
        Kind::Stats => (&files.stats_dump_file, "keepalived", "stats"),
        Kind::Json => (&files.json_dump_file, "keepalived", "json"),
    };
    if let Some(path) = configured {
        return PathBuf::from(path);
    }
    let instance = config.root.instance.as_ref().filter(|_| files.data_use_instance);
    let suffix = instance.map_or_else(String::new, |name| format!("_{name}"));
    options.dump_dir.join(format!("{stem}{suffix}.{extension}"))
}

/// Writes a file for the daemon's user alone and puts it in its place.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    // A leftover, or what somebody put there to catch our words.
    let _ = fs::remove_file(&beside);
    let result = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// `enabled` or `disabled`.
fn enabled(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

/// `yes` or `no`.
fn yes(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

/// Seconds since 1970 and the local time: `1795391488.500407 (Sun Nov 22 23:51:28.500407 2026)`.
fn moment(us: u64) -> String {
    let stamp = i64::try_from(us).ok().and_then(|us| jiff::Timestamp::from_microsecond(us).ok());
    let Some(stamp) = stamp else { return String::from("0.000000") };
    let local = stamp.to_zoned(jiff::tz::TimeZone::system());
    let (seconds, micros) = (us / 1_000_000, us % 1_000_000);
    let (day, year) = (local.strftime("%a %b %e %H:%M:%S"), local.strftime("%Y"));
    format!("{seconds}.{micros:06} ({day}.{micros:06} {year})")
}
