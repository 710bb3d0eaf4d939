//! Recorded packets with bytes changed, cut, added or put together anew. None may make the reader panic, and what it
//! still accepts must be what a sender with that key would have written.
//!
//! `PROPTEST_CASES` sets how many are tried of each kind.

use std::net::IpAddr;

use common_base::time::Micros;
use keepalived_wire::{
    advert::Version,
    ah,
    auth::{Auth, HmacConfig, HmacMode},
    ipv4::{self, Ipv4Header},
    pdu,
    receive::{Inbound, peek_v4, peek_v6},
    session::Session,
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    outgoing,
    pcap::{RECORDINGS, frames},
    profile, rules,
};

/// One change.
#[derive(Clone, Debug)]
enum Bend {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index),
    Grow(Vec<u8>),
    Copy(Index, Index, u8),
    /// Make the lengths and checksums right again, so that deeper checks are reached.
    Mend,
}

fn bends() -> impl Strategy<Value = Vec<Bend>> {
    let one = prop_oneof![
        4 => (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Bend::Flip(at, bit)),
        4 => (any::<Index>(), prop_oneof![Just(0), Just(255), any::<u8>()])
            .prop_map(|(at, value)| Bend::Set(at, value)),
        1 => any::<Index>().prop_map(Bend::Cut),
        1 => vec(any::<u8>(), 1..40).prop_map(Bend::Grow),
        1 => (any::<Index>(), any::<Index>(), 1..20_u8).prop_map(|(a, b, n)| Bend::Copy(a, b, n)),
        3 => Just(Bend::Mend),
    ];
    vec(one, 1..6)
}

fn apply(packet: &mut Vec<u8>, bends: &[Bend], pdu_at: usize) {
    for bend in bends {
        if packet.is_empty() {
            return;
        }
        let size = packet.len();
        match bend {
            Bend::Flip(at, bit) => packet[at.index(size)] ^= 1 << bit,
            Bend::Set(at, value) => packet[at.index(size)] = *value,
            Bend::Cut(at) => packet.truncate(at.index(size)),
            Bend::Grow(bytes) => packet.extend_from_slice(bytes),
            Bend::Copy(from, to, count) => {
                for n in 0..usize::from(*count) {
                    let byte = packet[(from.index(size) + n) % size];
                    packet[(to.index(size) + n) % size] = byte;
                }
            }
            Bend::Mend => mend(packet, pdu_at),
        }
    }
}

fn mend(packet: &mut [u8], pdu_at: usize) {
    if pdu_at >= ipv4::HEADER_LEN && packet.len() >= ipv4::HEADER_LEN {
        let total = u16::try_from(packet.len()).unwrap_or(u16::MAX);
        packet[2..4].copy_from_slice(&total.to_be_bytes());
    }
    if let Some(message) = packet.get_mut(pdu_at..).filter(|message| message.len() >= 8)
        && message[0] >> 4 == 2
    {
        message[6..8].fill(0);
        let sum = keepalived_wire::checksum::Sum::default().bytes(message).finish();
        pdu::set_checksum(message, sum);
    }
}

