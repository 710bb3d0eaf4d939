//! A new configuration takes over: what is equal keeps its state, the rest is brought about by commands.

use std::collections::{HashMap, HashSet};

use common_base::time::Instant;
use keepalived_wire::advert::Family;

use super::{Ids, Life, Member, Router};
use crate::{
    command::{Command, NotifyState},
    config::{InstanceConfig, RouterConfig},
    deadlines::{Deadlines, Who},
    garp_queue::GarpQueue,
    ids::{BfdId, FileId, GroupId, InstanceId, Name, ProcessId, ScriptId},
    instance::{Begin, Group, Input, Instance},
    out::Out,
    process::ProcessMachine,
    script::ScriptMachine,
    state::{Reason, State},
};

/// What makes two instances the same; the name does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    vrid: u8,
    family: Family,
    interface: Name,
    unicast: bool,
}

impl Key {
    fn of(config: &InstanceConfig) -> Self {
        Self {
            vrid: config.vrid,
            family: config.family,
            interface: config.base_interface.clone(),
            unicast: config.unicast,
        }
    }
}

impl Router {
    /// Takes over a new configuration. Instances match by VRID, family, interface and unicast or multicast, not by
    /// name; what matches keeps its number, state and counters, and commands bring the difference about. Things that
    /// vanish are commanded away under their old numbers; read `ids` afterwards. An unchanged configuration costs
    /// one advert of each master and nothing else.
    pub fn reload(&mut self, now: Instant, mut config: RouterConfig, out: &mut Vec<Command>) {
        let mut commands = Vec::new();
        if self.life == Life::Running {
            // the peers must not miss an advert while files are read
            for member in self.instances.iter_mut().filter(|m| m.instance.state() == State::Master) {
                member.instance.advertise_out_of_turn(&mut Out::new(now, &mut commands));
            }
        }
        let startup = self.deadlines.at(Who::Startup);
        self.deadlines = Deadlines::default();
        self.deadlines.put(Who::Startup, startup);
        let old = std::mem::take(&mut self.ids);
        let wanted = std::mem::take(&mut config.instances);
        let old_config = std::mem::replace(&mut self.config, config);
        let states = self.groups.iter().map(|group| (group.id, group.state)).collect();
        self.ids = self.new_ids(&old, &old_config, &wanted);
        self.adopt_trackers(now, &old, &mut commands);
        let instances = self.adopt_instances(now, wanted, &mut commands);
        self.assemble(instances, &states);
        // groups may be new, or have other members
        self.moved_groups = (0..self.groups.len()).collect();
        self.links.configure(&self.config.debounce);
        let garp = std::mem::take(&mut self.garp);
        self.garp = GarpQueue::new(&self.config, garp);
        let everything: Vec<usize> = (0..self.instances.len()).collect();
        self.reassess(now, &everything, &mut commands);
        for index in everything {
            if self.life == Life::Running && !self.instances[index].instance.has_begun() {
                if startup.is_some() {
                    self.instances[index].instance.deafen();
                }
                self.step_alone(now, index, Input::Begin(Begin::Fresh), Group::Ready, &mut commands);
            }
            self.note_deadline(index);
        }
        self.deadlines.put(Who::Garp, self.garp.next());
        self.finish(now, &mut commands, out);
    }

    fn fresh(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        id
    }

    /// Old numbers for what stays, fresh ones for the rest.
    fn new_ids(&mut self, old: &Ids, old_config: &RouterConfig, wanted: &[InstanceConfig]) -> Ids {
        let config = self.config.clone();
        // Of equal ones the first is taken first.
        let mut known: HashMap<Key, Vec<InstanceId>> = HashMap::new();
        for member in self.instances.iter().rev() {
            known.entry(Key::of(member.instance.config())).or_default().push(member.instance.id());
        }
        let instances = wanted
            .iter()
            .map(|new| match known.get_mut(&Key::of(new)).and_then(Vec::pop) {
                Some(id) => id,
                None => InstanceId(self.fresh()),
            })
            .collect();
        macro_rules! by_name {
            ($field:ident, $id:ident) => {
                config
                    .$field
                    .iter()
                    .map(|new| {
                        let at = old_config.$field.iter().position(|known| known.name == new.name);
                        at.map_or_else(|| $id(self.fresh()), |at| old.$field[at])
                    })
                    .collect()
            };
        }
        Ids {
            instances,
            groups: by_name!(groups, GroupId),
            scripts: by_name!(scripts, ScriptId),
            files: by_name!(files, FileId),
            processes: by_name!(processes, ProcessId),
            bfds: by_name!(bfds, BfdId),
        }
    }

