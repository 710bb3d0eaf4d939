//! All instances, groups and trackers of one process behind one door.

mod groups;
mod reload;
mod start;
mod view;
mod world;

use std::collections::HashMap;
use std::rc::Rc;

use common_base::time::{Instant, Micros};

use crate::{
    command::{Command, Level},
    config::{GroupConfig, RouterConfig},
    deadlines::{Deadlines, Who},
    debounce::Links,
    event::{Event, Link, Maintenance},
    garp_queue::GarpQueue,
    ids::{BfdId, FileId, GroupId, InstanceId, Name, ProcessId, ScriptId},
    instance::{Group, Input, Instance, Standing},
    out::{Moved, Out},
    process::ProcessMachine,
    script::ScriptMachine,
    state::{FaultCause, State},
    timers::Timer,
    tracking::{Watch, group_of},
};

/// The machines of one process.
#[derive(Debug)]
pub struct Router {
    /// Without its instances: each has its own configuration.
    config: RouterConfig,
    ids: Ids,
    instances: Vec<Member>,
    by_id: HashMap<InstanceId, usize>,
    groups: Vec<SyncGroup>,
    scripts: Vec<ScriptMachine>,
    processes: Vec<ProcessMachine>,
    files: Vec<i64>,
    bfds: Vec<bool>,
    links: Links,
    garp: GarpQueue,
    deadlines: Deadlines,
    life: Life,
    next_id: u32,
    /// Groups with a member that changed its state, since they were last asked.
    moved_groups: Vec<usize>,
}

/// The number of every configured thing, in the configuration's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Of `RouterConfig::instances`.
    pub instances: Vec<InstanceId>,
    /// Of `RouterConfig::groups`.
    pub groups: Vec<GroupId>,
    /// Of `RouterConfig::scripts`.
    pub scripts: Vec<ScriptId>,
    /// Of `RouterConfig::files`.
    pub files: Vec<FileId>,
    /// Of `RouterConfig::processes`.
    pub processes: Vec<ProcessId>,
    /// Of `RouterConfig::bfds`.
    pub bfds: Vec<BfdId>,
}

/// An instance with what the router knows of it.
#[derive(Debug)]
struct Member {
    instance: Instance,
    /// Shared by all that track nothing.
    watch: Rc<Watch>,
    group: Option<usize>,
    /// Its interface has no usable address (any more).
    source_lost: bool,
}

/// A sync group.
#[derive(Debug)]
struct SyncGroup {
    id: GroupId,
    config: GroupConfig,
    members: Vec<usize>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// Before `Start`.
    Idle,
    Running,
    Stopped,
}

impl Router {
    /// A router at rest; `Event::Start` sets it going. Numbers are the positions in the configuration.
    #[must_use]
    pub fn new(mut config: RouterConfig) -> Self {
        let range = |n: usize| 0..u32::try_from(n).unwrap_or(u32::MAX);
        let ids = Ids {
            instances: range(config.instances.len()).map(InstanceId).collect(),
            groups: range(config.groups.len()).map(GroupId).collect(),
            scripts: range(config.scripts.len()).map(ScriptId).collect(),
            files: range(config.files.len()).map(FileId).collect(),
            processes: range(config.processes.len()).map(ProcessId).collect(),
            bfds: range(config.bfds.len()).map(BfdId).collect(),
        };
        let most = [
            config.instances.len(),
            config.groups.len(),
            config.scripts.len(),
            config.files.len(),
            config.processes.len(),
            config.bfds.len(),
        ];
        let mut links = Links::default();
        links.configure(&config.debounce);
        let instances = ids.instances.iter().zip(std::mem::take(&mut config.instances));
        let instances = instances.map(|(id, config)| (Instance::new(*id, config), false)).collect();
        let mut router = Self {
            instances: Vec::new(),
            by_id: HashMap::new(),
            groups: Vec::new(),
            scripts: ids
                .scripts
                .iter()
                .zip(&config.scripts)
                .map(|(id, c)| ScriptMachine::new(*id, c.clone()))
                .collect(),
            processes: ids
                .processes
                .iter()
                .zip(&config.processes)
                .map(|(id, c)| ProcessMachine::new(*id, c.clone()))
                .collect(),
            files: vec![0; config.files.len()],
            bfds: vec![false; config.bfds.len()],
            links,
            garp: GarpQueue::new(&config, GarpQueue::default()),
            deadlines: Deadlines::default(),
            life: Life::Idle,
            moved_groups: Vec::new(),
            next_id: range(most.into_iter().max().unwrap_or_default()).end,
            config,
            ids,
        };
        router.assemble(instances, &HashMap::new());
        router
    }