/// Recorded IPv4 adverts: recording, packet.
fn adverts() -> Vec<(&'static str, &'static [u8])> {
    let is_advert = |frame: &&[u8]| frame[12..14] == [8, 0] && [112, 51].contains(&frame[23]);
    RECORDINGS
        .iter()
        .flat_map(|(name, file)| {
            frames(file).into_iter().filter(is_advert).map(move |frame| (*name, &frame[14..]))
        })
        .collect()
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bent_adverts(which in any::<Index>(), bends in bends(), vrid in prop_oneof![Just(51_u8), any::<u8>()]) {
        let adverts = adverts();
        let (name, original) = adverts[which.index(adverts.len())];
        let header_ah = original[9] == ah::PROTOCOL;
        let pdu_at = if header_ah { 44 } else { 20 };
        let version = if original[pdu_at] >> 4 == 2 { Version::V2 } else { Version::V3 };
        let profile = profile(name, version, if header_ah { original[pdu_at + 1] } else { vrid });
        let to = IpAddr::from([original[16], original[17], original[18], original[19]]);
        let interval = pdu::Header::read(&original[pdu_at..]).unwrap().interval(version);
        let rules = rules(&profile, interval, to);
        let mut packet = original.to_vec();
        apply(&mut packet, &bends, pdu_at);
        let _ = peek_v4(&packet);
        let mut session = Session::default();
        let Ok(advert) = session.receive_v4(&packet, &rules) else { return Ok(()) };
        // what was accepted says the same as what its sender would have written
        let destination = Ipv4Header::read(&packet).unwrap().header.destination.into();
        let again = Session::default().advert(&profile, &outgoing(&advert), &[destination]).remove(0).bytes;
        let same = Session::default().receive_v4(&again, &rules).unwrap();
        prop_assert_eq!(&same, &advert);
        if let Auth::Pass(_) = profile.auth {
            // every byte of such a message is checked
            let message = Ipv4Header::read(&packet).unwrap().payload;
            let length = again.len() - 20;
            prop_assert_eq!(&message[..length], &again[20..]);
        }
        // an AH packet was not bent at all, apart from what routers may change
        if let Auth::Ah(_) = profile.auth {
            prop_assert_eq!(&packet[20..original.len()], &original[20..]);
            prop_assert_eq!(&packet[12..20], &original[12..20]);
        }
    }

    #[test]
    fn bent_ipv6_adverts(bends in bends(), which in any::<Index>()) {
        let (_, file) = RECORDINGS[1];
        let adverts: Vec<&[u8]> =
            frames(file).into_iter().filter(|f| f[12..14] == [0x86, 0xdd] && f[20] == 112).collect();
        let frame = adverts[which.index(adverts.len())];
        let address = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&frame[at..at + 16]).unwrap());
        let profile = profile("capvm", Version::V3, frame[55]);
        let rules = rules(&profile, Micros::from_millis(200), address(38));
        let mut message = frame[54..].to_vec();
        apply(&mut message, &bends, 0);
        let _ = peek_v6(&message);
        let inbound = Inbound {
            payload: &message,
            source: address(22),
            destination: Some(address(38)),
            hop_limit: Some(255),
        };
        if let Ok(advert) = Session::default().receive_v6(&inbound, &rules) {
            let again = Session::default().advert(&profile, &outgoing(&advert), &[address(38)]).remove(0).bytes;
            prop_assert_eq!(again.len(), 8 + 16 * usize::from(message[3]));
        }
    }

    #[test]
    fn bent_signed_adverts(bends in bends(), mode in 0..3_u8, anti_replay in any::<bool>()) {
        let config = HmacConfig {
            keys: vec![(7, b"a key".to_vec())],
            active_key: 7,
            time_window: Micros::from_secs(60),
            anti_replay,
            mode: [HmacMode::Enforce, HmacMode::Permissive, HmacMode::ReceiveOnly][usize::from(mode)],
        };
        let mut signer = profile("capvm", Version::V3, 51);
        signer.auth = Auth::Hmac(HmacConfig { mode: HmacMode::Enforce, ..config.clone() });
        let mut reader = signer.clone();
        reader.auth = Auth::Hmac(config);
        let (_, original) = adverts().into_iter().find(|(name, _)| *name == "capvm").unwrap();
        let to = IpAddr::from([224, 0, 0, 18]);
        let plain = profile("capvm", Version::V3, 51);
        let advert = Session::default()
            .receive_v4(original, &rules(&plain, Micros::from_millis(200), to))
            .unwrap();
        let signed = Session::default().advert(&signer, &outgoing(&advert), &[to]).remove(0).bytes;
        let mut packet = signed.clone();
        apply(&mut packet, &bends, 20);
        let rules = rules(&reader, Micros::from_millis(200), to);
        let mut session = Session::default();
        if let Ok(read) = session.receive_v4(&packet, &rules) {
            // the checksum is not signed, as the kernel fills it in for IPv6
            let signed_bytes = |packet: &[u8]| [&packet[20..26], &packet[28..signed.len()]].concat();
            if packet.len() >= signed.len() && signed_bytes(&packet) == signed_bytes(&signed) {
                prop_assert_eq!(&read.addresses, &advert.addresses);
                prop_assert_eq!(session.receive_v4(&packet, &rules).is_err(), anti_replay);
            } else {
                // bent and still accepted: only without its trailer, where that is allowed
                prop_assert!(mode != 0, "enforced, and yet {packet:02x?}");
            }
        }
    }
}
