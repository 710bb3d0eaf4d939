//! Both ways, byte for byte.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
};

use common_base::time::Micros;
use keepalived_wire::{
    advert::Version,
    arp,
    ipv4::Ipv4Header,
    nd, pdu,
    receive::{Inbound, peek_v4},
    session::{Datagram, Session},
};

use crate::{
    outgoing,
    pcap::{RECORDINGS, frames},
    profile, rules, version_of,
};

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
