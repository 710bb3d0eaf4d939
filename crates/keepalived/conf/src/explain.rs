//! The effective election table, and warnings of mistakes that break no rule.

mod warnings;

#[cfg(test)]
mod tests;

use crate::model::{Config, Tracked, VrrpInstance};

/// Explains a configuration to people: who can win which election, how long a takeover lasts, what is likely a mistake.
pub fn explain(config: &Config) -> String {
    let mut text = String::new();
    if config.instances.is_empty() {
        text.push_str("No VRRP instance.\n");
    } else {
        text.push_str(&table(config));
    }
    let warnings = warnings::warnings(config);
    if !warnings.is_empty() {
        text.push_str("\nWarnings:\n");
        for warning in warnings {
            text.push_str(&format!("  {warning}\n"));
        }
    }
    text
}

/// Lowest and highest priority that the trackers can make.
pub fn priority_range(config: &Config, instance: &VrrpInstance) -> (u8, u8) {
    if instance.priority == 255 {
        return (255, 255);
    }
    let (mut low, mut high) = (i64::from(instance.priority), i64::from(instance.priority));
    for (_, tracked) in weighted(config, instance) {
        // a file's number is unknown: it may move the priority all the way
        let is_file = config.track_files.iter().any(|file| file.name == tracked.name);
        let weight = i64::from(if tracked.reverse { -tracked.weight } else { tracked.weight });
        match (is_file, weight > 0) {
            (true, _) => (low, high) = (1, 254),
            (false, true) => high += weight,
            (false, false) => low += weight,
        }
    }
    let clamp = |value: i64| u8::try_from(value.clamp(1, 254)).unwrap_or(254);
    (clamp(low), clamp(high))
}

/// The weighted trackers of an instance and its group, each with what it is.
fn weighted<'a>(config: &'a Config, instance: &'a VrrpInstance) -> Vec<(&'static str, &'a Tracked)> {
    all_trackers(config, instance).into_iter().filter(|(_, tracked)| tracked.weight != 0).collect()
}

/// All trackers of an instance and its group, each with what it is.
fn all_trackers<'a>(config: &'a Config, instance: &'a VrrpInstance) -> Vec<(&'static str, &'a Tracked)> {
    let mut found = Vec::new();
    let mut add =
        |what: &'static str, list: &'a [Tracked]| found.extend(list.iter().map(|tracked| (what, tracked)));
    add("interface", &instance.track_interfaces);
    add("script", &instance.track_scripts);
    add("file", &instance.track_files);
    add("process", &instance.track_processes);
    add("bfd", &instance.track_bfds);
    if let Some(group) =
        config.sync_groups.iter().find(|group| Some(&group.name) == instance.sync_group.as_ref())
    {
        add("group interface", &group.track_interfaces);
        add("group script", &group.track_scripts);
        add("group file", &group.track_files);
        add("group process", &group.track_processes);
        add("group bfd", &group.track_bfds);
    }
    found
}

/// Skew in microseconds: RFC 3768 §6.1 for version 2, RFC 9568 §6.1 for version 3.
pub fn skew_us(version: u8, priority: u8, advert_int_us: u64) -> u64 {
    let missing = 256 - u64::from(priority);
    match version {
        2 => missing * 1_000_000 / 256,
        _ => missing * advert_int_us / 256,
    }
}

/// Time without adverts after which a backup takes over.
pub fn master_down_us(instance: &VrrpInstance, priority: u8) -> u64 {
    u64::from(instance.down_timer_adverts) * instance.advert_int_us
        + skew_us(instance.version, priority, instance.advert_int_us)
}

fn table(config: &Config) -> String {
    let mut text = String::new();
    for instance in &config.instances {
        let (low, high) = priority_range(config, instance);
        let range = if low == high { low.to_string() } else { format!("{low} to {high}") };
        let source = if instance.unicast {
            format!(
                "unicast to {}",
                instance
                    .unicast_peers
                    .iter()
                    .map(|peer| peer.address.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        } else {
            format!("multicast to {}", instance.mcast_dst_ip)
        };
        text.push_str(&format!(
            "{} (VRID {} on {}, VRRPv{} {}, {source})\n",
            instance.name,
            instance.virtual_router_id,
            instance.interface.as_deref().unwrap_or("any interface"),
            instance.version,
            instance.family,
        ));
        text.push_str(&format!("  priority {}, effective {range}{}\n", instance.priority, owner(instance)));
        text.push_str(&format!(
            "  advert every {}, skew {}, takes over {} after the last advert\n",
            seconds(instance.advert_int_us),
            seconds(skew_us(instance.version, instance.priority, instance.advert_int_us)),
            seconds(master_down_us(instance, instance.priority)),
        ));
        text.push_str(&format!("  {}\n", preemption(instance)));
        if let Some(group) = &instance.sync_group {
            text.push_str(&format!("  moves together with sync group {group}\n"));
        }
        for (what, tracked) in all_trackers(config, instance) {
            text.push_str(&format!("  tracks {what} {}: {}\n", tracked.name, effect(config, tracked)));
        }
        for address in instance.virtual_ipaddress.iter().chain(&instance.virtual_ipaddress_excluded) {
            text.push_str(&format!("  address {}/{}\n", address.address, address.prefix));
        }
    }
    text
}

fn owner(instance: &VrrpInstance) -> &'static str {
    if instance.priority == 255 { " (owns the addresses, becomes MASTER at once)" } else { "" }
}

fn preemption(instance: &VrrpInstance) -> String {
    if instance.nopreempt {
        String::from("leaves a lower priority in office (nopreempt)")
    } else if instance.preempt_delay_us > 0 {
        format!("takes over from a lower priority after {}", seconds(instance.preempt_delay_us))
    } else {
        String::from("takes over from a lower priority at once")
    }
}

/// What a tracker does.
fn effect(config: &Config, tracked: &Tracked) -> String {
    if config.track_files.iter().any(|file| file.name == tracked.name) && tracked.weight != 0 {
        let sign = if tracked.reverse { -tracked.weight } else { tracked.weight };
        return format!("its number times {sign} is added to the priority");
    }
    match (tracked.weight, tracked.reverse) {
        (0, false) => String::from("FAULT while it is down"),
        (0, true) => String::from("FAULT while it is up"),
        (weight, false) if weight > 0 => format!("+{weight} while it is up"),
        (weight, true) if weight > 0 => format!("-{weight} while it is up"),
        (weight, false) => format!("{weight} while it is down"),
        (weight, true) => format!("+{} while it is down", -i64::from(weight)),
    }
}

fn seconds(us: u64) -> String {
    let text = format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}
