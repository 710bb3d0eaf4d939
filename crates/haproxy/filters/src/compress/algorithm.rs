//! The algorithms that `compression algo` names.

/// What a body is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Nothing is changed; the body goes through the filter all the same.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, the zlib form.
    Deflate,
    /// RFC 1951 without a frame.
    RawDeflate,
}

/// Each algorithm with its name in the configuration and its token in `accept-encoding` and `content-encoding`.
const ALGORITHMS: &[(Algorithm, &str, &str)] = &[
    (Algorithm::Identity, "identity", "identity"),
    (Algorithm::Deflate, "deflate", "deflate"),
    (Algorithm::RawDeflate, "raw-deflate", "deflate"),
    (Algorithm::Gzip, "gzip", "gzip"),
];

impl Algorithm {
    /// The algorithm of a name in the configuration.
    pub fn named(name: &str) -> Option<Algorithm> {
        ALGORITHMS.iter().find(|(_, known, _)| *known == name).map(|(algorithm, ..)| *algorithm)
    }

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        ALGORITHMS.iter().find(|(algorithm, ..)| *algorithm == self).map_or("", |(_, name, _)| name)
    }

    /// Its token in header fields.
    pub fn token(self) -> &'static str {
        ALGORITHMS.iter().find(|(algorithm, ..)| *algorithm == self).map_or("", |(_, _, token)| token)
    }

    /// All of them as `-vv` lists them: name and token.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        ALGORITHMS.iter().map(|(_, name, token)| (*name, *token))
    }
}
