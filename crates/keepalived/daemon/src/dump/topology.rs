//! Instances, sockets and sync groups in `keepalived.data`.

use std::collections::HashMap;
use std::fmt::Write;

use common_base::time::{Instant, Micros};
use common_os::clock;
use keepalived_conf::model::{
    AuthKind, Config, Family, IpAddress, NotifyScripts, OldChecksum, Script, SyncGroup, Tracked, VrrpInstance,
};
use keepalived_net::mirror::Mirror;
use keepalived_vrrp::ids::InstanceId;
use keepalived_vrrp::instance::Instance;
use keepalived_vrrp::router::Router;
use keepalived_vrrp::state::State;
use keepalived_vrrp::timers::Timer;

use super::{enabled, moment, objects, trackers, yes};
use crate::options::Options;
use crate::vrrp::{Live, Sockets};

/// What the dumps look at.
pub(crate) struct View<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The command line.
    pub options: &'a Options,
    /// The machines.
    pub router: &'a Router,
    /// What the process keeps of each instance.
    pub live: &'a HashMap<InstanceId, Box<Live>>,
    /// Links and addresses.
    pub mirror: &'a Mirror,
    /// Sockets.
    pub sockets: &'a Sockets,
}

impl View<'_> {
    /// The vmac of an instance.
    pub fn vmac_name(&self, id: InstanceId) -> Option<&str> {
        self.live.get(&id)?.plan.vmac.as_ref().map(|vmac| &*vmac.name)
    }

    /// When an instance entered its state, microseconds since 1970.
    pub fn last_transition_us(&self, id: InstanceId) -> u64 {
        self.live.get(&id).map_or(0, |live| live.last_transition_us)
    }

    /// The command of a script.
    pub fn script(&self, name: &str) -> Option<String> {
        let script = self.config.scripts.iter().find(|script| script.name == name)?;
        Some(trackers::command(&script.script))
    }

    /// An address of an instance.
    pub fn address(&self, id: InstanceId, address: &IpAddress) -> String {
        let Some((instance, live)) = self.router.instance(id).zip(self.live.get(&id)) else {
            return objects::address(address, "", false, false);
        };
        let base = &*live.plan.base_interface;
        let interface = match (&address.dev, &live.plan.vmac) {
            (Some(dev), _) if dev != base => dev.clone(),
            (_, Some(vmac)) => format!("{}@{base}", vmac.name),
            (_, None) => base.to_owned(),
        };
        let plain = interface.split('@').next().unwrap_or(&interface);
        let set = instance.objects_set()
            && self
                .mirror
                .index_of(plain)
                .is_some_and(|index| self.mirror.has(index, address.address, address.prefix));
        let firewall = set && instance.config().drop_traffic;
        objects::address(address, &interface, set, firewall)
    }
}

/// The three sections.
pub fn text(view: &View<'_>) -> String {
    let mut text = String::new();
    if !view.config.instances.is_empty() {
        text.push_str("------< VRRP Topology >------\n");
        for (instance, config) in view.router.instances().zip(&view.config.instances) {
            Block { text: &mut text, view, instance, config }.write();
        }
        text.push_str("------< VRRP Sockpool >------\n");
        text.push_str(
            &view.sockets.dump(
                view.router
                    .instances()
                    .map(|instance| (instance.id(), &*instance.config().name, instance.config().vrid)),
            ),
        );
    }
    if !view.config.sync_groups.is_empty() {
        text.push_str("------< VRRP Sync groups >------\n");
        for (group, config) in view.router.groups().zip(&view.config.sync_groups) {
            groups(&mut text, view, config, group.state);
        }
    }
    text
}

/// One instance on its way into the text.
struct Block<'a, 'v> {
    text: &'a mut String,
    view: &'a View<'v>,
    instance: &'a Instance,
    config: &'a VrrpInstance,
}

