//! Carrying out what the machines command, in their order.

use std::rc::Rc;

use common_base::time::Micros;
use common_os::clock;
use keepalived_conf::model::{IpAddress, IpRoute, IpRule};
use keepalived_vrrp::command::{Command, Level, Log, Notify, Subject};
use keepalived_vrrp::config::{Object, Vip};
use keepalived_vrrp::ids::{InstanceId, Name};
use keepalived_vrrp::state::State;
use keepalived_wire::session::Outgoing;

use super::kernel::Block;
use super::run::now;
use super::shell::Shell;
use crate::options::AtStop;

impl Shell {
    /// Carries out a batch.
    pub(super) fn execute(&mut self, commands: impl Iterator<Item = Command>) {
        for command in commands {
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::SendAdvert { instance, priority, interval } => {
                self.send_advert(instance, priority, interval);
            }
            Command::AddAddresses { instance, addresses } => {
                self.say_excluded(instance, &addresses, "setting");
                let pairs = self.known_addresses(&addresses);
                let pairs: Vec<(&Vip, &IpAddress)> = pairs.iter().map(|(vip, one)| (*vip, &**one)).collect();
                self.kernel.add_addresses(instance, &pairs);
            }
            Command::RemoveAddresses { instance, addresses } if !self.keeps_objects() => {
                self.say_excluded(instance, &addresses, "removing");
                let pairs = self.known_addresses(&addresses);
                let pairs: Vec<(&Vip, &IpAddress)> = pairs.iter().map(|(vip, one)| (*vip, &**one)).collect();
                self.kernel.remove_addresses(&pairs);
            }
            Command::AddRoutes { instance, routes } => {
                self.say(instance, "setting Virtual Routes");
                let routes = self.known_routes(&routes);
                let list: Vec<(Name, &IpRoute)> =
                    routes.iter().map(|(name, one)| (name.clone(), &**one)).collect();
                self.kernel.add_routes(instance, &list);
            }
            Command::RemoveRoutes { instance, routes } if !self.keeps_objects() => {
                self.say(instance, "removing Virtual Routes");
                let routes = self.known_routes(&routes);
                let list: Vec<&IpRoute> = routes.iter().map(|(_, one)| &**one).collect();
                self.kernel.remove_routes(&list);
            }
            Command::AddRules { instance, rules } => {
                self.say(instance, "setting Virtual Rules");
                let rules = self.known_rules(&rules);
                let list: Vec<(Name, &IpRule)> =
                    rules.iter().map(|(name, one)| (name.clone(), &**one)).collect();
                self.kernel.add_rules(instance, &list);
            }
            Command::RemoveRules { instance, rules } if !self.keeps_objects() => {
                self.say(instance, "removing Virtual Rules");
                let rules = self.known_rules(&rules);
                let list: Vec<&IpRule> = rules.iter().map(|(_, one)| &**one).collect();
                self.kernel.remove_rules(&list);
            }
            Command::RemoveAddresses { .. } | Command::RemoveRoutes { .. } | Command::RemoveRules { .. } => {}
            Command::FirewallOn { instance, addresses } => {
                self.say(instance, "setting firewall drop rule");
                self.kernel.set_firewall(&self.config.global.firewall, &addresses, Block::On);
            }
            Command::FirewallOff { instance, addresses } => {
                self.say(instance, "removing firewall drop rule");
                self.kernel.set_firewall(&self.config.global.firewall, &addresses, Block::Off);
            }
            Command::SendGarp { interface, address, .. } => self.kernel.announce(&interface, address),
            Command::Notify(notify) => self.tell(&notify),
            Command::SmtpAlert(notify) => self.teller.mail(&notify),
            Command::Transition { instance, to, .. } => self.transition(instance, to),
            Command::RunScript { script } => {
                let at = self.router.ids().scripts.iter().position(|id| *id == script);
                if let Some(known) = at.and_then(|at| self.config.scripts.get(at)) {
                    self.checks.run(script, &known.script, self.script_groups, &self.inbox);
                }
            }
            Command::SignalScript { script, signal } => self.checks.signal(script, signal),
            Command::Log(log) => write_log(&log),
            Command::Stopped => self.stopped = true,
        }
    }

