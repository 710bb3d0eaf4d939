//! The first and the last minute of a process.

use common_base::time::Instant;

use super::{Life, Router};
use crate::{
    command::{Command, Level, NotifyState},
    deadlines::Who,
    event::StartAs,
    ids::InstanceId,
    instance::{Begin, Group, Input},
    out::Out,
    state::{Reason, State},
};

impl Router {
    /// Removes what a dead process left, starts the check scripts, and lets the instances begin: those that go on
    /// as master at once, all others after `vrrp_startup_delay`.
    pub(super) fn start(&mut self, now: Instant, as_: &[(InstanceId, StartAs)], commands: &mut Vec<Command>) {
        if self.life != Life::Idle {
            return;
        }
        let resumes: Vec<bool> = (0..self.instances.len()).map(|index| self.may_resume(index, as_)).collect();
        self.tell_causes(now, commands);
        for (member, _) in self.instances.iter_mut().zip(&resumes).filter(|(_, resumes)| !**resumes) {
            member.instance.remove_objects(&mut Out::new(now, commands));
        }
        let everything: Vec<usize> = (0..self.instances.len()).collect();
        self.reassess(now, &everything, commands);
        for process in &mut self.processes {
            process.start();
        }
        for index in 0..self.scripts.len() {
            self.scripts[index].start(now, commands);
            self.deadlines.put(Who::Script(index), self.scripts[index].next_deadline());
        }
        for index in (0..resumes.len()).filter(|&index| resumes[index]) {
            self.step_alone(now, index, Input::Begin(Begin::Resume), Group::Ready, commands);
        }
        let delay = self.config.startup_delay;
        if delay.is_zero() || resumes.iter().any(|resumed| *resumed) {
            self.startup_over(now, commands);
        } else {
            self.life = Life::Delayed;
            let text = format!("Delaying startup for {} seconds", delay.as_secs_f64());
            Out::new(now, commands).log(Level::Info, text);
            self.deadlines.put(Who::Startup, Some(now + delay));
        }
    }

    fn tell_causes(&self, now: Instant, commands: &mut Vec<Command>) {
        for (index, member) in self.instances.iter().enumerate() {
            for cause in &self.standing(index).causes {
                let text = format!("entering FAULT state ({cause})");
                Out::new(now, commands).info(&member.instance.config().name, &text);
            }
        }
    }

    pub(super) fn startup_over(&mut self, now: Instant, commands: &mut Vec<Command>) {
        self.deadlines.put(Who::Startup, None);
        if !matches!(self.life, Life::Idle | Life::Delayed) {
            return;
        }
        self.life = Life::Running;
        self.tell_groups_first(commands);
        let waiting: Vec<usize> =
            (0..self.instances.len()).filter(|&index| !self.instances[index].instance.has_begun()).collect();
        for index in waiting {
            self.step_alone(now, index, Input::Begin(Begin::Fresh), Group::Ready, commands);
        }
    }

    /// At the start a group speaks before its members.
    fn tell_groups_first(&mut self, commands: &mut Vec<Command>) {
        for group in 0..self.groups.len() {
            let members = &self.groups[group].members;
            let unbegun = members.iter().all(|&index| !self.instances[index].instance.has_begun());
            let faulty =
                members.iter().any(|&index| !self.instances[index].instance.fault_causes().is_empty());
            let pending = members.iter().any(|&index| self.standing(index).pending);
            if !members.is_empty() && unbegun && (faulty || !pending) {
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
