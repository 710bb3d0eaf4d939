//! What a new configuration changes, as lines for people.

use keepalived_conf::model::{Config, VrrpInstance};
use serde::Serialize;
use serde_json::Value;

/// One line a change; none if the configurations ask for the same.
pub fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    for instance in &old.instances {
        if !new.instances.iter().any(|other| is_same_router(instance, other)) {
            lines.push(format!("- vrrp_instance {}", instance.name));
        }
    }
    for instance in &new.instances {
        match old.instances.iter().find(|other| is_same_router(instance, other)) {
            None => lines.push(format!("+ vrrp_instance {}", instance.name)),
            Some(before) => fields(&format!("vrrp_instance {}", instance.name), before, instance, &mut lines),
        }
    }
    named("vrrp_sync_group", &old.sync_groups, &new.sync_groups, |one| &one.name, &mut lines);
    named("vrrp_script", &old.scripts, &new.scripts, |one| &one.name, &mut lines);
    named("track_file", &old.track_files, &new.track_files, |one| &one.name, &mut lines);
    named("vrrp_track_process", &old.track_processes, &new.track_processes, |one| &one.name, &mut lines);
    named("bfd_instance", &old.bfd, &new.bfd, |one| &one.name, &mut lines);
    for (name, same) in [
        ("static_ipaddress", old.static_addresses == new.static_addresses),
        ("static_routes", old.static_routes == new.static_routes),
        ("static_rules", old.static_rules == new.static_rules),
        ("virtual_server", old.virtual_servers == new.virtual_servers),
    ] {
        if !same {
            lines.push(format!("~ {name}"));
        }
    }
    fields("global_defs", &old.global, &new.global, &mut lines);
    lines
}

/// A reload matches instances by what they are on the wire, not by name.
fn is_same_router(a: &VrrpInstance, b: &VrrpInstance) -> bool {
    (a.virtual_router_id, a.family, &a.interface, a.unicast)
        == (b.virtual_router_id, b.family, &b.interface, b.unicast)
}

fn named<T: Serialize + PartialEq>(
    what: &str,
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> &str,
    lines: &mut Vec<String>,
) {
    for one in old.iter().filter(|one| !new.iter().any(|other| name(other) == name(one))) {
        lines.push(format!("- {what} {}", name(one)));
    }
    for one in new {
        match old.iter().find(|other| name(other) == name(one)) {
            None => lines.push(format!("+ {what} {}", name(one))),
            Some(before) => fields(&format!("{what} {}", name(one)), before, one, lines),
        }
    }
}

/// The names of the fields that differ. Values are left out: some are secrets.
fn fields<T: Serialize + PartialEq>(what: &str, old: &T, new: &T, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    let mut names = Vec::new();
    if let (Ok(Value::Object(old)), Ok(Value::Object(new))) =
        (serde_json::to_value(old), serde_json::to_value(new))
    {
        names.extend(
            new.iter().filter(|(key, value)| old.get(*key) != Some(value)).map(|(key, _)| key.clone()),
        );
    }
    lines.push(format!("~ {what}: {}", names.join(", ")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_configuration_changes_nothing() {
        assert!(changes(&Config::default(), &Config::default()).is_empty());
    }

    #[test]
    fn changed_fields_are_named() {
        let mut new = Config::default();
        new.global.router_id = Some("x".into());
        assert_eq!(changes(&Config::default(), &new), ["~ global_defs: router_id"]);
    }
}
