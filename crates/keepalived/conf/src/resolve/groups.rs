//! Sync groups: members that exist, weights that members cannot follow.

use std::collections::HashMap;

use crate::draft::{GroupDraft, InstanceDraft};
use crate::model::{Tracked, VrrpInstance};
use crate::parse::Ctx;

/// The groups with members that exist, each in one group only.
pub fn members(ctx: &mut Ctx<'_>, instances: &[(InstanceDraft, VrrpInstance)]) -> Vec<GroupDraft> {
    let mut taken: HashMap<String, String> = HashMap::new();
    let mut groups = Vec::new();
    let global = ctx.draft.config.global.clone();
    for mut group in std::mem::take(&mut ctx.draft.groups) {
        let name = group.group.name.clone();
        let mut members = Vec::new();
        let listed = group.group.instances.len();
        for member in std::mem::take(&mut group.group.instances) {
            if !instances.iter().any(|(_, instance)| instance.name == member) {
                ctx.config(format!(
                    "Virtual router {member} specified in sync group {name} doesn't exist - ignoring"
                ));
            } else if taken.contains_key(&member) {
                ctx.config(format!(
                    "Virtual router {member} cannot exist in more than one sync group; ignoring {name}"
                ));
            } else {
                taken.insert(member.clone(), name.clone());
                members.push(member);
            }
        }
        match members.len() {
            0 if listed > 0 => {
                ctx.config(format!(
                    "Sync group {name}, no matching virtual router found in group declaration - removing"
                ));
                continue;
            }
            0 => {
                ctx.config(format!("Sync group {name} has no virtual router(s). removing"));
                continue;
            }
            1 => {
                ctx.config(format!(
                    "Sync group {name} has only 1 virtual router(s) - this probably isn't what you want"
                ));
                ctx.sink.hint("a group of one does nothing; list the instances that shall move together");
            }
            _ => {}
        }
        group.group.instances = members;
        group.group.smtp_alert =
            group.smtp_alert.or(global.mail.smtp_alert_vrrp).or(global.mail.smtp_alert).unwrap_or(false);
        group.group.notify_priority_changes =
            group.notify_priority_changes.unwrap_or(global.vrrp.notify_priority_changes);
        group.group.sync_group_tracking_weight |= group.global_tracking;
        groups.push(group);
    }
    groups
}

/// The instances, each with the name of its group.
pub fn join(groups: &[GroupDraft], instances: Vec<(InstanceDraft, VrrpInstance)>) -> Vec<VrrpInstance> {
    let of = |name: &str| {
        groups
            .iter()
            .find(|group| group.group.instances.iter().any(|member| member == name))
            .map(|g| g.group.name.clone())
    };
    let joined = instances.into_iter().map(|(_, mut instance)| {
        instance.sync_group = of(&instance.name);
        instance
    });
    joined.collect()
}

/// Weights on the group itself, and trackers that stand twice.
pub fn judge(ctx: &mut Ctx<'_>, groups: &mut [GroupDraft], instances: &[VrrpInstance]) {
    for group in groups {
        let name = group.group.name.clone();
        let members: Vec<&VrrpInstance> =
            instances.iter().filter(|instance| instance.sync_group.as_ref() == Some(&name)).collect();
        if members.iter().any(|member| member.priority == 255) {
            let group = &mut group.group;
            clear(ctx, &name, &mut group.track_scripts, "script", "clearing weight");
            clear(ctx, &name, &mut group.track_interfaces, "interface", "clearing weight");
            clear(ctx, &name, &mut group.track_files, "file", "setting weight 0");
            clear(ctx, &name, &mut group.track_processes, "process", "setting weight 0");
            clear(ctx, &name, &mut group.track_bfds, "bfd", "setting weight 0");
        }
        for member in members {
            for tracked in &member.track_interfaces {
                if group.group.track_interfaces.iter().any(|known| known.name == tracked.name) {
                    ctx.config(format!(
                        "({}) track_interface {} is configured on VRRP instance and sync group. Remove vrrp instance or sync group config",
                        member.name, tracked.name
                    ));
                }
            }
        }
    }
}

fn clear(ctx: &mut Ctx<'_>, group: &str, list: &mut [Tracked], what: &str, done: &str) {
    for tracked in list.iter_mut().filter(|tracked| tracked.weight != 0) {
        tracked.weight = 0;
        ctx.config(format!(
            "({group}) Cannot have weighted track {what} '{}' with member having priority 255 - {done}",
            tracked.name
        ));
    }
}
