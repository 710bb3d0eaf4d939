use common_base::time::Micros;

use super::*;
use crate::{advert::Version, auth::Auth, receive::Rules};

fn ah() -> Profile {
    Profile {
        version: Version::V2,
        vrid: 51,
        auth: Auth::Ah(Auth::data_of(b"1234")),
        v3_checksum_as_v2: false,
        old_checksum: OldChecksum::Never,
    }
}

fn multicast(profile: &Profile) -> Rules<'_> {
    Rules { profile, interval: Micros::from_secs(1), unicast: None, wall: Micros::ZERO }
}

#[test]
fn every_peer_gets_the_same_identification_and_counter() {
    let profile = ah();
    let out = Outgoing {
        priority: 100,
        interval: Micros::from_secs(1),
        addresses: &[],
        source: [192, 0, 2, 1].into(),
        ttl: 255,
        wall: Micros::ZERO,
    };
    let mut session = Session::default();
    session.advert(&profile, &out, &[]);
    let sent = session.advert(&profile, &out, &[[192, 0, 2, 2].into(), [192, 0, 2, 3].into()]);
    assert_eq!(sent.len(), 2);
    for datagram in sent {
        assert_eq!(datagram.bytes[4..6], [0, 2], "identification");
        assert_eq!(datagram.bytes[28..32], [0, 0, 0, 2], "counter");
    }
}

#[test]
fn counters_wrap_to_one() {
    let mut session = Session { ip_id: u16::MAX, ah_sequence: u32::MAX, ..Session::default() };
    let profile = ah();
    let out = Outgoing {
        priority: 100,
        interval: Micros::from_secs(1),
        addresses: &[],
        source: [192, 0, 2, 1].into(),
        ttl: 255,
        wall: Micros::ZERO,
    };
    let sent = session.advert(&profile, &out, &[GROUP_V4]);
    assert_eq!(sent[0].bytes[4..6], [0, 1]);
    assert_eq!(sent[0].bytes[28..32], [0, 0, 0, 1]);
    let mut receiver = Session { ah_sequence: u32::MAX - 1, ..Session::default() };
    let rules = multicast(&profile);
    assert!(receiver.receive_v4(&sent[0].bytes, &rules).is_ok(), "a counter that wrapped lies ahead");
    assert!(receiver.receive_v4(&sent[0].bytes, &rules).is_err(), "but once only");
}
