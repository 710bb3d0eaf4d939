//! `keepalived.stats`.

use keepalived_vrrp::instance::Instance;
use keepalived_wire::auth::Auth;

use super::View;

/// The counters of every instance.
pub(crate) fn stats(view: &View<'_>) -> String {
    view.router
        .instances()
        .map(|instance| {
            let stats = instance.stats();
            format!(
                "VRRP Instance: {}\n  Advertisements:\n    Received: {}\n    Sent: {}\n  Became master: {}\n  \
                 Released master: {}\n  Packet Errors:\n    Length: {}\n    TTL: {}\n    Invalid Type: {}\n    \
                 Advertisement Interval: {}\n    Address List: {}\n  Authentication Errors:\n    Invalid Type: {}\n    \
                 Type Mismatch: {}\n    Failure: {}\n{}  Priority Zero:\n    Received: {}\n    Sent: {}\n",
                instance.config().name,
                stats.advert_rcvd,
                stats.advert_sent,
                stats.become_master,
                stats.release_master,
                stats.packet_len_err,
                stats.ip_ttl_err,
                stats.invalid_type_rcvd,
                stats.advert_interval_err,
                stats.addr_list_err,
                stats.invalid_authtype,
                stats.authtype_mismatch,
                stats.auth_failure,
                extension(view, instance),
                stats.pri_zero_rcvd,
                stats.pri_zero_sent,
            )
        })
        .collect()
}

/// The counters of `auth_hmac`, where it is used: 2.2.7, whose form this is, knows none.
fn extension(view: &View<'_>, instance: &Instance) -> String {
    let live = view.live.get(&instance.id());
    if !live.is_some_and(|live| matches!(live.plan.profile.auth, Auth::Hmac(_))) {
        return String::new();
    }
    let stats = instance.stats();
    format!(
        "  Authentication Extension Errors:\n    Missing: {}\n    Malformed: {}\n    Unknown Key: {}\n    \
         Invalid HMAC: {}\n    Stale: {}\n    Replay: {}\n",
        stats.hmac_missing,
        stats.hmac_malformed,
        stats.hmac_unknown_key,
        stats.hmac_invalid,
        stats.hmac_stale,
        stats.hmac_replay,
    )
}
