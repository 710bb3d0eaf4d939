//! The VRRP instance.

use std::net::IpAddr;

use serde::Serialize;

use super::{Family, IpAddress, IpRoute, IpRule, NotifyScripts, Tracked};

/// One `vrrp_instance` block, global defaults applied and contradictions resolved as the original resolves them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VrrpInstance {
    /// Name of the block.
    pub name: String,
    /// `interface`; absent only with unicast.
    pub interface: Option<String>,
    /// `vrf` (unicast without an interface).
    pub vrf: Option<String>,
    /// `state MASTER` was asked for; only with priority 255 it skips the wait.
    pub state_master: bool,
    /// `virtual_router_id`.
    pub virtual_router_id: u8,
    /// `priority`; default 100, 255 with `state MASTER`.
    pub priority: u8,
    /// `advert_int` in microseconds.
    pub advert_int_us: u64,
    /// `version`: 2 or 3.
    pub version: u8,
    /// Family of the adverts.
    pub family: Family,

    /// `virtual_ipaddress`: carried in adverts.
    pub virtual_ipaddress: Vec<IpAddress>,
    /// `virtual_ipaddress_excluded`, and what did not fit in the advert.
    pub virtual_ipaddress_excluded: Vec<IpAddress>,
    /// `virtual_routes`.
    pub virtual_routes: Vec<IpRoute>,
    /// `virtual_rules`.
    pub virtual_rules: Vec<IpRule>,
    /// `no_virtual_ipaddress`: no address is no mistake.
    pub no_virtual_ipaddress: bool,
    /// `promote_secondaries`.
    pub promote_secondaries: bool,

    /// Adverts go to the peers instead of the group.
    pub unicast: bool,
    /// `unicast_peer`.
    pub unicast_peers: Vec<UnicastPeer>,
    /// `unicast_src_ip` or `mcast_src_ip`.
    pub source_ip: Option<IpAddr>,
    /// `track_src_ip`: FAULT while the source address is missing.
    pub track_src_ip: bool,
    /// `mcast_dst_ip`, else `vrrp_mcast_group4` or `vrrp_mcast_group6`.
    pub mcast_dst_ip: IpAddr,
    /// `unicast_ttl`.
    pub unicast_ttl: Option<u8>,
    /// `unicast_fault_no_peer`: FAULT instead of multicast when there is no peer.
    pub unicast_fault_no_peer: bool,
    /// `check_unicast_src`.
    pub check_unicast_src: bool,
    /// `old_unicast_checksum`.
    pub old_unicast_checksum: OldChecksum,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: bool,

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
    /// `linkbeat_use_polling` for this interface.
    pub linkbeat_use_polling: bool,

    /// `use_vmac`.
    pub use_vmac: Option<Box<Vmac>>,
    /// `use_vmac_addr`.
    pub use_vmac_addr: bool,
    /// `vmac_xmit_base`.
    pub vmac_xmit_base: bool,
    /// `use_ipvlan`.
    pub use_ipvlan: Option<Box<Ipvlan>>,

    /// `nopreempt`.
    pub nopreempt: bool,
    /// `preempt_delay` in microseconds.
    pub preempt_delay_us: u64,
    /// `down_timer_adverts`, default 3.
    pub down_timer_adverts: u8,
    /// `timer_expired_backup`.
    pub timer_expired_backup: bool,
    /// `thread_timer_expired` in milliseconds.
    pub thread_timer_expired_ms: Option<u32>,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,
    /// `accept`: traffic to the addresses is taken though we are not the owner.
    pub accept: bool,
    /// `strict_mode`.
    pub strict_mode: bool,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,

    /// The gratuitous ARP and NA settings.
    pub garp: Garp,
    /// `authentication`; `None` for version 3 and strict mode.
    pub authentication: Option<Authentication>,
    /// `auth_hmac`.
    pub auth_hmac: Option<Box<AuthHmac>>,

    /// The notify scripts.
    pub notify: Option<Box<NotifyScripts>>,
    /// `notify_deleted`: DELETED instead of FAULT when a reload removes the instance.
    pub notify_deleted: bool,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `smtp_alert`.
    pub smtp_alert: bool,
    /// `kernel_rx_buf_size` in bytes.
    pub kernel_rx_buf_size: Option<u32>,
    /// `debug`, 0 to 4.
    pub debug: u8,
    /// `lvs_sync_daemon_interface` (old form of the global keyword).
    pub lvs_sync_daemon_interface: Option<String>,
    /// The sync group that lists this instance.
    pub sync_group: Option<String>,
}