    fn tell(&mut self, notify: &Notify) {
        let scripts = match notify.subject {
            Subject::Instance(id) => self.live.get(&id).map(|live| &*live.plan.notify),
            Subject::Group(id) => {
                let at = self.router.ids().groups.iter().position(|group| *group == id);
                at.and_then(|at| self.group_scripts.get(at))
            }
        };
        self.teller.tell(notify, scripts);
    }

    /// A line of the detailed log about an instance.
    fn say(&self, instance: InstanceId, text: &str) {
        if let Some(live) = self.live.get(&instance) {
            tracing::debug!("({}) {text}", live.plan.name);
        }
    }

    fn say_excluded(&self, instance: InstanceId, addresses: &[Vip], verb: &str) {
        let excluded = self.router.instance(instance).map(|instance| &instance.config().excluded);
        if excluded.is_some_and(|excluded| !excluded.is_empty() && excluded == addresses) {
            self.say(instance, &format!("{verb} E-VIPs."));
        }
    }

    /// `--dont-release-vrrp`, once the stop has begun.
    fn keeps_objects(&self) -> bool {
        self.stopping && self.options.at_stop == AtStop::Keep
    }

    fn known_addresses<'a>(&self, vips: &'a [Vip]) -> Vec<(&'a Vip, Rc<IpAddress>)> {
        vips.iter().filter_map(|vip| Some((vip, self.objects.addresses.get(&vip.spec)?.clone()))).collect()
    }

    fn known_routes(&self, objects: &[Object]) -> Vec<(Name, Rc<IpRoute>)> {
        objects
            .iter()
            .filter_map(|object| Some((object.spec.clone(), self.objects.routes.get(&object.spec)?.clone())))
            .collect()
    }

    fn known_rules(&self, objects: &[Object]) -> Vec<(Name, Rc<IpRule>)> {
        objects
            .iter()
            .filter_map(|object| Some((object.spec.clone(), self.objects.rules.get(&object.spec)?.clone())))
            .collect()
    }

    fn send_advert(&mut self, instance: InstanceId, priority: u8, interval: Micros) {
        let Some(live) = self.live.get_mut(&instance) else { return };
        let Some(source) = live.source else { return };
        let out = Outgoing {
            priority,
            interval,
            addresses: &live.plan.addresses,
            source,
            ttl: live.plan.ttl,
            wall: Micros(clock::realtime_us()),
        };
        let mut failed = None;
        for datagram in live.session.advert(&live.plan.profile, &out, &live.plan.destinations) {
            if let Err(error) = self.sockets.send(instance, &datagram.bytes, source, datagram.destination) {
                failed = Some(error);
            }
        }
        match failed {
            None => live.send_error = None,
            Some(error) => {
                let code = error.raw_os_error().unwrap_or(0);
                if live.send_error.replace(code) != Some(code) {
                    let text = nix::errno::Errno::from_raw(code).desc();
                    tracing::warn!("({}): send advert error {code} ({text})", live.plan.name);
                }
            }
        }
        let last = if priority == 0 { 0 } else { now().0 };
        self.heartbeat.beat(live.slot, live.key, last);
    }

    fn transition(&mut self, instance: InstanceId, to: State) {
        let Some(live) = self.live.get_mut(&instance) else { return };
        live.last_transition_us = clock::realtime_us();
        if to != State::Master {
            self.heartbeat.beat(live.slot, live.key, 0);
        }
    }
}

fn write_log(log: &Log) {
    let text = &log.text;
    if log.detail {
        tracing::debug!("{text}");
        return;
    }
    match log.level {
        Level::Error => tracing::error!("{text}"),
        Level::Warning => tracing::warn!("{text}"),
        Level::Notice => tracing::info!(target: common_logging::NOTICE, "{text}"),
        Level::Info => tracing::info!("{text}"),
    }
}
