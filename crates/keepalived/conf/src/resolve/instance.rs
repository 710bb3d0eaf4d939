//! One instance: defaults from `global_defs`, strict mode, contradictions.

use std::net::IpAddr;

use crate::draft::InstanceDraft;
use crate::model::*;
use crate::parse::Ctx;

/// Bytes an Ethernet frame carries.
const MTU: usize = 1500;

/// Completes an instance; `None` if it cannot work.
pub fn complete(ctx: &mut Ctx<'_>, draft: &mut InstanceDraft) -> Option<VrrpInstance> {
    let global = ctx.draft.config.global.clone();
    let mut judge =
        Judge { ctx, name: draft.name.clone(), strict: draft.strict.unwrap_or(global.vrrp.strict) };
    let Some(virtual_router_id) = draft.vrid else {
        judge.say("the virtual router id must be set");
        judge.ctx.sink.hint("give virtual_router_id, the same number on all routers of the group");
        return None;
    };
    if draft.interface.is_none() {
        judge.say("Unknown interface!");
        judge.ctx.sink.hint("give interface");
        return None;
    }
    let family = draft.family.unwrap_or(Family::Inet);
    let version = judge.version(draft, family, &global.vrrp);
    judge.addresses(draft, family, version)?;
    let priority = draft.priority.unwrap_or(if draft.state_master == Some(true) { 255 } else { 100 });
    let owner = priority == 255;
    let state_master = judge.state(draft, owner);
    let authentication = judge.authentication(draft, version);
    let state_master = judge.ah_state(authentication.as_ref(), state_master, owner);
    judge.preemption(draft, state_master, owner);
    let strict = judge.strict(draft, version);
    judge.interfaces(draft, family);
    let unicast = judge.unicast(draft);
    let advert_int_us = judge.advert_int(draft.advert_int_us.unwrap_or(1_000_000), version);
    judge.excess_vips(draft, family);
    let mcast_dst_ip = draft.mcast_dst_ip.unwrap_or(match family {
        Family::Inet => IpAddr::V4(global.vrrp.mcast_group4),
        Family::Inet6 => IpAddr::V6(global.vrrp.mcast_group6),
    });
    let is_strict = judge.strict;
    Some(VrrpInstance {
        name: draft.name.clone(),
        interface: draft.interface.clone(),
        vrf: draft.vrf.clone(),
        state_master,
        virtual_router_id,
        priority,
        advert_int_us,
        version,
        family,
        virtual_ipaddress: std::mem::take(&mut draft.vips),
        virtual_ipaddress_excluded: std::mem::take(&mut draft.excluded),
        virtual_routes: std::mem::take(&mut draft.routes),
        virtual_rules: std::mem::take(&mut draft.rules),
        no_virtual_ipaddress: draft.no_vips,
        promote_secondaries: draft.promote_secondaries,
        unicast,
        unicast_peers: std::mem::take(&mut draft.peers),
        source_ip: draft.source_ip,
        track_src_ip: draft.track_src_ip,
        mcast_dst_ip,
        unicast_ttl: draft.unicast_ttl,
        unicast_fault_no_peer: draft.unicast_fault_no_peer,
        check_unicast_src: draft.check_unicast_src.unwrap_or(global.vrrp.check_unicast_src),
        old_unicast_checksum: draft.old_unicast_checksum,
        v3_checksum_as_v2: draft.v3_checksum_as_v2.unwrap_or(global.vrrp.v3_checksum_as_v2),
        track_interfaces: std::mem::take(&mut draft.track_interfaces),
        track_scripts: std::mem::take(&mut draft.track_scripts),
        track_files: std::mem::take(&mut draft.track_files),
        track_processes: std::mem::take(&mut draft.track_processes),
        track_bfds: std::mem::take(&mut draft.track_bfds),
        dont_track_primary: draft.dont_track_primary,
        linkbeat_use_polling: draft.linkbeat,
        use_vmac: draft.vmac.clone().map(Box::new),
        use_vmac_addr: draft.use_vmac_addr,
        vmac_xmit_base: draft.vmac_xmit_base,
        use_ipvlan: draft.ipvlan.clone().map(Box::new),
        nopreempt: draft.nopreempt,
        preempt_delay_us: draft.preempt_delay_us,
        down_timer_adverts: strict.down_timer_adverts.unwrap_or(global.vrrp.down_timer_adverts),
        timer_expired_backup: draft.timer_expired_backup,
        thread_timer_expired_ms: draft.thread_timer_expired_ms,
        lower_prio_no_advert: is_strict
            || draft.lower_prio_no_advert.unwrap_or(global.vrrp.lower_prio_no_advert),
        higher_prio_send_advert: !is_strict
            && draft.higher_prio_send_advert.unwrap_or(global.vrrp.higher_prio_send_advert),
        owner_ignore_adverts: owner
            && (is_strict || draft.owner_ignore_adverts.unwrap_or(global.vrrp.owner_ignore_adverts)),
        accept: strict.accept.unwrap_or(!is_strict || owner),
        strict_mode: is_strict,
        skip_check_adv_addr: draft.skip_check_adv_addr.unwrap_or(global.vrrp.skip_check_adv_addr),
        garp: garp(draft, &global.vrrp.garp, is_strict),
        authentication,
        auth_hmac: draft.hmac.clone().map(Box::new),
        notify: (draft.notify != NotifyScripts::default()).then(|| Box::new(draft.notify.clone())),
        notify_deleted: draft.notify_deleted,
        notify_priority_changes: draft.notify_priority_changes.unwrap_or(global.vrrp.notify_priority_changes),
        smtp_alert: draft
            .smtp_alert
            .or(global.mail.smtp_alert_vrrp)
            .or(global.mail.smtp_alert)
            .unwrap_or(false),
        kernel_rx_buf_size: draft.kernel_rx_buf_size,
        debug: draft.debug,
        lvs_sync_daemon_interface: draft.lvs_sync_daemon_interface.clone(),
        sync_group: None,
    })
}

