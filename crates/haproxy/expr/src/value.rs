//! Typed values that flow through fetches and converters (configuration manual §7.3).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;
use std::rc::Rc;

use haproxy_http::Method;

/// Bytes of a value: borrowed from the message where possible, owned only after a converter changed them.
#[derive(Clone, Debug)]
pub enum Bytes<'a> {
    /// A piece of the message or of the configuration.
    Ref(&'a [u8]),
    /// Made by a converter or a fetch.
    Owned(Vec<u8>),
    /// Held by a variable.
    Shared(Rc<[u8]>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Ref(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }
}

impl<'a> Bytes<'a> {
    /// A piece of the bytes; what is borrowed stays borrowed. The range must lie within.
    pub fn piece(self, range: std::ops::Range<usize>) -> Bytes<'a> {
        match self {
            Bytes::Ref(bytes) => Bytes::Ref(&bytes[range]),
            Bytes::Owned(mut bytes) => {
                bytes.truncate(range.end);
                bytes.drain(..range.start);
                Bytes::Owned(bytes)
            }
            Bytes::Shared(bytes) if range == (0..bytes.len()) => Bytes::Shared(bytes),
            Bytes::Shared(bytes) => Bytes::Owned(bytes[range].to_vec()),
        }
    }

    /// The bytes as an owned vector, without a copy where they already are one.
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Bytes::Owned(bytes) => bytes,
            other => other.to_vec(),
        }
    }

    /// The same bytes without a tie to the message.
    pub fn into_shared(self) -> Rc<[u8]> {
        match self {
            Bytes::Shared(bytes) => bytes,
            other => Rc::from(&*other),
        }
    }
}

impl<'a> From<&'a [u8]> for Bytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Bytes::Ref(bytes)
    }
}

impl From<Vec<u8>> for Bytes<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::Owned(bytes)
    }
}

impl<'a> From<Cow<'a, [u8]>> for Bytes<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Bytes::Ref(bytes),
            Cow::Owned(bytes) => Bytes::Owned(bytes),
        }
    }
}

impl PartialEq for Bytes<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// Type of a value, and of what a fetch gives or a converter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Any type; only as a converter's input or for fetches typed at run time.
    Any,
    /// The type that went in; only as a converter's output.
    Same,
    /// Boolean.
    Bool,
    /// Signed 64-bit integer.
    Sint,
    /// IPv4 or IPv6 address.
    Addr,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// HTTP method.
    Meth,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Boolean.
    Bool(bool),
    /// Signed 64-bit integer.
    Int(i64),
    /// IPv4 address.
    Ipv4(Ipv4Addr),
    /// IPv6 address.
    Ipv6(Ipv6Addr),
    /// Text.
    Str(Bytes<'a>),
    /// Bytes.
    Bin(Bytes<'a>),
    /// HTTP method, with its text.
    Meth(Method, Bytes<'a>),
}

impl Type {
    /// The name as messages and listings print it.
    pub const fn name(self) -> &'static str {
        match self {
            Type::Any => "any",
            Type::Same => "same",
            Type::Bool => "bool",
            Type::Sint => "sint",
            Type::Addr => "addr",
            Type::Ipv4 => "ipv4",
            Type::Ipv6 => "ipv6",
            Type::Str => "str",
            Type::Bin => "bin",
            Type::Meth => "meth",
        }
    }
}

impl<'a> Value<'a> {
    /// Borrowed text.
    pub fn text(bytes: &'a [u8]) -> Self {
        Value::Str(Bytes::Ref(bytes))
    }

    /// The type of this value.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Sint,
            Value::Ipv4(_) => Type::Ipv4,
            Value::Ipv6(_) => Type::Ipv6,
            Value::Str(_) => Type::Str,
            Value::Bin(_) => Type::Bin,
            Value::Meth(..) => Type::Meth,
        }
    }

    /// The same value, borrowed from this one where it owns bytes.
    pub fn by_ref(&self) -> Value<'_> {
        match self {
            Value::Str(bytes) => Value::Str(Bytes::Ref(bytes)),
            Value::Bin(bytes) => Value::Bin(Bytes::Ref(bytes)),
            Value::Meth(method, bytes) => Value::Meth(*method, Bytes::Ref(bytes)),
            other => other.clone(),
        }
    }

    /// The same value without a tie to the message, as variables keep it.
    pub fn into_kept(self) -> Value<'static> {
        match self {
            Value::Bool(value) => Value::Bool(value),
            Value::Int(value) => Value::Int(value),
            Value::Ipv4(value) => Value::Ipv4(value),
            Value::Ipv6(value) => Value::Ipv6(value),
            Value::Str(bytes) => Value::Str(Bytes::Shared(bytes.into_shared())),
            Value::Bin(bytes) => Value::Bin(Bytes::Shared(bytes.into_shared())),
            Value::Meth(method, bytes) => Value::Meth(method, Bytes::Shared(bytes.into_shared())),
        }
    }
}
