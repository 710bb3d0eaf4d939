//! What was written, before defaults and names are worked out.

use std::net::IpAddr;

use crate::model::*;

/// The configuration as far as it has been read.
#[derive(Debug, Default)]
pub struct Draft {
    /// What needs no later step, and what will be completed in place.
    pub config: Config,
    /// `global_defs` words whose default depends on others.
    pub global: GlobalDraft,
    /// `vrrp_instance` blocks.
    pub instances: Vec<InstanceDraft>,
    /// `vrrp_sync_group` blocks.
    pub groups: Vec<GroupDraft>,
    /// `vrrp_script` blocks.
    pub scripts: Vec<ScriptDraft>,
    /// The script block being read.
    pub script: Option<ScriptDraft>,
    /// The `track_file` block being read.
    pub file: Option<FileDraft>,
    /// The `vrrp_track_process` block being read.
    pub process: Option<ProcessDraft>,
    /// The block being read has its weight.
    pub weight_set: bool,
    /// The `track_group` block being read.
    pub track_group: Option<TrackGroup>,
    /// Interfaces of the list being read.
    pub garp_names: Vec<String>,
    /// The `garp_group` block being read.
    pub garp_group: Option<GarpGroup>,
    /// `bfd_instance` blocks.
    pub bfds: Vec<BfdDraft>,
    /// Names of BFD instances that are whole.
    pub bfd_names: Vec<String>,
    /// The LVS part.
    pub lvs: crate::draft::LvsDraft,
    /// Preferences given to rules that had none.
    pub rule_preferences: crate::keywords::Preferences,
    /// An interface is missing and `dynamic_interfaces` was not given.
    pub missing_interface: bool,
    /// Notify scripts or check scripts are used.
    pub scripts_used: ScriptsUsed,
}

/// Whether scripts run, and whether some may be changed by others than root.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScriptsUsed {
    /// A notify or tracking script.
    pub vrrp: bool,
    /// A checker or real-server script.
    pub checker: bool,
    /// One of them fails the security check.
    pub insecure: bool,
}

/// `global_defs` words whose default depends on others.
#[derive(Debug, Default)]
pub struct GlobalDraft {
    /// `script_user` was given.
    pub script_user: Option<ScriptUser>,
    /// `vrrp_garp_lower_prio_delay`.
    pub lower_prio_delay_s: Option<u32>,
    /// `vrrp_garp_lower_prio_repeat`.
    pub lower_prio_repeat: Option<u32>,
}

/// A `vrrp_instance` as written.
#[derive(Debug, Default)]
pub struct InstanceDraft {
    /// Name.
    pub name: String,
    /// `interface`.
    pub interface: Option<String>,
    /// `vrf`.
    pub vrf: Option<String>,
    /// `state`.
    pub state_master: Option<bool>,
    /// `virtual_router_id`.
    pub vrid: Option<u8>,
    /// `priority`.
    pub priority: Option<u8>,
    /// `advert_int`.
    pub advert_int_us: Option<u64>,
    /// `version`.
    pub version: Option<u8>,
    /// Family that addresses have decided.
    pub family: Option<Family>,
    /// `native_ipv6`.
    pub native_ipv6: bool,
    /// `virtual_ipaddress`.
    pub vips: Vec<IpAddress>,
    /// `virtual_ipaddress_excluded`.
    pub excluded: Vec<IpAddress>,
    /// `virtual_routes`.
    pub routes: Vec<IpRoute>,
    /// `virtual_rules`.
    pub rules: Vec<IpRule>,
    /// `no_virtual_ipaddress`.
    pub no_vips: bool,
    /// `promote_secondaries`.
    pub promote_secondaries: bool,
    /// A word that only unicast needs was used.
    pub unicast: bool,
    /// `unicast_peer`.
    pub peers: Vec<UnicastPeer>,
    /// `unicast_src_ip` or `mcast_src_ip`.
    pub source_ip: Option<IpAddr>,
    /// `track_src_ip`.
    pub track_src_ip: bool,
    /// `mcast_dst_ip`.
    pub mcast_dst_ip: Option<IpAddr>,
    /// `unicast_ttl` and the line before the block's end it is judged at.
    pub unicast_ttl: Option<u8>,
    /// `unicast_fault_no_peer`.
    pub unicast_fault_no_peer: bool,
    /// `check_unicast_src`.
    pub check_unicast_src: Option<bool>,
    /// `old_unicast_checksum`.
    pub old_unicast_checksum: OldChecksum,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: Option<bool>,
    /// `track_interface`.
    pub track_interfaces: Vec<Tracked>,
    /// `track_script`.
    pub track_scripts: Vec<Tracked>,
    /// `track_file`.
    pub track_files: Vec<Tracked>,
    /// `track_process`.
    pub track_processes: Vec<Tracked>,
    /// `track_bfd`.
    pub track_bfds: Vec<Tracked>,
    /// `dont_track_primary`.
    pub dont_track_primary: bool,
    /// `linkbeat_use_polling`.
    pub linkbeat: bool,
    /// `use_vmac`.
    pub vmac: Option<Vmac>,
    /// `use_vmac_addr`.
    pub use_vmac_addr: bool,
    /// `vmac_xmit_base`.
    pub vmac_xmit_base: bool,
    /// `use_ipvlan`.
    pub ipvlan: Option<Ipvlan>,
    /// `nopreempt`.
    pub nopreempt: bool,
    /// `preempt_delay`.
    pub preempt_delay_us: u64,
    /// `down_timer_adverts`.
    pub down_timer_adverts: Option<u8>,
    /// `timer_expired_backup`.
    pub timer_expired_backup: bool,
    /// `thread_timer_expired`.
    pub thread_timer_expired_ms: Option<u32>,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: Option<bool>,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: Option<bool>,
    /// `owner_ignore_adverts`.
    pub owner_ignore_adverts: Option<bool>,
    /// `accept` or `no_accept`.
    pub accept: Option<bool>,
    /// `strict_mode`.
    pub strict: Option<bool>,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: Option<bool>,
    /// The `garp_*` words.
    pub garp: GarpDraft,
    /// `auth_type`.
    pub auth_type: Option<AuthKind>,
    /// `auth_pass`.
    pub auth_pass: Option<[u8; 8]>,
    /// `auth_hmac`.
    pub hmac: Option<AuthHmac>,
    /// The notify scripts.
    pub notify: NotifyScripts,
    /// `notify_deleted`.
    pub notify_deleted: bool,
    /// `notify_priority_changes`.
    pub notify_priority_changes: Option<bool>,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `kernel_rx_buf_size`.
    pub kernel_rx_buf_size: Option<u32>,
    /// `debug`.
    pub debug: u8,
    /// `lvs_sync_daemon_interface`.
    pub lvs_sync_daemon_interface: Option<String>,
}

