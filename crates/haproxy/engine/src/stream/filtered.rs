//! A body on its way through filters: what the forwarding loop does when a transfer has some.

use std::rc::Rc;
use std::task::{Context, Poll};

use haproxy_filters::{Chain, Tally};
use haproxy_http::Fields;
use haproxy_http::h1::chunk::Step;

use super::body::{BodyFault, Rest, Transfer, WaitsFor, push_chunk};
use crate::deadline::Deadline;
use crate::side::Side;
use crate::thread::Thread;

/// Bytes that may wait to be sent before more of the body goes through the filters.
const SEND_MAX: usize = 64 * 1024;

/// How the receiver learns where the filtered body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// It knows already: filters that change nothing leave the length as it is.
    Plain,
    /// In chunks.
    Chunks,
}

/// The filters of one transfer.
#[derive(Debug)]
pub struct Filtered {
    chain: Chain,
    frame: Frame,
    deadline: Deadline,
    closed: bool,
    rated: Tally,
}

impl Filtered {
    /// A body that goes through `chain` and is sent on in `frame`.
    pub fn new(chain: Chain, frame: Frame, thread: &Thread) -> Box<Self> {
        let deadline = Deadline::new(Rc::clone(&thread.clock));
        Box::new(Filtered { chain, frame, deadline, closed: false, rated: Tally::default() })
    }

    /// What the filters did.
    pub fn tally(&self) -> Tally {
        self.chain.tally
    }

    /// True when all that the filters gave was taken away.
    pub fn is_done(&self) -> bool {
        self.closed
    }

    /// True while more should not be fed.
    pub fn is_full(&self) -> bool {
        self.chain.is_full()
    }

    /// True once the body is known to be over.
    pub fn is_ending(&self) -> bool {
        self.chain.is_ending()
    }

    /// True while a filter holds bytes until its time has come.
    pub fn waits(&self) -> bool {
        self.chain.again_ms().is_some()
    }

    /// Lets bytes go through.
    pub fn feed(&mut self, data: &[u8], thread: &Thread) {
        self.chain.feed(data, thread.now_ms());
        self.rate(thread);
    }

    /// Fields to send behind a chunked body.
    pub fn set_trailers(&mut self, trailers: &Fields) {
        self.chain.trailers.clone_from(trailers);
    }

    /// Says that the body is over.
    pub fn finish(&mut self, thread: &Thread) {
        self.chain.finish(thread.now_ms());
        self.rate(thread);
    }

    /// Moves what came out behind `head`; true when there was something.
    pub fn drain(&mut self, head: &mut Vec<u8>) -> bool {
        let before = head.len();
        match self.frame {
            Frame::Plain => head.extend_from_slice(&self.chain.out),
            Frame::Chunks => push_chunk(head, &self.chain.out),
        }
        self.chain.out.clear();
        if self.chain.is_over() && !self.closed {
            self.closed = true;
            if self.frame == Frame::Chunks {
                head.extend_from_slice(b"0\r\n");
                self.chain.trailers.write(head);
                head.extend_from_slice(b"\r\n");
            }
        }
        head.len() > before
    }

    /// Goes on when a filter's time has come.
    pub fn poll_resume(&mut self, cx: &mut Context<'_>, thread: &Thread) -> Poll<()> {
        let Some(again_ms) = self.chain.again_ms() else { return Poll::Pending };
        std::task::ready!(self.deadline.poll(cx, again_ms));
        self.chain.resume(thread.now_ms());
        self.rate(thread);
        Poll::Ready(())
    }

    fn rate(&mut self, thread: &Thread) {
        let tally = self.chain.tally;
        if tally != self.rated {
            let counters = thread.counters();
            let now_ms = thread.now_ms();
            counters.comp_in_rate.update(now_ms, (tally.compressed_in - self.rated.compressed_in) as u32);
            counters.comp_out_rate.update(now_ms, (tally.compressed_out - self.rated.compressed_out) as u32);
            self.rated = tally;
        }
    }
}

