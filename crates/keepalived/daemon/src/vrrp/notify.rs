//! Telling the world about transitions: scripts, FIFOs, mail.

use keepalived_conf::model::{Config, NotifyFifo, NotifyScripts, Script};
use keepalived_notify::fifo::Fifo;
use keepalived_notify::queue::{Job, Queues};
use keepalived_notify::script::Groups;
use keepalived_notify::smtp::{Alert, Mailer};
use keepalived_vrrp::command::{Notify, NotifyState, Subject};
use tokio::task::spawn_local;

/// Everything that is told.
#[derive(Debug)]
pub struct Teller {
    queues: Queues,
    fifos: Vec<Fifo>,
    mailer: Option<Mailer>,
}

impl Teller {
    /// Opens the FIFOs and starts their readers.
    pub fn new(config: &Config, host: &str) -> Self {
        let groups = groups_of(config);
        let mut teller = Self { queues: Queues::new(groups), fifos: Vec::new(), mailer: None };
        teller.configure(config, host);
        teller
    }

    /// Takes a new configuration; FIFOs are made anew.
    pub fn configure(&mut self, config: &Config, host: &str) {
        for fifo in self.fifos.drain(..) {
            spawn_local(fifo.close());
        }
        let groups = groups_of(config);
        for fifo in [&config.global.fifos.all, &config.global.fifos.vrrp] {
            self.fifos.extend(open(fifo, groups));
        }
        let router_id = config.global.router_id.as_deref().unwrap_or(host);
        self.mailer = Mailer::new(&config.global.mail, router_id, host);
    }

    /// Runs the scripts of one transition and writes the FIFOs.
    pub fn tell(&mut self, notify: &Notify, scripts: Option<&NotifyScripts>) {
        let words = [
            notify.subject.as_str().to_owned(),
            notify.name.to_string(),
            notify.state.as_str().to_owned(),
            notify.priority.to_string(),
        ];
        let lane = format!("{} {}", words[0], words[1]);
        if let Some(scripts) = scripts {
            if let Some(script) = own_script(scripts, notify.state) {
                self.queues.push(&lane, Job { script: script.clone(), more: Vec::new() });
            }
            if let Some(script) = &scripts.any {
                self.queues.push(&lane, Job { script: script.clone(), more: words.to_vec() });
            }
        }
        self.write(notify);
    }

    /// Writes a line to the FIFOs.
    pub fn write(&mut self, notify: &Notify) {
        let (subject, state) = (notify.subject.as_str(), notify.state.as_str());
        let line = format!("{subject} \"{}\" {state} {}\n", notify.name, notify.priority);
        for fifo in &mut self.fifos {
            if let Err(error) = fifo.write(&line) {
                tracing::warn!("FIFO {}: {error}: {}", fifo.path().display(), line.trim_end());
            }
        }
    }

    /// Mails about one transition.
    pub fn mail(&self, notify: &Notify) {
        if notify.state == NotifyState::Stop {
            return;
        }
        let Some(mailer) = self.mailer.clone() else { return };
        let alert = alert(notify);
        spawn_local(async move {
            if let Err(error) = mailer.send(&alert).await {
                tracing::warn!("SMTP alert '{}' could not be sent: {error}", alert.subject);
            }
        });
    }

    /// The queues of scripts.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Ends the readers and removes our FIFOs.
    pub async fn close(&mut self) {
        for fifo in self.fifos.drain(..) {
            fifo.close().await;
        }
    }
}

/// `set_supplementary_groups`.
pub fn groups_of(config: &Config) -> Groups {
    if config.global.scripts.set_supplementary_groups { Groups::Supplementary } else { Groups::Single }
}

fn open(config: &NotifyFifo, groups: Groups) -> Option<Fifo> {
    match Fifo::open(config, groups) {
        Ok(fifo) => fifo,
        Err(error) => {
            let path = config.path.as_deref().unwrap_or_default();
            tracing::warn!("Unable to open notify FIFO {path}: {error}");
            None
        }
    }
}

fn own_script(scripts: &NotifyScripts, state: NotifyState) -> Option<&Script> {
    match state {
        NotifyState::Master => scripts.master.as_ref(),
        NotifyState::Backup => scripts.backup.as_ref(),
        NotifyState::Fault => scripts.fault.as_ref(),
        NotifyState::Stop => scripts.stop.as_ref(),
        NotifyState::Deleted => scripts.deleted.as_ref(),
        NotifyState::MasterRxLowerPri => scripts.master_rx_lower_pri.as_ref(),
        NotifyState::MasterPriority | NotifyState::BackupPriority => None,
    }
}

fn alert(notify: &Notify) -> Alert {
    let what = match notify.subject {
        Subject::Instance(_) => "VRRP Instance",
        Subject::Group(_) => "VRRP Group",
    };
    let body = match (notify.state, notify.subject) {
        (NotifyState::Master, Subject::Instance(_)) => "=> VRRP Instance is now owning VRRP VIPs <=",
        (NotifyState::Master, Subject::Group(_)) => "=> All VRRP group instances are now in MASTER state <=",
        (_, Subject::Instance(_)) => "=> VRRP Instance is no longer owning VRRP VIPs <=",
        (_, Subject::Group(_)) => "=> All VRRP group instances are no longer in MASTER state <=",
    };
    let subject = format!("{what} {} - Entering {} state", notify.name, notify.state.as_str());
    Alert { subject, body: body.to_owned() }
}
