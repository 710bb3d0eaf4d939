//! `global_defs` in the data files.

use std::fmt::Write;

use keepalived_conf::model::{Config, FlushOnStop, Mail, ProcessScheduling};

use super::{enabled, yes};
use crate::options::Options;

/// The section.
pub fn text(config: &Config, options: &Options) -> String {
    let mut text = String::from("------< Global definitions >------\n");
    let mut line = |what: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, " {what}");
    };
    let (global, vrrp) = (&config.global, &config.global.vrrp);
    line(format_args!("Network namespace = {}", options.namespace.as_deref().unwrap_or("(default)")));
    let ipvs = config.root.net_namespace_ipvs.as_deref().unwrap_or("(main namespace)");
    line(format_args!("Network namespace ipvs = {ipvs}"));
    let host = host();
    line(format_args!("Router ID = {}", global.router_id.as_deref().unwrap_or(&host)));
    mail(&mut line, &global.mail, &host);
    for (word, value) in [
        ("smtp_alert", global.mail.smtp_alert),
        ("smtp_alert_vrrp", global.mail.smtp_alert_vrrp),
        ("smtp_alert_checker", global.mail.smtp_alert_checker),
    ] {
        let shown = match value {
            None => "unset",
            Some(true) => "on",
            Some(false) => "off",
        };
        line(format_args!("Default {word} = {shown}"));
    }
    line(format_args!("Checkers log all failures = {}", global.lvs.checker_log_all_failures));
    match &global.files.reload_check_config {
        None => line(format_args!("No test config before reload")),
        Some(None) => line(format_args!("Test config before reload, log to /dev/null")),
        Some(Some(file)) => line(format_args!("Test config before reload, log to {file}")),
    }
    line(format_args!("Dynamic interfaces = {}", vrrp.dynamic_interfaces));
    line(format_args!("Default interface = {}", vrrp.default_interface.as_deref().unwrap_or("eth0")));
    line(format_args!("Disable local IGMP = {}", yes(vrrp.disable_local_igmp)));
    line(format_args!("LVS flush = {}", global.lvs.flush));
    let flush = match global.lvs.flush_on_stop {
        FlushOnStop::No => "disabled",
        FlushOnStop::All => "full",
        FlushOnStop::VirtualServers => "VS",
    };
    line(format_args!("LVS flush on stop = {flush}"));
    line(format_args!("FIFO write vrrp states on reload = {}", global.fifos.write_vrrp_states_on_reload));
    for (word, fifo) in
        [("Global", &global.fifos.all), ("VRRP", &global.fifos.vrrp), ("LVS", &global.fifos.lvs)]
    {
        if let Some(path) = &fifo.path {
            line(format_args!("{word} notify fifo = {path}"));
        }
    }
    line(format_args!("VRRP notify priority changes = {}", vrrp.notify_priority_changes));
    garp(&mut line, config);
    line(format_args!("VRRP default protocol version = {}", vrrp.version.unwrap_or(2)));
    let needed =
        config.instances.iter().any(|one| one.use_vmac.is_some() || (!one.accept && one.priority != 255));
    if global.firewall.nftables.is_some() || needed {
        let table = global.firewall.nftables.as_deref().unwrap_or("keepalived");
        line(format_args!("nftables table name = {table}"));
        line(format_args!(
            "nftables base chain priority = {}",
            global.firewall.nftables_priority.unwrap_or(-1)
        ));
        let word = if global.firewall.nftables_ifindex { "" } else { "don't " };
        line(format_args!("nftables {word}force use ifindex for link local IPv6"));
    }
    let word = if global.firewall.nftables_counters { "with" } else { "without" };
    line(format_args!("nftables {word} counters"));
    line(format_args!("VRRP check unicast_src = {}", vrrp.check_unicast_src));
    line(format_args!("VRRP skip check advert addresses = {}", vrrp.skip_check_adv_addr));
    line(format_args!("VRRP strict mode = {}", vrrp.strict));
    line(format_args!("Max auto priority = {}", global.auto_priority.max.unwrap_or(0)));
    let delay = global.auto_priority.min_delay_us.unwrap_or(1_000_000);
    line(format_args!("Min auto priority delay = {delay} usecs"));
    for (word, scheduling) in
        [("VRRP", &global.vrrp_process), ("Checker", &global.checker_process), ("BFD", &global.bfd_process)]
    {
        process(&mut line, word, scheduling);
    }
    rest(&mut line, config);
    if vrrp.startup_delay_us > 0 {
        line(format_args!("vrrp_startup_delay = {}", vrrp.startup_delay_us as f64 / 1e6));
    }
    text
}

