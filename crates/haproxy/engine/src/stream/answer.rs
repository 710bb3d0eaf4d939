//! Waiting for a response's body: for rules that want to see it, or to be rid of one the client did not ask for.

use std::task::Poll;

use haproxy_http::Framing;
use haproxy_http::h1::{ChunkDecoder, Step};
use haproxy_model::snapshot::Proxy;

use super::request::Arrival;
use super::steps::{End, Stream};
use crate::conn::{Connection, deadline_after};
use crate::side::Received;

/// What is left of a body that nobody wants.
enum Unwanted {
    Bytes(u64),
    Chunks(Box<ChunkDecoder>),
}

impl Unwanted {
    /// Passes what has come; true at the end of the body.
    fn pass(&mut self, input: &mut crate::buffer::Buffer) -> Result<bool, ()> {
        match self {
            Unwanted::Bytes(left) => {
                let part = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                input.consume(part);
                *left -= part as u64;
                Ok(*left == 0)
            }
            Unwanted::Chunks(decoder) => {
                let (mut at, mut over) = (0, false);
                while at < input.len() && !over {
                    let (consumed, step) = decoder.decode(&input.bytes()[at..]).map_err(drop)?;
                    at += consumed;
                    over = matches!(step, Step::End);
                    if consumed == 0 {
                        break;
                    }
                }
                input.consume(at);
                Ok(over)
            }
        }
    }
}

impl Stream<'_> {
    /// True when no more of the response can come: its body is complete or fills the buffer.
    pub fn response_is_here(&self) -> bool {
        let Some(upstream) = &self.upstream else { return true };
        let input = &upstream.side.input;
        if input.is_full() || upstream.side.ended {
            return true;
        }
        match self.txn.response.framing {
            Framing::None | Framing::Tunnel => true,
            Framing::Length(n) => input.len() as u64 >= n,
            Framing::Chunked => input.bytes().ends_with(b"0\r\n\r\n"),
            Framing::UntilClose => false,
        }
    }

    /// Receives once from the server.
    pub async fn receive_answer(&mut self, deadline_ms: u64) -> Arrival {
        let Stream { conn, upstream, .. } = self;
        let Some(upstream) = upstream else { return Arrival::End };
        let Connection { deadline, thread, .. } = &mut **conn;
        std::future::poll_fn(|cx| {
            match upstream.side.poll_receive(cx, &thread.buffers) {
                Poll::Ready(Ok(Received::Bytes(_))) => return Poll::Ready(Arrival::Bytes),
                Poll::Ready(Ok(Received::Full)) => return Poll::Ready(Arrival::Full),
                Poll::Ready(Ok(Received::End) | Err(_)) => return Poll::Ready(Arrival::End),
                Poll::Pending => {}
            }
            deadline.poll(cx, deadline_ms).map(|()| Arrival::Timeout)
        })
        .await
    }

    /// `wait-for-body` of a response: waits for all of it, or enough, as far as it fits the buffer.
    pub async fn buffer_answer(&mut self, timeout_ms: u64, at_least: Option<u64>) -> Result<(), End> {
        let deadline_ms = deadline_after(self.now_ms(), Some(timeout_ms.max(1)));
        while !self.response_is_here() {
            let here = self.upstream.as_ref().map_or(0, |upstream| upstream.side.input.len() as u64);
            if at_least.is_some_and(|n| here >= n) {
                return Ok(());
            }
            match self.receive_answer(deadline_ms).await {
                Arrival::Bytes => {}
                Arrival::Full => return Ok(()),
                Arrival::End if self.txn.response.framing == Framing::UntilClose => return Ok(()),
                Arrival::End => {
                    self.ends(b'S', b'H');
                    return Err(End::Error(502));
                }
                Arrival::Timeout => {
                    self.ends(b's', b'H');
                    return Err(End::Error(504));
                }
            }
        }
        Ok(())
    }

    /// Takes a body that is not sent on out of the way, so that its connection can serve again; false when it cannot.
    pub async fn pass_body(&mut self, px: &Proxy, framing: Framing) -> bool {
        let timeout_ms = px.settings.timeouts.server;
        let mut rest = match framing {
            Framing::None => return true,
            Framing::Length(n) => Unwanted::Bytes(n),
            Framing::Chunked => Unwanted::Chunks(Box::default()),
            Framing::UntilClose | Framing::Tunnel => return false,
        };
        let deadline_ms = deadline_after(self.now_ms(), timeout_ms);
        loop {
            let Some(upstream) = &mut self.upstream else { return false };
            match rest.pass(&mut upstream.side.input) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(()) => return false,
            }
            if self.receive_answer(deadline_ms).await != Arrival::Bytes {
                return false;
            }
        }
    }
}