    /// Trackers of the same name keep what they know; a script that runs something else starts afresh.
    fn adopt_trackers(&mut self, now: Instant, old: &Ids, commands: &mut Vec<Command>) {
        let mut scripts: HashMap<ScriptId, ScriptMachine> =
            std::mem::take(&mut self.scripts).into_iter().map(|script| (script.id(), script)).collect();
        for (id, config) in self.ids.scripts.iter().zip(&self.config.scripts) {
            let same = scripts.remove(id).map(|known| {
                let same =
                    known.config().command == config.command && known.config().disabled == config.disabled;
                (known, same)
            });
            let machine = match same {
                Some((mut known, true)) => {
                    known.adopt(config.clone(), commands);
                    known
                }
                Some((mut known, false)) => {
                    known.stop(commands);
                    ScriptMachine::new(*id, config.clone())
                }
                None => ScriptMachine::new(*id, config.clone()),
            };
            self.scripts.push(machine);
        }
        let mut vanished: Vec<ScriptMachine> = scripts.into_values().collect();
        vanished.sort_by_key(ScriptMachine::id);
        for script in &mut vanished {
            script.stop(commands);
        }
        let started = self.life == Life::Running;
        for (index, script) in self.scripts.iter_mut().enumerate() {
            if started {
                script.start(now, commands);
            }
            self.deadlines.put(Who::Script(index), script.next_deadline());
        }

        let mut processes: HashMap<ProcessId, ProcessMachine> =
            std::mem::take(&mut self.processes).into_iter().map(|process| (process.id(), process)).collect();
        for (index, (id, config)) in self.ids.processes.iter().zip(&self.config.processes).enumerate() {
            let mut machine =
                processes.remove(id).unwrap_or_else(|| ProcessMachine::new(*id, config.clone()));
            machine.adopt(config.clone(), commands);
            if started {
                machine.start();
            }
            self.deadlines.put(Who::Process(index), machine.next_deadline());
            self.processes.push(machine);
        }
        let files: HashMap<FileId, i64> = old.files.iter().copied().zip(self.files.drain(..)).collect();
        self.files = self.ids.files.iter().map(|id| files.get(id).copied().unwrap_or(0)).collect();
        let bfds: HashMap<BfdId, bool> = old.bfds.iter().copied().zip(self.bfds.drain(..)).collect();
        self.bfds = self.ids.bfds.iter().map(|id| bfds.get(id).copied().unwrap_or(false)).collect();
    }

    /// Instances that stay take their new configuration over, those that vanish leave, new ones are made.
    fn adopt_instances(
        &mut self,
        now: Instant,
        wanted: Vec<InstanceConfig>,
        commands: &mut Vec<Command>,
    ) -> Vec<(Instance, bool)> {
        let staying: HashSet<InstanceId> = self.ids.instances.iter().copied().collect();
        let (stay, vanish): (Vec<Member>, Vec<Member>) = std::mem::take(&mut self.instances)
            .into_iter()
            .partition(|member| staying.contains(&member.instance.id()));
        for mut member in vanish {
            let deleted = member.instance.config().notify_deleted;
            let word = if deleted { NotifyState::Deleted } else { NotifyState::Fault };
            // FAULT is no news to those who were told it
            let news = member.instance.has_begun() && (deleted || member.instance.state() != State::Fault);
            let mut out = Out::new(now, commands);
            member.instance.handle(Input::Leave(Reason::Deleted), Group::Ready, &mut out);
            if news {
                member.instance.notify(word, &mut out);
            }
        }
        let mut known: HashMap<InstanceId, Member> =
            stay.into_iter().map(|member| (member.instance.id(), member)).collect();
        let ids = self.ids.instances.iter();
        ids.zip(wanted)
            .map(|(id, config)| match known.remove(id) {
                Some(mut member) => {
                    member.instance.adopt(config, &mut Out::new(now, commands));
                    (member.instance, member.source_lost)
                }
                None => (Instance::new(*id, config), false),
            })
            .collect()
    }
}