/// One line of `unicast_peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UnicastPeer {
    /// Address of the peer.
    pub address: IpAddr,
    /// `min_ttl`, default 0.
    pub min_ttl: u8,
    /// `max_ttl`, default 255.
    pub max_ttl: u8,
}

/// `old_unicast_checksum`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum OldChecksum {
    /// Not given: an old peer is recognised.
    #[default]
    Auto,
    /// Given: always the old form.
    Always,
    /// `never`.
    Never,
}

/// `use_vmac`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vmac {
    /// Name of the macvlan; `None` is `vmac_prefix`.VRID.
    pub name: Option<String>,
    /// MAC address; `None` is 00:00:5e:00:01:VRID (IPv6: 02). A five-octet one is completed with the VRID.
    pub mac: Option<[u8; 6]>,
    /// Further words after name and address (2.4: options of the interface).
    pub options: Vec<String>,
}

/// `use_ipvlan`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ipvlan {
    /// Name of the ipvlan interface.
    pub name: Option<String>,
    /// Address of the interface with its prefix.
    pub address: Option<(IpAddr, u8)>,
    /// Mode flag, default bridge.
    pub mode: IpvlanMode,
}

/// Mode flags of an ipvlan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum IpvlanMode {
    /// `bridge`.
    #[default]
    Bridge,
    /// `private`.
    Private,
    /// `vepa`.
    Vepa,
}

/// Gratuitous ARP and unsolicited NA settings of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Garp {
    /// `garp_master_delay`: seconds to the second block, 0 for none.
    pub master_delay_s: u32,
    /// `garp_master_repeat`: messages per block.
    pub master_repeat: u32,
    /// `garp_master_refresh`: seconds between refreshes, 0 for none.
    pub master_refresh_s: u32,
    /// `garp_master_refresh_repeat`.
    pub master_refresh_repeat: u32,
    /// `garp_lower_prio_delay` in seconds.
    pub lower_prio_delay_s: u32,
    /// `garp_lower_prio_repeat`.
    pub lower_prio_repeat: u32,
    /// `garp_extra_if` in seconds, 0 for none.
    pub extra_if_s: u32,
    /// `garp_extra_if all`: not only VMAC interfaces.
    pub extra_if_all: bool,
}

impl Default for Garp {
    fn default() -> Self {
        Self {
            master_delay_s: 5,
            master_repeat: 5,
            master_refresh_s: 0,
            master_refresh_repeat: 1,
            lower_prio_delay_s: 5,
            lower_prio_repeat: 5,
            extra_if_s: 0,
            extra_if_all: false,
        }
    }
}

/// `authentication` of VRRP version 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Authentication {
    /// `auth_type`.
    pub kind: AuthKind,
    /// `auth_pass`, at most eight bytes, padded with zeros.
    pub password: [u8; 8],
}

/// `auth_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum AuthKind {
    /// `PASS`: plain password.
    Pass,
    /// `AH`: IPsec authentication header.
    Ah,
}

/// `auth_hmac` (2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthHmac {
    /// `key ID SECRET`.
    pub keys: Vec<HmacKey>,
    /// `active_key`: the key of what is sent.
    pub active_key: u8,
    /// `time_window` in seconds.
    pub time_window_s: u32,
    /// `anti_replay`.
    pub anti_replay: bool,
    /// `mode`.
    pub mode: HmacMode,
}

/// One key of `auth_hmac`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HmacKey {
    /// Number of the key in packets.
    pub id: u8,
    /// Secret bytes.
    pub secret: Vec<u8>,
}

/// `mode` of `auth_hmac`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum HmacMode {
    /// Packets must carry a valid trailer.
    #[default]
    Enforce,
    /// Packets without a trailer are taken, too.
    Permissive,
    /// Check what comes, send none.
    ReceiveOnly,
}
