//! HTTP messages, the H1 codec and the PROXY protocol, all sans-io.
//!
//! Owns: [`Request`] and [`Response`] (a start line and an ordered list of fields over one buffer),
//! methods, versions, framing. Knows nothing of sockets, proxies, rules or time.

#![forbid(unsafe_code)]

pub mod cookie;
pub mod date;
pub mod fields;
pub mod h1;
pub mod message;
pub mod name;
pub mod proxy_protocol;
pub mod status;
pub mod uri;

pub use fields::{Field, Fields};
pub use message::{Framing, Method, Request, Response, Version};
pub use name::FieldId;
