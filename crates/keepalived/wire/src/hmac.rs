//! The 28-byte HMAC-SHA256-128 trailer behind a message (`auth_hmac`).
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! | Ext type = 1  |    Key id     |           reserved            |
//! +---------------+---------------+-------------------------------+
//! |                        seconds since 1970                     |
//! +-------------------------------+-------------------------------+
//! |   fraction, 1/65536 second    |           counter             |
//! +-------------------------------+-------------------------------+
//! |             first 16 bytes of HMAC-SHA256 ...                 |
//! ```
//!
//! Signed are: family (4 or 6), version, virtual router id, zero, the source address in 16 bytes; the message with
//! a zero checksum; the trailer with a zero code.

use std::net::IpAddr;

use ::hmac::{Hmac, Mac};
use common_base::time::Micros;
use sha2::Sha256;

use crate::{auth::HmacConfig, error::HmacError};

/// Bytes of the trailer.
pub const TRAILER_LEN: usize = 28;

const EXT_TYPE: u8 = 1;
const CODE_AT: usize = 12;

/// When an advert was signed; a receiver that minds replays takes only later ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Seconds since 1970.
    pub seconds: u32,
    /// 1/65536 seconds.
    pub fraction: u16,
    /// Counts adverts.
    pub counter: u16,
}

/// Appends the trailer to a message. Nothing is appended if the active key is not configured.
pub fn append(pdu: &mut Vec<u8>, config: &HmacConfig, source: IpAddr, stamp: Stamp) {
    let Some(key) = key(config, config.active_key) else { return };
    let mut trailer = [0; TRAILER_LEN];
    trailer[0] = EXT_TYPE;
    trailer[1] = config.active_key;
    trailer[4..8].copy_from_slice(&stamp.seconds.to_be_bytes());
    trailer[8..10].copy_from_slice(&stamp.fraction.to_be_bytes());
    trailer[10..12].copy_from_slice(&stamp.counter.to_be_bytes());
    if let Some(mac) = code(key, pdu, &trailer, source) {
        trailer[CODE_AT..].copy_from_slice(&mac.finalize().into_bytes()[..16]);
        pdu.extend_from_slice(&trailer);
    }
}

/// Checks a trailer and gives its time. `wall` is the receiver's time since 1970.
///
/// # Errors
/// What is wrong with it, replay aside: that needs the caller's memory.
pub fn check(
    pdu: &[u8],
    trailer: &[u8],
    config: &HmacConfig,
    source: IpAddr,
    wall: Micros,
) -> Result<Stamp, HmacError> {
    let trailer: &[u8; TRAILER_LEN] = trailer.try_into().map_err(|_| HmacError::Malformed)?;
    if trailer[0] != EXT_TYPE || trailer[2..4] != [0, 0] {
        return Err(HmacError::Malformed);
    }
    let key = key(config, trailer[1]).ok_or(HmacError::UnknownKey(trailer[1]))?;
    let mac = code(key, pdu, trailer, source).ok_or(HmacError::Invalid)?;
    mac.verify_truncated_left(&trailer[CODE_AT..]).map_err(|_| HmacError::Invalid)?;
    let stamp = Stamp {
        seconds: u32::from_be_bytes([trailer[4], trailer[5], trailer[6], trailer[7]]),
        fraction: u16::from_be_bytes([trailer[8], trailer[9]]),
        counter: u16::from_be_bytes([trailer[10], trailer[11]]),
    };
    if !config.time_window.is_zero() && stamp.distance(wall) > config.time_window {
        return Err(HmacError::Stale);
    }
    Ok(stamp)
}

impl Stamp {
    /// The stamp for `wall`, time since 1970.
    #[must_use]
    pub fn at(wall: Micros, counter: u16) -> Self {
        Self {
            // the field wraps in 2106
            seconds: (wall.as_secs() & 0xffff_ffff) as u32,
            fraction: ((wall.0 % 1_000_000) * 65_536 / 1_000_000) as u16,
            counter,
        }
    }

    fn distance(self, wall: Micros) -> Micros {
        let micros = u64::from(self.seconds) * 1_000_000 + u64::from(self.fraction) * 1_000_000 / 65_536;
        Micros(micros.abs_diff(wall.0))
    }
}

fn key(config: &HmacConfig, id: u8) -> Option<&[u8]> {
    config.keys.iter().find(|(known, _)| *known == id).map(|(_, secret)| secret.as_slice())
}

fn code(key: &[u8], pdu: &[u8], trailer: &[u8; TRAILER_LEN], source: IpAddr) -> Option<Hmac<Sha256>> {
    let header: &[u8; 8] = pdu.first_chunk()?;
    let mut pseudo = [0; 20];
    pseudo[1] = header[0] >> 4;
    pseudo[2] = header[1];
    match source {
        IpAddr::V4(source) => {
            pseudo[0] = 4;
            pseudo[4..8].copy_from_slice(&source.octets());
        }
        IpAddr::V6(source) => {
            pseudo[0] = 6;
            pseudo[4..20].copy_from_slice(&source.octets());
        }
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(&pseudo);
    mac.update(&pdu[..6]);
    mac.update(&[0, 0]);
    mac.update(&pdu[8..]);
    mac.update(&trailer[..CODE_AT]);
    mac.update(&[0; 16]);
    Some(mac)
}
