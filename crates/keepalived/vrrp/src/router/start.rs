//! The first and the last minute of a process.

use common_base::time::{Instant, Micros};

use super::{Life, Router};
use crate::{
    command::{Command, Level, NotifyState},
    deadlines::Who,
    event::StartAs,
    ids::InstanceId,
    instance::{Begin, Group, Input},
    out::Out,
    state::{FaultCause, Reason, State},
};

impl Router {
    /// What cannot run says so, what a dead process left is removed, and the instances begin; those that go on as
    /// master need not wait, all others hear nothing before `vrrp_startup_delay` is over.
    pub(super) fn start(&mut self, now: Instant, as_: &[(InstanceId, StartAs)], commands: &mut Vec<Command>) {
        if self.life != Life::Idle {
            return;
        }
        let resumes: Vec<bool> = (0..self.instances.len()).map(|index| self.may_resume(index, as_)).collect();
        let resumed = resumes.iter().any(|resumes| *resumes);
        let delay = if resumed { Micros::ZERO } else { self.config.startup_delay };
        if !delay.is_zero() {
            let text = format!("Delaying startup for {} seconds", delay.as_secs_f64());
            Out::new(now, commands).log(Level::Info, text);
            self.deadlines.put(Who::Startup, Some(now + delay));
            for member in &mut self.instances {
                member.instance.deafen();
            }
        }
        self.tell_causes(now, commands);
        let everything: Vec<usize> = (0..self.instances.len()).collect();
        self.reassess(now, &everything, commands);
        self.life = Life::Running;
        self.tell_groups_first(&resumes, commands);
        self.begin(now, Begin::Fresh, commands, |router, index| {
            !router.instances[index].instance.fault_causes().is_empty()
        });
        for (member, _) in self.instances.iter_mut().zip(&resumes).filter(|(_, resumes)| !**resumes) {
            member.instance.remove_objects(&mut Out::new(now, commands));
        }
        for process in &mut self.processes {
            process.start();
        }
        self.begin(now, Begin::Resume, commands, |_, index| resumes[index]);
        self.begin(now, Begin::Fresh, commands, |_, _| true);
        for index in 0..self.scripts.len() {
            self.scripts[index].start(now, commands);
            self.deadlines.put(Who::Script(index), self.scripts[index].next_deadline());
        }
    }

    /// Lets those begin that have not and are chosen.
    fn begin(
        &mut self,
        now: Instant,
        begin: Begin,
        commands: &mut Vec<Command>,
        chosen: impl Fn(&Self, usize) -> bool,
    ) {
        for index in 0..self.instances.len() {
            if !self.instances[index].instance.has_begun() && chosen(self, index) {
                self.step_alone(now, index, Input::Begin(begin), Group::Ready, commands);
            }
        }
    }

    /// Why instances will begin in FAULT, in the original's words, which differ for interfaces.
    fn tell_causes(&self, now: Instant, commands: &mut Vec<Command>) {
        for (index, member) in self.instances.iter().enumerate() {
            for cause in &self.standing(index).causes {
                let name = &member.instance.config().name;
                let colon = match cause {
                    FaultCause::InterfaceDown(_)
                    | FaultCause::InterfaceGone(_)
                    | FaultCause::TrackedInterface(_) => ":",
                    FaultCause::NoAddress(_)
                    | FaultCause::Script(_)
                    | FaultCause::File(_)
                    | FaultCause::Process(_)
                    | FaultCause::Bfd(_)
                    | FaultCause::NoPeer
                    | FaultCause::Group(_) => "",
                };
                let text = format!("({name}){colon} entering FAULT state ({cause})");
                Out::new(now, commands).log(Level::Info, text);
            }
        }
    }

    pub(super) fn startup_over(&mut self, now: Instant, commands: &mut Vec<Command>) {
        self.deadlines.put(Who::Startup, None);
        for index in 0..self.instances.len() {
            self.step_alone(now, index, Input::Listen, Group::Ready, commands);
        }
    }

    /// At the start a group speaks before its members, unless it has to wait for them.
    fn tell_groups_first(&mut self, resumes: &[bool], commands: &mut Vec<Command>) {
        for group in 0..self.groups.len() {
            let members = &self.groups[group].members;
            let faulty =
                members.iter().any(|&index| !self.instances[index].instance.fault_causes().is_empty());
            let waits = members.iter().any(|&index| resumes[index] || self.standing(index).pending);
            if !members.is_empty() && (faulty || !waits) {
                let state = if faulty { State::Fault } else { State::Backup };
                self.tell_group(group, state, commands);
            }
        }
    }

    /// The addresses of a master that died less than an interval ago are still where they belong; in a sync group
    /// that must hold for all.
    fn may_resume(&self, index: usize, as_: &[(InstanceId, StartAs)]) -> bool {
        let may = |index: usize| {
            let instance = &self.instances[index].instance;
            let silent = as_.iter().find_map(|(id, as_)| match as_ {
                StartAs::ResumeMaster { silent_for } if *id == instance.id() => Some(*silent_for),
                StartAs::ResumeMaster { .. } | StartAs::Fresh => None,
            });
            silent.is_some_and(|silent| silent < instance.config().advert_interval)
                && self.standing(index).causes.is_empty()
        };
        match self.instances[index].group {
            None => may(index),
            Some(group) => self.groups[group].members.iter().all(|&member| may(member)),
        }
    }

    /// Everybody leaves; then everybody says STOP, groups last.
    pub(super) fn stop(&mut self, now: Instant, commands: &mut Vec<Command>) {
        if self.life == Life::Stopped {
            return;
        }
        for index in 0..self.instances.len() {
            self.step_alone(now, index, Input::Leave(Reason::Stop), Group::Ready, commands);
        }
        for member in &self.instances {
            member.instance.notify(NotifyState::Stop, &mut Out::new(now, commands));
        }
        for group in 0..self.groups.len() {
            self.notify_group(group, NotifyState::Stop, commands);
        }
        for index in 0..self.scripts.len() {
            self.scripts[index].stop(commands);
            self.deadlines.put(Who::Script(index), None);
        }
        self.deadlines.put(Who::Startup, None);
        self.life = Life::Stopped;
        commands.push(Command::Stopped);
    }
}
