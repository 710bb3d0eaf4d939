//! Type-length-value extensions of version 2 headers (§2.2).

use super::ProxyError;

/// Type of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TlvType(pub u8);

impl TlvType {
    /// Application protocol, as in ALPN.
    pub const ALPN: TlvType = TlvType(0x01);
    /// Host name the client asked for (SNI).
    pub const AUTHORITY: TlvType = TlvType(0x02);
    /// Checksum of the header.
    pub const CRC32C: TlvType = TlvType(0x03);
    /// Padding.
    pub const NOOP: TlvType = TlvType(0x04);
    /// Id of the connection, up to 128 bytes.
    pub const UNIQUE_ID: TlvType = TlvType(0x05);
    /// TLS facts, with sub-extensions.
    pub const SSL: TlvType = TlvType(0x20);
    /// In `SSL`: TLS version.
    pub const SSL_VERSION: TlvType = TlvType(0x21);
    /// In `SSL`: common name of the client's certificate.
    pub const SSL_CN: TlvType = TlvType(0x22);
    /// In `SSL`: cipher.
    pub const SSL_CIPHER: TlvType = TlvType(0x23);
    /// In `SSL`: algorithm that signed the certificate.
    pub const SSL_SIG_ALG: TlvType = TlvType(0x24);
    /// In `SSL`: algorithm of the certificate's key.
    pub const SSL_KEY_ALG: TlvType = TlvType(0x25);
    /// In `SSL`: key exchange group.
    pub const SSL_GROUP: TlvType = TlvType(0x26);
    /// In `SSL`: scheme of the handshake's signature.
    pub const SSL_SIG_SCHEME: TlvType = TlvType(0x27);
    /// In `SSL`: the client's certificate in DER.
    pub const SSL_CLIENT_CERT: TlvType = TlvType(0x28);
    /// Name of the network namespace.
    pub const NETNS: TlvType = TlvType(0x30);
}

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its type.
    pub kind: TlvType,
    /// Its value.
    pub value: &'a [u8],
}

/// Facts of `TlvType::SSL` (§2.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ssl<'a> {
    /// Bits: 1 TLS, 2 certificate on this connection, 4 certificate in this session.
    pub client: u8,
    /// 0 when a certificate was presented and verified.
    pub verify: u32,
    rest: &'a [u8],
}

impl<'a> Ssl<'a> {
    /// The first sub-extension of a type.
    pub fn first(&self, kind: TlvType) -> Option<&'a [u8]> {
        Walk(self.rest).map_while(Result::ok).find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }
}

/// The extensions of a header, checked to fit their lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tlvs(Vec<u8>);

impl Tlvs {
    pub(super) fn parse(bytes: &[u8]) -> Result<Tlvs, ProxyError> {
        for tlv in Walk(bytes) {
            let tlv = tlv?;
            if tlv.kind == TlvType::UNIQUE_ID && tlv.value.len() > 128 {
                return Err(ProxyError::Length);
            }
        }
        Ok(Tlvs(bytes.to_vec()))
    }

    /// All extensions in order.
    pub fn iter(&self) -> impl Iterator<Item = Tlv<'_>> {
        Walk(&self.0).map_while(Result::ok)
    }

    /// The first value of a type.
    pub fn first(&self, kind: TlvType) -> Option<&[u8]> {
        self.iter().find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }

    /// TLS facts, if told.
    pub fn ssl(&self) -> Option<Ssl<'_>> {
        match self.first(TlvType::SSL)? {
            [client, a, b, c, d, rest @ ..] => {
                Some(Ssl { client: *client, verify: u32::from_be_bytes([*a, *b, *c, *d]), rest })
            }
            _ => None,
        }
    }
}

/// Walks over extensions; an error is the last item.
struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Tlv<'a>, ProxyError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length, rest) = match self.0 {
            [] => return None,
            [kind, high, low, rest @ ..] => (*kind, usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => {
                self.0 = &[];
                return Some(Err(ProxyError::Length));
            }
        };
        match rest.split_at_checked(length) {
            Some((value, rest)) => {
                self.0 = rest;
                Some(Ok(Tlv { kind: TlvType(kind), value }))
            }
            None => {
                self.0 = &[];
                Some(Err(ProxyError::Length))
            }
        }
    }
}

/// Offset of the first value of a type within the bytes of all extensions.
pub(super) fn offset_of(bytes: &[u8], kind: TlvType) -> Option<usize> {
    let mut walk = Walk(bytes);
    loop {
        let at = bytes.len() - walk.0.len();
        let tlv = walk.next()?.ok()?;
        if tlv.kind == kind {
            return Some(at + 3);
        }
    }
}

/// Extensions being built for a header to send.
#[derive(Clone, Debug, Default)]
pub struct TlvsOut(Vec<u8>);

impl TlvsOut {
    /// Adds one; values beyond 65535 bytes are left out, for no header can carry them.
    pub fn push(&mut self, kind: TlvType, value: &[u8]) {
        if let Ok(length) = u16::try_from(value.len()) {
            self.0.push(kind.0);
            self.0.extend_from_slice(&length.to_be_bytes());
            self.0.extend_from_slice(value);
        }
    }

    /// Adds TLS facts with their sub-extensions.
    pub fn push_ssl(&mut self, client: u8, verify: u32, parts: &TlvsOut) {
        let mut value = vec![client];
        value.extend_from_slice(&verify.to_be_bytes());
        value.extend_from_slice(&parts.0);
        self.push(TlvType::SSL, &value);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
