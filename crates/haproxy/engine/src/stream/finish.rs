//! The end of a stream: times, counters, the log line.

use std::sync::atomic::Ordering;

use super::After;
use super::steps::Stream;

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
            self.write_last_line();
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

    /// Notes how busy process, proxies and server are.
    pub fn note_levels(&mut self) {
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
}
