use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    auth::HmacConfig,
    error::Counter,
    session::{Datagram, Outgoing},
};

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const WALL: Micros = Micros::from_secs(1_800_000_000);

fn profile(version: Version, auth: Auth) -> Profile {
    Profile { version, vrid: 51, auth, v3_checksum_as_v2: false, old_checksum: OldChecksum::Auto }
}

fn hmac_config(mode: HmacMode) -> HmacConfig {
    HmacConfig {
        keys: vec![(1, b"first".to_vec()), (2, b"second".to_vec())],
        active_key: 2,
        time_window: Micros::from_secs(30),
        anti_replay: true,
        mode,
    }
}

fn pass() -> Auth {
    Auth::Pass(Auth::data_of(b"1234"))
}

fn send(session: &mut Session, profile: &Profile, to: IpAddr, wall: Micros) -> Vec<u8> {
    let out = Outgoing {
        priority: 100,
        interval: Micros::from_secs(1),
        addresses: &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))],
        source: SOURCE,
        ttl: 255,
        wall,
    };
    session.advert(profile, &out, &[to]).remove(0).bytes
}

fn multicast(profile: &Profile) -> Rules<'_> {
    Rules { profile, interval: Micros::from_secs(1), unicast: None, wall: WALL }
}

fn read(packet: &[u8], profile: &Profile) -> Result<Advert, ReceiveError> {
    Session::default().receive_v4(packet, &multicast(profile)).map_err(|rejected| rejected.error)
}

/// Writes a correct packet, changes it, and gives the error and its text.
fn spoil(profile: &Profile, change: impl Fn(&mut Vec<u8>)) -> (ReceiveError, String) {
    let mut packet = send(&mut Session::default(), profile, GROUP_V4, WALL);
    assert!(read(&packet, profile).is_ok());
    change(&mut packet);
    let rejected = Session::default().receive_v4(&packet, &multicast(profile)).unwrap_err();
    (rejected.error.clone(), rejected.to_string())
}

#[test]
fn each_fault_has_its_error_and_text() {
    let v2 = profile(Version::V2, pass());
    let v3 = profile(Version::V3, Auth::None);
    let (error, text) = spoil(&v2, |p| p[8] = 254);
    assert_eq!(error, ReceiveError::Ttl { received: 254, min: 255, max: 255 });
    assert_eq!(text, "invalid TTL/HL from 192.0.2.1. Received 254 and expect 255");
    let (error, text) = spoil(&v2, |p| p[32] = b'9');
    assert_eq!(error, ReceiveError::Password);
    assert_eq!(text, "received an invalid passwd from 192.0.2.1!");
    let (error, text) = spoil(&v2, |p| p[24] = 0);
    assert_eq!(error, ReceiveError::AuthMismatch { received: 0, expected: 1 });
    assert_eq!(text, "received a 0 auth from 192.0.2.1, expecting 1!");
    let (error, text) = spoil(&v2, |p| p[24] = 7);
    assert_eq!(error, ReceiveError::AuthType { received: 7 });
    assert_eq!(text, "Invalid auth type from 192.0.2.1: 7");
    let (error, text) = spoil(&v2, |p| p[25] = 2);
    assert_eq!(error.counter(), Some(Counter::Interval));
    assert_eq!(text, "advertisement interval mismatch with 192.0.2.1 mine=1 sec rcv'd=2 sec");
    let (error, _) = spoil(&v2, |p| p[20] = 0x22);
    assert_eq!(error, ReceiveError::PacketType { received: 2 });
    let (error, _) = spoil(&v2, |p| p[22] = 99);
    assert_eq!(error, ReceiveError::Checksum { version: Version::V2 });
    let (error, text) = spoil(&v3, |p| p[20] = 0x41);
    assert_eq!(error.counter(), Some(Counter::Version));
    assert_eq!(text, "wrong VRRP version from 192.0.2.1. Received 4 and expect 3");
    let (error, _) = spoil(&v3, |p| p[21] = 52);
    assert_eq!(error, ReceiveError::Vrid { received: 52 });
    let (error, _) = spoil(&v3, |p| p[23] = 2);
    assert_eq!(error, ReceiveError::Length { received: 32, expected: 36 });
    let (error, _) = spoil(&v3, |p| p[9] = 51);
    assert_eq!(error, ReceiveError::AhPresence { present: true });
    let (error, _) = spoil(&v3, |p| p.truncate(10));
    assert_eq!(error.counter(), Some(Counter::Length));
}

