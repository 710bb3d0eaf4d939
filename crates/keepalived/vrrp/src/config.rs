//! What the machines are told: plain comparable data, names unresolved, values already within their ranges.

use std::net::IpAddr;

use common_base::time::Micros;
use keepalived_wire::advert::{Family, Version};

use crate::ids::Name;

/// VRRP 3's unit, and the shortest interval it can write.
const ADVERT_INTERVAL_MIN: Micros = Micros::from_centis(1);

/// Everything of one process. Order is the configuration's order; it is the order of commands, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterConfig {
    /// `vrrp_instance` blocks.
    pub instances: Vec<InstanceConfig>,
    /// `vrrp_sync_group` blocks; member names that do not exist are left out by the loader.
    pub groups: Vec<GroupConfig>,
    /// `vrrp_script` blocks that are used.
    pub scripts: Vec<ScriptConfig>,
    /// `track_file` blocks.
    pub files: Vec<FileConfig>,
    /// `vrrp_track_process` blocks.
    pub processes: Vec<ProcessConfig>,
    /// `bfd_instance` blocks that VRRP tracks.
    pub bfds: Vec<BfdConfig>,
    /// `garp_group` blocks; the global intervals stand in `garp_interval` and `gna_interval`.
    pub garp_groups: Vec<GarpGroupConfig>,
    /// `vrrp_garp_interval`: least time between two gratuitous ARPs on an interface, zero = none.
    pub garp_interval: Micros,
    /// `vrrp_gna_interval`: the same for neighbour advertisements.
    pub gna_interval: Micros,
    /// `interface_up_down_delays`.
    pub debounce: Vec<DebounceConfig>,
    /// `vrrp_startup_delay`: adverts are ignored and no instance leaves INIT before it ended; zero = none.
    pub startup_delay: Micros,
    /// `--log-detail`: without it the lines marked as detail are not even made into commands.
    pub log_detail: bool,
}

/// One virtual router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceConfig {
    /// `vrrp_instance NAME`.
    pub name: Name,
    /// The interface adverts travel on (a vmac's own name with `use_vmac`).
    pub interface: Name,
    /// The configured interface below a vmac; the same as `interface` otherwise.
    pub base_interface: Name,
    /// Protocol version.
    pub version: Version,
    /// Family of adverts and virtual addresses.
    pub family: Family,
    /// `virtual_router_id`, 1 to 255.
    pub vrid: u8,
    /// `priority`, 1 to 255; 255 = owner.
    pub priority: u8,
    /// `state`: only tells what is wanted, and lets an owner start as master.
    pub initial: Wanted,
    /// `advert_int`, already rounded to the version's unit.
    pub advert_interval: Micros,
    /// `down_timer_adverts`, 3 by default.
    pub down_timer_adverts: u8,
    /// `false` = `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`.
    pub preempt_delay: Micros,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `timer_expired_backup`: go to BACKUP when timers fired late. Zero = off, otherwise how late is too late
    /// (`thread_timer_expired`).
    pub timer_expired_backup: Micros,
    /// Whether traffic to the addresses has to be dropped while this router is not their owner
    /// (`no_accept`, or `strict_mode` without `accept`).
    pub drop_traffic: bool,
    /// Whether adverts go to peers instead of a group.
    pub unicast: bool,
    /// `unicast_fault_no_peer` and there is no peer: the instance stays in FAULT.
    pub fault_no_peer: bool,
    /// `dont_track_primary`.
    pub dont_track_primary: bool,
    /// `virtual_ipaddress`.
    pub addresses: Vec<Vip>,
    /// `virtual_ipaddress_excluded`.
    pub excluded: Vec<Vip>,
    /// `virtual_routes`.
    pub routes: Vec<Object>,
    /// `virtual_rules`.
    pub rules: Vec<Object>,
    /// GARP and neighbour advertisement plan.
    pub garp: GarpConfig,
    /// `track_interface`.
    pub track_interfaces: Vec<Track>,
    /// `track_script`; a weight that is not written is the script's own.
    pub track_scripts: Vec<Track>,
    /// `track_file`.
    pub track_files: Vec<Track>,
    /// `track_process`.
    pub track_processes: Vec<Track>,
    /// `track_bfd`.
    pub track_bfds: Vec<Track>,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `notify_deleted`: a vanished instance says DELETED instead of FAULT.
    pub notify_deleted: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
}

/// `state` of an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// `state MASTER`.
    Master,
    /// `state BACKUP`, and no `state` at all.
    #[default]
    Backup,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vip {
    /// The address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
    /// The interface it is set on.
    pub interface: Name,
    /// Whether that interface is a vmac.
    pub on_vmac: bool,
    /// `false` = `no_track`: its removal by others is not minded.
    pub track: bool,
    /// All options in a canonical form; the loader's key to what it knows of the address. Two addresses are the
    /// same if everything here is equal.
    pub spec: Name,
}

/// A virtual route or rule: a name to the machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Canonical text, unique within its list.
    pub spec: Name,
    /// `false` = `no_track`.
    pub track: bool,
}

