//! Running the check scripts that the machines ask for.

use std::collections::HashMap;

use keepalived_conf::model::Script;
use keepalived_notify::script::{self, Ended, Groups};
use keepalived_vrrp::command::Signal;
use keepalived_vrrp::event::Outcome;
use keepalived_vrrp::ids::ScriptId;
use nix::sys::signal;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

use super::input::Input;

/// The scripts that run now, by number.
#[derive(Debug, Default)]
pub struct Checks {
    running: HashMap<ScriptId, i32>,
}

impl Checks {
    /// Starts a script; its end comes through the inbox, also if it cannot be started.
    pub fn run(&mut self, id: ScriptId, script: &Script, groups: Groups, inbox: &mpsc::Sender<Input>) {
        let inbox = inbox.clone();
        match script::start(script, &[], groups) {
            Ok(mut running) => {
                self.running.insert(id, running.pid());
                spawn_local(async move {
                    let outcome = match running.ended().await {
                        Ok(Ended::Exited(code)) => Outcome::Exited(code),
                        Ok(Ended::Signalled(number)) => Outcome::Signalled(number),
                        Err(_) => Outcome::NotStarted,
                    };
                    let _ = inbox.send(Input::ScriptEnded { script: id, outcome }).await;
                });
            }
            Err(error) => {
                tracing::warn!("Unable to run script {}: {error}", script.command_line());
                spawn_local(async move {
                    let outcome = Outcome::NotStarted;
                    let _ = inbox.send(Input::ScriptEnded { script: id, outcome }).await;
                });
            }
        }
    }

    /// Signals the process group of a script.
    pub fn signal(&self, id: ScriptId, with: Signal) {
        let with = match with {
            Signal::Term => signal::Signal::SIGTERM,
            Signal::Kill => signal::Signal::SIGKILL,
        };
        if let Some(group) = self.running.get(&id) {
            script::signal_group(*group, with);
        }
    }

    /// A script has ended; what it left behind in its process group ends with it only if it was told to.
    pub fn ended(&mut self, id: ScriptId) {
        self.running.remove(&id);
    }

    /// Ends every script at the stop of the process.
    pub fn stop(&mut self) {
        for (_, group) in self.running.drain() {
            script::signal_group(group, signal::Signal::SIGTERM);
        }
    }
}
