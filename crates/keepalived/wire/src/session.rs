//! One virtual router's side of the wire: how it writes and reads, and what it remembers between packets.

use std::{collections::HashMap, net::IpAddr};

use common_base::time::Micros;

use crate::{
    advert::Version,
    ah,
    auth::{Auth, HmacMode},
    checksum::{self, Sum},
    hmac::{self, Stamp},
    ipv4::Ipv4Header,
    pdu,
};

/// The multicast group of VRRP for IPv4; old senders used it in the checksum of unicast packets, too.
pub(crate) const GROUP_V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(224, 0, 0, 18));

/// How an instance's packets look, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Protocol version.
    pub version: Version,
    /// Virtual router id.
    pub vrid: u8,
    /// Authentication.
    pub auth: Auth,
    /// `v3_checksum_as_v2`: version 3 over IPv4 without pseudo header.
    pub v3_checksum_as_v2: bool,
    /// `old_unicast_checksum`.
    pub old_checksum: OldChecksum,
}

/// `old_unicast_checksum`: version 3 unicast packets summed as if sent to the multicast group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldChecksum {
    /// Write the right one, and the old one to peers that send it.
    #[default]
    Auto,
    /// Write the old one always.
    Always,
    /// Write and accept the right one only.
    Never,
}

/// An advert to be written.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Priority.
    pub priority: u8,
    /// Interval.
    pub interval: Micros,
    /// `virtual_ipaddress` in the configuration's order.
    pub addresses: &'a [IpAddr],
    /// Source address.
    pub source: IpAddr,
    /// TTL of the IPv4 header; IPv6 leaves it to the socket.
    pub ttl: u8,
    /// Time since 1970, for the HMAC trailer.
    pub wall: Micros,
}

/// A packet ready for a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where to.
    pub destination: IpAddr,
    /// IPv4: with its header (`IP_HDRINCL`). IPv6: the message, checksum filled in.
    pub bytes: Vec<u8>,
}

/// What a virtual router remembers between packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    ip_id: u16,
    /// The highest counter sent or accepted; all routers of one VRID share it, the next master goes on from there.
    pub(crate) ah_sequence: u32,
    hmac_counter: u16,
    pub(crate) hmac_seen: HashMap<IpAddr, Stamp>,
    /// Peers that write the old checksum.
    pub(crate) old_checksum_peers: Vec<IpAddr>,
    pub(crate) old_checksum_news: bool,
}

impl Session {
    /// Writes one advert for all destinations: the same IP identification, AH counter and trailer for each.
    pub fn advert(&mut self, profile: &Profile, out: &Outgoing<'_>, to: &[IpAddr]) -> Vec<Datagram> {
        // the kernel would replace an identification of zero
        self.ip_id = self.ip_id.checked_add(1).unwrap_or(1);
        let sequence = self.next_sequence(profile);
        let pdu = self.message(profile, out);
        to.iter()
            .map(|&destination| {
                let mut pdu = pdu.clone();
                let sum = self.checksum(profile, &pdu, out.source, destination);
                pdu::set_checksum(&mut pdu, sum);
                let bytes = self.wrap(profile, out, destination, sequence, pdu);
                Datagram { destination, bytes }
            })
            .collect()
    }

    /// Whether a peer with the old checksum was met since the last call; worth a line of the log
    /// (`Setting unicast VRRPv3 checksum to old version`).
    pub fn take_old_checksum_news(&mut self) -> bool {
        std::mem::take(&mut self.old_checksum_news)
    }

    fn next_sequence(&mut self, profile: &Profile) -> u32 {
        if let Auth::Ah(_) = profile.auth {
            // RFC 2402 §3.3.2: zero is never sent
            self.ah_sequence = self.ah_sequence.checked_add(1).unwrap_or(1);
        }
        self.ah_sequence
    }

    /// The message with a zero checksum, and the trailer if it is to be signed.
    fn message(&mut self, profile: &Profile, out: &Outgoing<'_>) -> Vec<u8> {
        let auth_data = match &profile.auth {
            Auth::Pass(data) => *data,
            Auth::None | Auth::Ah(_) | Auth::Hmac(_) => [0; pdu::AUTH_LEN],
        };
        let fields = pdu::Fields {
            version: profile.version,
            vrid: profile.vrid,
            priority: out.priority,
            interval: out.interval,
            addresses: out.addresses,
            auth_type: profile.auth.type_number(),
            auth_data,
        };
        let mut pdu = fields.write();
        if let Auth::Hmac(config) = &profile.auth
            && config.mode != HmacMode::ReceiveOnly
        {
            self.hmac_counter = self.hmac_counter.wrapping_add(1);
            hmac::append(&mut pdu, config, out.source, Stamp::at(out.wall, self.hmac_counter));
        }
        pdu
    }

    fn checksum(&self, profile: &Profile, pdu: &[u8], source: IpAddr, destination: IpAddr) -> u16 {
        let old = !destination.is_multicast()
            && match profile.old_checksum {
                OldChecksum::Always => true,
                OldChecksum::Auto => self.old_checksum_peers.contains(&destination),
                OldChecksum::Never => false,
            };
        let pretended = if old && destination.is_ipv4() { GROUP_V4 } else { destination };
        start_sum(profile, source, pretended, pdu.len()).bytes(pdu).finish()
    }

    fn wrap(
        &self,
        profile: &Profile,
        out: &Outgoing<'_>,
        destination: IpAddr,
        sequence: u32,
        pdu: Vec<u8>,
    ) -> Vec<u8> {
        let (IpAddr::V4(source), IpAddr::V4(to)) = (out.source, destination) else { return pdu };
        let mut header =
            Ipv4Header { id: self.ip_id, ttl: out.ttl, protocol: checksum::VRRP, source, destination: to };
        let Auth::Ah(key) = &profile.auth else { return header.write(&pdu) };
        header.protocol = ah::PROTOCOL;
        let mut payload = ah::write(checksum::VRRP, u32::from(source), sequence).to_vec();
        payload.extend_from_slice(&pdu);
        let mut packet = header.write(&payload);
        ah::sign(&mut packet, key, ttl_use(destination));
        packet
    }
}

/// The sum before the message: the pseudo header, where there is one.
pub(crate) fn start_sum(profile: &Profile, source: IpAddr, destination: IpAddr, length: usize) -> Sum {
    let bare = profile.version == Version::V2 || (profile.v3_checksum_as_v2 && source.is_ipv4());
    if bare { Sum::default() } else { Sum::default().pseudo(source, destination, checksum::VRRP, length) }
}

pub(crate) const fn ttl_use(destination: IpAddr) -> ah::Ttl {
    if destination.is_multicast() { ah::Ttl::Signed } else { ah::Ttl::Mutable }
}

#[cfg(test)]
mod tests;
