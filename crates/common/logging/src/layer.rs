//! From tracing events to records.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::{Logger, Severity};

/// Target of events that are notices.
pub const NOTICE: &str = "notice";

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What everybody wants to know.
    #[default]
    Normal,
    /// And `debug!`.
    More,
    /// And `trace!`.
    All,
}

/// The layer that feeds a [`Logger`].
#[derive(Debug)]
pub struct Layer {
    logger: Logger,
}

impl Layer {
    /// A layer that writes to `logger`.
    pub fn new(logger: Logger) -> Self {
        Self { logger }
    }
}

/// Makes `logger` the place for every event of this process, once; later calls change nothing.
pub fn install(logger: Logger, detail: Detail) {
    let level = match detail {
        Detail::Normal => LevelFilter::INFO,
        Detail::More => LevelFilter::DEBUG,
        Detail::All => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::registry().with(level).with(Layer::new(logger));
    let _ = tracing::subscriber::set_global_default(subscriber);
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Layer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let severity = match *metadata.level() {
            Level::ERROR => Severity::Error,
            Level::WARN => Severity::Warning,
            _ if metadata.target() == NOTICE => Severity::Notice,
            Level::INFO | Level::DEBUG => Severity::Info,
            Level::TRACE => Severity::Debug,
        };
        // Libraries below us speak to developers, not to operators.
        if *metadata.level() > Level::INFO && !is_ours(metadata.target()) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        self.logger.write(severity, &text.0);
    }
}

/// Targets of the house's own crates (and of programs that chose none).
fn is_ours(target: &str) -> bool {
    ["keepalived", "rkeepalived", "haproxy", "rhaproxy", "common", NOTICE]
        .iter()
        .any(|prefix| target.starts_with(prefix))
}

/// The message field, then the other fields as ` name=value`.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plain;

    #[test]
    fn events_become_lines() {
        let path = std::env::temp_dir().join(format!("logging-{}", std::process::id()));
        let logger = Logger::new("test");
        logger.set_file(Some(&path), plain);
        let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(Layer::new(logger));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("first {}", 1);
            tracing::debug!("unseen");
            tracing::warn!(count = 3, "two\nlines");
        });
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(text, "first 1\ntwo\nlines count=3\n");
    }
}
