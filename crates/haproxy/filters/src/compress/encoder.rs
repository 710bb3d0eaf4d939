//! The compressor as a filter, and the spare encoders of a thread.

use std::cell::RefCell;
use std::rc::Rc;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::Algorithm;
use crate::chain::{Filter, Flow, Passed};

/// Encoders kept for the next body; each has some hundred kilobytes.
const SPARE_MAX: usize = 16;

/// The window of 32 kB, the largest.
const WINDOW_BITS: u8 = 15;

/// The encoders of one thread that are not at work: making one costs more than a small body.
#[derive(Debug, Default)]
pub struct Encoders {
    pub(super) spare: RefCell<Vec<(Algorithm, u32, Compress)>>,
}

impl Encoders {
    /// An encoder, used before or new.
    pub fn take(self: &Rc<Self>, algorithm: Algorithm, level: u32) -> Encoder {
        let mut spare = self.spare.borrow_mut();
        let state = match spare.iter().position(|(a, l, _)| (*a, *l) == (algorithm, level)) {
            Some(at) => Some(spare.swap_remove(at).2),
            None => fresh(algorithm, level),
        };
        Encoder { state, algorithm, level, home: Rc::clone(self) }
    }
}

fn fresh(algorithm: Algorithm, level: u32) -> Option<Compress> {
    let level = Compression::new(level);
    match algorithm {
        Algorithm::Identity => None,
        Algorithm::Gzip => Some(Compress::new_gzip(level, WINDOW_BITS)),
        Algorithm::Deflate => Some(Compress::new(level, true)),
        Algorithm::RawDeflate => Some(Compress::new(level, false)),
    }
}

/// One body's encoder; it goes back to its thread's spare ones.
#[derive(Debug)]
pub struct Encoder {
    state: Option<Compress>,
    algorithm: Algorithm,
    level: u32,
    home: Rc<Encoders>,
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let mut spare = self.home.spare.borrow_mut();
        if let Some(mut state) = self.state.take()
            && spare.len() < SPARE_MAX
        {
            state.reset();
            spare.push((self.algorithm, self.level, state));
        }
    }
}

impl Encoder {
    /// Compresses `input` behind what `out` holds.
    fn encode(&mut self, mut input: &[u8], how: FlushCompress, out: &mut Vec<u8>) {
        let Some(state) = &mut self.state else {
            out.extend_from_slice(input);
            return;
        };
        loop {
            if out.capacity() - out.len() < 1024 {
                out.reserve(input.len() / 2 + 1024);
            }
            let before = (state.total_in(), out.len());
            let status = state.compress_vec(input, out, how);
            input = &input[(state.total_in() - before.0) as usize..];
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

    fn encode(&mut self, input: &[u8], how: FlushCompress, flow: &mut Flow<'_>) {
        let before = flow.out.len();
        self.encoder.encode(input, how, flow.out);
        flow.tally.compressed_in += input.len() as u64;
        flow.tally.compressed_out += (flow.out.len() - before) as u64;
    }
}

impl Filter for Compressor {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        self.encode(input, FlushCompress::None, flow);
        Passed::all(input)
    }

    fn end(&mut self, flow: &mut Flow<'_>) {
        self.encode(&[], FlushCompress::Finish, flow);
    }

    fn flush(&mut self, flow: &mut Flow<'_>) {
        self.encode(&[], FlushCompress::Sync, flow);
    }
}
