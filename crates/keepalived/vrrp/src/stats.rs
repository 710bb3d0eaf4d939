//! Counters of an instance: the fields of `keepalived.stats`, of the JSON dump and of the metrics.

use keepalived_wire::error::Counter;

/// Plain counters since start or since the statistics were cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Adverts accepted.
    pub advert_rcvd: u64,
    /// Adverts sent.
    pub advert_sent: u64,
    /// Transitions to MASTER.
    pub become_master: u64,
    /// Transitions from MASTER.
    pub release_master: u64,
    /// Packets with a wrong length.
    pub packet_len_err: u64,
    /// Packets with another interval (never raised by the original).
    pub advert_interval_err: u64,
    /// Packets with a wrong TTL or hop limit.
    pub ip_ttl_err: u64,
    /// Packets of another type.
    pub invalid_type_rcvd: u64,
    /// Adverts with another address list.
    pub addr_list_err: u64,
    /// Unknown authentication types.
    pub invalid_authtype: u64,
    /// Authentication types other than configured.
    pub authtype_mismatch: u64,
    /// Wrong passwords and digests.
    pub auth_failure: u64,
    /// Adverts of priority 0 received.
    pub pri_zero_rcvd: u64,
    /// Adverts of priority 0 sent.
    pub pri_zero_sent: u64,
    /// Wrong checksums.
    pub checksum_err: u64,
    /// Other versions.
    pub version_err: u64,
    /// Unknown virtual router ids.
    pub vrid_err: u64,
    /// HMAC trailer missing.
    pub hmac_missing: u64,
    /// HMAC trailer malformed.
    pub hmac_malformed: u64,
    /// HMAC key unknown.
    pub hmac_unknown_key: u64,
    /// HMAC wrong.
    pub hmac_invalid: u64,
    /// HMAC time outside the window.
    pub hmac_stale: u64,
    /// HMAC replay.
    pub hmac_replay: u64,
    /// Adverts of another master received while master.
    pub dual_master: u64,
    /// How often timers fired too late.
    pub stalled: u64,
}

impl Stats {
    /// Raises the counter of a refused packet.
    pub fn bump(&mut self, counter: Counter) {
        let field = match counter {
            Counter::Length => &mut self.packet_len_err,
            Counter::Ttl => &mut self.ip_ttl_err,
            Counter::InvalidType => &mut self.invalid_type_rcvd,
            Counter::Interval => &mut self.advert_interval_err,
            Counter::AddressList => &mut self.addr_list_err,
            Counter::AuthInvalidType => &mut self.invalid_authtype,
            Counter::AuthMismatch => &mut self.authtype_mismatch,
            Counter::AuthFailure => &mut self.auth_failure,
            Counter::HmacMissing => &mut self.hmac_missing,
            Counter::HmacMalformed => &mut self.hmac_malformed,
            Counter::HmacUnknownKey => &mut self.hmac_unknown_key,
            Counter::HmacInvalid => &mut self.hmac_invalid,
            Counter::HmacStale => &mut self.hmac_stale,
            Counter::HmacReplay => &mut self.hmac_replay,
            Counter::Checksum => &mut self.checksum_err,
            Counter::Version => &mut self.version_err,
            Counter::Vrid => &mut self.vrid_err,
        };
        *field += 1;
    }
}
