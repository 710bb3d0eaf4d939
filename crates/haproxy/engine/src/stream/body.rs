//! Carrying one message's body from a side to the other: the only forwarding loop, for HTTP/1 bodies and tunnels alike.

use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use haproxy_http::Framing;
use haproxy_http::h1::chunk::{ChunkDecoder, Step};

use super::filtered::Filtered;
use super::spliced::Pipes;
use crate::pipe::Pipe;
use crate::side::{Received, Side};
use crate::thread::Thread;

/// Bytes to send before a body goes on from 16 kB buffers to large ones.
const LARGE_FROM: u64 = 16 * 1024;

/// A body piece up to this size is copied behind its head.
const COPY_MAX: usize = 4096;

/// Where the body stands.
#[derive(Debug)]
pub(super) enum Rest {
    /// So many bytes to come.
    Length(u64),
    /// Chunks to come.
    Chunked(Box<ChunkDecoder>),
    /// Everything until the end of the connection.
    UntilEnd,
    /// Nothing more to receive.
    Done,
}

/// How a body's transfer ended or failed.
#[derive(Debug)]
pub enum BodyFault {
    /// The sender's connection ended too early or broke.
    Source(Option<io::Error>),
    /// The receiver's connection broke.
    Sink(io::Error),
    /// The sender's chunks made no sense.
    Malformed,
}

/// One direction's transfer: `head` first, then the body.
#[derive(Debug)]
pub struct Transfer {
    pub(super) head: Vec<u8>,
    pub(super) head_sent: usize,
    /// Where the head ends and the body begins that was copied behind it.
    head_len: usize,
    /// True to copy all that is there of the body behind the head, so that it can be sent again.
    pub keeps: bool,
    pub(super) rest: Rest,
    /// What the body goes through, if anything.
    pub filters: Option<Box<Filtered>>,
    /// Pipes it may use, and the one it uses.
    pub(super) pipes: Pipes,
    pub(super) pipe: Option<Pipe>,
    large: bool,
    /// Bytes sent that were not copied.
    pub spliced_bytes: u64,
    /// Body bytes received (without chunk framing).
    pub body_bytes: u64,
    /// Bytes the message counted before its body (see `Request::kept_len`).
    pub kept_before: u64,
    /// What the end of chunks and trailers count there.
    pub mark_bytes: u64,
    /// Bytes sent, head included.
    pub sent_bytes: u64,
    /// True when something moved since the flag was last cleared.
    pub progress: bool,
    /// Which side the transfer waits for.
    pub waits_for: WaitsFor,
}

/// What a pending transfer waits for, which decides whose timeout runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Bytes from the source.
    Source,
    /// Room in the sink's socket.
    Sink,
    /// A filter that slows the body down: nobody is late.
    Filter,
}

impl Transfer {
    /// A transfer of `head` and a body framed as `framing`.
    pub fn new(head: Vec<u8>, framing: Framing) -> Self {
        let rest = match framing {
            Framing::None => Rest::Done,
            Framing::Length(0) => Rest::Done,
            Framing::Length(n) => Rest::Length(n),
            Framing::Chunked => Rest::Chunked(Box::default()),
            Framing::UntilClose | Framing::Tunnel => Rest::UntilEnd,
        };
        Transfer {
            head_len: head.len(),
            keeps: false,
            head,
            head_sent: 0,
            rest,
            filters: None,
            pipes: Pipes::default(),
            pipe: None,
            large: false,
            spliced_bytes: 0,
            body_bytes: 0,
            kept_before: 0,
            mark_bytes: 0,
            sent_bytes: 0,
            progress: false,
            waits_for: WaitsFor::Sink,
        }
    }

    /// The same transfer with the body going through filters.
    pub fn through(mut self, filters: Option<Box<Filtered>>) -> Self {
        self.filters = filters;
        self
    }

    /// Bytes the message counts so far, as it is kept.
    pub fn kept_bytes(&self) -> u64 {
        self.kept_before + self.body_bytes + self.mark_bytes
    }

    /// The body, when all of it went out from behind the head: it can be sent again.
    pub fn kept_body(&self) -> Option<&[u8]> {
        let whole = self.is_received() && self.filters.is_none() && self.sent_bytes == self.head_sent as u64;
        whole.then(|| &self.head[self.head_len..])
    }

    /// Takes a body that was kept, which is all there is.
    pub fn send_again(&mut self, body: &[u8], body_bytes: u64) {
        self.head.extend_from_slice(body);
        self.rest = Rest::Done;
        self.body_bytes = body_bytes;
    }

    /// True when all is received and sent.
    pub fn is_done(&self) -> bool {
        matches!(self.rest, Rest::Done)
            && self.head_sent == self.head.len()
            && self.filters.as_ref().is_none_or(|filters| filters.is_done())
    }

    /// True when all of the body is received.
    pub fn is_received(&self) -> bool {
        matches!(self.rest, Rest::Done)
    }

    /// The head's buffer, to be used again.
    pub fn into_text(self) -> Vec<u8> {
        self.head
    }