#[test]
fn other_version_is_told_as_such_not_as_length() {
    let v2 = profile(Version::V2, pass());
    let v3 = profile(Version::V3, Auth::None);
    for (mine, other) in [(&v2, &v3), (&v3, &v2)] {
        let packet = send(&mut Session::default(), other, GROUP_V4, WALL);
        let error = read(&packet, mine).unwrap_err();
        assert_eq!(error, ReceiveError::Version { received: other.version.number(), expected: mine.version });
    }
}

#[test]
fn ethernet_padding_is_no_error() {
    let profile = profile(Version::V3, Auth::None);
    let mut packet = send(&mut Session::default(), &profile, GROUP_V4, WALL);
    packet.extend_from_slice(&[0; 14]);
    assert!(read(&packet, &profile).is_ok());
}

#[test]
fn unicast_rules() {
    let profile = profile(Version::V3, Auth::None);
    let packet = send(&mut Session::default(), &profile, PEER, WALL);
    assert_eq!(read(&packet, &profile), Err(ReceiveError::UnicastForMulticast));
    let peers = [Peer { address: SOURCE, min_ttl: 255, max_ttl: 255 }];
    let unicast =
        |peers, check_source| Rules { unicast: Some(Unicast { peers, check_source }), ..multicast(&profile) };
    let try_with = |packet: &[u8], rules| {
        Session::default().receive_v4(packet, &rules).map(drop).map_err(|rejected| rejected.error)
    };
    assert_eq!(try_with(&packet, unicast(&peers, true)), Ok(()));
    assert_eq!(try_with(&packet, unicast(&[], true)), Err(ReceiveError::NotPeer));
    assert_eq!(try_with(&packet, unicast(&[], false)), Ok(()));
    let mut far = packet.clone();
    far[8] = 254;
    assert_eq!(
        try_with(&far, unicast(&peers, true)),
        Err(ReceiveError::Ttl { received: 254, min: 255, max: 255 })
    );
    let group = send(&mut Session::default(), &profile, GROUP_V4, WALL);
    assert_eq!(try_with(&group, unicast(&peers, true)), Err(ReceiveError::MulticastForUnicast));
}

#[test]
fn old_unicast_checksum_is_noticed_and_answered() {
    let old = Profile { old_checksum: OldChecksum::Always, ..profile(Version::V3, Auth::None) };
    let new = profile(Version::V3, Auth::None);
    let never = Profile { old_checksum: OldChecksum::Never, ..new.clone() };
    let packet = send(&mut Session::default(), &old, PEER, WALL);
    let rules = |profile| Rules {
        profile,
        interval: Micros::from_secs(1),
        unicast: Some(Unicast { peers: &[], check_source: false }),
        wall: WALL,
    };
    assert_eq!(
        Session::default().receive_v4(&packet, &rules(&never)).unwrap_err().error,
        ReceiveError::Checksum { version: Version::V3 }
    );
    let mut session = Session::default();
    session.receive_v4(&packet, &rules(&new)).unwrap();
    assert_eq!(session.old_checksum_peers, [SOURCE]);
    assert!(session.take_old_checksum_news() && !session.take_old_checksum_news());
    let right = send(&mut Session::default(), &new, PEER, WALL);
    session.receive_v4(&right, &rules(&new)).unwrap();
    assert_eq!(session.old_checksum_peers, [] as [IpAddr; 0]);
}

#[test]
fn checksum_as_v2_has_no_pseudo_header() {
    let as_v2 = Profile { v3_checksum_as_v2: true, ..profile(Version::V3, Auth::None) };
    let packet = send(&mut Session::default(), &as_v2, GROUP_V4, WALL);
    assert!(read(&packet, &as_v2).is_ok());
    assert_eq!(
        read(&packet, &profile(Version::V3, Auth::None)),
        Err(ReceiveError::Checksum { version: Version::V3 })
    );
}

