//! HTTP/1.0 and 1.1 on the wire: heads, chunks, and how the end of a message and of a connection is known.

pub mod chunk;
pub mod error;
mod line;
pub mod parse;
mod sanitize;
pub mod write;

pub use chunk::{ChunkDecoder, ChunkError, Step};
pub use error::{H1Error, H1ErrorKind};
pub use parse::{ConnFlags, Limits, Parsed, Relax, ReplyTo, Resume, parse_request, parse_response};
