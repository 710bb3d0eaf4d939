//! `global_defs`.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::{Garp, NotifyFifo, Script, ScriptUser};

/// The `global_defs` block, defaults applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Global {
    /// Process names.
    pub names: ProcessNames,
    /// Scripts of the daemon itself and who runs scripts.
    pub scripts: GlobalScripts,
    /// Mail.
    pub mail: Mail,
    /// Defaults of instances and behaviour of the vrrp process.
    pub vrrp: GlobalVrrp,
    /// LVS.
    pub lvs: GlobalLvs,
    /// Firewall.
    pub firewall: Firewall,
    /// Scheduling common to all processes.
    pub auto_priority: AutoPriority,
    /// Scheduling of the vrrp process.
    pub vrrp_process: ProcessScheduling,
    /// Scheduling of the checker process.
    pub checker_process: ProcessScheduling,
    /// Scheduling of the bfd process.
    pub bfd_process: ProcessScheduling,
    /// FIFOs.
    pub fifos: Fifos,
    /// SNMP.
    pub snmp: Snmp,
    /// `enable_dbus`.
    pub enable_dbus: bool,
    /// `dbus_service_name`.
    pub dbus_service_name: Option<String>,
    /// `dbus_no_interface_name` (2.3).
    pub dbus_no_interface_name: bool,
    /// Netlink and process monitor buffers.
    pub buffers: Buffers,
    /// Reload and files.
    pub files: Files,
    /// `router_id`; `None` is the host name.
    pub router_id: Option<String>,
}

/// `process_names` and the single names; `None` keeps `keepalived`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProcessNames {
    /// `process_name`.
    pub parent: Option<String>,
    /// `vrrp_process_name`.
    pub vrrp: Option<String>,
    /// `checker_process_name`.
    pub checker: Option<String>,
    /// `bfd_process_name`.
    pub bfd: Option<String>,
}

/// Scripts of the daemon and script security.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GlobalScripts {
    /// `script_user`, else user `keepalived_script` or the daemon's own.
    pub script_user: ScriptUser,
    /// `enable_script_security`.
    pub script_security: bool,
    /// `use_symlink_paths`.
    pub use_symlink_paths: bool,
    /// `set_supplementary_groups`.
    pub set_supplementary_groups: bool,
    /// `startup_script`.
    pub startup_script: Option<Script>,
    /// `startup_script_timeout` in seconds.
    pub startup_script_timeout_s: u32,
    /// `shutdown_script`.
    pub shutdown_script: Option<Script>,
    /// `shutdown_script_timeout` in seconds.
    pub shutdown_script_timeout_s: u32,
}

impl Default for GlobalScripts {
    fn default() -> Self {
        Self {
            script_user: ScriptUser { uid: 0, gid: 0 },
            script_security: false,
            use_symlink_paths: false,
            set_supplementary_groups: false,
            startup_script: None,
            startup_script_timeout_s: 10,
            shutdown_script: None,
            shutdown_script_timeout_s: 10,
        }
    }
}

/// Mail settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mail {
    /// `notification_email`.
    pub notification_email: Vec<String>,
    /// `notification_email_from`; `None` is `keepalived@host`.
    pub notification_email_from: Option<String>,
    /// `smtp_server`: host name or address.
    pub smtp_server: Option<String>,
    /// Port of `smtp_server`.
    pub smtp_port: u16,
    /// `smtp_helo_name`; `None` is the host name.
    pub smtp_helo_name: Option<String>,
    /// `smtp_connect_timeout` in microseconds.
    pub smtp_connect_timeout_us: u64,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `smtp_alert_vrrp`.
    pub smtp_alert_vrrp: Option<bool>,
    /// `smtp_alert_checker`.
    pub smtp_alert_checker: Option<bool>,
    /// `no_email_faults`.
    pub no_email_faults: bool,
    /// `no_checker_emails`.
    pub no_checker_emails: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            notification_email: Vec::new(),
            notification_email_from: None,
            smtp_server: None,
            smtp_port: 25,
            smtp_helo_name: None,
            smtp_connect_timeout_us: 30_000_000,
            smtp_alert: None,
            smtp_alert_vrrp: None,
            smtp_alert_checker: None,
            no_email_faults: false,
            no_checker_emails: false,
        }
    }
}

