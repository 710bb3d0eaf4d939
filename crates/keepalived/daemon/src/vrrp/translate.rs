//! From the typed configuration to what machines, codecs and kernel need.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::rc::Rc;

use common_base::time::Micros;
use keepalived_conf::model::{
    self as conf, AuthKind, Config, Family, IpAddress, IpRoute, IpRule, NotifyScripts, VrrpInstance,
};
use keepalived_net::vmac;
use keepalived_vrrp::config::{
    BfdConfig, DebounceConfig, FileConfig, GarpConfig, GarpGroupConfig, GroupConfig, InstanceConfig, Object,
    ProcessConfig, RouterConfig, ScriptConfig, Track, Vip, Wanted,
};
use keepalived_vrrp::ids::Name;
use keepalived_wire::advert::{self, Version};
use keepalived_wire::auth::{Auth, HmacConfig, HmacMode};
use keepalived_wire::receive::Peer;
use keepalived_wire::session::{OldChecksum, Profile};
use serde_json::Value;

/// A configuration made ready.
#[derive(Debug, Default)]
pub struct Plan {
    /// For the machines.
    pub router: RouterConfig,
    /// For sockets and codecs, in the order of `router.instances`.
    pub instances: Vec<InstancePlan>,
    /// Notify settings of the groups, in the order of `router.groups`.
    pub groups: Vec<NotifyScripts>,
    /// What the machines' names stand for.
    pub objects: Objects,
}

/// Addresses, routes and rules by the names the machines know them under.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Addresses.
    pub addresses: HashMap<Name, Rc<IpAddress>>,
    /// Routes.
    pub routes: HashMap<Name, Rc<IpRoute>>,
    /// Rules.
    pub rules: HashMap<Name, Rc<IpRule>>,
}

/// How an instance speaks and whom it tells.
#[derive(Clone, Debug)]
pub struct InstancePlan {
    /// Name.
    pub name: Name,
    /// Interface the adverts travel on.
    pub interface: Name,
    /// Interface whose address is the source.
    pub base_interface: Name,
    /// Family of the adverts.
    pub family: Family,
    /// Packets.
    pub profile: Profile,
    /// Own interval.
    pub interval: Micros,
    /// Peers; `None` is multicast.
    pub unicast: Option<Vec<Peer>>,
    /// `check_unicast_src`.
    pub check_source: bool,
    /// Where adverts go.
    pub destinations: Vec<IpAddr>,
    /// What they carry.
    pub addresses: Vec<IpAddr>,
    /// Configured source.
    pub source_ip: Option<IpAddr>,
    /// `track_src_ip`.
    pub track_source: bool,
    /// TTL of IPv4 adverts.
    pub ttl: u8,
    /// `unicast_ttl`.
    pub unicast_ttl: Option<u8>,
    /// `kernel_rx_buf_size`.
    pub receive_buffer: Option<usize>,
    /// Interface to be made.
    pub vmac: Option<VmacPlan>,
    /// Notify scripts; shared, because most instances have the same: none.
    pub notify: Rc<NotifyScripts>,
}

/// A macvlan of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmacPlan {
    /// Its name.
    pub name: Name,
    /// Its address.
    pub mac: [u8; 6],
    /// Adverts leave through the interface below.
    pub xmit_base: bool,
}

/// Makes a configuration ready.
pub fn plan(config: &Config) -> Plan {
    let mut plan = Plan::default();
    let silent = Rc::new(NotifyScripts::default());
    let mut vmac_names = HashSet::new();
    let mut interfaces = HashSet::new();
    for instance in &config.instances {
        let vmac = vmac_plan(config, instance, &mut vmac_names);
        let base = known(&mut interfaces, instance.interface.as_deref().unwrap_or_default());
        let mut machine = machine(instance, &base, vmac.as_ref(), &mut plan.objects);
        follow_statics(config, &mut machine);
        need_homes(instance, &mut machine);
        let notify = match instance.notify.as_deref() {
            None => Rc::clone(&silent),
            Some(scripts) => Rc::new(scripts.clone()),
        };
        plan.instances.push(speaker(instance, &machine, vmac, notify));
        plan.router.instances.push(machine);
    }
    plan.groups = config.sync_groups.iter().map(|group| group.notify.clone()).collect();
    plan.router.groups = config.sync_groups.iter().map(group).collect();
    plan.router.scripts = config.scripts.iter().map(script).collect();
    plan.router.files = config.track_files.iter().map(|file| FileConfig { name: name(&file.name) }).collect();
    plan.router.processes = config.track_processes.iter().map(process).collect();
    plan.router.bfds =
        config.bfd.iter().filter(|bfd| bfd.vrrp).map(|bfd| BfdConfig { name: name(&bfd.name) }).collect();
    plan.router.garp_groups = config.garp_groups.iter().map(garp_group).collect();
    plan.router.garp_interval = Micros(config.global.vrrp.garp_interval_us);
    plan.router.gna_interval = Micros(config.global.vrrp.gna_interval_us);
    plan.router.debounce = config
        .interface_up_down_delays
        .iter()
        .map(|delay| DebounceConfig {
            interface: name(&delay.interface),
            down: Micros(delay.down_delay_us),
            up: Micros(delay.up_delay_us),
        })
        .collect();
    plan.router.startup_delay = startup_delay(config);
    plan.router.log_detail = true;
    plan
}

