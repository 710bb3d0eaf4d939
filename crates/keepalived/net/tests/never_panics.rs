//! Whatever comes out of a netlink socket: the mirror takes it in without a panic and stays consistent.
//!
//! `PROPTEST_CASES` sets how many are tried.

use keepalived_net::addresses::Address;
use keepalived_net::links::Link;
use keepalived_net::mirror::{Change, Mirror, Watch};
use keepalived_net::nl::{self, Message};
use keepalived_net::routes::RouteKey;
use keepalived_net::rules::RuleKey;
use proptest::collection::vec;
use proptest::prelude::*;

/// Kinds that the monitor hears, and one it does not know.
const KINDS: &[u16] = &[
    libc::RTM_NEWLINK,
    libc::RTM_DELLINK,
    libc::RTM_NEWADDR,
    libc::RTM_DELADDR,
    libc::RTM_NEWROUTE,
    libc::RTM_DELROUTE,
    libc::RTM_NEWRULE,
    libc::RTM_DELRULE,
    99,
];

/// A message with a plausible head: a family, small numbers, attributes of any content.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let head = (
        prop_oneof![Just(0_u8), Just(2), Just(10), Just(7), any::<u8>()],
        vec(prop_oneof![3 => 0..40_u8, 1 => any::<u8>()], 0..20),
    );
    let value = prop_oneof![
        vec(any::<u8>(), 0..20),
        Just(vec![192, 0, 2, 1]),
        Just(b"eth0\0".to_vec()),
        any::<u32>().prop_map(|number| number.to_ne_bytes().to_vec()),
    ];
    let attributes = vec((0..60_u16, value), 0..8);
    let kind = prop::sample::select(KINDS);
    (kind, head, attributes, vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)).prop_map(
        |(kind, (family, mut rest), attributes, flips)| {
            rest.insert(0, family);
            let mut message = Message::new(kind, 0);
            message.fixed(&rest);
            for (kind, value) in attributes {
                message.attr(kind, &value);
            }
            let mut bytes = message.finish(1);
            for (at, bits) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            bytes
        },
    )
}

fn link(index: u32, up: bool) -> Vec<u8> {
    let mut head = [0; 16];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head[8..12].copy_from_slice(&(if up { 0x41_u32 } else { 0 }).to_ne_bytes());
    let mut message = Message::new(libc::RTM_NEWLINK, 0);
    message.fixed(&head).text(libc::IFLA_IFNAME, &format!("eth{index}"));
    message.finish(1)
}

/// What must hold whatever was heard.
fn consistent(mirror: &Mirror) -> Result<(), TestCaseError> {
    for link in mirror.links() {
        prop_assert_eq!(mirror.link(link.index), Some(link));
        prop_assert!(mirror.index_of(&link.name).is_some());
        for address in mirror.addresses_of(link.index) {
            prop_assert!(mirror.has(link.index, address.address, address.prefix));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        let mut mirror = Mirror::default();
        mirror.follow(&bytes);
        consistent(&mirror)?;
        for message in nl::messages(&bytes) {
            let _ = (Link::read(message.body), Address::read(message.body));
            let _ = (RouteKey::read(message.body), RuleKey::read(message.body));
        }
    }

    #[test]
    fn any_messages(messages in vec(message(), 0..30)) {
        let mut mirror = Mirror::default();
        mirror.follow(&link(3, true));
        for bytes in &messages {
            for message in nl::messages(bytes) {
                if let Some(key) = RouteKey::read(message.body) {
                    mirror.watch_route(key, Watch::Begin);
                }
                if let Some(key) = RuleKey::read(message.body) {
                    mirror.watch_rule(key, Watch::Begin);
                }
            }
            for change in mirror.follow(bytes) {
                match change {
                    Change::Link(link) => prop_assert!(mirror.link(link.index).is_some()),
                    Change::LinkGone(link) => {
                        prop_assert!(mirror.link(link.index).is_none());
                        prop_assert!(mirror.addresses_of(link.index).is_empty());
                    }
                    Change::Address(one) => prop_assert!(mirror.has(one.index, one.address, one.prefix)),
                    Change::AddressGone(one) => prop_assert!(!mirror.has(one.index, one.address, one.prefix)),
                }
            }
            consistent(&mirror)?;
        }
        // What it knows does not keep it from learning more.
        mirror.follow(&link(7, false));
        prop_assert_eq!(mirror.index_of("eth7"), Some(7));
    }
}