/// Defaults of instances and settings of the vrrp process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GlobalVrrp {
    /// `dynamic_interfaces`.
    pub dynamic_interfaces: bool,
    /// `dynamic_interfaces allow_if_changes`.
    pub allow_if_changes: bool,
    /// `default_interface`; `None` is eth0.
    pub default_interface: Option<String>,
    /// `disable_local_igmp`.
    pub disable_local_igmp: bool,
    /// `vrrp_mcast_group4`.
    pub mcast_group4: Ipv4Addr,
    /// `vrrp_mcast_group6`.
    pub mcast_group6: Ipv6Addr,
    /// `vrrp_version`; `None` is 2, and 3 for IPv6.
    pub version: Option<u8>,
    /// `v3_checksum_as_v2`.
    pub v3_checksum_as_v2: bool,
    /// The `vrrp_garp_*` settings, `vrrp_min_garp` and `vrrp_garp_extra_if`.
    pub garp: Garp,
    /// `vrrp_garp_interval` in microseconds.
    pub garp_interval_us: u64,
    /// `vrrp_gna_interval` in microseconds.
    pub gna_interval_us: u64,
    /// `vrrp_min_garp`.
    pub min_garp: bool,
    /// `vrrp_down_timer_adverts`.
    pub down_timer_adverts: u8,
    /// `vrrp_lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// `vrrp_check_unicast_src`.
    pub check_unicast_src: bool,
    /// `vrrp_skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `vrrp_strict`.
    pub strict: bool,
    /// `vrrp_startup_delay` in microseconds.
    pub startup_delay_us: u64,
    /// `vrrp_delay_after_boot` in microseconds since boot.
    pub delay_after_boot_us: u64,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `vrrp_owner_ignore_adverts`.
    pub owner_ignore_adverts: bool,
    /// `vrrp_notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `vrrp_rx_bufs_policy`.
    pub rx_bufs_policy: RxBufsPolicy,
    /// `vrrp_rx_bufs_multiplier`.
    pub rx_bufs_multiplier: u32,
    /// `vmac_prefix`.
    pub vmac_prefix: String,
    /// `vmac_addr_prefix`; `None` is `vmac_prefix`.
    pub vmac_addr_prefix: Option<String>,
}

impl Default for GlobalVrrp {
    fn default() -> Self {
        Self {
            dynamic_interfaces: false,
            allow_if_changes: false,
            default_interface: None,
            disable_local_igmp: false,
            mcast_group4: Ipv4Addr::new(224, 0, 0, 18),
            mcast_group6: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
            version: None,
            v3_checksum_as_v2: false,
            garp: Garp::default(),
            garp_interval_us: 0,
            gna_interval_us: 0,
            min_garp: false,
            down_timer_adverts: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            check_unicast_src: false,
            skip_check_adv_addr: false,
            strict: false,
            startup_delay_us: 0,
            delay_after_boot_us: 0,
            log_unknown_vrids: false,
            owner_ignore_adverts: false,
            notify_priority_changes: false,
            rx_bufs_policy: RxBufsPolicy::default(),
            rx_bufs_multiplier: 3,
            vmac_prefix: String::from("vrrp"),
            vmac_addr_prefix: None,
        }
    }
}

/// `vrrp_rx_bufs_policy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum RxBufsPolicy {
    /// The kernel's default.
    #[default]
    System,
    /// MTU times the multiplier.
    Mtu,
    /// Size of the advert times the multiplier.
    Advert,
    /// Bytes.
    Size(u32),
}

/// LVS settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GlobalLvs {
    /// `lvs_timeouts tcp` in seconds, 0 leaves it.
    pub tcp_timeout_s: u32,
    /// `lvs_timeouts tcpfin` in seconds, 0 leaves it.
    pub tcpfin_timeout_s: u32,
    /// `lvs_timeouts udp` in seconds, 0 leaves it.
    pub udp_timeout_s: u32,
    /// `lvs_flush`.
    pub flush: bool,
    /// `lvs_flush_on_stop`.
    pub flush_on_stop: FlushOnStop,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// `checker_log_all_failures`.
    pub checker_log_all_failures: bool,
    /// `rs_init_notifies`.
    pub rs_init_notifies: bool,
}

/// `lvs_flush_on_stop`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum FlushOnStop {
    /// Not given.
    #[default]
    No,
    /// Flush everything.
    All,
    /// `VS`: remove our virtual servers, the kernel drops their real servers.
    VirtualServers,
}

/// `lvs_sync_daemon`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncDaemon {
    /// Interface.
    pub interface: String,
    /// Instance whose state it follows.
    pub instance: Option<String>,
    /// `id`; `None` is the VRID of the instance, or 0.
    pub id: Option<u8>,
    /// `maxlen`.
    pub maxlen: Option<u16>,
    /// `port`.
    pub port: Option<u16>,
    /// `ttl`.
    pub ttl: Option<u8>,
    /// `group`.
    pub group: Option<std::net::IpAddr>,
}