impl Transfer {
    /// As `poll`, with the body going through the filters.
    pub(super) fn poll_filtered(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut Side,
        sink: &mut Side,
        thread: &Thread,
    ) -> Poll<Result<(), BodyFault>> {
        loop {
            self.recycle_head();
            if self.head.len() - self.head_sent < SEND_MAX {
                self.through_filters(source, thread)?;
            }
            if self.head_sent < self.head.len() {
                match sink.io.poll_write(cx, &self.head[self.head_sent..]) {
                    Poll::Pending => {
                        self.waits_for = WaitsFor::Sink;
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(sent)) => {
                        self.progress = true;
                        self.sent_bytes += sent as u64;
                        self.head_sent += sent;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(BodyFault::Sink(error))),
                }
                continue;
            }
            let Some(filters) = &mut self.filters else { return Poll::Ready(Ok(())) };
            if filters.is_done() {
                return Poll::Ready(Ok(()));
            }
            let slowed = filters.chain.again_ms().is_some();
            if filters.poll_resume(cx, thread).is_ready() {
                self.progress = true;
                continue;
            }
            if matches!(self.rest, Rest::Done) || (slowed && !source.input.is_empty()) {
                self.waits_for = WaitsFor::Filter;
                return Poll::Pending;
            }
            match self.poll_more(cx, source, thread) {
                Poll::Pending => {
                    if self.filters.as_mut().is_some_and(|filters| filters.chain.flush(thread.now_ms())) {
                        continue;
                    }
                    self.waits_for = if slowed { WaitsFor::Filter } else { WaitsFor::Source };
                    return Poll::Pending;
                }
                Poll::Ready(Ok(true)) => self.progress = true,
                Poll::Ready(Ok(false)) => match self.rest {
                    Rest::UntilEnd => {
                        self.rest = Rest::Done;
                        if let Some(filters) = &mut self.filters {
                            filters.finish(thread);
                        }
                    }
                    _ => return Poll::Ready(Err(BodyFault::Source(None))),
                },
                Poll::Ready(Err(error)) => return Poll::Ready(Err(BodyFault::Source(Some(error)))),
            }
        }
    }

    /// Sends what has come of the body through the filters, and takes what they give.
    fn through_filters(&mut self, source: &mut Side, thread: &Thread) -> Result<(), BodyFault> {
        let Some(mut filters) = self.filters.take() else { return Ok(()) };
        let result = self.feed(&mut filters, source, thread);
        filters.drain(&mut self.head);
        self.filters = Some(filters);
        result
    }

    fn feed(&mut self, filters: &mut Filtered, source: &mut Side, thread: &Thread) -> Result<(), BodyFault> {
        if matches!(self.rest, Rest::Done) && !filters.chain.is_ending() {
            filters.finish(thread);
        }
        if filters.chain.is_full() || source.input.is_empty() {
            return Ok(());
        }
        match &mut self.rest {
            Rest::Length(left) => {
                let bytes = source.input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                filters.feed(&source.input.bytes()[..bytes], thread);
                self.took(bytes, source, thread);
                if matches!(self.rest, Rest::Done) {
                    filters.finish(thread);
                }
            }
            Rest::UntilEnd => {
                filters.feed(source.input.bytes(), thread);
                let bytes = source.input.len();
                self.took(bytes, source, thread);
            }
            Rest::Chunked(_) => self.feed_chunks(filters, source, thread)?,
            Rest::Done => {}
        }
        Ok(())
    }

    fn feed_chunks(
        &mut self,
        filters: &mut Filtered,
        source: &mut Side,
        thread: &Thread,
    ) -> Result<(), BodyFault> {
        let Rest::Chunked(decoder) = &mut self.rest else { return Ok(()) };
        let bytes = source.input.bytes();
        let mut at = 0;
        let mut end = false;
        while at < bytes.len() && !end {
            let (consumed, step) = decoder.decode(&bytes[at..]).map_err(|_| BodyFault::Malformed)?;
            match step {
                Step::Data(range) => {
                    self.body_bytes += range.len() as u64;
                    filters.feed(&bytes[at + range.start..at + range.end], thread);
                }
                Step::End => {
                    self.mark_bytes = decoder.trailers().text_len() as u64 + 1;
                    end = true;
                }
                Step::NeedMore if consumed == 0 => break,
                Step::NeedMore => {}
            }
            at += consumed;
        }
        source.input.consume(at);
        if end {
            filters.chain.trailers.clone_from(decoder.trailers());
            filters.finish(thread);
            self.rest = Rest::Done;
        }
        Ok(())
    }
}
