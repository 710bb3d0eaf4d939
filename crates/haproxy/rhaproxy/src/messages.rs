//! The program's own messages while it runs: `[WARNING]  (pid) : text` on standard error, and to the global log targets
//! once the process is in the background.

use std::fmt::Write as _;
use std::io::Write as _;

use haproxy_conf::Severity;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Target of events that are notices.
pub const NOTICE: &str = "notice";

/// Writes events in the original's form.
struct Stderr;

impl<S: Subscriber> Layer<S> for Stderr {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let severity = match *event.metadata().level() {
            Level::ERROR => Severity::Alert,
            Level::WARN => Severity::Warning,
            _ if event.metadata().target() == NOTICE => Severity::Notice,
            _ => return,
        };
        let mut text = Text::default();
        event.record(&mut text);
        print(severity, &text.0);
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            // writing to a string cannot fail
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Prints one message.
pub fn print(severity: Severity, text: &str) {
    let line = format!("{}({}) : {text}\n", severity.label(), std::process::id());
    // nobody may be listening any more
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Has all events printed from now on.
pub fn install() {
    let subscriber = tracing_subscriber::registry().with(Stderr);
    let _ = tracing::subscriber::set_global_default(subscriber);
}