    /// Takes one event and appends what is to be done.
    pub fn handle(&mut self, now: Instant, event: Event, out: &mut Vec<Command>) {
        let mut commands = Vec::new();
        self.dispatch(now, event, &mut commands);
        self.finish(now, &mut commands, out);
    }

    /// Lets everything happen that is due at `now`. Calling it early or twice is harmless.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Command>) {
        while self.handle_next(now, out) {}
    }

    /// Lets the one thing happen that is due first; `false` if nothing is due at `now`.
    pub fn handle_next(&mut self, now: Instant, out: &mut Vec<Command>) -> bool {
        let Some((_, who)) = self.deadlines.next().filter(|(at, _)| *at <= now) else { return false };
        let mut commands = Vec::new();
        if who == Who::Garp {
            self.garp.run(now, &mut commands);
            self.deadlines.put(Who::Garp, self.garp.next());
            self.deliver(&mut commands, out);
        } else {
            self.wake(now, who, &mut commands);
            self.finish(now, &mut commands, out);
        }
        true
    }

    /// When `handle_timeout` is wanted next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next().map(|(at, _)| at)
    }

    fn dispatch(&mut self, now: Instant, event: Event, commands: &mut Vec<Command>) {
        match event {
            Event::Start => self.start(now, &[], commands),
            Event::StartAs(as_) => self.start(now, &as_, commands),
            Event::Stop => self.stop(now, commands),
            Event::Advert { instance, advert } => self.feed(now, instance, Input::Advert(advert), commands),
            Event::Rejected { instance, rejected } => {
                self.feed(now, instance, Input::Rejected(rejected), commands);
            }
            Event::Lost { instance, what } => self.feed(now, instance, Input::Lost(what), commands),
            Event::SendGarp { instance } => self.feed(now, instance, Input::SendGarp, commands),
            Event::Link { interface, link } => self.link(now, &interface, link, commands),
            Event::Source { instance, address } => {
                if let Some(&index) = self.by_id.get(&instance) {
                    let member = &mut self.instances[index];
                    member.instance.set_source(address);
                    member.source_lost = address.is_none();
                    self.reassess(now, &[index], commands);
                }
            }
            Event::ScriptEnded { script, outcome } => {
                if let Some(index) = self.ids.scripts.iter().position(|id| *id == script) {
                    let changed = self.scripts[index].ended(outcome, commands);
                    self.script_moved(now, index, changed, commands);
                }
            }
            Event::FileValue { file, value } => {
                if let Some(index) = self.ids.files.iter().position(|id| *id == file) {
                    self.files[index] = value;
                    let name = self.config.files[index].name.clone();
                    self.reassess_watchers(now, commands, |watch| watch.files.iter().any(|t| t.name == name));
                }
            }
            Event::ProcessCount { process, count } => {
                if let Some(index) = self.ids.processes.iter().position(|id| *id == process) {
                    let changed = self.processes[index].counted(now, count, commands);
                    self.process_moved(now, index, changed, commands);
                }
            }
            Event::Bfd { bfd, up } => {
                if let Some(index) = self.ids.bfds.iter().position(|id| *id == bfd) {
                    self.bfd_moved(now, index, up, commands);
                }
            }
            Event::Maintenance { instance, mode } => self.maintain(now, instance, mode, commands),
        }
    }

    fn wake(&mut self, now: Instant, who: Who, commands: &mut Vec<Command>) {
        match who {
            Who::Startup => self.startup_over(now, commands),
            Who::Links => {
                for interface in self.links.settle(now) {
                    self.link_moved(now, &interface, commands);
                }
            }
            Who::Process(index) => {
                let changed = self.processes[index].handle_timeout(now, commands);
                self.process_moved(now, index, changed, commands);
            }
            Who::Script(index) => {
                let changed = self.scripts[index].handle_timeout(now, commands);
                self.script_moved(now, index, changed, commands);
            }
            Who::Instance(index) => {
                if let Some((timer, due)) = self.instances[index].instance.timers_mut().pop(now) {
                    self.step(now, index, Input::Timer(timer, due), commands);
                } else {
                    self.note_deadline(index);
                }
            }
            // its turn comes after all others, and its packets are not to be queued again
            Who::Garp => {}
        }
    }

    /// What every event ends with: groups that moved say so, and gratuitous packets take their turn.
    fn finish(&mut self, now: Instant, commands: &mut Vec<Command>, out: &mut Vec<Command>) {
        self.tell_groups(commands);
        let gratuitous =
            |c: &Command| matches!(c, Command::SendGarp { .. } | Command::RemoveAddresses { .. });
        if commands.iter().any(gratuitous) {
            let mut passed = Vec::with_capacity(commands.len());
            self.garp.pass(now, commands, &mut passed);
            self.deadlines.put(Who::Garp, self.garp.next());
            *commands = passed;
        }
        self.deliver(commands, out);
        self.deadlines.put(Who::Links, self.links.next());
    }

    fn deliver(&self, commands: &mut Vec<Command>, out: &mut Vec<Command>) {
        let wanted = |c: &Command| self.config.log_detail || !matches!(c, Command::Log(log) if log.detail);
        out.extend(commands.drain(..).filter(wanted));
    }

    fn feed(&mut self, now: Instant, instance: InstanceId, input: Input, commands: &mut Vec<Command>) {
        if let Some(&index) = self.by_id.get(&instance) {
            self.step(now, index, input, commands);
        }
    }

    /// One input to one instance, and what its group makes of it.
    fn step(&mut self, now: Instant, index: usize, input: Input, commands: &mut Vec<Command>) {
        // nothing else asks for it
        let asked = matches!(input, Input::Timer(Timer::MasterDown, _));
        let readiness = if asked { self.readiness(index) } else { Group::Ready };
        let (moved, rival) = self.step_alone(now, index, input, readiness, commands);
        if let Some(moved) = moved {
            self.follow(now, index, moved, commands);
        }
        if rival {
            self.spread_rival(now, index, commands);
        }
    }

    fn step_alone(
        &mut self,
        now: Instant,
        index: usize,
        input: Input,
        readiness: Group,
        commands: &mut Vec<Command>,
    ) -> (Option<Moved>, bool) {
        let mut out = Out::new(now, commands);
        let member = &mut self.instances[index];
        let before = member.instance.state();
        member.instance.handle(input, readiness, &mut out);
        let told = (out.moved, out.rival_seen);
        if let Some(group) = member.group.filter(|_| member.instance.state() != before) {
            self.moved_groups.push(group);
        }
        self.note_deadline(index);
        told
    }

    fn note_deadline(&mut self, index: usize) {
        let at = self.instances[index].instance.next_deadline();
        self.deadlines.put(Who::Instance(index), at);
    }

    fn link(&mut self, now: Instant, interface: &Name, link: Link, commands: &mut Vec<Command>) {
        let limit = match self.life {
            Life::Idle => Some(Micros::ZERO),
            Life::Running | Life::Stopped => self.debounce_limit(interface),
        };
        if self.links.report(interface, link, now, limit) {
            self.link_moved(now, interface, commands);
        }
    }

    /// A delay must end before a backup that hears nothing would lead: one interval before the master-down time.
    fn debounce_limit(&self, interface: &Name) -> Option<Micros> {
        self.instances
            .iter()
            .filter(|member| member.watch.minds_interface(member.instance.config(), interface))
            .map(|member| {
                let adverts = member.instance.config().down_timer_adverts;
                member.instance.master_interval().times(u64::from(adverts.saturating_sub(1)))
            })
            .min()
    }

    fn link_moved(&mut self, now: Instant, interface: &Name, commands: &mut Vec<Command>) {
        let affected: Vec<usize> = (0..self.instances.len())
            .filter(|&index| {
                let member = &self.instances[index];
                member.watch.minds_interface(member.instance.config(), interface)
            })
            .collect();
        let news = self.links.news(interface);
        if let Some(up) = news.filter(|_| self.life != Life::Idle && !affected.is_empty()) {
            let word = if up { "up" } else { "down" };
            Out::new(now, commands).log(Level::Info, format!("Netlink reports {interface} {word}"));
        }
        self.reassess(now, &affected, commands);
    }

    fn script_moved(&mut self, now: Instant, index: usize, changed: bool, commands: &mut Vec<Command>) {
        self.deadlines.put(Who::Script(index), self.scripts[index].next_deadline());
        if changed {
            let name = self.config.scripts[index].name.clone();
            self.reassess_watchers(now, commands, |watch| watch.scripts.iter().any(|t| t.name == name));
        }
    }

    fn process_moved(&mut self, now: Instant, index: usize, changed: bool, commands: &mut Vec<Command>) {
        self.deadlines.put(Who::Process(index), self.processes[index].next_deadline());
        if changed {
            let name = self.config.processes[index].name.clone();
            self.reassess_watchers(now, commands, |watch| watch.processes.iter().any(|t| t.name == name));
        }
    }

    fn bfd_moved(&mut self, now: Instant, index: usize, up: bool, commands: &mut Vec<Command>) {
        if std::mem::replace(&mut self.bfds[index], up) == up {
            return;
        }
        let name = self.config.bfds[index].name.clone();
        let word = if up { "UP" } else { "DOWN" };
        for member in &self.instances {
            if member.watch.bfds.iter().any(|track| track.name == name) {
                let text = format!(
                    "VRRP_Instance({}) Tracked BFD instance {name} is {word}",
                    member.instance.config().name
                );
                Out::new(now, commands).log(Level::Info, text);
            }
        }
        self.reassess_watchers(now, commands, |watch| watch.bfds.iter().any(|t| t.name == name));
    }

    fn reassess_watchers(
        &mut self,
        now: Instant,
        commands: &mut Vec<Command>,
        minds: impl Fn(&Watch) -> bool,
    ) {
        let affected: Vec<usize> =
            (0..self.instances.len()).filter(|&index| minds(&self.instances[index].watch)).collect();
        self.reassess(now, &affected, commands);
    }

    /// Computes anew where these instances stand, and their groups with them.
    fn reassess(&mut self, now: Instant, affected: &[usize], commands: &mut Vec<Command>) {
        let mut done = vec![false; self.groups.len()];
        for &index in affected {
            match self.instances[index].group {
                None => {
                    let standing = self.standing(index);
                    self.step(now, index, Input::Standing(standing), commands);
                }
                Some(group) => {
                    if !std::mem::replace(&mut done[group], true) {
                        self.reassess_group(now, group, commands);
                        self.tell_groups(commands);
                    }
                }
            }
        }
    }

    /// Where an instance stands by itself.
    fn standing(&self, index: usize) -> Standing {
        let member = &self.instances[index];
        let mut standing = member.watch.standing(member.instance.config(), self);
        if member.source_lost {
            standing.causes.insert(FaultCause::NoAddress(member.instance.config().family));
        }
        standing
    }

    fn maintain(
        &mut self,
        now: Instant,
        instance: Option<InstanceId>,
        mode: Maintenance,
        commands: &mut Vec<Command>,
    ) {
        let chosen: Vec<usize> = match instance {
            None => (0..self.instances.len()).collect(),
            Some(id) => match self.by_id.get(&id) {
                None => Vec::new(),
                Some(&index) => match self.instances[index].group {
                    None => vec![index],
                    Some(group) => self.groups[group].members.clone(),
                },
            },
        };
        for index in chosen {
            // every member is told by itself, so the group has nothing to follow
            self.step_alone(now, index, Input::Hold(mode), Group::Ready, commands);
        }
    }

    /// Puts instances, groups and trackers together. `states` are groups known from before.
    fn assemble(&mut self, instances: Vec<(Instance, bool)>, states: &HashMap<GroupId, State>) {
        self.groups = self
            .ids
            .groups
            .iter()
            .zip(&self.config.groups)
            .map(|(id, config)| SyncGroup {
                id: *id,
                members: (0..instances.len())
                    .filter(|&index| config.members.contains(&instances[index].0.config().name))
                    .collect(),
                config: config.clone(),
                state: states.get(id).copied().unwrap_or(State::Init),
            })
            .collect();
        self.by_id = self.ids.instances.iter().enumerate().map(|(index, id)| (*id, index)).collect();
        let nothing = Rc::new(Watch::default());
        self.instances = instances
            .into_iter()
            .enumerate()
            .map(|(index, (instance, source_lost))| {
                let group = group_of(&self.config, &instance.config().name);
                let watch = Watch::new(instance.config(), group);
                Member {
                    watch: if watch == *nothing { Rc::clone(&nothing) } else { Rc::new(watch) },
                    group: self.groups.iter().position(|group| group.members.contains(&index)),
                    source_lost,
                    instance,
                }
            })
            .collect();
    }
}

#[cfg(test)]
mod tests;
