//! Sync groups: members move together. A group decides nothing; it carries what one member did to the others.

use common_base::time::Instant;

use super::{Life, Router};
use crate::{
    command::{Command, Level, Notify, NotifyState, Subject},
    ids::Name,
    instance::{Group, Input, Standing, Sync},
    out::{Moved, Out, Wait},
    state::{FaultCause, State},
};

impl Router {
    /// Whether the other members of an instance's group would lead, too.
    pub(super) fn readiness(&self, index: usize) -> Group {
        let Some(group) = self.instances[index].group else { return Group::Ready };
        let others = self.groups[group].members.iter().filter(|&&other| other != index);
        if others.map(|&other| self.instances[other].instance.ready_for()).all(|r| r == Group::Ready) {
            Group::Ready
        } else {
            Group::NotReady
        }
    }

    /// The other members do what one did.
    pub(super) fn follow(&mut self, now: Instant, index: usize, moved: Moved, commands: &mut Vec<Command>) {
        let Some(group) = self.instances[index].group else { return };
        let name = self.groups[group].config.name.clone();
        let (from, sync, word) = match (moved.to, moved.wait) {
            (State::Master, _) => (State::Backup, Sync::Lead(name.clone()), Some("MASTER")),
            (State::Backup, Wait::Full) => {
                (State::Master, Sync::Yield(name.clone(), Wait::Full), Some("BACKUP"))
            }
            // the original does not mention this one
            (State::Backup, Wait::Skew) => (State::Master, Sync::Yield(name.clone(), Wait::Skew), None),
            // FAULT spreads by the members' standing
            (State::Fault | State::Init, _) => return,
        };
        let others: Vec<usize> = self.groups[group]
            .members
            .iter()
            .copied()
            .filter(|&other| other != index && self.instances[other].instance.state() == from)
            .collect();
        if let (Some(word), false) = (word, others.is_empty()) {
            log_sync(now, &name, word, commands);
        }
        for other in others {
            let input = match &sync {
                Sync::Lead(name) => Sync::Lead(name.clone()),
                Sync::Yield(name, wait) => Sync::Yield(name.clone(), *wait),
                Sync::Rival => Sync::Rival,
            };
            self.step_alone(now, other, Input::Sync(input), Group::Ready, commands);
        }
    }

    /// A rival of one member may have told the network wrong things about all.
    pub(super) fn spread_rival(&mut self, now: Instant, index: usize, commands: &mut Vec<Command>) {
        let Some(group) = self.instances[index].group else { return };
        for other in self.groups[group].members.clone() {
            if other != index {
                self.step_alone(now, other, Input::Sync(Sync::Rival), Group::Ready, commands);
            }
        }
    }

    /// A cause of one member is a cause of all, by the group's name.
    pub(super) fn reassess_group(&mut self, now: Instant, group: usize, commands: &mut Vec<Command>) {
        let name = self.groups[group].config.name.clone();
        let order = self.transition_order(group);
        let own: Vec<(usize, Standing)> =
            order.into_iter().map(|index| (index, self.standing(index))).collect();
        let faulty = own.iter().any(|(_, standing)| !standing.causes.is_empty());
        let mut told = false;
        for (nth, (index, mut standing)) in own.into_iter().enumerate() {
            if faulty && standing.causes.is_empty() {
                standing.causes.insert(FaultCause::Group(name.clone()));
            }
            if nth > 0
                && !told
                && let Some(word) = self.sync_word(index, &standing)
            {
                log_sync(now, &name, word, commands);
                told = true;
            }
            // the first to fall has its own cause; the others only follow it
            if nth > 0 && faulty && self.instances[index].instance.state() == State::Master {
                standing.causes.insert(FaultCause::Group(name.clone()));
            }
            self.step_alone(now, index, Input::Standing(standing), Group::Ready, commands);
        }
    }

    /// Members with causes of their own fall first, and the one whose cause ended last rises first.
    fn transition_order(&self, group: usize) -> Vec<usize> {
        let mut order = self.groups[group].members.clone();
        let falls = |index: usize| !self.standing(index).causes.is_empty();
        if order.iter().any(|&index| falls(index)) {
            order.sort_by_key(|&index| !falls(index));
        } else {
            let had = |index: usize| {
                let causes = self.instances[index].instance.fault_causes();
                causes.iter().any(|cause| !matches!(cause, FaultCause::Group(_)))
            };
            if let Some(at) = order.iter().rposition(|&index| had(index)) {
                let first = order.remove(at);
                order.insert(0, first);
            }
        }
        order
    }

    /// The state that a member is about to follow its group to.
    fn sync_word(&self, index: usize, standing: &Standing) -> Option<&'static str> {
        match (self.instances[index].instance.state(), standing.causes.is_empty()) {
            (State::Backup | State::Master, false) => Some("FAULT"),
            (State::Fault, true) if !standing.pending => Some("BACKUP"),
            (State::Init, _) | (State::Backup | State::Master, true) | (State::Fault, _) => None,
        }
    }

    /// Groups whose members have arrived in a new state say so, after all members did.
    pub(super) fn tell_groups(&mut self, commands: &mut Vec<Command>) {
        if self.life != Life::Running {
            return;
        }
        let mut moved = std::mem::take(&mut self.moved_groups);
        moved.sort_unstable();
        moved.dedup();
        for group in moved {
            let state = self.common_state(group);
            if state != self.groups[group].state && state != State::Init {
                self.tell_group(group, state, commands);
            }
        }
    }

    pub(super) fn tell_group(&mut self, group: usize, state: State, commands: &mut Vec<Command>) {
        self.groups[group].state = state;
        let word = match state {
            State::Master => NotifyState::Master,
            State::Init | State::Backup => NotifyState::Backup,
            State::Fault => NotifyState::Fault,
        };
        self.notify_group(group, word, commands);
    }

    pub(super) fn notify_group(&self, group: usize, state: NotifyState, commands: &mut Vec<Command>) {
        let group = &self.groups[group];
        let notify =
            Notify { subject: Subject::Group(group.id), name: group.config.name.clone(), state, priority: 0 };
        commands.push(Command::Notify(notify.clone()));
        if group.config.smtp_alert {
            commands.push(Command::SmtpAlert(notify));
        }
    }

    /// MASTER if all are, FAULT if one is, BACKUP if they are all at least that far.
    fn common_state(&self, group: usize) -> State {
        let states =
            || self.groups[group].members.iter().map(|&index| self.instances[index].instance.state());
        if states().any(|state| state == State::Fault) {
            State::Fault
        } else if states().any(|state| state == State::Init) || states().next().is_none() {
            State::Init
        } else if states().all(|state| state == State::Master) {
            State::Master
        } else {
            State::Backup
        }
    }
}

fn log_sync(now: Instant, group: &Name, word: &str, commands: &mut Vec<Command>) {
    let text = format!("VRRP_Group({group}) Syncing instances to {word} state");
    Out::new(now, commands).log(Level::Info, text);
}
