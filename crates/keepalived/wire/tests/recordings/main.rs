//! What the originals sent: read, written again byte for byte, and bent in every way.

mod mutated;
mod pcap;
mod recorded;

use std::net::IpAddr;

use common_base::time::Micros;
use keepalived_wire::{
    advert::{Advert, Version},
    auth::Auth,
    receive::{Rules, Unicast},
    session::{OldChecksum, Outgoing, Profile},
};

/// How the recorded instances were configured, as far as packets tell.
fn profile(recording: &str, version: Version, vrid: u8) -> Profile {
    let auth = match (recording, version, vrid) {
        ("cap1", _, _) => Auth::Pass(Auth::data_of(b"1234")),
        ("ah", _, 51) => Auth::Ah(Auth::data_of(b"1234")),
        ("ah", _, 52) => Auth::Ah(Auth::data_of(b"abcdefghij")),
        (_, Version::V2 | Version::V3, _) => Auth::None,
    };
    Profile { version, vrid, auth, v3_checksum_as_v2: false, old_checksum: OldChecksum::Never }
}

fn version_of(pdu: &[u8]) -> Version {
    if pdu[0] >> 4 == 2 { Version::V2 } else { Version::V3 }
}

fn rules<'a>(profile: &'a Profile, interval: Micros, to: IpAddr) -> Rules<'a> {
    let unicast = (!to.is_multicast()).then_some(Unicast { peers: &[], check_source: false });
    Rules { profile, interval, unicast, wall: Micros::ZERO }
}

fn outgoing(advert: &Advert) -> Outgoing<'_> {
    Outgoing {
        priority: advert.priority,
        interval: advert.interval,
        addresses: &advert.addresses,
        source: advert.source,
        ttl: 255,
        wall: Micros::ZERO,
    }
}