    /// Moves as much as it can. Ready when everything is sent, or on a fault.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Side,
        sink: &mut Side,
        thread: &Thread,
    ) -> Poll<Result<(), BodyFault>> {
        if self.filters.is_some() {
            return self.poll_filtered(cx, source, sink, thread);
        }
        loop {
            if let Rest::Chunked(_) = self.rest {
                self.encode(source)?;
            }
            if self.pipes.open_max > 0
                && self.head_sent == self.head.len()
                && self.is_spliceable(source)
                && let Some(poll) = self.poll_spliced(cx, source, sink, thread)
            {
                return poll;
            }
            // what can be sent now
            let body = match &self.rest {
                Rest::Length(left) => source.input.len().min(usize::try_from(*left).unwrap_or(usize::MAX)),
                Rest::UntilEnd => source.input.len(),
                Rest::Chunked(_) | Rest::Done => 0,
            };
            let head = self.head.len() - self.head_sent;
            if head > 0 && body > 0 && (body <= COPY_MAX || self.keeps) {
                // one plain send costs less than one of two pieces
                self.head.extend_from_slice(&source.input.bytes()[..body]);
                self.took(body, source, thread);
                continue;
            }
            if head + body > 0 {
                let result = match (head, body) {
                    (0, _) => sink.io.poll_write(cx, &source.input.bytes()[..body]),
                    (_, 0) => sink.io.poll_write(cx, &self.head[self.head_sent..]),
                    _ => sink.io.poll_write_vectored(
                        cx,
                        &[
                            IoSlice::new(&self.head[self.head_sent..]),
                            IoSlice::new(&source.input.bytes()[..body]),
                        ],
                    ),
                };
                let sent = match result {
                    Poll::Pending => {
                        self.waits_for = WaitsFor::Sink;
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(sent)) => sent,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(BodyFault::Sink(error))),
                };
                self.progress = true;
                self.sent_bytes += sent as u64;
                let of_head = sent.min(head);
                self.head_sent += of_head;
                let of_body = sent - of_head;
                if of_body > 0 {
                    self.took(of_body, source, thread);
                }
                continue;
            }
            if let Rest::Done = self.rest {
                return Poll::Ready(Ok(()));
            }
            match self.poll_more(cx, source, thread) {
                Poll::Pending => {
                    self.waits_for = WaitsFor::Source;
                    return Poll::Pending;
                }
                Poll::Ready(Ok(true)) => self.progress = true,
                Poll::Ready(Ok(false)) => match &self.rest {
                    Rest::UntilEnd => {
                        self.rest = Rest::Done;
                    }
                    _ => return Poll::Ready(Err(BodyFault::Source(None))),
                },
                Poll::Ready(Err(error)) => return Poll::Ready(Err(BodyFault::Source(Some(error)))),
            }
        }
    }

    /// Notes that so much of the body has left the source's buffer.
    pub(super) fn took(&mut self, bytes: usize, source: &mut Side, thread: &Thread) {
        source.input.consume(bytes);
        self.body_bytes += bytes as u64;
        if let Rest::Length(left) = &mut self.rest {
            *left -= bytes as u64;
            if *left == 0 {
                self.rest = Rest::Done;
                source.input.release(self.buffers(thread));
            }
        }
    }

    pub(super) fn buffers<'a>(&self, thread: &'a Thread) -> &'a crate::buffer::BufferPool {
        if self.large { &thread.large_buffers } else { &thread.buffers }
    }

    /// Receives once more; false at the end.
    pub(super) fn poll_more(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Side,
        thread: &Thread,
    ) -> Poll<io::Result<bool>> {
        if !self.large && self.body_bytes >= LARGE_FROM && !matches!(self.rest, Rest::Chunked(_)) {
            source.input.release(&thread.buffers);
            self.large = true;
        }
        let received = std::task::ready!(source.poll_receive(cx, self.buffers(thread)))?;
        Poll::Ready(Ok(!matches!(received, Received::End)))
    }

    /// Decodes what has come of a chunked body and frames it anew, so that nothing of the sender's framing gets through.
    fn encode(&mut self, source: &mut Side) -> Result<(), BodyFault> {
        if source.input.is_empty() {
            return Ok(());
        }
        if self.head_sent == self.head.len() {
            self.recycle_head();
        } else if self.head.len() - self.head_sent > 64 * 1024 {
            return Ok(());
        }
        let Rest::Chunked(decoder) = &mut self.rest else { return Ok(()) };
        let mut consumed_all = 0;
        let mut end = false;
        {
            let bytes = source.input.bytes();
            while consumed_all < bytes.len() {
                let (consumed, step) =
                    decoder.decode(&bytes[consumed_all..]).map_err(|_| BodyFault::Malformed)?;
                match step {
                    Step::Data(range) => {
                        let data = &bytes[consumed_all + range.start..consumed_all + range.end];
                        self.body_bytes += data.len() as u64;
                        push_chunk(&mut self.head, data);
                    }
                    Step::End => {
                        self.head.extend_from_slice(b"0\r\n");
                        decoder.trailers().write(&mut self.head);
                        self.mark_bytes = decoder.trailers().text_len() as u64 + 1;
                        self.head.extend_from_slice(b"\r\n");
                        end = true;
                    }
                    Step::NeedMore => {}
                }
                consumed_all += consumed;
                if end || consumed == 0 {
                    break;
                }
            }
        }
        source.input.consume(consumed_all);
        if end {
            self.rest = Rest::Done;
        }
        Ok(())
    }

    pub(super) fn recycle_head(&mut self) {
        if self.head_sent == self.head.len() {
            self.head.clear();
            self.head_sent = 0;
        }
    }
}

/// Adds one chunk of `data`.
pub fn push_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let mut digits = [0u8; 16];
    let mut at = digits.len();
    let mut n = data.len();
    while n > 0 {
        at -= 1;
        digits[at] = b"0123456789abcdef"[n & 15];
        n >>= 4;
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}
