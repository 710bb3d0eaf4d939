//! What the service manager is told (sd_notify(3)), in the original's words.

use common_os::{clock, sdnotify::Notifier};

/// The manager, if there is one and `-Ws` asks to tell it.
#[derive(Debug, Default)]
pub struct Manager(Option<Notifier>);

impl Manager {
    /// The manager whose address stands in `NOTIFY_SOCKET`.
    pub fn of_environment() -> Self {
        Manager(std::env::var_os("NOTIFY_SOCKET").and_then(|address| Notifier::open(&address).ok()))
    }

    /// A configuration serves: the first, or the new one of a reload.
    pub fn ready(&self) {
        self.tell(&format!("READY=1\nMAINPID={}\nSTATUS=Ready.\n", std::process::id()));
    }

    /// A reload begins; the time lets `Type=notify-reload` tell it from an older one.
    pub fn reloading(&self) {
        let now = clock::monotonic_us();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=Reloading Configuration.\n"));
    }

    /// The old configuration serves on. There is no word for failure but the status.
    pub fn refused(&self) {
        self.tell("READY=1\nSTATUS=Reload failed!\n");
    }

    /// The end begins.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// The worker has shown that it lives.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, state: &str) {
        // a manager that does not listen is its own problem
        if let Some(notifier) = &self.0 {
            let _ = notifier.send(state);
        }
    }
}
