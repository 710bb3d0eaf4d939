//! Answers to questions from outside.

use common_metrics::{Families, Kind};
use keepalived_vrrp::event::{Event, Maintenance};
use keepalived_vrrp::instance::Instance;
use keepalived_vrrp::script::{Run, Verdict};
use serde_json::{Value, json};

use super::control::{Question, Request};
use super::shell::Shell;

impl Shell {
    /// Answers one question.
    pub(super) fn answer(&mut self, request: Request) {
        let text = match request.question {
            Question::Status => self.status().to_string() + "\n",
            Question::Metrics => self.metrics(),
            Question::Maintenance { instance, on } => self.maintenance(instance.as_deref(), on),
        };
        // Who asked may be gone.
        let _ = request.answer.send(text);
    }

    fn maintenance(&mut self, name: Option<&str>, on: bool) -> String {
        let instance = match name {
            None => None,
            Some(name) => match self.live.iter().find(|(_, live)| &*live.plan.name == name) {
                Some((id, _)) => Some(*id),
                None => return format!("no instance {name}\n"),
            },
        };
        let mode = if on { Maintenance::On } else { Maintenance::Off };
        tracing::info!(
            "Maintenance {} for {}",
            if on { "on" } else { "off" },
            name.unwrap_or("all instances")
        );
        self.event(Event::Maintenance { instance, mode });
        String::from("ok\n")
    }

    fn status(&self) -> Value {
        let instances: Vec<Value> = self
            .router
            .instances()
            .map(|instance| {
                let config = instance.config();
                let causes: Vec<String> = instance.fault_causes().iter().map(ToString::to_string).collect();
                let addresses: Vec<String> =
                    config.addresses.iter().map(|vip| format!("{}/{}", vip.address, vip.prefix)).collect();
                json!({
                    "name": &*config.name,
                    "state": instance.state().as_str(),
                    "interface": &*config.interface,
                    "vrid": config.vrid,
                    "priority": instance.effective_priority(),
                    "base_priority": config.priority,
                    "maintenance": instance.is_held(),
                    "master": instance.master().map(|master| master.source.to_string()),
                    "faults": causes,
                    "addresses": addresses,
                    "since": self.view().last_transition_us(instance.id()) as f64 / 1e6,
                })
            })
            .collect();
        let groups: Vec<Value> = self
            .router
            .groups()
            .map(|group| json!({ "name": &*group.config.name, "state": group.state.as_str() }))
            .collect();
        let scripts: Vec<Value> = self
            .router
            .scripts()
            .iter()
            .map(|script| json!({ "name": &*script.config().name, "status": verdict(script.verdict()) }))
            .collect();
        json!({
            "pid": std::process::id(),
            "version": self.options.version,
            "instances": instances,
            "groups": groups,
            "scripts": scripts,
        })
    }

    /// The names and labels of mehdy/keepalived-exporter.
    fn metrics(&self) -> String {
        let mut families = Families::new();
        families.add("keepalived_up", "Status", Kind::Gauge, &[], 1.0);
        for instance in self.router.instances() {
            state(&mut families, instance);
            counters(&mut families, instance);
        }
        for script in self.router.scripts() {
            let labels = [("name", &*script.config().name)];
            let good = f64::from(u8::from(script.verdict() == Verdict::Good));
            families.add("keepalived_script_status", "Tracker Script Status", Kind::Gauge, &labels, good);
            let state = match script.run() {
                Run::Idle => 0.0,
                Run::Running(_) => 1.0,
                Run::Terminating(_) => 2.0,
                Run::Killing(_) => 3.0,
            };
            families.add("keepalived_script_state", "Tracker Script State", Kind::Gauge, &labels, state);
        }
        families.encode()
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "UNKNOWN",
        Verdict::Good => "GOOD",
        Verdict::Bad => "BAD",
    }
}

fn state(families: &mut Families, instance: &Instance) {
    let config = instance.config();
    let vrid = config.vrid.to_string();
    for vip in config.addresses.iter().chain(&config.excluded) {
        let address = vip.address.to_string();
        let labels =
            [("iname", &*config.name), ("intf", &*vip.interface), ("vrid", &vrid), ("ip_address", &address)];
        let value = f64::from(instance.state() as u8);
        families.add("keepalived_vrrp_state", "State of vrrp", Kind::Gauge, &labels, value);
    }
}

fn counters(families: &mut Families, instance: &Instance) {
    let (config, stats) = (instance.config(), instance.stats());
    let vrid = config.vrid.to_string();
    let labels = [
        ("iname", &*config.name),
        ("intf", &*config.interface),
        ("vrid", &*vrid),
        ("state", instance.state().as_str()),
    ];
    let all = [
        ("advertisements_received", "Advertisements received", stats.advert_rcvd),
        ("advertisements_sent", "Advertisements sent", stats.advert_sent),
        ("become_master", "Became master", stats.become_master),
        ("release_master", "Released master", stats.release_master),
        ("packet_length_errors", "Packet length errors", stats.packet_len_err),
        ("advertisements_interval_errors", "Advertisement interval errors", stats.advert_interval_err),
        ("ip_ttl_errors", "TTL errors", stats.ip_ttl_err),
        ("invalid_type_received", "Invalid type errors", stats.invalid_type_rcvd),
        ("address_list_errors", "Address list errors", stats.addr_list_err),
        ("authentication_invalid", "Authentication invalid", stats.invalid_authtype),
        ("authentication_mismatch", "Authentication mismatch", stats.authtype_mismatch),
        ("authentication_failure", "Authentication failure", stats.auth_failure),
        ("priority_zero_received", "Priority zero received", stats.pri_zero_rcvd),
        ("priority_zero_sent", "Priority zero sent", stats.pri_zero_sent),
    ];
    for (name, help, value) in all {
        let name = format!("keepalived_{name}_total");
        families.add(&name, help, Kind::Counter, &labels, value as f64);
    }
    let delay = config.garp.master_delay.as_secs_f64();
    let help = "Gratuitous ARP delay";
    families.add("keepalived_gratuitous_arp_delay_total", help, Kind::Counter, &labels, delay);
}

/// A table for people from the answer to [`Question::Status`]; `None` if it is no such answer.
#[must_use]
pub fn status_table(answer: &str) -> Option<String> {
    let status: Value = serde_json::from_str(answer).ok()?;
    let mut rows =
        vec![["INSTANCE", "STATE", "PRIO", "INTERFACE", "VRID", "ADDRESSES", "NOTE"].map(String::from)];
    for one in status.get("instances")?.as_array()? {
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let number = |key: &str| one.get(key).and_then(Value::as_u64).unwrap_or(0).to_string();
        let list = |key: &str| -> Vec<&str> {
            one.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let mut notes = list("faults").join(", ");
        if one.get("maintenance").and_then(Value::as_bool) == Some(true) {
            notes = format!("maintenance {notes}").trim_end().to_owned();
        }
        rows.push([
            text("name"),
            text("state"),
            number("priority"),
            text("interface"),
            number("vrid"),
            list("addresses").join(","),
            notes,
        ]);
    }
    Some(align(&rows))
}

fn align(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}