/// Without an interface that an address, route or rule needs there is no sense in being master, whatever weight
/// `track_interface` gives it.
fn need_homes(instance: &VrrpInstance, machine: &mut InstanceConfig) {
    let vips = machine.addresses.iter().chain(&machine.excluded).filter(|vip| vip.track);
    let routes = instance.virtual_routes.iter().filter(|route| !route.no_track);
    let rules = instance.virtual_rules.iter().filter(|rule| !rule.no_track);
    let homes: Vec<Name> = vips
        .map(|vip| vip.interface.clone())
        .chain(routes.filter_map(|route| route.dev.as_deref().map(name)))
        .chain(rules.flat_map(|rule| rule.iif.iter().chain(&rule.oif)).map(|dev| name(dev)))
        .filter(|home| *home != machine.interface && *home != machine.base_interface)
        .collect();
    for home in homes {
        match machine.track_interfaces.iter_mut().find(|track| track.name == home) {
            Some(track) => track.weight = 0,
            None => machine.track_interfaces.push(Track { name: home, weight: 0, reverse: false }),
        }
    }
}

/// Members of a track group mind the interfaces of its static objects as if they tracked them.
fn follow_statics(config: &Config, machine: &mut InstanceConfig) {
    let groups = config.track_groups.iter();
    let groups: HashSet<&str> = groups
        .filter(|group| group.instances.iter().any(|member| **member == *machine.name))
        .map(|group| group.name.as_str())
        .collect();
    let addresses = config.static_addresses.iter().map(|one| (&one.track_group, &one.dev));
    let routes = config.static_routes.iter().map(|one| (&one.track_group, &one.dev));
    let rules = config.static_rules.iter().map(|one| (&one.track_group, &one.iif));
    for (group, interface) in addresses.chain(routes).chain(rules) {
        let (Some(group), Some(interface)) = (group, interface) else { continue };
        let known = machine.track_interfaces.iter().any(|track| *track.name == **interface);
        if groups.contains(group.as_str()) && !known && *machine.base_interface != **interface {
            machine.track_interfaces.push(Track { name: name(interface), weight: 0, reverse: false });
        }
    }
}

/// `vrrp_startup_delay`, or the rest of `vrrp_delay_after_boot` if that is longer.
fn startup_delay(config: &Config) -> Micros {
    let vrrp = &config.global.vrrp;
    let since_boot = u64::try_from(common_os::clock::uptime().as_micros()).unwrap_or(u64::MAX);
    Micros(vrrp.startup_delay_us.max(vrrp.delay_after_boot_us.saturating_sub(since_boot)))
}

/// One name for all that have the same.
fn known(names: &mut HashSet<Name>, text: &str) -> Name {
    if let Some(name) = names.get(text) {
        return name.clone();
    }
    let name = name(text);
    names.insert(name.clone());
    name
}

fn name(text: &str) -> Name {
    Name::from(text)
}

fn vmac_plan(config: &Config, instance: &VrrpInstance, taken: &mut HashSet<String>) -> Option<VmacPlan> {
    let vmac = instance.use_vmac.as_ref()?;
    let prefix = &config.global.vrrp.vmac_prefix;
    let vrid = instance.virtual_router_id;
    let mut chosen = vmac.name.clone().unwrap_or_else(|| format!("{prefix}.{vrid}"));
    // The instance of the other family may have the same number.
    if vmac.name.is_none() && taken.contains(&chosen) {
        chosen = format!("{prefix}{}.{vrid}", if instance.family == Family::Inet { 4 } else { 6 });
    }
    taken.insert(chosen.clone());
    Some(VmacPlan {
        name: name(&chosen),
        mac: vmac.mac.unwrap_or_else(|| vmac::mac(instance.family, vrid)),
        xmit_base: instance.vmac_xmit_base,
    })
}

