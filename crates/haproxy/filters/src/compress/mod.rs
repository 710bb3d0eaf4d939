//! Compression: which algorithm a message gets, what its head says of it, and the filter that does it.

pub mod algorithm;
pub mod choose;
pub mod encoder;
mod fast;
mod frame;
pub mod head;

pub use algorithm::Algorithm;
pub use choose::{accepts, wants_identity};
pub use encoder::{Compressor, Encoder, Encoders};

/// `compression` settings of a proxy (manual §4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `algo`, `algo-res`: in order of preference.
    pub response_algorithms: Vec<Algorithm>,
    /// `type`, `type-res`: beginnings of media types, all when empty.
    pub response_types: Vec<Vec<u8>>,
    /// `minsize-res`: smaller bodies are left alone.
    pub response_min_bytes: u64,
    /// `algo-req`
    pub request_algorithm: Option<Algorithm>,
    /// `type-req`
    pub request_types: Vec<Vec<u8>>,
    /// `minsize-req`
    pub request_min_bytes: u64,
    /// `offload`: servers are not told what the client accepts.
    pub offload: bool,
    /// `direction`
    pub direction: Directions,
}

/// Which messages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directions {
    /// Requests.
    pub request: bool,
    /// Responses.
    pub response: bool,
}

impl Default for Directions {
    fn default() -> Self {
        Directions { request: false, response: true }
    }
}

#[cfg(test)]
mod tests;