#[test]
fn ah_digest_and_replay() {
    let ah = profile(Version::V2, Auth::Ah(Auth::data_of(b"secret")));
    let mut sender = Session::default();
    let first = send(&mut sender, &ah, GROUP_V4, WALL);
    let second = send(&mut sender, &ah, GROUP_V4, WALL);
    let mut receiver = Session::default();
    receiver.receive_v4(&second, &multicast(&ah)).unwrap();
    let error = receiver.receive_v4(&first, &multicast(&ah)).unwrap_err().error;
    assert_eq!(error, ReceiveError::AhReplay { received: 1, last: 2 });
    let other = profile(Version::V2, Auth::Ah(Auth::data_of(b"other")));
    assert_eq!(read(&first, &other), Err(ReceiveError::AhDigest));
    assert_eq!(read(&first, &profile(Version::V2, pass())), Err(ReceiveError::AhPresence { present: true }));
    let plain = send(&mut Session::default(), &profile(Version::V2, pass()), GROUP_V4, WALL);
    assert_eq!(read(&plain, &ah), Err(ReceiveError::AhPresence { present: false }));
}

#[test]
fn hmac_modes_window_and_replay() {
    let signed = |mode| profile(Version::V3, Auth::Hmac(hmac_config(mode)));
    let enforce = signed(HmacMode::Enforce);
    let bare = profile(Version::V3, Auth::None);
    let mut sender = Session::default();
    let packet = send(&mut sender, &enforce, GROUP_V4, WALL);
    assert_eq!(packet.len(), 20 + 12 + hmac::TRAILER_LEN);
    let mut receiver = Session::default();
    receiver.receive_v4(&packet, &multicast(&enforce)).unwrap();
    let again = receiver.receive_v4(&packet, &multicast(&enforce)).unwrap_err().error;
    assert_eq!(again, ReceiveError::Hmac(HmacError::Replay));
    let next = send(&mut sender, &enforce, GROUP_V4, WALL);
    receiver.receive_v4(&next, &multicast(&enforce)).unwrap();

    assert!(matches!(read(&packet, &bare), Err(ReceiveError::Length { .. })), "an old receiver drops it");
    let unsigned = send(&mut Session::default(), &bare, GROUP_V4, WALL);
    assert_eq!(read(&unsigned, &enforce), Err(ReceiveError::Hmac(HmacError::Missing)));
    assert!(read(&unsigned, &signed(HmacMode::Permissive)).is_ok());
    assert!(read(&unsigned, &signed(HmacMode::ReceiveOnly)).is_ok());
    let receive_only = send(&mut Session::default(), &signed(HmacMode::ReceiveOnly), GROUP_V4, WALL);
    assert_eq!(receive_only, unsigned);

    let stale = send(&mut Session::default(), &enforce, GROUP_V4, WALL - Micros::from_secs(31));
    assert_eq!(read(&stale, &enforce), Err(ReceiveError::Hmac(HmacError::Stale)));
    let mut unknown = hmac_config(HmacMode::Enforce);
    unknown.keys.remove(1);
    let unknown = profile(Version::V3, Auth::Hmac(unknown));
    assert_eq!(read(&packet, &unknown), Err(ReceiveError::Hmac(HmacError::UnknownKey(2))));
    let mut forged = packet.clone();
    forged[22] = 200;
    assert_eq!(read(&forged, &enforce), Err(ReceiveError::Hmac(HmacError::Invalid)));
    let mut malformed = packet;
    malformed[32] = 9;
    assert_eq!(read(&malformed, &enforce), Err(ReceiveError::Hmac(HmacError::Malformed)));
}

fn any_auth() -> impl Strategy<Value = Auth> {
    prop_oneof![
        Just(Auth::None),
        any::<[u8; 8]>().prop_map(Auth::Pass),
        any::<[u8; 8]>().prop_map(Auth::Ah),
        prop_oneof![Just(HmacMode::Enforce), Just(HmacMode::Permissive), Just(HmacMode::ReceiveOnly)]
            .prop_map(|mode| Auth::Hmac(hmac_config(mode))),
    ]
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let version = prop_oneof![Just(Version::V2), Just(Version::V3)];
    let old = prop_oneof![Just(OldChecksum::Auto), Just(OldChecksum::Always), Just(OldChecksum::Never)];
    (version, 1..=255_u8, any_auth(), any::<bool>(), old).prop_map(
        |(version, vrid, auth, v3_checksum_as_v2, old_checksum)| Profile {
            version,
            vrid,
            auth,
            v3_checksum_as_v2,
            old_checksum,
        },
    )
}

