//! The network, what goes wrong in it, and what must hold all the same.

use std::{cmp::Reverse, collections::BinaryHeap, fmt::Write as _, net::IpAddr};

use common_base::time::{Instant, Micros};
use keepalived_vrrp::{
    command::{Command, Log},
    config::{GroupConfig, InstanceConfig, RouterConfig, Track, Vip},
    event::{Event, Link, Lost, Maintenance, StartAs},
    ids::{FileId, InstanceId},
    state::State,
};
use keepalived_wire::advert::{Advert, Family, Version};

use super::{node::Node, rng::Rng};

/// Length of a run, in intervals: some seconds to some days.
const INTERVALS: u64 = 3_000;
/// What arithmetic in microseconds may lose.
const ROUNDING: Micros = Micros(10);

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    /// A packet arrives.
    Packet { to: usize, index: usize, slot: usize },
    /// A router wants to be woken.
    Alarm { node: usize },
    /// Something goes wrong, or right again.
    Trouble,
    /// A paused process goes on.
    Resume { node: usize },
    /// A stopped process is started.
    Boot { node: usize },
    /// An interface comes back.
    LinkUp { node: usize },
}

pub struct World {
    rng: Rng,
    now: Instant,
    end: Instant,
    calm_from: Instant,
    nodes: Vec<Node>,
    /// Which part of the network each node is in.
    part: Vec<u8>,
    loss_percent: u64,
    delay_max: Micros,
    interval: Micros,
    coming: BinaryHeap<Reverse<(Instant, u64, Coming)>>,
    sequence: u64,
    /// Packets under way; free slots are reused.
    packets: Vec<Option<Advert>>,
    free: Vec<usize>,
    /// When the last packet from one node to another arrives: a network does not overtake itself.
    last_arrival: Vec<Vec<Instant>>,
    /// Since when there have been two masters, by virtual router, and adverts lost since.
    dual: Vec<Option<(Instant, u64)>>,
    preempts: bool,
    steps: u64,
    trace: Option<Vec<String>>,
    shape: String,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let count = rng.between(2, 5) as usize;
        let version = rng.pick(&[Version::V2, Version::V3]);
        let interval = match version {
            Version::V2 => Micros::from_secs(rng.between(1, 5)),
            Version::V3 => Micros::from_centis(rng.pick(&[10, 20, 50, 100, 300, 1_000])),
        };
        let delay_max = Micros(rng.between(20, interval.0 / 20));
        let grouped = rng.chance(25);
        let preempts = rng.chance(70);
        let owner = rng.chance(15);
        let mut shape = format!(
            "{count} routers, {version:?}, interval {interval}, delay {delay_max}, grouped {grouped}, preempts {preempts}\n"
        );
        let nodes: Vec<Node> = (0..count)
            .map(|n| {
                let priority = match (owner && n == 0, rng.chance(30)) {
                    (true, _) => 255,
                    (false, true) => 100,
                    (false, false) => rng.between(1, 254) as u8,
                };
                let mut config = instance(n, version, interval, priority);
                config.preempt = preempts || priority == 255;
                if preempts && rng.chance(20) && priority != 255 {
                    config.preempt_delay = interval.times(rng.between(1, 10));
                }
                config.higher_prio_send_advert = rng.chance(20);
                config.lower_prio_no_advert = rng.chance(20);
                if rng.chance(30) {
                    config.timer_expired_backup = interval;
                }
                if version == Version::V3 && rng.chance(20) {
                    config.advert_interval = interval.times(rng.between(1, 3));
                }
                writeln!(shape, "  node {n}: {config:?}").expect("a string takes all");
                let mut instances = vec![config.clone()];
                let mut groups = Vec::new();
                if grouped {
                    config.name = "VI_1".into();
                    config.vrid = 2;
                    instances.push(config);
                    groups.push(group());
                }
                let address = IpAddr::from([192, 0, 2, 10 + n as u8]);
                Node::new(RouterConfig { instances, groups, ..RouterConfig::default() }, address)
            })
            .collect();
        let virtuals = nodes[0].config.instances.len();
        let end = Instant(interval.0 * INTERVALS);
        let mut world = Self {
            rng,
            now: Instant(0),
            end,
            calm_from: end - interval.times(100),
            part: vec![0; count],
            loss_percent: 0,
            delay_max,
            interval,
            coming: BinaryHeap::new(),
            sequence: 0,
            packets: Vec::new(),
            free: Vec::new(),
            last_arrival: vec![vec![Instant(0); count]; count],
            dual: vec![None; virtuals],
            preempts,
            steps: 0,
            trace: None,
            shape,
            nodes,
        };
        for node in 0..count {
            let at = Instant(world.rng.below(interval.0 * 5));
            world.schedule(at, Coming::Boot { node });
        }
        let at = Instant(interval.0 * 20);
        world.schedule(at, Coming::Trouble);
        world
    }

    pub fn trace(&mut self) {
        self.trace = Some(Vec::new());
    }

    pub fn traced(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    pub fn hours(&self) -> f64 {
        self.now.since(Instant(0)).as_secs_f64() / 3_600.0
    }

    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub fn describe(&self) -> &str {
        &self.shape
    }

    pub fn run(&mut self) -> Result<(), String> {
        while let Some(Reverse((at, _, coming))) = self.coming.pop() {
            if at > self.end {
                break;
            }
            self.steps += 1;
            self.now = at;
            self.check_times()?;
            self.happen(coming);
            self.check_state()?;
        }
        self.check_calm()
    }

    fn schedule(&mut self, at: Instant, coming: Coming) {
        self.sequence += 1;
        self.coming.push(Reverse((at, self.sequence, coming)));
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Packet { to, index, slot } => {
                let advert = self.packets[slot].take();
                self.free.push(slot);
                if let Some(advert) = advert {
                    self.arrive(to, index, advert);
                }
            }
            Coming::Alarm { node } => {
                if self.nodes[node].alarm == Some(self.now)
                    && self.nodes[node].alive
                    && !self.nodes[node].paused
                {
                    self.nodes[node].alarm = None;
                    self.act(node, None);
                }
            }
            Coming::Trouble => self.trouble(),
            Coming::Resume { node } => self.resume(node),
            Coming::Boot { node } => self.boot(node, None),
            Coming::LinkUp { node } => self.link(node, Link::Up),
        }
    }

    fn arrive(&mut self, to: usize, index: usize, advert: Advert) {
        let node = &mut self.nodes[to];
        if !node.alive || !node.link_up {
            return;
        }
        if node.paused {
            // a socket's buffer holds so many
            if node.inbox.len() < 200 {
                node.inbox.push((index, advert));
            }
            return;
        }
        if self.trace.is_some() {
            let text = format!("node {to} hears {} from {} on {index}", advert.priority, advert.source);
            self.say(text);
        }
        self.act(to, Some(Event::Advert { instance: InstanceId(index as u32), advert }));
    }

    /// Lets a router act: on an event, or on its alarm.
    fn act(&mut self, node: usize, event: Option<Event>) {
        let now = self.now;
        let commands: Vec<Command> = match event {
            Some(event) => self.nodes[node].handle(now, event),
            None => self.nodes[node].wake(now),
        }
        .to_vec();
        for command in commands {
            match command {
                Command::SendAdvert { instance, priority, interval } => {
                    self.broadcast(node, instance.0 as usize, priority, interval);
                }
                Command::Log(Log { text, .. }) if self.trace.is_some() => {
                    self.say(format!("node {node}: {text}"));
                }
                _ => {}
            }
        }
        self.set_alarm(node);
    }

    fn set_alarm(&mut self, node: usize) {
        let ahead = self.nodes[node].ahead;
        let at = self.nodes[node].router.next_deadline().map(|at| (at - ahead).max(self.now));
        if at != self.nodes[node].alarm {
            self.nodes[node].alarm = at;
            if let Some(at) = at {
                self.schedule(at, Coming::Alarm { node });
            }
        }
    }

    fn broadcast(&mut self, from: usize, index: usize, priority: u8, interval: Micros) {
        if self.trace.is_some() {
            self.say(format!("node {from} sends {priority} on {index}"));
        }
        if !self.nodes[from].link_up {
            return;
        }
        for to in 0..self.nodes.len() {
            if to == from || self.part[to] != self.part[from] {
                continue;
            }
            if self.rng.chance(self.loss_percent) {
                if let Some((_, lost)) = &mut self.dual[index] {
                    *lost += 1;
                }
                continue;
            }
            let config = self.nodes[from].instance(index).config();
            let advert = Advert {
                source: self.nodes[from].address,
                version: config.version,
                vrid: config.vrid,
                priority,
                interval,
                addresses: config.addresses.iter().map(|vip| vip.address).collect(),
            };
            let at = self.now + Micros(self.rng.between(10, self.delay_max.0));
            let at = at.max(self.last_arrival[from][to]);
            self.last_arrival[from][to] = at;
            let slot = self.free.pop().unwrap_or_else(|| {
                self.packets.push(None);
                self.packets.len() - 1
            });
            self.packets[slot] = Some(advert);
            self.schedule(at, Coming::Packet { to, index, slot });
        }
    }

    fn trouble(&mut self) {
        if self.now >= self.calm_from {
            self.calm_down();
            return;
        }
        let node = self.rng.below(self.nodes.len() as u64) as usize;
        match self.rng.below(13) {
            0 => self.loss_percent = self.rng.pick(&[0, 0, 1, 5, 20]),
            1 => {
                for n in 0..self.part.len() {
                    self.part[n] = self.rng.below(2) as u8;
                }
                let text = format!("network parts {:?}", self.part);
                self.say(text);
            }
            2 | 3 => {
                self.part.fill(0);
                self.say("network heals".into());
            }
            4 => self.crash(node),
            5 => self.stop(node),
            6 => self.pause(node),
            7 => {
                let jump = Micros(self.rng.below(self.interval.0 * 10));
                self.say(format!("clock of node {node} jumps by {jump}"));
                self.nodes[node].ahead = self.nodes[node].ahead + jump;
                self.set_alarm(node);
            }
            8 => {
                let weight = i64::from(self.rng.below(101) as i32) - 50;
                self.say(format!("weight of node {node} becomes {weight}"));
                self.nodes[node].weight = weight;
                self.event(node, Event::FileValue { file: FileId(0), value: weight });
            }
            9 => {
                self.link(node, Link::Down);
                let at = self.now + Micros(self.rng.below(self.interval.0 * 20));
                self.schedule(at, Coming::LinkUp { node });
            }
            10 => {
                self.say(format!("node {node} loses an address"));
                let vip = &self.nodes[node].config.instances[0].addresses[0];
                let what = Lost::Address { address: vip.address, interface: vip.interface.clone() };
                self.event(node, Event::Lost { instance: InstanceId(0), what });
            }
            11 => self.maintain(node, if self.nodes[node].held { Maintenance::Off } else { Maintenance::On }),
            _ => self.crash_and_resume(node),
        }
        self.topology_changed();
        let at = self.now + Micros(self.rng.below(self.interval.0 * 40));
        self.schedule(at, Coming::Trouble);
    }

    fn event(&mut self, node: usize, event: Event) {
        if self.nodes[node].alive && !self.nodes[node].paused {
            self.act(node, Some(event));
        }
    }

    fn calm_down(&mut self) {
        self.say("calm".into());
        self.loss_percent = 0;
        self.part.fill(0);
        for node in 0..self.nodes.len() {
            if self.nodes[node].paused {
                self.resume(node);
            }
            if !self.nodes[node].alive {
                self.boot(node, None);
            }
            if !self.nodes[node].link_up {
                self.link(node, Link::Up);
            }
            if self.nodes[node].held {
                self.maintain(node, Maintenance::Off);
            }
        }
        self.topology_changed();
    }

    fn maintain(&mut self, node: usize, mode: Maintenance) {
        if self.nodes[node].alive && !self.nodes[node].paused {
            self.say(format!("maintenance of node {node}: {mode:?}"));
            self.nodes[node].held = mode == Maintenance::On;
            self.act(node, Some(Event::Maintenance { instance: None, mode }));
        }
    }

    fn boot(&mut self, node: usize, resume: Option<Vec<(InstanceId, StartAs)>>) {
        if self.nodes[node].alive {
            return;
        }
        self.say(format!("node {node} starts"));
        let kept = std::mem::take(&mut self.nodes[node].holds);
        let old = &self.nodes[node];
        let (config, address, link_up, weight, ahead) =
            (old.config.clone(), old.address, old.link_up, old.weight, old.ahead);
        let mut new = Node::new(config, address);
        (new.link_up, new.weight, new.ahead, new.alive, new.holds) = (link_up, weight, ahead, true, kept);
        self.nodes[node] = new;
        for index in 0..self.dual.len() {
            let source = Event::Source { instance: InstanceId(index as u32), address: Some(address) };
            self.act(node, Some(source));
        }
        let link = if link_up { Link::Up } else { Link::Down };
        self.act(node, Some(Event::Link { interface: "eth0".into(), link }));
        self.act(node, Some(Event::FileValue { file: FileId(0), value: weight }));
        self.act(node, Some(resume.map_or(Event::Start, Event::StartAs)));
        self.topology_changed();
    }

    fn crash(&mut self, node: usize) {
        if !self.nodes[node].alive {
            return;
        }
        self.say(format!("node {node} dies"));
        self.nodes[node].alive = false;
        self.nodes[node].paused = false;
        self.nodes[node].alarm = None;
        let at = self.now + Micros(self.rng.below(self.interval.0 * 20));
        self.schedule(at, Coming::Boot { node });
    }

    /// The process dies and its successor is there at once.
    fn crash_and_resume(&mut self, node: usize) {
        if !self.nodes[node].alive || self.nodes[node].paused {
            return;
        }
        let states: Vec<State> = self.nodes[node].router.instances().map(|i| i.state()).collect();
        let silent_for = Micros(self.rng.below(self.interval.0 * 2));
        self.say(format!("node {node} dies and is back at once, silent for {silent_for}"));
        self.nodes[node].alive = false;
        self.nodes[node].alarm = None;
        let resume = states
            .iter()
            .enumerate()
            .filter(|(_, state)| **state == State::Master)
            .map(|(index, _)| (InstanceId(index as u32), StartAs::ResumeMaster { silent_for }))
            .collect();
        // maintenance is an operator's wish to a process; the next one does not know it
        self.boot(node, Some(resume));
    }

    fn stop(&mut self, node: usize) {
        if !self.nodes[node].alive || self.nodes[node].paused {
            return;
        }
        self.say(format!("node {node} stops"));
        self.act(node, Some(Event::Stop));
        self.nodes[node].alive = false;
        self.nodes[node].alarm = None;
        let at = self.now + Micros(self.rng.below(self.interval.0 * 20));
        self.schedule(at, Coming::Boot { node });
    }

    fn pause(&mut self, node: usize) {
        if !self.nodes[node].alive || self.nodes[node].paused {
            return;
        }
        self.say(format!("node {node} stalls"));
        self.nodes[node].paused = true;
        self.nodes[node].alarm = None;
        let at = self.now + Micros(self.rng.below(self.interval.0 * 10));
        self.schedule(at, Coming::Resume { node });
    }

    fn resume(&mut self, node: usize) {
        if !self.nodes[node].paused {
            return;
        }
        self.say(format!("node {node} goes on"));
        self.nodes[node].paused = false;
        let inbox = std::mem::take(&mut self.nodes[node].inbox);
        // packets or timers first: nobody promises either
        let packets_first = self.rng.chance(50);
        if !packets_first {
            self.act(node, None);
        }
        for (index, advert) in inbox {
            self.act(node, Some(Event::Advert { instance: InstanceId(index as u32), advert }));
        }
        self.act(node, None);
        let link = if self.nodes[node].link_up { Link::Up } else { Link::Down };
        self.act(node, Some(Event::Link { interface: "eth0".into(), link }));
        let value = self.nodes[node].weight;
        self.act(node, Some(Event::FileValue { file: FileId(0), value }));
        self.topology_changed();
    }

    fn link(&mut self, node: usize, link: Link) {
        if (link == Link::Up) == self.nodes[node].link_up {
            return;
        }
        self.say(format!("interface of node {node}: {link:?}"));
        self.nodes[node].link_up = link == Link::Up;
        self.event(node, Event::Link { interface: "eth0".into(), link });
        self.topology_changed();
    }

    /// From now on the bounds count anew.
    fn topology_changed(&mut self) {
        for dual in self.dual.iter_mut().flatten() {
            *dual = (self.now, 0);
        }
        for node in &mut self.nodes {
            node.quiet_since.fill(self.now);
        }
    }

    /// Before an event: nothing may have lasted too long until now.
    fn check_times(&mut self) -> Result<(), String> {
        for index in 0..self.dual.len() {
            if let Some((since, lost)) = self.dual[index] {
                let longest = self.nodes.iter().map(|n| n.instance(index).config().advert_interval).max();
                let interval = longest.unwrap_or(self.interval);
                let allowed = interval.times(1 + lost) + self.delay_max + ROUNDING;
                if self.now.since(since) > allowed {
                    return Err(format!("{}: two masters of {index} since {since}", self.now));
                }
            }
            for n in 0..self.nodes.len() {
                if !self.nodes[n].could_lead(index) || self.led(n, index) {
                    // so it was until this moment
                    self.nodes[n].quiet_since[index] = self.now;
                    continue;
                }
                let node = &self.nodes[n];
                // in a sync group the member that waits longest decides
                let members = (0..self.dual.len()).map(|member| node.instance(member).master_down_time());
                let allowed = members.max().unwrap_or_default() + self.delay_max + ROUNDING;
                if self.now.since(node.quiet_since[index]) > allowed {
                    let since = node.quiet_since[index];
                    return Err(format!("{}: no master of {index} for node {n} since {since}", self.now));
                }
            }
        }
        Ok(())
    }

    /// After an event: who leads whom, and who holds the addresses.
    fn check_state(&mut self) -> Result<(), String> {
        for index in 0..self.dual.len() {
            let two = (0..self.nodes.len()).any(|a| {
                self.nodes[a].leads(index)
                    && (a + 1..self.nodes.len())
                        .any(|b| self.part[a] == self.part[b] && self.nodes[b].leads(index))
            });
            self.dual[index] = if two { self.dual[index].or(Some((self.now, 0))) } else { None };
            for (n, node) in self.nodes.iter().enumerate() {
                let leads = node.instance(index).state() == State::Master;
                if node.alive && !node.paused && node.holds[index] != leads {
                    return Err(format!("{}: node {n} holds {index}: {}", self.now, node.holds[index]));
                }
            }
        }
        Ok(())
    }

    /// At the end: one master, followed by all, and the best one if it may preempt.
    fn check_calm(&self) -> Result<(), String> {
        for index in 0..self.dual.len() {
            let leads: Vec<usize> = (0..self.nodes.len()).filter(|&n| self.nodes[n].leads(index)).collect();
            let &[master] = leads.as_slice() else {
                return Err(format!("at the end {leads:?} lead {index}"));
            };
            let priority = |n: usize| self.nodes[n].instance(index).effective_priority();
            let best = (0..self.nodes.len()).map(priority).max();
            if self.preempts && best != Some(priority(master)) {
                return Err(format!("at the end node {master} leads {index}, but there is a better one"));
            }
            for (n, node) in self.nodes.iter().enumerate().filter(|(n, _)| *n != master) {
                let followed = node.instance(index).master().map(|seen| seen.source);
                if followed != Some(self.nodes[master].address) {
                    return Err(format!("at the end node {n} follows {followed:?} on {index}"));
                }
            }
        }
        Ok(())
    }

    fn led(&self, node: usize, index: usize) -> bool {
        (0..self.nodes.len()).any(|n| self.part[n] == self.part[node] && self.nodes[n].leads(index))
    }

    fn say(&mut self, text: String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{} {text}", self.now));
        }
    }
}

fn instance(n: usize, version: Version, interval: Micros, priority: u8) -> InstanceConfig {
    let mut config = InstanceConfig::new("VI_0", "eth0", Family::V4, 1);
    config.version = version;
    config.advert_interval = interval;
    config.priority = priority;
    config.addresses = vec![Vip::plain([192, 0, 2, 100].into(), 24, &config.interface)];
    config.track_files = vec![Track { name: "weight".into(), weight: 1, reverse: false }];
    if n == 0 && priority == 255 {
        config.initial = keepalived_vrrp::config::Wanted::Master;
    }
    config
}

fn group() -> GroupConfig {
    GroupConfig {
        name: "G".into(),
        members: vec!["VI_0".into(), "VI_1".into()],
        track_interfaces: Vec::new(),
        track_scripts: Vec::new(),
        track_files: Vec::new(),
        track_processes: Vec::new(),
        track_bfds: Vec::new(),
        tracking_weight: true,
        smtp_alert: false,
    }
}
