//! Answers to questions from outside.

use keepalived_vrrp::event::{Event, Maintenance};

use super::control::{Question, Request};
use super::shell::Shell;

impl Shell {
    /// Answers one question.
    pub(super) fn answer(&mut self, request: Request) {
        let text = match request.question {
            Question::Status => String::new(),
            Question::Metrics => String::new(),
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
}