/// Bytes that often look like a packet at first.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let shaped = (vec(any::<u8>(), 0..120), 0..3_u8, any::<u8>()).prop_map(|(mut bytes, kind, count)| {
        let mut packet = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, 255, if kind == 0 { 51 } else { 112 }, 0, 0];
        packet.extend_from_slice(&[192, 0, 2, 1, 224, 0, 0, 18]);
        if let Some(first) = bytes.first_mut() {
            *first = if kind == 1 { 0x21 } else { 0x31 };
        }
        if let Some(field) = bytes.get_mut(3) {
            *field = count % 8;
        }
        packet.extend_from_slice(&bytes);
        let total = u16::try_from(packet.len()).unwrap();
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        packet
    });
    prop_oneof![vec(any::<u8>(), 0..200), shaped]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(packet in any_packet(), profile in any_profile(), peers in any::<bool>()) {
        let peers_list = [Peer { address: SOURCE, min_ttl: 1, max_ttl: 255 }];
        let rules = Rules {
            profile: &profile,
            interval: Micros::from_secs(1),
            unicast: peers.then_some(Unicast { peers: &peers_list, check_source: true }),
            wall: WALL,
        };
        let mut session = Session::default();
        if let Err(rejected) = session.receive_v4(&packet, &rules) {
            prop_assert!(!rejected.to_string().is_empty());
            let _ = rejected.error.counter();
        }
        let inbound = Inbound {
            payload: &packet,
            source: "fe80::1".parse().unwrap(),
            destination: Some("ff02::12".parse().unwrap()),
            hop_limit: Some(255),
        };
        let _ = session.receive_v6(&inbound, &rules);
        let _ = peek_v4(&packet);
        let _ = peek_v6(&packet);
    }

    #[test]
    fn what_is_written_is_read(
        profile in any_profile(),
        priority in any::<u8>(),
        interval in 1..=40_u64,
        addresses in vec(any::<[u8; 4]>(), 0..300),
        unicast in any::<bool>(),
    ) {
        let addresses: Vec<IpAddr> = addresses.into_iter().map(IpAddr::from).collect();
        let interval = Micros::from_secs(interval);
        let out =
            Outgoing { priority, interval, addresses: &addresses, source: SOURCE, ttl: 255, wall: WALL };
        let to = if unicast { PEER } else { GROUP_V4 };
        let sent = Session::default().advert(&profile, &out, &[to]);
        let rules = Rules {
            profile: &profile,
            interval,
            unicast: unicast.then_some(Unicast { peers: &[], check_source: false }),
            wall: WALL,
        };
        let read = Session::default().receive_v4(&sent[0].bytes, &rules);
        let advert = read.unwrap();
        prop_assert_eq!(advert.priority, priority);
        prop_assert_eq!(advert.vrid, profile.vrid);
        prop_assert_eq!(advert.interval, interval);
        prop_assert_eq!(&advert.addresses[..], &addresses[..addresses.len().min(255)]);
    }

    #[test]
    fn ipv6_roundtrip(priority in any::<u8>(), addresses in vec(any::<[u8; 16]>(), 0..80)) {
        let profile = profile(Version::V3, Auth::None);
        let addresses: Vec<IpAddr> = addresses.into_iter().map(IpAddr::from).collect();
        let source = "fe80::1".parse().unwrap();
        let to = "ff02::12".parse().unwrap();
        let interval = Micros::from_centis(4095);
        let out = Outgoing { priority, interval, addresses: &addresses, source, ttl: 255, wall: WALL };
        let Datagram { bytes, .. } = Session::default().advert(&profile, &out, &[to]).remove(0);
        let inbound =
            Inbound { payload: &bytes, source, destination: Some(to), hop_limit: Some(255) };
        let advert = Session::default().receive_v6(&inbound, &multicast(&profile)).unwrap();
        prop_assert_eq!(advert.addresses, addresses);
        prop_assert_eq!(advert.priority, priority);
        prop_assert_eq!(advert.interval, interval);
    }

    #[test]
    fn one_flipped_bit_is_never_accepted_when_signed(bit in 0..(20 + 12 + 28) * 8_usize) {
        let profile = profile(Version::V3, Auth::Hmac(hmac_config(HmacMode::Enforce)));
        let mut packet = send(&mut Session::default(), &profile, GROUP_V4, WALL);
        // the IP header is not signed apart from the source address
        prop_assume!((12 * 8..16 * 8).contains(&bit) || bit >= 20 * 8);
        packet[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(read(&packet, &profile).is_err());
    }
}
