//! The VRRP part: the order in which the original completes it.

use crate::diag::Rank;
use crate::draft::InstanceDraft;
use crate::model::VrrpInstance;
use crate::parse::Ctx;

use super::{groups, instance, scripts, tracking};

/// Completes instances, groups and scripts.
pub fn resolve(ctx: &mut Ctx<'_>) {
    if ctx.draft.missing_interface {
        ctx.sink.say(Rank::Missing, "Non-existent interface specified in configuration");
        ctx.sink.hint("keepalived does not start with it, unless dynamic_interfaces is set in global_defs");
    }
    let judged = !ctx.draft.missing_interface;
    let drafts = std::mem::take(&mut ctx.draft.instances);
    let mut whole: Vec<(InstanceDraft, VrrpInstance)> = Vec::new();
    let said = ctx.sink.messages.len();
    let mut stopped = None;
    for mut draft in drafts {
        let Some(instance) = instance::complete(ctx, &mut draft) else {
            // the original stops at the first instance that cannot work, and says nothing of what would come after
            stopped = Some(ctx.sink.messages.len());
            break;
        };
        whole.push((draft, instance));
    }
    let mut groups = groups::members(ctx, &whole);
    let mut instances = groups::join(&groups, whole);
    scripts::check_tracked(ctx, &mut instances, &mut groups);
    for instance in &mut instances {
        tracking::judge(ctx, instance, &groups);
    }
    groups::judge(ctx, &mut groups, &instances);
    duplicates(ctx, &instances);
    track_groups(ctx, &instances);
    ctx.draft.config.instances = instances;
    ctx.draft.config.sync_groups = groups.into_iter().map(|group| group.group).collect();
    if !judged {
        ctx.sink.messages.truncate(said);
    } else if let Some(last) = stopped {
        ctx.sink.messages.truncate(last);
    }
}

/// Takes members that do not exist out of track groups.
fn track_groups(ctx: &mut Ctx<'_>, instances: &[VrrpInstance]) {
    let mut groups = std::mem::take(&mut ctx.draft.config.track_groups);
    for group in &mut groups {
        group.instances.retain(|member| {
            let there = instances.iter().any(|instance| instance.name == *member);
            if !there {
                let text =
                    format!("track_group {}: vrrp instance {member} doesn't exist - ignoring", group.name);
                ctx.sink.say(Rank::Note, text);
            }
            there
        });
    }
    ctx.draft.config.track_groups = groups;
}

/// Two instances that would take each other's adverts.
fn duplicates(ctx: &mut Ctx<'_>, instances: &[VrrpInstance]) {
    for (index, a) in instances.iter().enumerate() {
        for b in &instances[index + 1..] {
            let same = a.virtual_router_id == b.virtual_router_id
                && a.family == b.family
                && a.interface == b.interface
                && a.unicast == b.unicast;
            if !same {
                continue;
            }
            if a.unicast {
                let shared =
                    a.unicast_peers.iter().any(|x| b.unicast_peers.iter().any(|y| x.address == y.address));
                if shared {
                    ctx.config(format!(
                        "({}) duplicate VRID conflict with {} VRID {}",
                        a.name, b.name, a.virtual_router_id
                    ));
                    ctx.sink.hint("instances that share a peer need different virtual_router_ids");
                }
            } else if a.mcast_dst_ip == b.mcast_dst_ip {
                let interface = a.interface.as_deref().unwrap_or("none");
                ctx.config(format!(
                    "{} and {} both use VRID {} with {} on interface {interface}",
                    a.name, b.name, a.virtual_router_id, a.family
                ));
                ctx.sink.hint("give each instance of an interface its own virtual_router_id");
            }
        }
    }
}
