//! Trackers of an instance: its own interface, and weights that cannot count.

use crate::draft::GroupDraft;
use crate::model::VrrpInstance;
use crate::parse::Ctx;

/// Why weights do not count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Owner,
    Group,
}

/// Drops what the instance cannot track, as the original does.
pub fn judge(ctx: &mut Ctx<'_>, instance: &mut VrrpInstance, groups: &[GroupDraft]) {
    let name = instance.name.clone();
    own_interface(ctx, instance);
    let group = groups.iter().find(|group| Some(&group.group.name) == instance.sync_group.as_ref());
    let reason = match group {
        Some(group) if !group.group.sync_group_tracking_weight => Reason::Group,
        _ if instance.priority == 255 => Reason::Owner,
        _ => return,
    };
    let because = match reason {
        Reason::Owner => "address_owner",
        Reason::Group => "SYNC group",
    };
    for tracked in instance.track_interfaces.iter_mut().filter(|tracked| tracked.weight != 0) {
        let text = match reason {
            Reason::Owner => {
                format!("({name}) ignoring {} tracked interface due to address owner", tracked.name)
            }
            Reason::Group => {
                format!("({name}) ignoring {} tracked interface weight due to SYNC group", tracked.name)
            }
        };
        ctx.config(text);
        tracked.weight = 0;
    }
    if reason == Reason::Owner {
        instance.track_interfaces.retain(|tracked| tracked.weight == 0);
    }
    instance.track_scripts.retain(|tracked| {
        if tracked.weight != 0 {
            ctx.config(format!(
                "({name}) ignoring tracked script {} with weights due to {because}",
                tracked.name
            ));
        }
        tracked.weight == 0
    });
    for tracked in instance.track_files.iter_mut().filter(|tracked| tracked.weight != 0) {
        ctx.config(format!(
            "({name}) ignoring weight from tracked file {} due to {because}. specify weight 0",
            tracked.name
        ));
        tracked.weight = 0;
    }
    for tracked in instance.track_processes.iter_mut().filter(|tracked| tracked.weight != 0) {
        // the original clears it without a word
        tracked.weight = 0;
    }
    instance.track_bfds.retain(|tracked| {
        if tracked.weight != 0 {
            ctx.config(format!(
                "({name}) ignoring tracked bfd {} with weight {} due to {because}",
                tracked.name, tracked.weight
            ));
        }
        tracked.weight == 0
    });
}

fn own_interface(ctx: &mut Ctx<'_>, instance: &mut VrrpInstance) {
    let own = instance.interface.clone();
    let name = instance.name.clone();
    instance.track_interfaces.retain(|tracked| {
        let is_own = Some(&tracked.name) == own.as_ref();
        if is_own {
            ctx.config(format!("({name}) Ignoring track_interface {} since own interface", tracked.name));
            ctx.sink.hint("the own interface is always watched, unless dont_track_primary is given");
        }
        !is_own
    });
}