fn mail(line: &mut impl FnMut(std::fmt::Arguments<'_>), mail: &Mail, host: &str) {
    if let Some(server) = &mail.smtp_server {
        line(format_args!("Smtp server = {server}"));
        line(format_args!("Smtp server port = {}", mail.smtp_port));
    }
    if mail.smtp_server.is_some() || mail.smtp_helo_name.is_some() {
        line(format_args!("Smtp HELO name = {}", mail.smtp_helo_name.as_deref().unwrap_or(host)));
    }
    if mail.smtp_server.is_some() {
        line(format_args!("Smtp server connection timeout = {}", mail.smtp_connect_timeout_us / 1_000_000));
    }
    if let Some(from) = &mail.notification_email_from {
        line(format_args!("Email notification from = {from}"));
    }
    if !mail.notification_email.is_empty() {
        line(format_args!("Email notification to:"));
        for to in &mail.notification_email {
            line(format_args!("  {to}"));
        }
    }
}

/// `garp_group` blocks.
pub fn garp_groups(config: &Config) -> String {
    let mut text = String::new();
    if !config.garp_groups.is_empty() {
        text.push_str("------< Gratuitous ARP delays >------\n");
    }
    for (number, group) in config.garp_groups.iter().enumerate() {
        text.push_str(&format!("------< GARP delay group {number} >------\n"));
        for (word, interval) in [("GARP", group.garp_interval_us), ("GNA", group.gna_interval_us)] {
            if let Some(us) = interval {
                text.push_str(&format!(" {word} interval = {}\n", us as f64 / 1e6));
            }
        }
        text.push_str(" Interfaces\n");
        text.extend(group.interfaces.iter().map(|interface| format!("  {interface}\n")));
    }
    text
}

fn garp(line: &mut impl FnMut(std::fmt::Arguments<'_>), config: &Config) {
    let vrrp = &config.global.vrrp;
    let garp = &vrrp.garp;
    line(format_args!("VRRP IPv4 mcast group = {}", vrrp.mcast_group4));
    line(format_args!("VRRP IPv6 mcast group = {}", vrrp.mcast_group6));
    line(format_args!("Gratuitous ARP delay = {}", garp.master_delay_s));
    line(format_args!("Gratuitous ARP repeat = {}", garp.master_repeat));
    line(format_args!("Gratuitous ARP refresh timer = {}", garp.master_refresh_s));
    line(format_args!("Gratuitous ARP refresh repeat = {}", garp.master_refresh_repeat));
    line(format_args!("Gratuitous ARP lower priority delay = {}", garp.lower_prio_delay_s));
    line(format_args!("Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat));
    line(format_args!("Num adverts before down = {}", vrrp.down_timer_adverts));
    line(format_args!("Gratuitous ARP for each secondary VMAC = {}s", garp.extra_if_s));
    let lower = !vrrp.lower_prio_no_advert;
    line(format_args!("Send advert after receive lower priority advert = {lower}"));
    let higher = vrrp.higher_prio_send_advert;
    line(format_args!("Send advert after receive higher priority advert = {higher}"));
    line(format_args!("Gratuitous ARP interval = {:.6}", vrrp.garp_interval_us as f64 / 1e6));
    line(format_args!("Gratuitous NA interval = {:.6}", vrrp.gna_interval_us as f64 / 1e6));
}

fn process(line: &mut impl FnMut(std::fmt::Arguments<'_>), word: &str, scheduling: &ProcessScheduling) {
    line(format_args!("{word} process priority = {}", scheduling.priority.unwrap_or(0)));
    line(format_args!("{word} don't swap = {}", scheduling.no_swap));
    line(format_args!("{word} realtime priority = {}", scheduling.rt_priority.unwrap_or(0)));
    line(format_args!("{word} realtime limit = {}", scheduling.rlimit_rttime_us.unwrap_or(10_000)));
}

fn rest(line: &mut impl FnMut(std::fmt::Arguments<'_>), config: &Config) {
    let global = &config.global;
    for (word, on) in [
        ("SNMP vrrp", global.snmp.vrrp),
        ("SNMP checker", global.snmp.checker),
        ("SNMP RFCv2", global.snmp.rfcv2),
        ("SNMP RFCv3", global.snmp.rfcv3),
        ("SNMP traps", global.snmp.traps),
    ] {
        line(format_args!("{word} {}", enabled(on)));
    }
    let socket = global.snmp.socket.as_deref().unwrap_or("default (unix:/var/agentx/master)");
    line(format_args!("SNMP socket = {socket}"));
    line(format_args!("DBus {}", enabled(global.enable_dbus)));
    line(format_args!("DBus service name = {}", global.dbus_service_name.as_deref().unwrap_or("")));
    line(format_args!("Script security {}", enabled(global.scripts.script_security)));
    let user = global.scripts.script_user;
    line(format_args!("Default script uid:gid {}:{}", user.uid, user.gid));
    let buffers = &global.buffers;
    for (word, buffer) in [
        ("vrrp_netlink_cmd", buffers.vrrp_netlink_cmd),
        ("vrrp_netlink_monitor", buffers.vrrp_netlink_monitor),
        ("process_monitor", buffers.process_monitor),
        ("lvs_netlink_cmd", buffers.lvs_netlink_cmd),
        ("lvs_netlink_monitor", buffers.lvs_netlink_monitor),
    ] {
        line(format_args!("{word}_rcv_bufs = {}", buffer.size.unwrap_or(0)));
        line(format_args!("{word}_rcv_bufs_force = {}", u8::from(buffer.force)));
    }
    line(format_args!("rs_init_notifies = {}", u8::from(global.lvs.rs_init_notifies)));
    line(format_args!("no_checker_emails = {}", u8::from(global.mail.no_checker_emails)));
    line(format_args!("rx_bufs_multiples = {}", global.vrrp.rx_bufs_multiplier));
    line(format_args!("umask = {:04o}", global.files.umask.unwrap_or(0o177)));
}

fn host() -> String {
    let name = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|_| String::from("localhost"))
}
