//! What stands around a deflated body: gzip (RFC 1952), zlib (RFC 1950), or nothing.

use std::fmt;

use crc32fast::Hasher;
use simd_adler32::Adler32;

/// The frame of one body.
pub struct Frame {
    kind: Kind,
    begun: bool,
}

enum Kind {
    None,
    Gzip { crc: Hasher, length: u32 },
    Zlib(Adler32),
}

/// No name, no time, fastest level, made on Unix.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3];
/// A window of 32 kB, fastest level.
const ZLIB_HEAD: [u8; 2] = [0x78, 0x01];

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::None => "None",
            Kind::Gzip { .. } => "Gzip",
            Kind::Zlib(_) => "Zlib",
        })
    }
}

impl Frame {
    /// Nothing around the body.
    pub fn none() -> Self {
        Frame { kind: Kind::None, begun: false }
    }

    /// A gzip member.
    pub fn gzip() -> Self {
        Frame { kind: Kind::Gzip { crc: Hasher::new(), length: 0 }, begun: false }
    }

    /// A zlib stream.
    pub fn zlib() -> Self {
        Frame { kind: Kind::Zlib(Adler32::new()), begun: false }
    }

    /// Makes ready for another body.
    pub fn reset(&mut self) {
        self.begun = false;
        match &mut self.kind {
            Kind::None => {}
            Kind::Gzip { crc, length } => {
                crc.reset();
                *length = 0;
            }
            Kind::Zlib(adler) => *adler = Adler32::new(),
        }
    }

    /// Takes note of bytes that are about to be compressed; the head comes before the first.
    pub fn take(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let first = !std::mem::replace(&mut self.begun, true);
        match &mut self.kind {
            Kind::None => {}
            Kind::Gzip { crc, length } => {
                if first {
                    out.extend_from_slice(&GZIP_HEAD);
                }
                crc.update(input);
                *length = length.wrapping_add(input.len() as u32);
            }
            Kind::Zlib(adler) => {
                if first {
                    out.extend_from_slice(&ZLIB_HEAD);
                }
                adler.write(input);
            }
        }
    }

    /// What stands behind the body.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::None => {}
            Kind::Gzip { crc, length } => {
                out.extend_from_slice(&crc.clone().finalize().to_le_bytes());
                out.extend_from_slice(&length.to_le_bytes());
            }
            Kind::Zlib(adler) => out.extend_from_slice(&adler.finish().to_be_bytes()),
        }
    }
}