impl Block<'_, '_> {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        line(self.text, what);
    }

    fn write(&mut self) {
        let config = self.config;
        let _ = writeln!(self.text, " VRRP Instance = {}", config.name);
        self.line(format_args!("VRRP Version = {}", config.version));
        if let Some(group) = &config.sync_group {
            self.line(format_args!("Sync group = {group}"));
        }
        if config.family == Family::Inet6 {
            self.line(format_args!("Using Native IPv6"));
        }
        self.state();
        self.place();
        self.plan();
        self.rights();
        self.objects();
        self.tracked();
        self.notified();
    }

    fn state(&mut self) {
        let instance = self.instance;
        self.line(format_args!("State = {}", instance.state().as_str()));
        if self.config.unicast {
            self.line(format_args!("Flags:"));
            let _ = writeln!(self.text, "     Using unicast");
        } else if self.config.use_vmac.is_some() {
            self.line(format_args!("Flags:"));
        } else {
            self.line(format_args!("Flags: none"));
        }
        self.line(format_args!("Wantstate = {}", instance.wanted().as_str()));
        self.line(format_args!("Number of config faults = 0"));
        let faults = instance.fault_causes().len();
        self.line(format_args!("Number of interface and track script faults = {faults}"));
        let init = usize::from(instance.state() == State::Init);
        self.line(format_args!("Number of track scripts init = {init}"));
        let last = self.view.last_transition_us(instance.id());
        self.line(format_args!("Last transition = {}", moment(last)));
        let due = [Timer::Advert, Timer::MasterDown].iter().find_map(|timer| instance.timer(*timer));
        match due {
            Some(due) => self.line(format_args!("Read timeout = {}", moment(wall(due)))),
            None => self.line(format_args!("Read timeout = DISABLED")),
        }
        self.line(format_args!("Master down timer = {} usecs", instance.master_down_time().0));
    }

    fn place(&mut self) {
        let (instance, config) = (self.instance, self.config);
        let machine = instance.config();
        if let Some(name) = self.view.vmac_name(instance.id()) {
            let up = self.view.mirror.link_named(name).is_some_and(keepalived_net::links::Link::is_running);
            let xmit = config.vmac_xmit_base;
            self.line(format_args!("Use VMAC, i/f name {name}, is_up = {up}, xmit_base = {xmit}"));
            let base = if xmit { ", xmit base i/f" } else { "" };
            self.line(format_args!("Interface = {name}, vmac on {}{base}", machine.base_interface));
        } else {
            self.line(format_args!("Interface = {}", machine.interface));
        }
        if config.strict_mode {
            self.line(format_args!("Enforcing strict VRRP compliance"));
        }
        let configured = if config.source_ip.is_some() { " (from configuration)" } else { "" };
        match instance.source() {
            Some(source) => self.line(format_args!("Using src_ip = {source}{configured}")),
            None => self.line(format_args!("Using src_ip = (none)")),
        }
        if !config.unicast {
            let index = self.view.mirror.index_of(&machine.interface).unwrap_or(0);
            match config.family {
                Family::Inet => self.line(format_args!("Multicast address {}", config.mcast_dst_ip)),
                Family::Inet6 => {
                    self.line(format_args!("Multicast address {}, ifindex {index}", config.mcast_dst_ip));
                }
            }
        }
    }

    fn plan(&mut self) {
        let config = self.config;
        let garp = &config.garp;
        self.line(format_args!("Gratuitous ARP delay = {}", garp.master_delay_s));
        self.line(format_args!("Gratuitous ARP repeat = {}", garp.master_repeat));
        self.line(format_args!("Gratuitous ARP refresh = {}", garp.master_refresh_s));
        self.line(format_args!("Gratuitous ARP refresh repeat = {}", garp.master_refresh_repeat));
        self.line(format_args!("Gratuitous ARP lower priority delay = {}", garp.lower_prio_delay_s));
        self.line(format_args!("Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat));
        self.line(format_args!("Down timer adverts = {}", config.down_timer_adverts));
        let lower = !config.lower_prio_no_advert;
        self.line(format_args!("Send advert after receive lower priority advert = {lower}"));
        let higher = config.higher_prio_send_advert;
        self.line(format_args!("Send advert after receive higher priority advert = {higher}"));
        self.line(format_args!("Virtual Router ID = {}", config.virtual_router_id));
        self.line(format_args!("Priority = {}", config.priority));
        self.line(format_args!("Effective priority = {}", self.instance.effective_priority()));
        self.line(format_args!("Total priority = {}", self.instance.total_priority()));
        self.line(format_args!(
            "Advert interval = {}",
            interval(Micros(config.advert_int_us), config.version)
        ));
    }

    fn rights(&mut self) {
        let config = self.config;
        self.line(format_args!("Accept = {}", enabled(config.accept)));
        self.line(format_args!("Preempt = {}", enabled(!config.nopreempt)));
        if config.preempt_delay_us != 0 {
            self.line(format_args!("Preempt delay = {} secs", config.preempt_delay_us as f64 / 1e6));
        }
        self.line(format_args!("Promote_secondaries = {}", enabled(config.promote_secondaries)));
        match (&config.authentication, config.version) {
            (Some(auth), _) => {
                let kind = match auth.kind {
                    AuthKind::Pass => "SIMPLE_PASSWORD",
                    AuthKind::Ah => "IPSEC_AH",
                };
                self.line(format_args!("Authentication type = {kind}"));
                let password =
                    auth.password.iter().take_while(|byte| **byte != 0).copied().collect::<Vec<_>>();
                self.line(format_args!("Password = {}", String::from_utf8_lossy(&password)));
            }
            (None, 2) => self.line(format_args!("Authentication type = none")),
            (None, _) => {}
        }
    }

    fn objects(&mut self) {
        let (config, id) = (self.config, self.instance.id());
        if !config.virtual_ipaddress.is_empty() {
            self.line(format_args!("Virtual IP ({}):", config.virtual_ipaddress.len()));
            self.addresses(&config.virtual_ipaddress);
        }
        if !config.virtual_ipaddress_excluded.is_empty() {
            self.line(format_args!("Virtual IP Excluded :"));
            self.addresses(&config.virtual_ipaddress_excluded);
        }
        if config.unicast {
            self.line(format_args!("Unicast TTL = {}", config.unicast_ttl.unwrap_or(255)));
            self.line(format_args!("Check unicast src : {}", yes(config.check_unicast_src)));
            self.line(format_args!("Unicast Peer :"));
            for peer in &config.unicast_peers {
                let (address, min, max) = (peer.address, peer.min_ttl, peer.max_ttl);
                let _ = writeln!(self.text, "     {address} min_ttl {min} max_ttl {max}");
            }
            let old = config.old_unicast_checksum == OldChecksum::Always;
            self.line(format_args!("Unicast checksum compatibility = {}", yes(old)));
        }
        if let Some((receiver, sender)) = self.view.sockets.fds(id) {
            self.line(format_args!("fd_in {receiver}, fd_out {sender}"));
        }
        if !config.virtual_routes.is_empty() {
            self.line(format_args!("Virtual Routes :"));
            for route in &config.virtual_routes {
                let _ = writeln!(self.text, "     {}", objects::route(route));
            }
        }
        if !config.virtual_rules.is_empty() {
            self.line(format_args!("Virtual Rules :"));
            for rule in &config.virtual_rules {
                let _ = writeln!(self.text, "     {}", objects::rule(rule));
            }
        }
    }

    fn addresses(&mut self, list: &[IpAddress]) {
        for address in list {
            let shown = self.view.address(self.instance.id(), address);
            let _ = writeln!(self.text, "     {shown}");
        }
    }

    fn tracked(&mut self) {
        let config = self.config;
        tracked(self.text, "Tracked interfaces", " weight", &config.track_interfaces);
        tracked(self.text, "Tracked scripts", " weight", &config.track_scripts);
        tracked(self.text, "Tracked files", ", weight", &config.track_files);
        tracked(self.text, "Tracked processes", ", weight", &config.track_processes);
        tracked(self.text, "Tracked BFDs", ": weight", &config.track_bfds);
    }

    fn notified(&mut self) {
        let config = self.config;
        self.line(format_args!("Using smtp notification = {}", yes(config.smtp_alert)));
        let deleted = if config.notify_deleted { "Deleted" } else { "Fault" };
        self.line(format_args!("Notify deleted = {deleted}"));
        if let Some(notify) = &config.notify {
            scripts(self.text, notify);
        }
        self.line(format_args!("Notify priority changes = {}", config.notify_priority_changes));
    }
}

fn groups(text: &mut String, view: &View<'_>, config: &SyncGroup, state: State) {
    let members: Vec<&Instance> = view
        .router
        .instances()
        .filter(|instance| config.instances.iter().any(|name| **name == *instance.config().name))
        .collect();
    let count = |state: State| members.iter().filter(|member| member.state() == state).count();
    let _ = writeln!(text, " VRRP Sync Group = {}, {}", config.name, state.as_str());
    let (fault, init) = (count(State::Fault), count(State::Init));
    line(text, format_args!("Num member fault {fault}, num member init {init}"));
    line(text, format_args!("VRRP member instances :"));
    for name in &config.instances {
        let _ = writeln!(text, "     {name}");
    }
    line(text, format_args!("Using smtp notification = {}", yes(config.smtp_alert)));
    tracked(text, "Tracked interfaces", " weight", &config.track_interfaces);
    tracked(text, "Tracked scripts", " weight", &config.track_scripts);
    tracked(text, "Tracked files", ", weight", &config.track_files);
    tracked(text, "Tracked processes", ", weight", &config.track_processes);
    tracked(text, "Tracked BFDs", ": weight", &config.track_bfds);
    scripts(text, &config.notify);
}

fn tracked(text: &mut String, title: &str, word: &str, list: &[Tracked]) {
    if list.is_empty() {
        return;
    }
    line(text, format_args!("{title} :"));
    for track in list {
        let reverse = if track.reverse { " reverse" } else { "" };
        let _ = writeln!(text, "     {}{word} {}{reverse}", track.name, track.weight);
    }
}

fn scripts(text: &mut String, scripts: &NotifyScripts) {
    let all: [(&str, &Option<Script>); 7] = [
        ("Backup state transition", &scripts.backup),
        ("Master state transition", &scripts.master),
        ("Fault state transition", &scripts.fault),
        ("Stop state transition", &scripts.stop),
        ("Deleted state transition", &scripts.deleted),
        ("Generic state transition", &scripts.any),
        ("Master rx lower pri", &scripts.master_rx_lower_pri),
    ];
    for (title, script) in all {
        if let Some(script) = script {
            let (command, user) = (trackers::command(script), script.user);
            line(text, format_args!("{title} script = {command}, uid:gid {}:{}", user.uid, user.gid));
        }
    }
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "   {what}");
}

/// `1 sec`, `250 milli-sec`.
fn interval(length: Micros, version: u8) -> String {
    if version == 2 {
        format!("{} sec", length.as_secs())
    } else {
        format!("{} milli-sec", length.as_millis())
    }
}

/// The wall clock's reading at a point of the machines' time.
fn wall(at: Instant) -> u64 {
    let (wall, now) = (clock::realtime_us(), clock::monotonic_us());
    (wall + at.0).saturating_sub(now)
}