fn garp(draft: &InstanceDraft, global: &Garp, strict: bool) -> Garp {
    let own = &draft.garp;
    let master_delay_s = own.master_delay_s.unwrap_or(global.master_delay_s);
    let master_repeat = own.master_repeat.unwrap_or(global.master_repeat);
    let lower = |own: Option<u32>, global: u32| if strict { 0 } else { own.unwrap_or(global) };
    let (extra_if_s, extra_if_all) = own.extra_if.unwrap_or((global.extra_if_s, global.extra_if_all));
    Garp {
        master_delay_s,
        master_repeat,
        master_refresh_s: own.master_refresh_s.unwrap_or(global.master_refresh_s),
        master_refresh_repeat: own.master_refresh_repeat.unwrap_or(global.master_refresh_repeat),
        lower_prio_delay_s: lower(own.lower_prio_delay_s, global.lower_prio_delay_s),
        lower_prio_repeat: lower(own.lower_prio_repeat, global.lower_prio_repeat),
        extra_if_s,
        extra_if_all,
    }
}

/// What strict mode leaves of two settings.
struct Strict {
    down_timer_adverts: Option<u8>,
    accept: Option<bool>,
}

struct Judge<'a, 'p> {
    ctx: &'a mut Ctx<'p>,
    name: String,
    strict: bool,
}

impl Judge<'_, '_> {
    fn say(&mut self, text: &str) {
        let text = format!("({}) {text}", self.name);
        self.ctx.config(text);
    }

    fn version(&mut self, draft: &InstanceDraft, family: Family, global: &GlobalVrrp) -> u8 {
        let asked = draft.version.or(global.version);
        match (family, asked) {
            (Family::Inet6, Some(2)) => {
                if self.strict {
                    self.say("cannot use IPv6 with VRRP version 2; setting version 3");
                    return 3;
                }
                2
            }
            (Family::Inet6, _) => 3,
            (Family::Inet, asked) => asked.unwrap_or(2),
        }
    }