fn machine(
    instance: &VrrpInstance,
    base: &Name,
    vmac: Option<&VmacPlan>,
    objects: &mut Objects,
) -> InstanceConfig {
    let home = vmac.map_or_else(|| base.clone(), |vmac| vmac.name.clone());
    let mut vips = |addresses: &[IpAddress]| -> Vec<Vip> {
        addresses.iter().map(|address| vip(address, base, &home, vmac, objects)).collect()
    };
    let (addresses, excluded) =
        (vips(&instance.virtual_ipaddress), vips(&instance.virtual_ipaddress_excluded));
    let routes = instance.virtual_routes.iter().map(|route| {
        let spec = spec(route);
        objects.routes.insert(spec.clone(), Rc::new(route.clone()));
        Object { spec, track: !route.no_track }
    });
    let routes = routes.collect();
    let rules = instance.virtual_rules.iter().map(|rule| {
        let spec = spec(rule);
        objects.rules.insert(spec.clone(), Rc::new(rule.clone()));
        Object { spec, track: !rule.no_track }
    });
    let rules = rules.collect();
    let owner = instance.priority == 255;
    InstanceConfig {
        name: name(&instance.name),
        interface: if vmac.is_some_and(|vmac| vmac.xmit_base) { base.clone() } else { home },
        base_interface: base.clone(),
        version: if instance.version == 3 { Version::V3 } else { Version::V2 },
        family: family(instance.family),
        vrid: instance.virtual_router_id,
        priority: instance.priority,
        initial: if instance.state_master { Wanted::Master } else { Wanted::Backup },
        advert_interval: Micros(instance.advert_int_us),
        down_timer_adverts: instance.down_timer_adverts,
        preempt: !instance.nopreempt,
        preempt_delay: Micros(instance.preempt_delay_us),
        lower_prio_no_advert: instance.lower_prio_no_advert,
        higher_prio_send_advert: instance.higher_prio_send_advert,
        owner_ignore_adverts: instance.owner_ignore_adverts,
        skip_check_adv_addr: instance.skip_check_adv_addr,
        timer_expired_backup: timer_expired(instance),
        drop_traffic: !instance.accept && !owner,
        unicast: instance.unicast,
        fault_no_peer: instance.unicast_fault_no_peer && instance.unicast_peers.is_empty(),
        dont_track_primary: instance.dont_track_primary,
        addresses,
        excluded,
        routes,
        rules,
        garp: garp(&instance.garp),
        track_interfaces: tracks(&instance.track_interfaces),
        track_scripts: tracks(&instance.track_scripts),
        track_files: tracks(&instance.track_files),
        track_processes: tracks(&instance.track_processes),
        track_bfds: tracks(&instance.track_bfds),
        notify_priority_changes: instance.notify_priority_changes,
        notify_deleted: instance.notify_deleted,
        smtp_alert: instance.smtp_alert,
    }
}

/// How late a timer may fire, by default three seconds or the time of a few adverts, whichever is longer.
fn timer_expired(instance: &VrrpInstance) -> Micros {
    if !instance.timer_expired_backup {
        return Micros::ZERO;
    }
    match instance.thread_timer_expired_ms {
        Some(millis) => Micros::from_millis(u64::from(millis)),
        None => Micros(instance.advert_int_us),
    }
}

fn vip(address: &IpAddress, base: &str, home: &Name, vmac: Option<&VmacPlan>, objects: &mut Objects) -> Vip {
    let elsewhere = address.dev.as_deref().filter(|dev| *dev != base);
    let interface = elsewhere.map_or_else(|| home.clone(), name);
    let on_vmac = vmac.is_some_and(|vmac| vmac.name == interface);
    let spec = name(&format!("{interface} {}", spec(address)));
    objects.addresses.insert(spec.clone(), Rc::new(address.clone()));
    Vip {
        address: address.address,
        prefix: address.prefix,
        interface,
        on_vmac,
        track: !address.no_track,
        spec,
    }
}

/// Every option in a canonical form: the values of all fields, without their names.
fn spec(object: &impl serde::Serialize) -> Name {
    // Plain data of numbers and texts always has a form.
    match serde_json::to_value(object).unwrap_or_default() {
        Value::Object(fields) => {
            name(&Value::from_iter(fields.into_iter().map(|(_, value)| value)).to_string())
        }
        other => name(&other.to_string()),
    }
}

fn speaker(
    instance: &VrrpInstance,
    machine: &InstanceConfig,
    vmac: Option<VmacPlan>,
    notify: Rc<NotifyScripts>,
) -> InstancePlan {
    let peers: Vec<Peer> = instance
        .unicast_peers
        .iter()
        .map(|peer| Peer { address: peer.address, min_ttl: peer.min_ttl, max_ttl: peer.max_ttl })
        .collect();
    let destinations = if instance.unicast {
        peers.iter().map(|peer| peer.address).collect()
    } else {
        vec![instance.mcast_dst_ip]
    };
    InstancePlan {
        name: machine.name.clone(),
        interface: machine.interface.clone(),
        base_interface: machine.base_interface.clone(),
        family: instance.family,
        profile: profile(instance, machine.version),
        interval: machine.advert_interval,
        unicast: instance.unicast.then_some(peers),
        check_source: instance.check_unicast_src,
        destinations,
        addresses: instance.virtual_ipaddress.iter().map(|address| address.address).collect(),
        source_ip: instance.source_ip,
        track_source: instance.track_src_ip,
        ttl: if instance.unicast { instance.unicast_ttl.unwrap_or(255) } else { 255 },
        unicast_ttl: instance.unicast_ttl.filter(|_| instance.unicast),
        receive_buffer: instance.kernel_rx_buf_size.and_then(|bytes| usize::try_from(bytes).ok()),
        vmac,
        notify,
    }
}

