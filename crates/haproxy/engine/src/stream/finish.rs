//! The end of a stream: times, counters, the log line.

use std::sync::atomic::Ordering;

use haproxy_expr::cx::Direction;
use haproxy_model::settings::LogLine;

use super::After;
use super::steps::Stream;
use crate::log::{Envelope, level};

impl Stream<'_> {
    /// Notes when the last byte went out, before connections are put away.
    pub fn note_end_of_data(&mut self) {
        let now_ms = self.now_ms();
        let log = &mut self.txn.log;
        if log.total_ms < 0 {
            log.total_ms = now_ms.saturating_sub(self.conn.session.accepted_ms) as i32;
            log.active_ms = now_ms.saturating_sub(log.request_ms) as i32;
            if log.response_ms >= 0 {
                let before = [log.request_time_ms, log.queue_ms, log.connect_ms, log.response_ms];
                let before: i32 = before.into_iter().map(|ms| ms.max(0)).sum();
                log.data_ms = (log.active_ms - before).max(0);
            }
        }
    }

    /// Counts the answer by its status.
    pub fn count_response(&mut self) {
        let status = self.txn.response.status;
        let thread = self.conn.thread.index;
        self.fe().live.frontend.at(thread).responses.count(status);
        if self.backend_counted {
            self.px().live.backend.at(thread).upstream.responses.count(status);
        }
    }

    /// Ends the stream: what the connection does next.
    pub fn finish(mut self, after: After) -> After {
        self.note_end_of_data();
        self.close_upstream();
        self.count_bytes();
        if self.effects.cache.is_some() {
            self.count_cache();
        }
        self.note_levels();
        if !self.logged {
            self.write_log();
        }
        self.slot = None;
        if self.backend_counted {
            let px = self.px();
            px.live.backend_sessions.fetch_sub(1, Ordering::Relaxed);
            if px.balancer.needs_sessions() {
                px.balancer.sessions().fetch_sub(1, Ordering::Relaxed);
            }
            px.live.backend.at(self.conn.thread.index).current.dec();
        }
        // addresses that rules of this stream changed were its own
        if let Some(source) = self.effects.source_before {
            self.conn.session.source = source;
        }
        if let Some(destination) = self.effects.destination_before {
            self.conn.session.destination = destination;
        }
        self.conn.client.input.release(&self.conn.thread.buffers);
        self.conn.thread.give_txn(self.txn);
        after
    }

    fn count_bytes(&self) {
        let thread = self.conn.thread.index;
        let log = &self.txn.log;
        let fe = &self.fe().live.frontend.at(thread).bytes;
        fe.request_in.add(log.bytes_in);
        fe.response_out.add(log.bytes_out);
        let listener = self.snapshot.listener(self.conn.session.listener);
        let li = &listener.live.counters.at(thread).bytes;
        li.request_in.add(log.bytes_in);
        li.response_out.add(log.bytes_out);
        if self.backend_counted {
            let be = &self.px().live.backend.at(thread).upstream;
            be.bytes.request_in.add(log.bytes_in);
            be.bytes.response_out.add(log.bytes_out);
            if let Some(slot) = &self.slot {
                let server = &slot.server().counters.at(thread).upstream;
                server.bytes.request_in.add(log.bytes_in);
                server.bytes.response_out.add(log.bytes_out);
                for counters in [server, be] {
                    counters.queue_time.add(log.queue_ms.max(0) as u64);
                    counters.connect_time.add(log.connect_ms.max(0) as u64);
                    counters.response_time.add(log.response_ms.max(0) as u64);
                    counters.total_time.add(log.total_ms.max(0) as u64);
                }
            }
        }
        self.conn.thread.counters().bytes_out.add(log.bytes_out);
    }

    fn note_levels(&mut self) {
        let process = &self.conn.thread.process;
        let active = process.connections.load(Ordering::Relaxed);
        let frontend = self.fe().live.frontend_sessions.load(Ordering::Relaxed);
        let backend = self.px().live.backend_sessions.load(Ordering::Relaxed);
        let server = self.slot.as_ref().map_or(0, |slot| slot.server().current());
        let counted = self.backend_counted;
        let log = &mut self.txn.log;
        log.active = active;
        log.frontend_active = frontend;
        log.backend_active = if counted { backend.saturating_sub(1) } else { 0 };
        log.server_active = server.saturating_sub(1);
        if log.server_active == 0 && server > 0 {
            log.server_active = 0;
        }
    }

    /// `option logasap`: writes the line before the data flows; its totals are those of now.
    pub fn write_early_log(&mut self) {
        self.note_end_of_data();
        self.note_levels();
        self.txn.log.early = true;
        self.write_log();
        let log = &mut self.txn.log;
        log.early = false;
        log.total_ms = -1;
        log.active_ms = -1;
    }

    /// Writes the frontend's log line, if it wants one for this stream.
    pub fn write_log(&mut self) {
        self.logged = true;
        let snapshot = std::rc::Rc::clone(&self.snapshot);
        let fe = snapshot.proxy(self.frontend);
        let settings = &fe.settings;
        let global = settings.log_global && !snapshot.global.logs.is_empty();
        if settings.logs.is_empty() && !global {
            return;
        }
        let log = &self.txn.log;
        let local = log.termination.cause == b'L' && log.status < 500;
        let failed = log.status >= 500 || (log.termination.cause != b'-' && !local);
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
        let default = crate::formats::of(&settings.log_line, self.txn.http);
        let format = match (&settings.error_log_line, failed && self.is_connection_error()) {
            (Some(format), true) => format,
            _ => match &settings.log_line {
                LogLine::Custom(format) => format,
                _ => default,
            },
        };
        self.take_late_captures();
        let mut text = self.conn.thread.text();
        let mut structured = self.conn.thread.text();
        self.look(Direction::Response, |cx| {
            format.write(cx, &mut text);
            if let Some(format) = &settings.log_sd {
                format.write(cx, &mut structured);
            }
        });
        fe.live.log_lines.fetch_add(1, Ordering::Relaxed);
        send(self, severity, &text, &structured);
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

    fn is_connection_error(&self) -> bool {
        !self.txn.has_request && self.txn.http
    }
}

fn send(stream: &Stream<'_>, severity: u8, text: &[u8], structured: &[u8]) {
    let process = &stream.conn.thread.process;
    let fe = stream.fe();
    let global = &stream.snapshot.global;
    let envelope = Envelope {
        date: stream.conn.thread.date(),
        level: severity,
        tag: fe.settings.log_tag.as_deref().or(global.log_tag.as_deref()).unwrap_or(b"haproxy"),
        hostname: global.log_send_hostname.as_deref().unwrap_or_default().as_bytes(),
        pid: process.pid,
        structured,
    };
    for target in &fe.settings.logs {
        process.log.send(target, &envelope, text);
    }
    if fe.settings.log_global {
        for target in &global.logs {
            process.log.send(target, &envelope, text);
        }
    }
}