/// nftables and iptables.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Firewall {
    /// `vrrp_iptables`: chains in and out.
    pub iptables: Option<IptablesChains>,
    /// `vrrp_ipsets`: the set names written.
    pub ipsets: Option<Vec<String>>,
    /// `nftables`: table name.
    pub nftables: Option<String>,
    /// `nftables_priority`; `None` is -1.
    pub nftables_priority: Option<i32>,
    /// `nftables_ifindex`.
    pub nftables_ifindex: bool,
    /// `nftables_counters`.
    pub nftables_counters: bool,
    /// `nftables_ipvs`: table name.
    pub nftables_ipvs: Option<String>,
    /// `nftables_ipvs_priority`.
    pub nftables_ipvs_priority: Option<i32>,
    /// `nftables_ipvs_start_fwmark`; `None` is 1000.
    pub nftables_ipvs_start_fwmark: Option<u32>,
}

/// Chains of `vrrp_iptables`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IptablesChains {
    /// Input chain.
    pub input: String,
    /// Output chain.
    pub output: Option<String>,
}

/// `max_auto_priority` and `min_auto_priority_delay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AutoPriority {
    /// `max_auto_priority`, -1 to 99; `None` prints the notice at the start.
    pub max: Option<i32>,
    /// `min_auto_priority_delay` in microseconds; `None` is one second.
    pub min_delay_us: Option<u32>,
}

/// Scheduling of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProcessScheduling {
    /// `*_priority`: nice value.
    pub priority: Option<i32>,
    /// `*_no_swap`.
    pub no_swap: bool,
    /// `*_rt_priority`.
    pub rt_priority: Option<u32>,
    /// `*_cpu_affinity`.
    pub cpu_affinity: Vec<u32>,
    /// `*_rlimit_rttime` in microseconds.
    pub rlimit_rttime_us: Option<u32>,
}

/// Notify FIFOs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fifos {
    /// `notify_fifo`.
    pub all: NotifyFifo,
    /// `vrrp_notify_fifo`.
    pub vrrp: NotifyFifo,
    /// `lvs_notify_fifo`.
    pub lvs: NotifyFifo,
    /// `fifo_write_vrrp_states_on_reload`.
    pub write_vrrp_states_on_reload: bool,
}

/// SNMP settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snmp {
    /// `snmp_socket`; `None` is unix:/var/agentx/master.
    pub socket: Option<String>,
    /// `enable_traps`.
    pub traps: bool,
    /// `enable_snmp_vrrp` or `enable_snmp_keepalived`.
    pub vrrp: bool,
    /// `enable_snmp_rfc` or `enable_snmp_rfcv2`.
    pub rfcv2: bool,
    /// `enable_snmp_rfc` or `enable_snmp_rfcv3`.
    pub rfcv3: bool,
    /// `enable_snmp_checker` or `enable_snmp_keepalived`.
    pub checker: bool,
    /// `snmp_vs_stats_update_interval` in seconds.
    pub vs_stats_update_interval_s: Option<u32>,
    /// `snmp_rs_stats_update_interval` in seconds.
    pub rs_stats_update_interval_s: Option<u32>,
}

/// One receive buffer: size and whether SO_RCVBUFFORCE is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Buffer {
    /// Bytes; `None` leaves the default.
    pub size: Option<u32>,
    /// The `_force` keyword.
    pub force: bool,
}

/// Receive buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Buffers {
    /// `vrrp_netlink_cmd_rcv_bufs`.
    pub vrrp_netlink_cmd: Buffer,
    /// `vrrp_netlink_monitor_rcv_bufs`.
    pub vrrp_netlink_monitor: Buffer,
    /// `lvs_netlink_cmd_rcv_bufs`.
    pub lvs_netlink_cmd: Buffer,
    /// `lvs_netlink_monitor_rcv_bufs`.
    pub lvs_netlink_monitor: Buffer,
    /// `process_monitor_rcv_bufs`.
    pub process_monitor: Buffer,
}

/// Files, reload, dumps.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Files {
    /// `umask`.
    pub umask: Option<u32>,
    /// `random_seed`.
    pub random_seed: Option<u32>,
    /// `reload_check_config`; the inner value is the log file.
    pub reload_check_config: Option<Option<String>>,
    /// `reload_time_file`.
    pub reload_time_file: Option<String>,
    /// `reload_repeat`.
    pub reload_repeat: bool,
    /// `reload_file`; the inner value is its name, `None` the default in the pid directory.
    pub reload_file: Option<Option<String>>,
    /// `config_save_dir`.
    pub config_save_dir: Option<String>,
    /// `tmp_config_directory`.
    pub tmp_config_directory: Option<String>,
    /// `data_use_instance`.
    pub data_use_instance: bool,
    /// `json_version`, 1 or 2.
    pub json_version: Option<u8>,
    /// `state_dump_file`.
    pub state_dump_file: Option<String>,
    /// `stats_dump_file`.
    pub stats_dump_file: Option<String>,
    /// `json_dump_file`.
    pub json_dump_file: Option<String>,
    /// `iproute_usr_dir`.
    pub iproute_usr_dir: Option<String>,
    /// `iproute_etc_dir`.
    pub iproute_etc_dir: Option<String>,
}
