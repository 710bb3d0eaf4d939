//! Reading a packet: every check in keepalived's order, so that each bad packet raises the same counter.

use std::net::{IpAddr, Ipv4Addr};

use common_base::time::Micros;

use crate::{
    advert::{Advert, Family, Version},
    ah,
    auth::{Auth, HmacMode},
    checksum,
    error::{HmacError, ReceiveError, Rejected},
    hmac,
    ipv4::Ipv4Header,
    pdu::{self, Header},
    session::{GROUP_V4, OldChecksum, Profile, Session, start_sum, ttl_use},
};

/// Bytes behind a message that are forgiven as padding: fewer than one word.
const PADDING_MAX: usize = 3;

/// What an instance accepts, as configured.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How its own packets look.
    pub profile: &'a Profile,
    /// Its own interval; version 2 drops others.
    pub interval: Micros,
    /// `None` = multicast.
    pub unicast: Option<Unicast<'a>>,
    /// Time since 1970, for the HMAC trailer.
    pub wall: Micros,
}

/// Whom a unicast instance hears.
#[derive(Clone, Copy, Debug)]
pub struct Unicast<'a> {
    /// `unicast_peer`.
    pub peers: &'a [Peer],
    /// `check_unicast_src`: only peers are heard.
    pub check_source: bool,
}

/// One unicast peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Address.
    pub address: IpAddr,
    /// `min_ttl`, 0 if not given.
    pub min_ttl: u8,
    /// `max_ttl`, 255 if not given.
    pub max_ttl: u8,
}

/// A message that came without an IP header: IPv6, where the socket tells the rest.
#[derive(Clone, Copy, Debug)]
pub struct Inbound<'a> {
    /// The message.
    pub payload: &'a [u8],
    /// Source address.
    pub source: IpAddr,
    /// Destination address; without it the checksum is left to the kernel.
    pub destination: Option<IpAddr>,
    /// Hop limit, if the socket tells it.
    pub hop_limit: Option<u8>,
}

/// The destination and virtual router id of an IPv4 packet with its header, to find the instance it is for.
#[must_use]
pub fn peek_v4(packet: &[u8]) -> Option<(Ipv4Addr, u8)> {
    let ip = Ipv4Header::read(packet)?;
    let pdu = match ip.header.protocol {
        checksum::VRRP => ip.payload,
        ah::PROTOCOL => ip.payload.get(ah::HEADER_LEN..)?,
        _ => return None,
    };
    Some((ip.header.destination, Header::read(pdu)?.vrid))
}

/// The virtual router id of a message.
#[must_use]
pub fn peek_v6(payload: &[u8]) -> Option<u8> {
    Header::read(payload).map(|header| header.vrid)
}

/// A packet on its way through the checks.
struct Packet<'a> {
    /// All bytes with the IP header; empty for IPv6.
    whole: &'a [u8],
    pdu: &'a [u8],
    source: IpAddr,
    destination: Option<IpAddr>,
    ttl: Option<u8>,
    ah: Option<ah::Header>,
    /// Total length of the IP header and what it should be.
    lengths: Option<(usize, usize)>,
}

impl Session {
    /// Reads an IPv4 packet with its header.
    ///
    /// # Errors
    /// The first check that failed, with the sender.
    pub fn receive_v4(&mut self, packet: &[u8], rules: &Rules<'_>) -> Result<Advert, Rejected> {
        let Some(ip) = Ipv4Header::read(packet) else {
            let error = ReceiveError::TooShort {
                received: packet.len(),
                needed: crate::ipv4::HEADER_LEN + pdu::HEADER_LEN,
            };
            return Err(Rejected { source: Ipv4Addr::UNSPECIFIED.into(), error });
        };
        let source = IpAddr::V4(ip.header.source);
        let wants_ah = matches!(rules.profile.auth, Auth::Ah(_));
        let has_ah = ip.header.protocol == ah::PROTOCOL;
        let reject = |error| Err(Rejected { source, error });
        if wants_ah != has_ah {
            return reject(ReceiveError::AhPresence { present: has_ah });
        }
        let (ah, pdu) = if has_ah {
            match (ah::read(ip.payload, checksum::VRRP), ip.payload.get(ah::HEADER_LEN..)) {
                (Some(header), Some(pdu)) => (Some(header), pdu),
                (None, _) | (_, None) => return reject(ReceiveError::AhHeader),
            }
        } else {
            (None, ip.payload)
        };
        let end = ip.total_length.min(packet.len());
        let packet = Packet {
            whole: &packet[..end],
            pdu,
            source,
            destination: Some(IpAddr::V4(ip.header.destination)),
            ttl: Some(ip.header.ttl),
            ah,
            lengths: Some((ip.total_length, packet.len())),
        };
        let headers = packet.whole.len().saturating_sub(packet.pdu.len());
        self.check(&packet, Family::V4, rules)
            .map_err(|error| Rejected { source, error: error.with_headers(headers) })
    }