    fn addresses(&mut self, draft: &InstanceDraft, family: Family, version: u8) -> Option<()> {
        let Some(first) = draft.vips.first() else {
            if draft.no_vips {
                return Some(());
            }
            if self.strict || version == 3 {
                self.say("No VIP specified; at least one is required");
                self.ctx.sink.hint("list one under virtual_ipaddress, or write no_virtual_ipaddress");
                return None;
            }
            self.say("No VIP specified; at least one is sensible");
            self.ctx.sink.hint("list one under virtual_ipaddress, or write no_virtual_ipaddress");
            return Some(());
        };
        let link_local =
            matches!(first.address, IpAddr::V6(address) if address.segments()[0] & 0xffc0 == 0xfe80);
        if self.strict && family == Family::Inet6 && !link_local {
            self.say("the first IPv6 VIP address must be link local");
            self.ctx.sink.hint("put an address of fe80::/10 first, or leave strict mode");
        }
        Some(())
    }

    fn state(&mut self, draft: &InstanceDraft, owner: bool) -> bool {
        match draft.state_master {
            Some(master) if self.strict && master != owner => {
                self.say("State MASTER must match being address owner");
                self.ctx.sink.hint("strict mode wants state MASTER with priority 255, and only then");
                owner
            }
            Some(master) => master,
            None => owner,
        }
    }

    fn authentication(&mut self, draft: &InstanceDraft, version: u8) -> Option<Authentication> {
        let kind = draft.auth_type?;
        if self.strict {
            self.say("Strict mode does not support authentication. Ignoring.");
            return None;
        }
        if version == 3 {
            self.say("VRRP version 3 does not support authentication. Ignoring.");
            self.ctx.sink.hint("remove the authentication block, or write version 2");
            return None;
        }
        let Some(password) = draft.auth_pass else {
            self.say("Authentication specified but no password given. Ignoring");
            return None;
        };
        Some(Authentication { kind, password })
    }

    /// IPsec counters cannot begin before the first advert is heard.
    fn ah_state(&mut self, authentication: Option<&Authentication>, state_master: bool, owner: bool) -> bool {
        if state_master && !owner && authentication.is_some_and(|auth| auth.kind == AuthKind::Ah) {
            self.say("Initial state master is incompatible with AH authentication - clearing");
            return false;
        }
        state_master
    }

    fn preemption(&mut self, draft: &mut InstanceDraft, master: bool, owner: bool) {
        if owner && draft.nopreempt {
            self.say("nopreempt is incompatible with priority 255. resetting nopreempt");
            draft.nopreempt = false;
        }
        if master && draft.nopreempt {
            self.say("Warning - nopreempt will not work with initial state MASTER - clearing");
            self.ctx.sink.hint("write state BACKUP on all routers if none shall take over by itself");
            draft.nopreempt = false;
        }
        if master && draft.state_master == Some(true) && draft.preempt_delay_us > 0 {
            self.say("Warning - preempt delay will not work with initial state MASTER - clearing");
            draft.preempt_delay_us = 0;
        }
        let delayed = draft.preempt_delay_us > 0;
        if delayed && self.strict {
            self.say("preempt_delay is incompatible with strict mode - resetting");
            draft.preempt_delay_us = 0;
        }
        if delayed && draft.nopreempt {
            self.say("preempt_delay is incompatible with nopreempt mode - resetting");
            draft.preempt_delay_us = 0;
        }
        if draft.timer_expired_backup && !draft.nopreempt {
            self.say("timer_expired_backup requires nopreempt - resetting");
            draft.timer_expired_backup = false;
        }
    }

