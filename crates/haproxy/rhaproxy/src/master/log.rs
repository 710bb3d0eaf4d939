//! What a master writes to the log targets of the `global` section: in the background, nobody sees its standard error.

use haproxy_engine::clock;
use haproxy_engine::log::{Envelope, LogOutput, level};
use haproxy_model::global::Global;

/// The log of the master.
#[derive(Debug, Default)]
pub struct Log {
    output: LogOutput,
    hostname: String,
}

impl Log {
    /// A log of this machine.
    pub fn new(hostname: String) -> Self {
        Log { output: LogOutput::default(), hostname }
    }

    /// Writes one line that calls for action.
    pub fn alert(&self, global: &Global, line: &str) {
        let envelope = Envelope {
            date: clock::date(),
            level: level::ALERT,
            tag: global.log_tag.as_deref().unwrap_or(b"haproxy"),
            hostname: global.log_send_hostname.as_deref().unwrap_or(&self.hostname).as_bytes(),
            pid: std::process::id(),
            structured: &[],
        };
        for target in &global.logs {
            self.output.send(target, &envelope, line.as_bytes());
        }
    }
}
