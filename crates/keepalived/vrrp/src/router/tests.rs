//! Routers fed with events, their commands read as text.

mod reload;
mod stories;
mod table;
mod trackers;

use std::{fmt::Write as _, net::IpAddr};

use common_base::time::{Instant, Micros};
use keepalived_wire::{
    advert::{Advert, Family, Version},
    error::{ReceiveError, Rejected},
};

use super::*;
use crate::{
    command::{Log, Notify, Signal},
    config::{InstanceConfig, ScriptConfig, Track, Vip},
    event::{Lost, Outcome},
};

/// A router with a clock that a test moves.
struct Bench {
    router: Router,
    now: Instant,
    /// Everything commanded so far, by time, as text.
    text: String,
}

fn bench(config: RouterConfig) -> Bench {
    let mut bench = Bench { router: Router::new(config), now: Instant(1_000_000), text: String::new() };
    for index in 0..bench.router.instances.len() {
        let id = bench.router.ids.instances[index];
        bench.happen(Event::Source { instance: id, address: Some(own()) });
    }
    bench
}

fn started(config: RouterConfig) -> Bench {
    let mut bench = bench(config);
    bench.happen(Event::Start);
    bench
}

impl Bench {
    fn happen(&mut self, event: Event) -> String {
        let mut out = Vec::new();
        self.router.handle(self.now, event, &mut out);
        self.note(&out)
    }

    /// Lets time pass, deadline by deadline; what happened, with times relative to the call.
    fn pass(&mut self, length: Micros) -> String {
        let (from, end) = (self.now, self.now + length);
        let mut text = String::new();
        while let Some(at) = self.router.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let mut out = Vec::new();
            self.router.handle_timeout(self.now, &mut out);
            let done = self.note(&out);
            if !done.is_empty() {
                writeln!(text, "{} {done}", self.now.since(from)).unwrap();
            }
        }
        self.now = end;
        text
    }

    fn seconds(&mut self, seconds: f64) -> String {
        self.pass(Micros((seconds * 1e6) as u64))
    }

    fn note(&mut self, out: &[Command]) -> String {
        let text = render(out);
        writeln!(self.text, "{} {text}", self.now).unwrap();
        text
    }

    fn reload(&mut self, config: RouterConfig) -> String {
        let mut out = Vec::new();
        self.router.reload(self.now, config, &mut out);
        self.note(&out)
    }

    fn state(&self, index: usize) -> State {
        self.router.instances[index].instance.state()
    }

    fn states(&self) -> String {
        let states: Vec<_> = self.router.instances().map(|i| i.state().as_str()).collect();
        states.join(" ")
    }

    fn hear(&mut self, index: usize, priority: u8, from: [u8; 4]) -> String {
        let advert = advert(&self.router.instances[index].instance, priority, from);
        let instance = self.router.ids.instances[index];
        self.happen(Event::Advert { instance, advert })
    }

    fn link(&mut self, interface: &str, link: Link) -> String {
        self.happen(Event::Link { interface: interface.into(), link })
    }

    fn script(&mut self, index: usize, status: i32) -> String {
        let script = self.router.ids.scripts[index];
        self.happen(Event::ScriptEnded { script, outcome: Outcome::Exited(status) })
    }
}

const PEER: [u8; 4] = [192, 0, 2, 9];
const LOW_PEER: [u8; 4] = [192, 0, 2, 1];

fn own() -> IpAddr {
    [192, 0, 2, 5].into()
}

fn advert(instance: &Instance, priority: u8, from: [u8; 4]) -> Advert {
    let config = instance.config();
    Advert {
        source: from.into(),
        version: config.version,
        vrid: config.vrid,
        priority,
        interval: config.advert_interval,
        addresses: config.addresses.iter().map(|vip| vip.address).collect(),
    }
}

fn instance(n: u8) -> InstanceConfig {
    let mut config = InstanceConfig::new(&format!("VI_{n}"), "eth0", Family::V4, n);
    config.addresses = vec![Vip::plain([192, 0, 2, 100 + n].into(), 24, &config.interface)];
    config
}

fn script(name: &str) -> ScriptConfig {
    ScriptConfig {
        name: name.into(),
        interval: Micros::from_secs(1),
        timeout: Micros::from_secs(1),
        rise: 1,
        fall: 1,
        init_fail: false,
        disabled: false,
        command: "/bin/check".into(),
    }
}

fn track(name: &str, weight: i32) -> Track {
    Track { name: name.into(), weight, reverse: false }
}

fn router_of(instances: Vec<InstanceConfig>) -> RouterConfig {
    RouterConfig { instances, log_detail: true, ..RouterConfig::default() }
}

fn group(name: &str, members: &[&str]) -> GroupConfig {
    GroupConfig {
        name: name.into(),
        members: members.iter().map(|m| (*m).into()).collect(),
        track_interfaces: Vec::new(),
        track_scripts: Vec::new(),
        track_files: Vec::new(),
        track_processes: Vec::new(),
        track_bfds: Vec::new(),
        tracking_weight: false,
        smtp_alert: false,
    }
}

/// Commands as one line; what repeats is counted, lines about single packets are left out.
fn render(commands: &[Command]) -> String {
    let mut words: Vec<(String, u32)> = Vec::new();
    for word in commands.iter().filter_map(word) {
        match words.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => words.push((word, 1)),
        }
    }
    let words: Vec<String> =
        words.into_iter().map(|(word, n)| if n > 1 { format!("{n}x {word}") } else { word }).collect();
    words.join("; ")
}

fn word(command: &Command) -> Option<String> {
    let vips = |vips: &[Vip]| -> String {
        let list: Vec<String> = vips.iter().map(|vip| vip.address.to_string()).collect();
        list.join(" ")
    };
    let objects = |objects: &[crate::config::Object]| -> String {
        let list: Vec<&str> = objects.iter().map(|object| &*object.spec).collect();
        list.join(" ")
    };
    let notify = |Notify { subject, name, state, priority }: &Notify| {
        format!("{} {name} {} {priority}", subject.as_str(), state.as_str())
    };
    Some(match command {
        Command::SendAdvert { instance, priority, .. } => format!("advert#{} {priority}", instance.0),
        Command::AddAddresses { addresses, .. } => format!("add {}", vips(addresses)),
        Command::RemoveAddresses { addresses, .. } => format!("del {}", vips(addresses)),
        Command::AddRoutes { routes, .. } => format!("add route {}", objects(routes)),
        Command::RemoveRoutes { routes, .. } => format!("del route {}", objects(routes)),
        Command::AddRules { rules, .. } => format!("add rule {}", objects(rules)),
        Command::RemoveRules { rules, .. } => format!("del rule {}", objects(rules)),
        Command::FirewallOn { addresses, .. } => format!("shut {}", vips(addresses)),
        Command::FirewallOff { addresses, .. } => format!("open {}", vips(addresses)),
        Command::SendGarp { interface, address, .. } => format!("garp {interface} {address}"),
        Command::Notify(n) => notify(n),
        Command::SmtpAlert(n) => format!("mail {}", notify(n)),
        Command::Transition { .. } => return None,
        Command::RunScript { script } => format!("run#{}", script.0),
        Command::SignalScript { script, signal: Signal::Term } => format!("term#{}", script.0),
        Command::SignalScript { script, signal: Signal::Kill } => format!("kill#{}", script.0),
        Command::Log(Log { text, .. }) if text.starts_with("Sending ") => return None,
        Command::Log(Log { text, .. }) => format!("'{text}'"),
        Command::Stopped => "stopped".into(),
    })
}