    /// Reads an IPv6 message.
    ///
    /// # Errors
    /// The first check that failed, with the sender.
    pub fn receive_v6(&mut self, inbound: &Inbound<'_>, rules: &Rules<'_>) -> Result<Advert, Rejected> {
        let packet = Packet {
            whole: &[],
            pdu: inbound.payload,
            source: inbound.source,
            destination: inbound.destination,
            ttl: inbound.hop_limit,
            ah: None,
            lengths: None,
        };
        self.check(&packet, Family::V6, rules).map_err(|error| Rejected { source: inbound.source, error })
    }

    fn check(
        &mut self,
        packet: &Packet<'_>,
        family: Family,
        rules: &Rules<'_>,
    ) -> Result<Advert, ReceiveError> {
        let profile = rules.profile;
        let header = Header::read(packet.pdu)
            .ok_or(ReceiveError::TooShort { received: packet.pdu.len(), needed: pdu::HEADER_LEN })?;
        let (pdu, trailer) = split(packet.pdu, &header, family, profile)?;
        check_ttl(packet, rules)?;
        if header.version != profile.version.number() {
            return Err(ReceiveError::Version { received: header.version, expected: profile.version });
        }
        if header.vrid != profile.vrid {
            return Err(ReceiveError::Vrid { received: header.vrid });
        }
        self.check_hmac(packet, pdu, trailer, rules)?;
        if profile.version == Version::V2 {
            self.check_auth(packet, pdu, &header, rules)?;
            let received = header.interval(Version::V2);
            if received.as_secs() != rules.interval.as_secs() {
                return Err(ReceiveError::Interval { mine: rules.interval, received });
            }
        }
        if header.kind != pdu::ADVERTISEMENT {
            return Err(ReceiveError::PacketType { received: header.kind });
        }
        if let Some((header, received)) = packet.lengths
            && header > received
        {
            return Err(ReceiveError::TotalLength { header, received });
        }
        self.check_sum(packet, pdu, trailer, profile)?;
        check_cast(packet, rules)?;
        Ok(Advert {
            source: packet.source,
            version: profile.version,
            vrid: header.vrid,
            priority: header.priority,
            interval: header.interval(profile.version),
            addresses: pdu::addresses(pdu, header.count, family),
        })
    }

    fn check_hmac(
        &mut self,
        packet: &Packet<'_>,
        pdu: &[u8],
        trailer: &[u8],
        rules: &Rules<'_>,
    ) -> Result<(), ReceiveError> {
        let Auth::Hmac(config) = &rules.profile.auth else { return Ok(()) };
        if trailer.is_empty() {
            return match config.mode {
                HmacMode::Enforce => Err(ReceiveError::Hmac(HmacError::Missing)),
                HmacMode::Permissive | HmacMode::ReceiveOnly => Ok(()),
            };
        }
        let stamp =
            hmac::check(pdu, trailer, config, packet.source, rules.wall).map_err(ReceiveError::Hmac)?;
        if config.anti_replay && self.hmac_seen.get(&packet.source).is_some_and(|last| stamp <= *last) {
            return Err(ReceiveError::Hmac(HmacError::Replay));
        }
        // only senders with a key of ours get here, so the table cannot be filled by strangers
        self.hmac_seen.insert(packet.source, stamp);
        Ok(())
    }

    fn check_auth(
        &mut self,
        packet: &Packet<'_>,
        pdu: &[u8],
        header: &Header,
        rules: &Rules<'_>,
    ) -> Result<(), ReceiveError> {
        let auth = &rules.profile.auth;
        let received = header.interval[0];
        if received > 2 {
            return Err(ReceiveError::AuthType { received });
        }
        if received != auth.type_number() {
            return Err(ReceiveError::AuthMismatch { received, expected: auth.type_number() });
        }
        match auth {
            Auth::None | Auth::Hmac(_) => Ok(()),
            Auth::Pass(password) => {
                let data =
                    pdu.len().checked_sub(pdu::AUTH_LEN).and_then(|at| pdu.get(at..)).unwrap_or_default();
                if data == password { Ok(()) } else { Err(ReceiveError::Password) }
            }
            Auth::Ah(key) => self.check_ah(packet, key),
        }
    }

