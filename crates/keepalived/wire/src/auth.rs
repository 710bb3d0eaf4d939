//! Authentication as configured.

use common_base::time::Micros;

/// How advertisements of an instance are authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// Type 0. Version 2 still writes its eight bytes, all zero.
    #[default]
    None,
    /// Type 1: a clear-text password, cut or zero-padded to eight bytes.
    Pass([u8; 8]),
    /// Type 2: AH with HMAC-MD5-96 (version 2, IPv4 only).
    Ah([u8; 8]),
    /// The HMAC-SHA256-128 trailer behind the PDU.
    Hmac(HmacConfig),
}

/// `auth_hmac { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HmacConfig {
    /// Keys by id; adverts are signed with `active_key` and accepted with any.
    pub keys: Vec<(u8, Vec<u8>)>,
    /// Id of the key that signs.
    pub active_key: u8,
    /// How far a sender's clock may be off; zero = not checked.
    pub time_window: Micros,
    /// Whether an advert may be accepted once only.
    pub anti_replay: bool,
    /// What is signed and what is demanded.
    pub mode: HmacMode,
}

/// `mode` of `auth_hmac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacMode {
    /// Sign, and drop what is not signed.
    Enforce,
    /// Sign, and accept adverts without a trailer.
    Permissive,
    /// Send without a trailer, accept both.
    ReceiveOnly,
}

impl Auth {
    /// PASS or AH data from a configured word: cut or zero-padded to eight bytes.
    #[must_use]
    pub fn data_of(word: &[u8]) -> [u8; 8] {
        let mut data = [0; 8];
        for (to, from) in data.iter_mut().zip(word) {
            *to = *from;
        }
        data
    }

    /// The type field of a version 2 packet.
    #[must_use]
    pub const fn type_number(&self) -> u8 {
        match self {
            Self::None | Self::Hmac(_) => 0,
            Self::Pass(_) => 1,
            Self::Ah(_) => 2,
        }
    }
}
