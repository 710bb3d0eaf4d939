//! The filters of one body, one behind the other.

use std::fmt;

use haproxy_http::Fields;

/// A stage that does not take what it is given may let so much wait before the source is asked no more.
const WAITING_MAX: usize = 64 * 1024;

/// What the filters of a body have done so far, for counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes a compressor took.
    pub compressed_in: u64,
    /// Bytes a compressor gave.
    pub compressed_out: u64,
}

/// Where a filter puts what it lets through.
#[derive(Debug)]
pub struct Flow<'a> {
    /// Bytes that go on.
    pub out: &'a mut Vec<u8>,
    /// Monotonic milliseconds now.
    pub now_ms: u64,
    /// What to count.
    pub tally: &'a mut Tally,
    /// Fields behind the body, known at its end.
    pub trailers: &'a Fields,
}

/// How much a filter took, and when it wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Bytes taken of the input; the rest waits.
    pub taken: usize,
    /// When more of what waits can pass, monotonic milliseconds; None when all was taken.
    pub again_ms: Option<u64>,
}

impl Passed {
    /// Everything was taken.
    pub fn all(input: &[u8]) -> Passed {
        Passed { taken: input.len(), again_ms: None }
    }
}

/// One filter at work on one body.
pub trait Filter: fmt::Debug {
    /// Takes the body's next bytes, or some of them.
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed;

    /// The body is over and all of it was taken.
    fn end(&mut self, flow: &mut Flow<'_>) {
        let _ = flow;
    }

    /// Nothing more comes for a while: what is kept back must go on.
    fn flush(&mut self, flow: &mut Flow<'_>) {
        let _ = flow;
    }
}

#[derive(Debug)]
struct Stage {
    filter: Box<dyn Filter>,
    waiting: Vec<u8>,
    ended: bool,
}

/// The filters of one body in their order.
#[derive(Debug, Default)]
pub struct Chain {
    stages: Vec<Stage>,
    /// What came out of the last filter and was not yet taken away.
    pub out: Vec<u8>,
    /// What the filters have done.
    pub tally: Tally,
    /// Fields behind the body; to be set before its end.
    pub trailers: Fields,
    again_ms: Option<u64>,
    ending: bool,
    unflushed: bool,
    spare: [Vec<u8>; 2],
}

impl Chain {
    /// Adds a filter at the end.
    pub fn push(&mut self, filter: Box<dyn Filter>) {
        self.stages.push(Stage { filter, waiting: Vec::new(), ended: false });
    }

    /// True when there is no filter.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Sends bytes of the body through the filters.
    pub fn feed(&mut self, data: &[u8], now_ms: u64) {
        self.unflushed = true;
        self.run(data, now_ms);
    }

    /// Says that the body is over.
    pub fn finish(&mut self, now_ms: u64) {
        self.ending = true;
        self.run(&[], now_ms);
    }

    /// Lets filters that asked for it go on with what waits.
    pub fn resume(&mut self, now_ms: u64) {
        self.run(&[], now_ms);
    }

    /// When a filter wants to go on with what waits.
    pub fn again_ms(&self) -> Option<u64> {
        self.again_ms
    }

    /// True once the body is known to be over.
    pub fn is_ending(&self) -> bool {
        self.ending
    }

    /// True when all of the body went through all filters.
    pub fn is_over(&self) -> bool {
        self.ending && self.stages.iter().all(|stage| stage.ended)
    }

    /// True while so much waits that the source should not be asked for more.
    pub fn is_full(&self) -> bool {
        self.out.len() > WAITING_MAX || self.stages.iter().any(|stage| stage.waiting.len() > WAITING_MAX)
    }

    /// Has the filters hand on what they keep back, because the source pauses. False when there was nothing to do.
    pub fn flush(&mut self, now_ms: u64) -> bool {
        if !std::mem::take(&mut self.unflushed) {
            return false;
        }
        for at in 0..self.stages.len() {
            let mut kept = std::mem::take(&mut self.spare[0]);
            let Chain { stages, tally, trailers, .. } = self;
            if !stages[at].ended {
                stages[at].filter.flush(&mut Flow { out: &mut kept, now_ms, tally, trailers });
            }
            self.run_from(at + 1, &kept, now_ms);
            kept.clear();
            self.spare[0] = kept;
        }
        true
    }

    fn run(&mut self, data: &[u8], now_ms: u64) {
        self.again_ms = None;
        self.run_from(0, data, now_ms);
    }

    fn run_from(&mut self, first: usize, data: &[u8], now_ms: u64) {
        let last = self.stages.len();
        if first >= last {
            self.out.extend_from_slice(data);
            return;
        }
        let mut before_ended = self.ending && self.stages[..first].iter().all(|stage| stage.ended);
        let mut input = std::mem::take(&mut self.spare[1]);
        let mut next = Vec::new();
        for at in first..last {
            let Chain { stages, out, tally, again_ms, trailers, .. } = self;
            let stage = &mut stages[at];
            let bytes = if at == first { data } else { &input[..] };
            let target = if at + 1 == last { &mut *out } else { &mut next };
            let mut flow = Flow { out: target, now_ms, tally, trailers };
            if let Some(wish_ms) = stage.take(bytes, before_ended, &mut flow) {
                *again_ms = Some(again_ms.map_or(wish_ms, |other| other.min(wish_ms)));
            }
            before_ended = stage.ended;
            input.clear();
            std::mem::swap(&mut input, &mut next);
        }
        input.clear();
        self.spare[1] = input;
    }
}

impl Stage {
    /// Takes new bytes behind those that wait; when it wants to be asked again.
    fn take(&mut self, bytes: &[u8], no_more: bool, flow: &mut Flow<'_>) -> Option<u64> {
        if self.ended {
            return None;
        }
        let mut again_ms = None;
        if self.waiting.is_empty() {
            if !bytes.is_empty() {
                let passed = self.filter.pass(bytes, flow);
                self.waiting.extend_from_slice(&bytes[passed.taken..]);
                again_ms = passed.again_ms;
            }
        } else {
            self.waiting.extend_from_slice(bytes);
            let passed = self.filter.pass(&self.waiting, flow);
            self.waiting.drain(..passed.taken);
            again_ms = passed.again_ms;
        }
        if no_more && self.waiting.is_empty() {
            self.filter.end(flow);
            self.ended = true;
        }
        again_ms
    }
}

#[cfg(test)]
mod tests;