    fn check_ah(&mut self, packet: &Packet<'_>, key: &[u8; 8]) -> Result<(), ReceiveError> {
        let (Some(header), IpAddr::V4(source), Some(destination)) =
            (packet.ah, packet.source, packet.destination)
        else {
            return Err(ReceiveError::AhHeader);
        };
        if header.spi != u32::from(source) {
            return Err(ReceiveError::AhHeader);
        }
        if !ah::verify(packet.whole, key, ttl_use(destination)) {
            return Err(ReceiveError::AhDigest);
        }
        // half of the number circle lies ahead, so a counter that wraps goes on
        let ahead = header.sequence.wrapping_sub(self.ah_sequence);
        if ahead == 0 || ahead > u32::MAX / 2 {
            return Err(ReceiveError::AhReplay { received: header.sequence, last: self.ah_sequence });
        }
        self.ah_sequence = header.sequence;
        Ok(())
    }

    fn check_sum(
        &mut self,
        packet: &Packet<'_>,
        pdu: &[u8],
        trailer: &[u8],
        profile: &Profile,
    ) -> Result<(), ReceiveError> {
        let Some(destination) = packet.destination else { return Ok(()) };
        let adds_up = |destination| {
            start_sum(profile, packet.source, destination, pdu.len() + trailer.len())
                .bytes(pdu)
                .bytes(trailer)
                .is_valid()
        };
        let known = self.old_checksum_peers.iter().position(|peer| *peer == packet.source);
        if adds_up(destination) {
            if let Some(at) = known {
                self.old_checksum_peers.swap_remove(at);
            }
            return Ok(());
        }
        let may_be_old = !destination.is_multicast()
            && destination.is_ipv4()
            && profile.old_checksum != OldChecksum::Never
            && adds_up(GROUP_V4);
        if !may_be_old {
            return Err(ReceiveError::Checksum { version: profile.version });
        }
        if known.is_none() && self.old_checksum_peers.len() < OLD_PEERS_MAX {
            self.old_checksum_peers.push(packet.source);
            self.old_checksum_news = true;
        }
        Ok(())
    }
}

impl ReceiveError {
    /// Lengths are told as they stand in the IP header.
    fn with_headers(self, headers: usize) -> Self {
        match self {
            Self::Length { received, expected } => {
                Self::Length { received: received + headers, expected: expected + headers }
            }
            other => other,
        }
    }
}

/// Peers remembered as old; more unicast peers than this in one instance are not to be expected, and strangers
/// must not fill memory.
const OLD_PEERS_MAX: usize = 256;

/// Message and trailer of a payload whose length fits its address count.
fn split<'a>(
    payload: &'a [u8],
    header: &Header,
    family: Family,
    profile: &Profile,
) -> Result<(&'a [u8], &'a [u8]), ReceiveError> {
    let expected = header.expected_len(family);
    let received = payload.len();
    let wrong = ReceiveError::Length { received, expected };
    let Some(rest) = received.checked_sub(expected) else { return Err(wrong) };
    let (pdu, behind) = payload.split_at(expected);
    if rest <= PADDING_MAX {
        return Ok((pdu, &[]));
    }
    if matches!(profile.auth, Auth::Hmac(_)) {
        return Ok((pdu, behind));
    }
    // another version's messages are measured by their own rule and refused for their version
    if header.version == profile.version.number() || !matches!(header.version, 2 | 3) {
        return Err(wrong);
    }
    Ok((pdu, &[]))
}

fn check_ttl(packet: &Packet<'_>, rules: &Rules<'_>) -> Result<(), ReceiveError> {
    let (min, max) = match rules.unicast {
        None => (255, 255),
        Some(unicast) => match unicast.peers.iter().find(|peer| peer.address == packet.source) {
            Some(peer) => (peer.min_ttl, peer.max_ttl),
            None if unicast.check_source => return Err(ReceiveError::NotPeer),
            None => (0, 255),
        },
    };
    match packet.ttl {
        Some(received) if received < min || received > max => Err(ReceiveError::Ttl { received, min, max }),
        Some(_) | None => Ok(()),
    }
}

fn check_cast(packet: &Packet<'_>, rules: &Rules<'_>) -> Result<(), ReceiveError> {
    match (packet.destination, rules.unicast) {
        (Some(to), Some(_)) if to.is_multicast() => Err(ReceiveError::MulticastForUnicast),
        (Some(to), None) if !to.is_multicast() => Err(ReceiveError::UnicastForMulticast),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
