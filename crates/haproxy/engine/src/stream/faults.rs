//! Messages that broke the protocol are kept, for those who want to see why (`show errors`).

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use haproxy_model::snapshot::Captured;

use super::steps::Stream;

impl Stream<'_> {
    /// Keeps a request that cannot be read, with its frontend.
    pub fn keep_request_fault(&self, at: usize) {
        let captured = self.captured(self.conn.client.input.bytes(), at);
        keep(&self.fe().live.request_error, captured);
    }

    /// Keeps a response that cannot be read, with its backend.
    pub fn keep_response_fault(&self, at: usize) {
        let Some(upstream) = &self.upstream else { return };
        let fe = self.fe();
        let server = self.txn.server.map(|server| {
            let conf = &self.snapshot.server(server).settings.balance;
            (conf.name.to_string(), conf.puid)
        });
        let captured = self.captured(upstream.side.input.bytes(), at);
        keep(
            &self.px().live.response_error,
            Captured { other: Some((fe.name.clone(), fe.uuid)), server, ..captured },
        );
    }

    fn captured(&self, bytes: &[u8], at: usize) -> Captured {
        let date = self.conn.thread.date();
        Captured {
            event: self.conn.thread.process.captured.fetch_add(1, Ordering::Relaxed),
            date: (date.secs, date.micros / 1000),
            source: self.conn.session.source.ip(),
            other: None,
            server: None,
            bytes: bytes.to_vec(),
            at,
        }
    }
}

fn keep(place: &Mutex<Option<Captured>>, captured: Captured) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(captured);
}
