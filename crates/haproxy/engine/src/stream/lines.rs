//! Log lines of a stream or session: at which moments, for which targets, in which form.

use std::rc::Rc;
use std::sync::atomic::Ordering;

use haproxy_expr::cx::{Cx, Date, Direction};
use haproxy_expr::logformat::{LogFormat, Origin};
use haproxy_model::settings::LogLine;
use haproxy_model::snapshot::{Proxy, Snapshot};

use super::steps::Stream;
use crate::log::{Envelope, level};
use crate::process::Process;

/// One moment at which lines are written.
pub struct Moment<'a> {
    /// The stream's snapshot.
    pub snapshot: &'a Snapshot,
    /// The process.
    pub process: &'a Process,
    /// The frontend.
    pub frontend: &'a Proxy,
    /// Now.
    pub date: Date,
    /// Syslog level.
    pub severity: u8,
    /// Why lines are written.
    pub origin: Origin,
    /// A profile in the place of the targets' own.
    pub profile: Option<u32>,
    /// The line without a profile.
    pub format: &'a LogFormat,
}

impl Moment<'_> {
    /// Writes a line to each target; `text` and `structured` are buffers to build them in.
    pub fn write(&self, cx: &Cx<'_>, text: &mut Vec<u8>, structured: &mut Vec<u8>) {
        let settings = &self.frontend.settings;
        let global = &self.snapshot.global;
        let shared = if settings.log_global { &global.logs[..] } else { &[] };
        let own_tag = settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or(b"haproxy");
        // the line without a profile is made once for all targets
        let mut common = false;
        for target in settings.logs.iter().chain(shared) {
            let number = self.profile.or(target.profile);
            let profile = number.and_then(|number| self.snapshot.log_profiles.get(number as usize));
            let step = profile.and_then(|profile| profile.line(self.origin));
            if step.is_some_and(|step| step.drop) {
                continue;
            }
            if step.is_some() || !common {
                text.clear();
                structured.clear();
                let format = step.and_then(|step| step.format.as_deref()).unwrap_or(self.format);
                format.write_from(cx, self.origin, text);
                let sd = step.and_then(|step| step.structured.as_deref()).or(settings.log_sd.as_deref());
                if let Some(sd) = sd {
                    sd.write_from(cx, self.origin, structured);
                }
                common = step.is_none();
            }
            let envelope = Envelope {
                date: self.date,
                level: self.severity,
                tag: profile.and_then(|profile| profile.tag.as_deref()).unwrap_or(own_tag),
                hostname: global.log_send_hostname.as_deref().unwrap_or_default().as_bytes(),
                pid: self.process.pid,
                structured,
            };
            self.process.log.send(target, &envelope, text);
        }
    }
}

/// True when a frontend has somewhere to log to.
pub fn has_targets(snapshot: &Snapshot, frontend: &Proxy) -> bool {
    let settings = &frontend.settings;
    !settings.logs.is_empty() || (settings.log_global && !snapshot.global.logs.is_empty())
}

/// The line of a frontend, without a profile.
pub fn line_of(frontend: &Proxy, http: bool) -> &LogFormat {
    match &frontend.settings.log_line {
        LogLine::Custom(format) => format,
        line => crate::formats::of(line, http),
    }
}

impl Stream<'_> {
    /// A line at a moment that `log-steps` may name, or `option logasap` chooses.
    pub fn reached(&mut self, origin: Origin) {
        let settings = &self.fe().settings;
        match settings.log_steps {
            Some(steps) if steps.has(origin) => self.write_line(origin, None),
            None if settings.options.logasap && !self.logged => {
                // as soon as it is known what the stream will carry
                let enough = if self.txn.http { Origin::Response } else { Origin::Connect };
                if origin == enough {
                    self.write_early();
                }
            }
            Some(_) | None => {}
        }
    }

    /// The only line of the stream, before its end: totals are those of now and marked so.
    fn write_early(&mut self) {
        self.note_end_of_data();
        self.note_levels();
        self.txn.log.early = true;
        let origin = if self.txn.http { Origin::Response } else { Origin::Connect };
        self.write_line(origin, None);
        self.logged = true;
        let log = &mut self.txn.log;
        log.early = false;
        log.total_ms = -1;
        log.active_ms = -1;
    }

    /// The line at the end.
    pub fn write_last_line(&mut self) {
        self.logged = true;
        let failed_early = self.has_failed() && !self.txn.has_request && self.txn.http;
        let origin = if failed_early { Origin::SessionError } else { Origin::Close };
        if failed_early || self.fe().settings.log_steps.is_none_or(|steps| steps.has(origin)) {
            self.write_line(origin, None);
        }
    }

    fn has_failed(&self) -> bool {
        let log = &self.txn.log;
        let local = log.termination.cause == b'L' && log.status < 500;
        log.status >= 500 || (log.termination.cause != b'-' && !local)
    }

    /// Writes the frontend's log line, if it wants one for this stream.
    pub fn write_line(&mut self, origin: Origin, profile: Option<u32>) {
        let snapshot = Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let settings = &fe.settings;
        if !has_targets(&snapshot, fe) {
            return;
        }
        let failed = self.has_failed();
        let log = &self.txn.log;
        // the line without a format tells of the session's begin: nothing of its end is known to it
        let begin = matches!(settings.log_line, LogLine::Connect);
        if settings.options.dontlog_normal && !failed && log.retries == 0 && !begin {
            return;
        }
        let mut severity = log.level.filter(|_| !begin).unwrap_or(level::INFO);
        if severity > 7 {
            return;
        }
        if failed && settings.options.log_separate_errors && log.level.is_none() {
            severity = level::ERR;
        }
        let format = match &settings.error_log_line {
            Some(format) if origin == Origin::SessionError => format,
            _ => line_of(fe, self.txn.http),
        };
        self.take_late_captures();
        let mut text = self.conn.thread.text();
        let mut structured = self.conn.thread.text();
        let moment = Moment {
            snapshot: &snapshot,
            process: &self.conn.thread.process,
            frontend: fe,
            date: self.conn.thread.date(),
            severity,
            origin,
            profile,
            format,
        };
        self.look(Direction::Response, |cx| moment.write(cx, &mut text, &mut structured));
        fe.live.log_lines.fetch_add(1, Ordering::Relaxed);
        self.conn.thread.give_text(text);
        self.conn.thread.give_text(structured);
    }

    /// Puts what converters captured into the slots of the line.
    fn take_late_captures(&mut self) {
        let txn = &mut *self.txn;
        for (direction, slot, text) in txn.late_captures.get_mut().drain(..) {
            let slots = match direction {
                Direction::Request => &mut txn.log.request_captures,
                Direction::Response => &mut txn.log.response_captures,
            };
            if slots.len() <= slot {
                slots.resize(slot + 1, None);
            }
            slots[slot] = Some(text);
        }
    }
}
