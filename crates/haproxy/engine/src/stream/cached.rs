//! Answers from a cache: they go the way of a server's answer, from the response rules on.

use std::rc::Rc;

use haproxy_filters::Chain;
use haproxy_filters::cache::Hit;
use haproxy_http::{FieldId, Framing, Method, Version};

use super::After;
use super::filtered::{Filtered, Frame};
use super::reply::{decimal, send_all, send_filtered};
use super::steps::{End, Stream};

/// Bytes sent at a time; each piece has the client's whole timeout.
const PIECE: usize = 64 * 1024;

/// A body up to this size is copied behind its head.
const COPY_MAX: usize = 4096;

impl Stream<'_> {
    /// The answer a cache had for the request, if one had any.
    pub fn cache_hit(&self) -> Option<Hit> {
        self.effects.cache.as_ref()?.hit.clone()
    }

    /// Answers with what a cache kept.
    pub async fn deliver(&mut self, hit: &Hit) -> Result<After, End> {
        let snapshot = Rc::clone(&self.snapshot);
        let px = snapshot.proxy(self.backend);
        self.body_taken = matches!(self.txn.request.framing, Framing::None);
        self.filter_request();
        self.ends(b'L', b'R');
        self.load_cached(hit);
        self.drop_request_body();
        self.capture_response();
        self.rule_response(px).await?;
        let response = &self.txn.response;
        let chunked = response.framing == Framing::Chunked;
        if response.framing == Framing::UntilClose || (chunked && response.version < Version::HTTP_11) {
            self.keep_client = false;
        }
        let bodyless = self.txn.request.method() == Method::Head || response.framing == Framing::None;
        let mut filters = self.response_filters();
        if filters.is_none() && chunked && !bodyless {
            filters = Some(Filtered::new(Chain::default(), Frame::Chunks, &self.conn.thread));
        }
        if let Some(filters) = &mut filters {
            filters.set_trailers(&hit.object.trailers);
        }
        let mut head = self.conn.thread.text();
        self.write_head(false, &mut head);
        let body = if bodyless { &[][..] } else { &hit.object.body[..] };
        let sent = match &mut filters {
            Some(filters) => send_filtered(self.conn, &mut head, body, filters).await,
            None => self.send_plain_body(&mut head, body).await,
        };
        self.conn.thread.give_text(head);
        self.count_filtered(filters.as_deref(), body.len() as u64);
        self.count_response();
        let Ok(sent) = sent else {
            self.ends(b'C', b'D');
            return Ok(After::Close);
        };
        self.txn.log.bytes_out = sent as u64;
        Ok(if self.keep_client { After::KeepAlive } else { After::Close })
    }

    /// Makes the kept response the stream's.
    fn load_cached(&mut self, hit: &Hit) {
        let object = &hit.object;
        let now_s = self.conn.thread.date().secs.max(0) as u64;
        let txn = &mut *self.txn;
        txn.response.clone_from(&object.response);
        txn.has_response = true;
        if object.is_known_to(&txn.request) {
            txn.response.set_status(304, b"Not Modified");
            txn.response.framing = Framing::None;
        }
        let mut digits = [0; 20];
        txn.response.fields.append_known(FieldId::Age, decimal(object.age_now_s(now_s), &mut digits));
        let log = &mut txn.log;
        log.status = txn.response.status as i16;
        log.service = Some("<CACHE>");
        log.queue_ms = 0;
        log.connect_ms = 0;
        log.response_ms = 0;
    }

    async fn send_plain_body(&mut self, head: &mut Vec<u8>, body: &[u8]) -> std::io::Result<usize> {
        let behind = if body.len() <= COPY_MAX { body } else { &[] };
        head.extend_from_slice(behind);
        send_all(self.conn, head).await?;
        let rest = &body[behind.len()..];
        for piece in rest.chunks(PIECE) {
            send_all(self.conn, piece).await?;
        }
        Ok(head.len() + rest.len())
    }

    /// Counts how often caches were asked.
    pub fn count_cache(&self) {
        let [front, back] = self.effects.cache_counts;
        let thread = self.conn.thread.index;
        let fe = &self.fe().live.frontend.at(thread).transforms;
        let be = &self.px().live.backend.at(thread).transforms;
        for (counters, counts) in [(fe, front), (be, back)] {
            counters.cache_lookups.add(u64::from(counts.lookups));
            counters.cache_hits.add(u64::from(counts.hits));
        }
    }
}