/// Gratuitous ARP and neighbour advertisement plan of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GarpConfig {
    /// `garp_master_delay`: second block after becoming master; zero = none. 5 s by default.
    pub master_delay: Micros,
    /// `garp_master_repeat`: packets per address in a block. 5 by default.
    pub master_repeat: u32,
    /// `garp_master_refresh`: zero = none.
    pub refresh: Micros,
    /// `garp_master_refresh_repeat`. 1 by default.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_delay`: zero = no second block.
    pub lower_prio_delay: Micros,
    /// `garp_lower_prio_repeat`: zero = no block at all.
    pub lower_prio_repeat: u32,
    /// `garp_extra_if`: zero = off.
    pub extra_interval: Micros,
    /// `garp_extra_if all`: not only on vmacs.
    pub extra_all: bool,
}

/// `vrrp_sync_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// Name.
    pub name: Name,
    /// Members by name.
    pub members: Vec<Name>,
    /// `track_interface` of the group; it counts for every member.
    pub track_interfaces: Vec<Track>,
    /// `track_script`.
    pub track_scripts: Vec<Track>,
    /// `track_file`.
    pub track_files: Vec<Track>,
    /// `track_process`.
    pub track_processes: Vec<Track>,
    /// `track_bfd`.
    pub track_bfds: Vec<Track>,
    /// `sync_group_tracking_weight`.
    pub tracking_weight: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
}

/// Something tracked, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Name of the interface, script, file, process or BFD instance.
    pub name: Name,
    /// The weight; zero = FAULT on failure.
    pub weight: i32,
    /// `reverse`.
    pub reverse: bool,
}

/// `vrrp_script`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptConfig {
    /// Name.
    pub name: Name,
    /// `interval`.
    pub interval: Micros,
    /// `timeout`; the interval if not given.
    pub timeout: Micros,
    /// `rise`, at least 1.
    pub rise: u32,
    /// `fall`, at least 1.
    pub fall: u32,
    /// `init_fail`.
    pub init_fail: bool,
    /// A script that cannot be run safely: it never runs and its state is a failure.
    pub disabled: bool,
    /// What it runs; a change over a reload starts its state afresh.
    pub command: Name,
}

/// `track_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// Name.
    pub name: Name,
}

/// `vrrp_track_process`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessConfig {
    /// Name.
    pub name: Name,
    /// `quorum`, 1 by default.
    pub quorum: u32,
    /// `quorum_max`, `u32::MAX` if not given.
    pub quorum_max: u32,
    /// `fork_delay`.
    pub fork_delay: Micros,
    /// `terminate_delay`.
    pub terminate_delay: Micros,
}

/// A BFD instance as VRRP sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BfdConfig {
    /// Name.
    pub name: Name,
}

/// `garp_group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GarpGroupConfig {
    /// Interfaces that share the intervals.
    pub interfaces: Vec<Name>,
    /// `garp_interval`.
    pub garp_interval: Micros,
    /// `gna_interval`.
    pub gna_interval: Micros,
}

/// One line of `interface_up_down_delays`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebounceConfig {
    /// Interface.
    pub interface: Name,
    /// How long it must be down before that counts.
    pub down: Micros,
    /// How long it must be up before that counts.
    pub up: Micros,
}

impl InstanceConfig {
    /// An instance with keepalived's defaults: version 2 for IPv4 and 3 for IPv6, priority 100, one advert a second.
    #[must_use]
    pub fn new(name: &str, interface: &str, family: Family, vrid: u8) -> Self {
        let version = match family {
            Family::V4 => Version::V2,
            Family::V6 => Version::V3,
        };
        Self {
            name: name.into(),
            interface: interface.into(),
            base_interface: interface.into(),
            version,
            family,
            vrid,
            priority: 100,
            initial: Wanted::Backup,
            advert_interval: Micros::from_secs(1),
            down_timer_adverts: 3,
            preempt: true,
            preempt_delay: Micros::ZERO,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            skip_check_adv_addr: false,
            timer_expired_backup: Micros::ZERO,
            drop_traffic: false,
            unicast: false,
            fault_no_peer: false,
            dont_track_primary: false,
            addresses: Vec::new(),
            excluded: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            garp: GarpConfig::default(),
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            track_files: Vec::new(),
            track_processes: Vec::new(),
            track_bfds: Vec::new(),
            notify_priority_changes: false,
            notify_deleted: false,
            smtp_alert: false,
        }
    }

    /// With an interval that is at least the shortest one: zero would be an endless burst.
    pub(crate) fn sane(mut self) -> Self {
        self.advert_interval = self.advert_interval.max(ADVERT_INTERVAL_MIN);
        self
    }

    /// Whether this router owns the addresses (priority 255): nothing changes its priority.
    #[must_use]
    pub const fn is_owner(&self) -> bool {
        self.priority == 255
    }
}

impl Default for GarpConfig {
    fn default() -> Self {
        Self {
            master_delay: Micros::from_secs(5),
            master_repeat: 5,
            refresh: Micros::ZERO,
            refresh_repeat: 1,
            lower_prio_delay: Micros::from_secs(5),
            lower_prio_repeat: 5,
            extra_interval: Micros::ZERO,
            extra_all: false,
        }
    }
}

impl Vip {
    /// An address on an interface without any option; its `spec` is `ADDRESS/PREFIX dev INTERFACE`.
    #[must_use]
    pub fn plain(address: IpAddr, prefix: u8, interface: &Name) -> Self {
        Self {
            address,
            prefix,
            interface: interface.clone(),
            on_vmac: false,
            track: true,
            spec: format!("{address}/{prefix} dev {interface}").into(),
        }
    }
}
