//! Packets that keepalived 2.2.7 and 2.4.3 sent, read and written again byte for byte.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
};

use common_base::time::Micros;

use super::*;
use crate::{
    advert::Advert,
    arp,
    ipv4::Ipv4Header,
    nd,
    receive::{Inbound, Rules, Unicast, peek_v4},
};

/// The frames of a classic little-endian pcap file.
fn frames(file: &'static [u8]) -> Vec<&'static [u8]> {
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1], "little-endian, microseconds");
    let mut rest = &file[24..];
    let mut out = Vec::new();
    while let Some((head, tail)) = rest.split_at_checked(16) {
        let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        let (frame, tail) = tail.split_at(length);
        out.push(frame);
        rest = tail;
    }
    out
}

const RECORDINGS: &[(&str, &[u8])] = &[
    ("cap1", include_bytes!("../../tests/data/cap1.pcap")),
    ("capvm", include_bytes!("../../tests/data/capvm.pcap")),
    ("capb", include_bytes!("../../tests/data/capb.pcap")),
    ("ah", include_bytes!("../../tests/data/ah.pcap")),
];

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

#[test]
fn recorded_ipv4_adverts_are_accepted_and_written_again() {
    let mut seen = BTreeMap::new();
    for &(name, file) in RECORDINGS {
        let mut writers: HashMap<_, Session> = HashMap::new();
        let mut readers: HashMap<_, Session> = HashMap::new();
        for frame in frames(file).into_iter().filter(|f| f[12..14] == [8, 0] && [112, 51].contains(&f[23])) {
            let packet = &frame[14..];
            let ip = Ipv4Header::read(packet).unwrap();
            let (_, vrid) = peek_v4(packet).unwrap();
            let pdu_at = if ip.header.protocol == 51 { 24 } else { 0 };
            let version = version_of(&ip.payload[pdu_at..]);
            let profile = profile(name, version, vrid);
            let interval = pdu::Header::read(&ip.payload[pdu_at..]).unwrap().interval(version);
            let to = IpAddr::V4(ip.header.destination);
            let flow = (ip.header.source, to, vrid, version);
            if ip.header.id == 1 {
                writers.insert(flow, Session::default());
                readers.insert(flow, Session::default());
            }
            let reader = readers.entry(flow).or_default();
            let advert = reader.receive_v4(packet, &rules(&profile, interval, to)).unwrap();
            let writer = writers.entry(flow).or_default();
            let written = writer.advert(&profile, &outgoing(&advert), &[to]);
            assert_eq!(written, [Datagram { destination: to, bytes: packet.to_vec() }], "{name}");
            *seen.entry((name, version)).or_insert(0) += 1;
        }
    }
    let expected = [
        (("ah", Version::V2), 14),
        (("cap1", Version::V2), 11),
        (("capb", Version::V3), 9),
        (("capvm", Version::V2), 3),
        (("capvm", Version::V3), 23),
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn recorded_ipv6_adverts_are_accepted_and_written_again() {
    let mut seen = 0;
    for &(name, file) in RECORDINGS {
        for frame in frames(file).into_iter().filter(|f| f[12..14] == [0x86, 0xdd] && f[20] == 112) {
            let source: [u8; 16] = frame[22..38].try_into().unwrap();
            let to: [u8; 16] = frame[38..54].try_into().unwrap();
            let payload = &frame[54..];
            let profile = profile(name, Version::V3, payload[1]);
            let (source, to) = (IpAddr::from(Ipv6Addr::from(source)), IpAddr::from(Ipv6Addr::from(to)));
            let inbound = Inbound { payload, source, destination: Some(to), hop_limit: Some(frame[21]) };
            let rules = rules(&profile, Micros::from_millis(200), to);
            let advert = Session::default().receive_v6(&inbound, &rules).unwrap();
            let written = Session::default().advert(&profile, &outgoing(&advert), &[to]);
            assert_eq!(written, [Datagram { destination: to, bytes: payload.to_vec() }], "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 23);
}

#[test]
fn recorded_gratuitous_arps_are_written_again() {
    let mut seen = 0;
    for (_, file) in RECORDINGS {
        for frame in frames(file) {
            if frame[12..14] != [8, 6] || frame[32..38] != [0xff; 6] {
                continue;
            }
            let mac: [u8; 6] = frame[6..12].try_into().unwrap();
            let address: [u8; 4] = frame[28..32].try_into().unwrap();
            assert_eq!(arp::gratuitous(mac, address.into()), frame);
            seen += 1;
        }
    }
    assert!(seen >= 52, "{seen}");
}

#[test]
fn recorded_neighbour_advertisements_are_written_again() {
    let mut seen = 0;
    for (_, file) in RECORDINGS {
        for frame in frames(file) {
            if frame[12..14] != [0x86, 0xdd] || frame[20] != 58 || frame[54] != 136 {
                continue;
            }
            let mac: [u8; 6] = frame[6..12].try_into().unwrap();
            let address: [u8; 16] = frame[62..78].try_into().unwrap();
            assert_eq!(nd::unsolicited(mac, address.into(), nd::Role::Host), frame);
            seen += 1;
        }
    }
    assert_eq!(seen, 10);
}

#[test]
fn every_peer_gets_the_same_identification_and_counter() {
    let profile = profile("ah", Version::V2, 51);
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
    let profile = profile("ah", Version::V2, 51);
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
    let rules = rules(&profile, Micros::from_secs(1), GROUP_V4);
    assert!(receiver.receive_v4(&sent[0].bytes, &rules).is_ok(), "a counter that wrapped lies ahead");
    assert!(receiver.receive_v4(&sent[0].bytes, &rules).is_err(), "but once only");
}