    fn strict(&mut self, draft: &mut InstanceDraft, version: u8) -> Strict {
        let mut left = Strict { down_timer_adverts: draft.down_timer_adverts, accept: draft.accept };
        if !self.strict {
            return left;
        }
        if draft.down_timer_adverts.is_some_and(|adverts| adverts != 3) {
            self.say("down_timer_adverts is incompatible with strict mode - resetting");
        }
        left.down_timer_adverts = Some(3);
        if draft.accept == Some(true) && version == 2 {
            self.say("warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting");
            left.accept = None;
        }
        if draft.garp.lower_prio_repeat.is_some_and(|repeat| repeat > 0) {
            self.say("Strict mode requires no repeat garps. resetting");
        }
        if draft.garp.lower_prio_delay_s.is_some_and(|delay| delay > 0) {
            self.say("Strict mode requires no repeat garp delay. resetting");
        }
        if draft.lower_prio_no_advert == Some(false) {
            self.say("Strict mode requires no lower priority advert. resetting");
        }
        if draft.higher_prio_send_advert == Some(true) {
            self.say("strict mode requires higher_prio_send_advert to be clear. resetting");
        }
        if draft.vmac_xmit_base && draft.vmac.is_some() {
            self.say("xmit_base is incompatible with strict mode - resetting");
            draft.vmac_xmit_base = false;
        }
        left
    }

    fn interfaces(&mut self, draft: &mut InstanceDraft, family: Family) {
        if draft.vmac_xmit_base && draft.vmac.is_none() {
            self.say("vmac_xmit_base is only valid with a vmac");
            self.ctx.sink.hint("add use_vmac, or remove vmac_xmit_base");
            draft.vmac_xmit_base = false;
        }
        if let Some(ipvlan) = &draft.ipvlan
            && ipvlan.address.is_none()
            && draft.source_ip.is_none()
            && family == Family::Inet
        {
            self.say(
                "IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state",
            );
        }
        if draft.vmac.is_some() {
            let both: Vec<IpAddr> = draft
                .vips
                .iter_mut()
                .chain(&mut draft.excluded)
                .filter(|address| address.use_vmac && address.dev.is_none())
                .map(|address| {
                    address.use_vmac = false;
                    address.address
                })
                .collect();
            for address in both {
                self.say(&format!("use_vmac specified for VIP/eVIP {address} and vrrp instance"));
            }
        }
    }

    /// Whether adverts go to peers.
    fn unicast(&mut self, draft: &InstanceDraft) -> bool {
        if !draft.peers.is_empty() {
            return true;
        }
        if draft.unicast && !draft.unicast_fault_no_peer {
            self.say(
                "A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.",
            );
            self.ctx.sink.hint("list the other routers under unicast_peer, or remove the unicast words");
            return false;
        }
        draft.unicast_fault_no_peer && draft.unicast
    }

    fn advert_int(&mut self, us: u64, version: u8) -> u64 {
        let seconds = |us: u64| format!("{}.{:06}s", us / 1_000_000, us % 1_000_000);
        if version == 2 {
            if us.is_multiple_of(1_000_000) {
                return us;
            }
            self.say(&format!("VRRPv2 advertisement interval {} must be an integer. rounding", seconds(us)));
            self.ctx.sink.hint("write whole seconds, or version 3 on all routers");
            return ((us + 500_000) / 1_000_000).max(1) * 1_000_000;
        }
        if us > 40_950_000 {
            let shown = format!("{}.{:02}s", us / 1_000_000, us % 1_000_000 / 10_000);
            self.say(&format!(
                "VRRPv3 advertisement interval {shown} is out of range. Must be less than 40.96s. Setting to 40.95s"
            ));
            return 40_950_000;
        }
        if !us.is_multiple_of(10_000) {
            self.say(&format!(
                "VRRPv3 advertisement interval {} must be in units of 10ms - rounding",
                seconds(us)
            ));
            return ((us + 5_000) / 10_000).max(1) * 10_000;
        }
        us
    }

    /// Moves what does not fit in an advert to the excluded addresses.
    fn excess_vips(&mut self, draft: &mut InstanceDraft, family: Family) {
        let room = match family {
            // IP header, VRRP header, authentication
            Family::Inet => (MTU - 20 - 8 - 8) / 4,
            Family::Inet6 => (MTU - 40 - 8) / 16,
        };
        let max = room.min(255);
        let count = draft.vips.len();
        if count > max {
            self.say(&format!(
                "Number of VIPs ({count}) exceeds maximum/space available in packet (max {max} addresses) - excess moved to eVIPs"
            ));
            let mut excess = draft.vips.split_off(max);
            excess.append(&mut draft.excluded);
            draft.excluded = excess;
        }
    }
}
