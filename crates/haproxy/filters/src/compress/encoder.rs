//! The compressor as a filter, and the spare encoders of a thread.

use std::cell::RefCell;
use std::rc::Rc;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::Algorithm;
use super::fast::Fast;
use super::frame::Frame;
use crate::chain::{Filter, Flow, Passed};

/// Encoders kept for the next body; those of the higher levels have some hundred kilobytes.
const SPARE_MAX: usize = 16;

/// The window of 32 kB, the largest.
const WINDOW_BITS: u8 = 15;

/// The level that has an encoder of its own.
const FASTEST: u32 = 1;

/// The encoders of one thread that are not at work: making one costs more than a small body.
#[derive(Debug, Default)]
pub struct Encoders {
    pub(super) spare: RefCell<Vec<(Algorithm, u32, State)>>,
}

impl Encoders {
    /// An encoder, used before or new.
    pub fn take(self: &Rc<Self>, algorithm: Algorithm, level: u32) -> Encoder {
        let mut spare = self.spare.borrow_mut();
        let state = match spare.iter().position(|(a, l, _)| (*a, *l) == (algorithm, level)) {
            Some(at) => spare.swap_remove(at).2,
            None => State::new(algorithm, level),
        };
        Encoder { state, algorithm, level, home: Rc::clone(self) }
    }
}

/// What encodes.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing.
    Identity,
    /// The fastest level, with the frame around it.
    Fast(Fast, Frame),
    /// The higher levels.
    Zlib(Compress),
}

impl State {
    fn new(algorithm: Algorithm, level: u32) -> State {
        let frame = match algorithm {
            Algorithm::Identity => return State::Identity,
            Algorithm::Gzip => Frame::gzip(),
            Algorithm::Deflate => Frame::zlib(),
            Algorithm::RawDeflate => Frame::none(),
        };
        if level <= FASTEST {
            return State::Fast(Fast::default(), frame);
        }
        let level = Compression::new(level);
        State::Zlib(match algorithm {
            Algorithm::Gzip => Compress::new_gzip(level, WINDOW_BITS),
            Algorithm::Deflate => Compress::new(level, true),
            Algorithm::RawDeflate | Algorithm::Identity => Compress::new(level, false),
        })
    }

    fn reset(&mut self) {
        match self {
            State::Identity => {}
            State::Fast(fast, frame) => {
                fast.reset();
                frame.reset();
            }
            State::Zlib(zlib) => zlib.reset(),
        }
    }
}

/// One body's encoder; it goes back to its thread's spare ones.
#[derive(Debug)]
pub struct Encoder {
    state: State,
    algorithm: Algorithm,
    level: u32,
    home: Rc<Encoders>,
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let mut spare = self.home.spare.borrow_mut();
        let mut state = std::mem::replace(&mut self.state, State::Identity);
        if spare.len() < SPARE_MAX && !matches!(state, State::Identity) {
            state.reset();
            spare.push((self.algorithm, self.level, state));
        }
    }
}

/// How far a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Some may be kept back.
    Later,
    /// All of the input can be read back.
    Here,
    /// The end.
    End,
}

impl Encoder {
    /// Compresses `input` behind what `out` holds.
    fn encode(&mut self, input: &[u8], until: Until, out: &mut Vec<u8>) {
        match &mut self.state {
            State::Identity => out.extend_from_slice(input),
            State::Fast(fast, frame) => {
                frame.take(input, out);
                fast.encode(input, out);
                match until {
                    Until::Later => {}
                    Until::Here => fast.flush(out),
                    Until::End => {
                        fast.finish(out);
                        frame.end(out);
                    }
                }
            }
            State::Zlib(zlib) => with_zlib(zlib, input, until, out),
        }
    }
}

fn with_zlib(zlib: &mut Compress, mut input: &[u8], until: Until, out: &mut Vec<u8>) {
    let how = match until {
        Until::Later => FlushCompress::None,
        Until::Here => FlushCompress::Sync,
        Until::End => FlushCompress::Finish,
    };
    loop {
        if out.capacity() - out.len() < 1024 {
            out.reserve(input.len() / 2 + 1024);
        }
        let before = (zlib.total_in(), out.len());
        let status = zlib.compress_vec(input, out, how);
        input = &input[(zlib.total_in() - before.0) as usize..];
        let full = out.len() == out.capacity();
        match status {
            Ok(Status::StreamEnd) | Err(_) => return,
            // a flush is complete when it leaves room
            Ok(Status::Ok | Status::BufError) if input.is_empty() && !full => return,
            Ok(Status::BufError) if out.len() == before.1 && !full => return,
            Ok(Status::Ok | Status::BufError) => {}
        }
    }
}

/// The filter that compresses.
#[derive(Debug)]
pub struct Compressor {
    encoder: Encoder,
}

impl Compressor {
    /// A filter with this encoder.
    pub fn new(encoder: Encoder) -> Self {
        Compressor { encoder }
    }

    fn encode(&mut self, input: &[u8], until: Until, flow: &mut Flow<'_>) {
        let before = flow.out.len();
        self.encoder.encode(input, until, flow.out);
        flow.tally.compressed_in += input.len() as u64;
        flow.tally.compressed_out += (flow.out.len() - before) as u64;
    }
}

impl Filter for Compressor {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        self.encode(input, Until::Later, flow);
        Passed::all(input)
    }

    fn end(&mut self, flow: &mut Flow<'_>) {
        self.encode(&[], Until::End, flow);
    }

    fn flush(&mut self, flow: &mut Flow<'_>) {
        self.encode(&[], Until::Here, flow);
    }
}
