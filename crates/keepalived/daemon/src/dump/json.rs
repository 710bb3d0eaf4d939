//! `keepalived.json`, versions 1 and 2.

use common_base::time::Micros;
use keepalived_conf::model::{AuthKind, IpAddress, NotifyScripts, VrrpInstance};
use keepalived_vrrp::instance::Instance;
use serde_json::{Map, Value, json};

use super::{View, objects};

/// The text of the file; `None` if there is nothing to tell, then no file is written.
pub(crate) fn json(view: &View<'_>) -> Option<String> {
    let instances: Vec<Value> = view
        .router
        .instances()
        .zip(&view.config.instances)
        .map(|(instance, config)| json!({ "data": data(view, instance, config), "stats": stats(instance) }))
        .collect();
    if instances.is_empty() {
        return None;
    }
    let all = if view.config.global.files.json_version == Some(2) {
        let processes: Vec<Value> = view
            .router
            .processes()
            .iter()
            .zip(&view.config.track_processes)
            .map(|(machine, config)| {
                json!({
                    "name": config.name, "process": config.process, "param_match": config.params.join(" "),
                    "min_processes": config.quorum, "max_processes": config.quorum_max,
                    "current_processes": machine.count(), "have_quorum": machine.has_quorum(),
                })
            })
            .collect();
        json!({ "vrrp": instances, "track_process": processes })
    } else {
        Value::Array(instances)
    };
    // The original's library escapes the slash; numbers and names never hold one outside a text.
    Some(all.to_string().replace('/', "\\/") + "\n")
}

fn data(view: &View<'_>, instance: &Instance, config: &VrrpInstance) -> Value {
    let machine = instance.config();
    let vmac = view.vmac_name(instance.id());
    let garp = &config.garp;
    let mut data = json!({
        "iname": config.name,
        "dont_track_primary": i32::from(config.dont_track_primary),
        "skip_check_adv_addr": i32::from(config.skip_check_adv_addr),
        "strict_mode": i32::from(config.strict_mode),
        "vmac_ifname": vmac.unwrap_or(""),
        "ifp_ifname": &*machine.interface,
        "master_priority": instance.master().map_or(0, |master| master.priority),
        "last_transition": micros(view.last_transition_us(instance.id())),
        "garp_delay": garp.master_delay_s,
        "garp_refresh": garp.master_refresh_s,
        "garp_rep": garp.master_repeat,
        "garp_refresh_rep": garp.master_refresh_repeat,
        "garp_lower_prio_delay": garp.lower_prio_delay_s,
        "garp_lower_prio_rep": garp.lower_prio_repeat,
        "lower_prio_no_advert": i32::from(config.lower_prio_no_advert),
        "higher_prio_send_advert": i32::from(config.higher_prio_send_advert),
        "vrid": config.virtual_router_id,
        "base_priority": config.priority,
        "effective_priority": instance.effective_priority(),
        "vipset": instance.objects_set(),
        "promote_secondaries": config.promote_secondaries,
        "adver_int": seconds(machine.advert_interval),
        "master_adver_int": seconds(instance.master_interval()),
        "accept": i32::from(config.accept),
        "nopreempt": config.nopreempt,
        "preempt_delay": config.preempt_delay_us / 1_000_000,
        "state": instance.state() as u8,
        "wantstate": instance.wanted() as u8,
        "version": config.version,
        "smtp_alert": config.smtp_alert,
        "notify_deleted": config.notify_deleted,
    });
    if let Some(map) = data.as_object_mut() {
        if let Some(notify) = &config.notify {
            scripts(map, notify);
        }
        lists(map, view, instance, config);
        match &config.authentication {
            Some(auth) => {
                map.insert("auth_type".into(), json!(if auth.kind == AuthKind::Pass { 1 } else { 2 }));
                map.insert("auth_data".into(), json!("********"));
            }
            None => drop(map.insert("auth_type".into(), json!(0))),
        }
    }
    data
}

fn scripts(map: &mut Map<String, Value>, scripts: &NotifyScripts) {
    let all = [
        ("script_master", &scripts.master),
        ("script_backup", &scripts.backup),
        ("script_fault", &scripts.fault),
        ("script_stop", &scripts.stop),
        ("script_deleted", &scripts.deleted),
        ("script", &scripts.any),
        ("script_master_rx_lower_pri", &scripts.master_rx_lower_pri),
    ];
    for (key, script) in all {
        if let Some(script) = script {
            map.insert(key.into(), json!(super::trackers::command(script)));
        }
    }
}

fn lists(map: &mut Map<String, Value>, view: &View<'_>, instance: &Instance, config: &VrrpInstance) {
    let addresses = |list: &[IpAddress]| -> Vec<String> {
        list.iter().map(|one| view.address(instance.id(), one)).collect()
    };
    let all = [
        ("vips", addresses(&config.virtual_ipaddress)),
        ("evips", addresses(&config.virtual_ipaddress_excluded)),
        ("vroutes", config.virtual_routes.iter().map(objects::route).collect()),
        ("vrules", config.virtual_rules.iter().map(objects::rule).collect()),
        ("track_ifp", config.track_interfaces.iter().map(|track| track.name.clone()).collect()),
        ("track_script", config.track_scripts.iter().filter_map(|track| view.script(&track.name)).collect()),
    ];
    for (key, list) in all {
        if !list.is_empty() {
            map.insert(key.into(), json!(list));
        }
    }
}

fn stats(instance: &Instance) -> Value {
    let stats = instance.stats();
    json!({
        "advert_rcvd": stats.advert_rcvd,
        "advert_sent": stats.advert_sent,
        "become_master": stats.become_master,
        "release_master": stats.release_master,
        "packet_len_err": stats.packet_len_err,
        "advert_interval_err": stats.advert_interval_err,
        "ip_ttl_err": stats.ip_ttl_err,
        "invalid_type_rcvd": stats.invalid_type_rcvd,
        "addr_list_err": stats.addr_list_err,
        "invalid_authtype": stats.invalid_authtype,
        "authtype_mismatch": stats.authtype_mismatch,
        "auth_failure": stats.auth_failure,
        "pri_zero_rcvd": stats.pri_zero_rcvd,
        "pri_zero_sent": stats.pri_zero_sent,
    })
}

/// Seconds: a whole number without a fraction, as readers decode some of them as integers.
fn seconds(length: Micros) -> Value {
    if length.0.is_multiple_of(1_000_000) { json!(length.as_secs()) } else { json!(length.as_secs_f64()) }
}

fn micros(us: u64) -> Value {
    json!(us as f64 / 1e6)
}