/// The `garp_*` words of an instance.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarpDraft {
    /// `garp_master_delay`.
    pub master_delay_s: Option<u32>,
    /// `garp_master_repeat`.
    pub master_repeat: Option<u32>,
    /// `garp_master_refresh`.
    pub master_refresh_s: Option<u32>,
    /// `garp_master_refresh_repeat`.
    pub master_refresh_repeat: Option<u32>,
    /// `garp_lower_prio_delay`.
    pub lower_prio_delay_s: Option<u32>,
    /// `garp_lower_prio_repeat`.
    pub lower_prio_repeat: Option<u32>,
    /// `garp_extra_if`: seconds, and whether for all interfaces.
    pub extra_if: Option<(u32, bool)>,
}

/// A `vrrp_sync_group` as written.
#[derive(Debug)]
pub struct GroupDraft {
    /// The group; its members are names that may not exist.
    pub group: SyncGroup,
    /// A `group` list was read.
    pub listed: bool,
    /// `notify_priority_changes`.
    pub notify_priority_changes: Option<bool>,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `global_tracking` (deprecated).
    pub global_tracking: bool,
}

/// A `vrrp_script` as written.
#[derive(Clone, Debug)]
pub struct ScriptDraft {
    /// Name.
    pub name: String,
    /// `script`.
    pub argv: Option<Vec<String>>,
    /// `user`.
    pub user: Option<ScriptUser>,
    /// `user` named somebody unknown.
    pub bad_user: bool,
    /// `interval`.
    pub interval_us: u64,
    /// `timeout`.
    pub timeout_us: u64,
    /// `weight`.
    pub weight: i32,
    /// `reverse`.
    pub reverse: bool,
    /// `rise`.
    pub rise: u32,
    /// `fall`.
    pub fall: u32,
    /// `init_fail`.
    pub init_fail: bool,
}

/// A `track_file` as written.
#[derive(Clone, Debug)]
pub struct FileDraft {
    /// Name.
    pub name: String,
    /// `file`.
    pub file: Option<String>,
    /// `weight`.
    pub weight: i32,
    /// `reverse`.
    pub reverse: bool,
    /// `init_file`.
    pub init_file: Option<InitFile>,
}

/// A `vrrp_track_process` as written.
#[derive(Clone, Debug)]
pub struct ProcessDraft {
    /// The block; `process` is empty until given.
    pub process: TrackProcess,
    /// `param_match`.
    pub param_match: Option<ParamMatch>,
}

/// A `bfd_instance` as written.
#[derive(Clone, Debug)]
pub struct BfdDraft {
    /// Name.
    pub name: String,
    /// `neighbor_ip`.
    pub neighbor_ip: Option<IpAddr>,
    /// `source_ip`.
    pub source_ip: Option<IpAddr>,
    /// `min_rx`.
    pub min_rx_us: u32,
    /// `min_tx`.
    pub min_tx_us: u32,
    /// `idle_tx`.
    pub idle_tx_us: u32,
    /// `multiplier`.
    pub multiplier: u8,
    /// `passive`.
    pub passive: bool,
    /// `ttl`.
    pub ttl: Option<u8>,
    /// `max_hops`.
    pub max_hops: u8,
    /// `multihop`.
    pub multihop: bool,
    /// `weight`.
    pub weight: i32,
    /// `reverse`.
    pub reverse: bool,
    /// `vrrp`.
    pub vrrp: bool,
    /// `checker`.
    pub checker: bool,
    /// The neighbour's address was malformed.
    pub malformed: bool,
}

pub use lvs::*;

mod lvs;