fn profile(instance: &VrrpInstance, version: Version) -> Profile {
    Profile {
        version,
        vrid: instance.virtual_router_id,
        auth: auth(instance),
        v3_checksum_as_v2: instance.v3_checksum_as_v2,
        old_checksum: match instance.old_unicast_checksum {
            conf::OldChecksum::Auto => OldChecksum::Auto,
            conf::OldChecksum::Always => OldChecksum::Always,
            conf::OldChecksum::Never => OldChecksum::Never,
        },
    }
}

fn auth(instance: &VrrpInstance) -> Auth {
    if let Some(hmac) = &instance.auth_hmac {
        return Auth::Hmac(HmacConfig {
            keys: hmac.keys.iter().map(|key| (key.id, key.secret.clone())).collect(),
            active_key: hmac.active_key,
            time_window: Micros::from_secs(u64::from(hmac.time_window_s)),
            anti_replay: hmac.anti_replay,
            mode: match hmac.mode {
                conf::HmacMode::Enforce => HmacMode::Enforce,
                conf::HmacMode::Permissive => HmacMode::Permissive,
                conf::HmacMode::ReceiveOnly => HmacMode::ReceiveOnly,
            },
        });
    }
    match &instance.authentication {
        None => Auth::None,
        Some(auth) => match auth.kind {
            AuthKind::Pass => Auth::Pass(auth.password),
            AuthKind::Ah => Auth::Ah(auth.password),
        },
    }
}

fn family(family: Family) -> advert::Family {
    match family {
        Family::Inet => advert::Family::V4,
        Family::Inet6 => advert::Family::V6,
    }
}

fn garp(garp: &conf::Garp) -> GarpConfig {
    let seconds = |seconds: u32| Micros::from_secs(u64::from(seconds));
    GarpConfig {
        master_delay: seconds(garp.master_delay_s),
        master_repeat: garp.master_repeat,
        refresh: seconds(garp.master_refresh_s),
        refresh_repeat: garp.master_refresh_repeat,
        lower_prio_delay: seconds(garp.lower_prio_delay_s),
        lower_prio_repeat: garp.lower_prio_repeat,
        extra_interval: seconds(garp.extra_if_s),
        extra_all: garp.extra_if_all,
    }
}

fn tracks(tracked: &[conf::Tracked]) -> Vec<Track> {
    let one = |one: &conf::Tracked| Track { name: name(&one.name), weight: one.weight, reverse: one.reverse };
    tracked.iter().map(one).collect()
}

fn group(group: &conf::SyncGroup) -> GroupConfig {
    GroupConfig {
        name: name(&group.name),
        members: group.instances.iter().map(|member| name(member)).collect(),
        track_interfaces: tracks(&group.track_interfaces),
        track_scripts: tracks(&group.track_scripts),
        track_files: tracks(&group.track_files),
        track_processes: tracks(&group.track_processes),
        track_bfds: tracks(&group.track_bfds),
        tracking_weight: group.sync_group_tracking_weight,
        smtp_alert: group.smtp_alert,
    }
}

fn script(script: &conf::VrrpScript) -> ScriptConfig {
    let timeout = if script.timeout_us == 0 { script.interval_us } else { script.timeout_us };
    ScriptConfig {
        name: name(&script.name),
        interval: Micros(script.interval_us),
        timeout: Micros(timeout),
        rise: script.rise,
        fall: script.fall,
        init_fail: script.init_fail,
        disabled: false,
        command: name(&script.script.command_line()),
    }
}

fn process(process: &conf::TrackProcess) -> ProcessConfig {
    ProcessConfig {
        name: name(&process.name),
        quorum: process.quorum,
        quorum_max: process.quorum_max.unwrap_or(u32::MAX),
        fork_delay: Micros(process.fork_delay_us),
        terminate_delay: Micros(process.terminate_delay_us),
    }
}

fn garp_group(group: &conf::GarpGroup) -> GarpGroupConfig {
    GarpGroupConfig {
        interfaces: group.interfaces.iter().map(|interface| name(interface)).collect(),
        garp_interval: Micros(group.garp_interval_us.unwrap_or(0)),
        gna_interval: Micros(group.gna_interval_us.unwrap_or(0)),
    }
}
