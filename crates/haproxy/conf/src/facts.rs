//! What conditions may ask about the program: its version, features, TLS library and switches.

use std::cmp::Ordering;

/// A program's version, ordered as `version_atleast` orders: a development version comes before its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The numbers before the first letter or dash; missing ones are 0.
    pub numbers: [u64; 3],
    /// `-devN`; a release has none.
    pub dev: Option<u64>,
    /// The number of a further `-N`.
    pub build: u64,
}

impl Version {
    /// A release.
    pub const fn release(major: u64, minor: u64, patch: u64) -> Self {
        Version { numbers: [major, minor, patch], dev: None, build: 0 }
    }

    /// Reads `3.4.0`, `2.4-dev19`, `2.6.12-1+deb12u4`. What is no number counts as 0, as in the original.
    pub fn parse(text: &[u8]) -> Self {
        let mut parts = text.splitn(2, |&byte| byte == b'-');
        let mut version = Version::release(0, 0, 0);
        for (slot, part) in
            version.numbers.iter_mut().zip(parts.next().unwrap_or_default().split(|&byte| byte == b'.'))
        {
            *slot = leading_number(part);
        }
        for part in parts.next().unwrap_or_default().split(|&byte| byte == b'-') {
            match part.strip_prefix(b"dev") {
                Some(number) => version.dev = Some(leading_number(number)),
                None if version.build == 0 => version.build = leading_number(part),
                None => {}
            }
        }
        version
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let dev = |version: &Version| version.dev.unwrap_or(u64::MAX);
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| dev(self).cmp(&dev(other)))
            .then_with(|| self.build.cmp(&other.build))
    }
}

fn leading_number(text: &[u8]) -> u64 {
    text.iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |number, byte| number.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
}

/// The TLS library as conditions see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SslFacts {
    /// Its name and version as printed by `-vv`, `OpenSSL 3.0.19 27 Jan 2026`.
    pub name: String,
    /// The OpenSSL version it has or claims to be.
    pub openssl: Version,
    /// The AWS-LC API number, for that library.
    pub awslc_api: Option<u64>,
    /// Whether it runs in FIPS mode.
    pub fips: bool,
}

/// Everything a condition may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The version the program is compatible with.
    pub version: Version,
    /// Names of the feature list with whether each is built in.
    pub features: Vec<(&'static str, bool)>,
    /// The TLS library, when there is one.
    pub ssl: Option<SslFacts>,
    /// Names `enabled()` knows with their present state.
    pub switches: Vec<(&'static str, bool)>,
}

impl Facts {
    /// Facts of a version without any feature.
    pub fn new(version: Version) -> Self {
        Facts { version, features: Vec::new(), ssl: None, switches: Vec::new() }
    }

    /// Whether a feature is built in.
    pub fn feature(&self, name: &[u8]) -> bool {
        self.features.iter().any(|(known, present)| *present && known.as_bytes() == name)
    }

    /// Whether a switch is on; names it does not know are off.
    pub fn enabled(&self, name: &[u8]) -> bool {
        self.switches.iter().any(|(known, on)| *on && known.as_bytes() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_the_original_orders_them() {
        let ours = Version::release(3, 4, 0);
        for older in ["", "2", "2.4-dev19", "3.4-dev12", "3.4.0", "a.b", "3.3.9-5"] {
            assert!(Version::parse(older.as_bytes()) <= ours, "{older}");
        }
        for newer in ["3.4.1", "3.5-dev1", "4", "3.4.0-1"] {
            assert!(Version::parse(newer.as_bytes()) > ours, "{newer}");
        }
    }
}
