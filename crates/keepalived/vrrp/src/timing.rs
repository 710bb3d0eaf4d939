//! The two times of the election.

use common_base::time::Micros;
use keepalived_wire::advert::Version;

/// The skew time: the lower the priority, the later a backup acts (RFC 3768 §6.1, RFC 9568 §6.1).
#[must_use]
pub fn skew(version: Version, priority: u8, master_interval: Micros) -> Micros {
    let below = 256 - u64::from(priority);
    match version {
        Version::V2 => Micros::from_secs(1).times(below).divided_by(256),
        Version::V3 => master_interval.times(below).divided_by(256),
    }
}

/// How long a backup waits for a master: so many intervals of that master, and the skew time.
#[must_use]
pub fn master_down(version: Version, priority: u8, master_interval: Micros, adverts: u8) -> Micros {
    master_interval.times(u64::from(adverts)) + skew(version, priority, master_interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times that the original was measured with, in microseconds.
    #[test]
    fn as_measured() {
        let v2 = |priority| master_down(Version::V2, priority, Micros::from_secs(1), 3).0;
        assert_eq!(v2(100), 3_609_375);
        assert_eq!(v2(150), 3_414_062);
        assert_eq!(v2(200), 3_218_750);
        assert_eq!(v2(254), 3_007_812);
        assert_eq!(skew(Version::V2, 100, Micros::from_secs(1)).0, 609_375);
        let v3 = |priority, centis| master_down(Version::V3, priority, Micros::from_centis(centis), 3).0;
        assert_eq!(v3(100, 20), 721_875);
        assert_eq!(v3(150, 20), 682_812);
        assert_eq!(v3(100, 10), 360_937);
        assert_eq!(v3(254, 1), 30_078);
    }
}
