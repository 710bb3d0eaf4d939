//! Mistakes that every parser takes: the election does something else than was meant.

use crate::model::{Config, Family, VrrpInstance};

use super::{priority_range, weighted};

/// The warnings, instance by instance.
pub fn warnings(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    for instance in &config.instances {
        for warning in of_instance(config, instance) {
            found.push(format!("({}) {warning}", instance.name));
        }
    }
    for script in &config.scripts {
        let timeout = if script.timeout_us == 0 { script.interval_us } else { script.timeout_us };
        if timeout > script.interval_us {
            found.push(format!(
                "vrrp_script {} may run {} s but is due every {} s: a run that hangs is not noticed for {} s",
                script.name,
                timeout / 1_000_000,
                script.interval_us / 1_000_000,
                timeout / 1_000_000 * u64::from(script.fall),
            ));
        }
    }
    found
}

/// A check: what is wrong, if it is.
type Check = fn(&Config, &VrrpInstance) -> Option<String>;

const CHECKS: &[Check] = &[
    weak_weights,
    all_trackers_capped,
    master_is_no_owner,
    strict_drops_traffic,
    no_accept_drops_traffic,
    unicast_without_peers,
    fault_without_peers,
    host_prefix_without_dev,
    sub_second_v2,
    plain_password,
];

fn of_instance(config: &Config, instance: &VrrpInstance) -> Vec<String> {
    CHECKS.iter().filter_map(|check| check(config, instance)).collect()
}

/// The usual distance of two routers is 50; weights that together move less change nothing unless the routers are nearer.
fn weak_weights(config: &Config, instance: &VrrpInstance) -> Option<String> {
    if weighted(config, instance).is_empty() {
        return None;
    }
    let (low, high) = priority_range(config, instance);
    let moves = high - low;
    (moves < 2).then(|| {
        format!("its weights move the priority by {moves} at most: they cannot change the election against a router with another priority")
    })
    .or_else(|| {
        (moves < 50).then(|| {
            format!(
                "its weights move the priority between {low} and {high}: they change the election only if the other router's priority lies in between"
            )
        })
    })
}

/// Sums beyond 1 or 254 are cut, so that some trackers have no effect.
fn all_trackers_capped(config: &Config, instance: &VrrpInstance) -> Option<String> {
    let trackers = weighted(config, instance);
    let base = i64::from(instance.priority);
    let up: i64 = trackers.iter().map(|(_, t)| signed(t.weight, t.reverse)).filter(|w| *w > 0).sum();
    let down: i64 = trackers.iter().map(|(_, t)| signed(t.weight, t.reverse)).filter(|w| *w < 0).sum();
    if instance.priority == 255 || trackers.is_empty() {
        return None;
    }
    if base + up > 254 {
        return Some(format!(
            "priority {base} with all weights is {}: it is cut to 254, so that a failing tracker may go unseen",
            base + up
        ));
    }
    (base + down < 1).then(|| format!("priority {base} with all failures is {}: it is cut to 1", base + down))
}

fn signed(weight: i32, reverse: bool) -> i64 {
    if reverse { -i64::from(weight) } else { i64::from(weight) }
}

fn master_is_no_owner(_: &Config, instance: &VrrpInstance) -> Option<String> {
    (instance.state_master && instance.priority != 255).then(|| {
        String::from("state MASTER has no effect below priority 255: it begins as BACKUP and waits like any other; and nopreempt does not go with it")
    })
}

fn strict_drops_traffic(_: &Config, instance: &VrrpInstance) -> Option<String> {
    (instance.strict_mode && !instance.accept).then(|| {
        String::from("vrrp_strict drops all traffic to the virtual addresses (ping, TCP) while it is MASTER: remove vrrp_strict, or use priority 255")
    })
}

fn no_accept_drops_traffic(_: &Config, instance: &VrrpInstance) -> Option<String> {
    (!instance.strict_mode && !instance.accept).then(|| {
        String::from("no_accept drops all traffic to the virtual addresses: they can be routed through only")
    })
}

fn unicast_without_peers(_: &Config, instance: &VrrpInstance) -> Option<String> {
    let meant = instance.check_unicast_src || instance.unicast_ttl.is_some();
    (!instance.unicast && instance.unicast_peers.is_empty() && meant)
        .then(|| String::from("unicast settings without unicast_peer: adverts go to the multicast group"))
}

fn fault_without_peers(_: &Config, instance: &VrrpInstance) -> Option<String> {
    (instance.unicast && instance.unicast_peers.is_empty())
        .then(|| String::from("unicast without a peer: it stays in FAULT (unicast_fault_no_peer)"))
}

fn host_prefix_without_dev(_: &Config, instance: &VrrpInstance) -> Option<String> {
    let host = |family: Family| if family == Family::Inet { 32 } else { 128 };
    let other = instance.virtual_ipaddress.iter().find(|address| {
        address.prefix == host(Family::of(address.address))
            && address.dev.as_ref().is_some_and(|dev| Some(dev) != instance.interface.as_ref())
    })?;
    Some(format!(
        "address {} is on {} without a prefix length: hosts there are reached only through another route",
        other.address,
        other.dev.as_deref().unwrap_or_default()
    ))
}

fn sub_second_v2(_: &Config, instance: &VrrpInstance) -> Option<String> {
    (instance.version == 2 && instance.advert_int_us > 10_000_000).then(|| {
        format!(
            "an advert every {} s makes a takeover last {} s",
            instance.advert_int_us / 1_000_000,
            instance.advert_int_us * 3 / 1_000_000
        )
    })
}

fn plain_password(_: &Config, instance: &VrrpInstance) -> Option<String> {
    let auth = instance.authentication.as_ref()?;
    (auth.kind == crate::model::AuthKind::Pass && auth.password == *b"1111\0\0\0\0").then(|| {
        String::from(
            "auth_pass 1111 is the password of every sample file: routers of others on this network may join",
        )
    })
}
