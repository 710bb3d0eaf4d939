//! Hash functions whose results the configuration promises: servers chosen by hash, and converters of these names,
//! must agree with the original's byte for byte.

/// A 32-bit hash function of `hash-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum HashFunction {
    /// The default: spreads short keys evenly.
    #[default]
    Sdbm,
    /// Better than the default on some small sets.
    Djb2,
    /// Made for `http://` addresses.
    Wt6,
    /// CRC-32 as in Ethernet and gzip.
    Crc32,
}

impl HashFunction {
    /// Hashes a key.
    pub fn hash(self, key: &[u8]) -> u32 {
        match self {
            HashFunction::Sdbm => sdbm(key),
            HashFunction::Djb2 => djb2(key),
            HashFunction::Wt6 => wt6(key),
            HashFunction::Crc32 => crc32(key),
        }
    }
}

/// The hash of the sdbm library: 65599 to the power of the place.
pub fn sdbm(key: &[u8]) -> u32 {
    key.iter().fold(0, |hash: u32, &byte| u32::from(byte).wrapping_add(hash.wrapping_mul(65_599)))
}

/// Bernstein's hash, 33 to the power of the place.
pub fn djb2(key: &[u8]) -> u32 {
    key.iter().fold(5381, |hash: u32, &byte| hash.wrapping_mul(33).wrapping_add(u32::from(byte)))
}

/// Two words that rotate each other by amounts taken from themselves.
pub fn wt6(key: &[u8]) -> u32 {
    let (mut low, mut high) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut turn_low, mut turn_high) = (6, 18);
    for &byte in key {
        low = !(low ^ u32::from(byte));
        high = !high.wrapping_add(u32::from(byte));
        let turned = high.rotate_left(turn_low);
        high = low.rotate_left(turn_high);
        low = turned;
        let next = ((low >> 16) ^ high) & 0xffff;
        turn_low = next & 0x1f;
        turn_high = next >> 11;
    }
    low ^ high
}

/// CRC-32 of IEEE 802.3.
pub fn crc32(key: &[u8]) -> u32 {
    crc32fast::hash(key)
}

/// CRC-32C (Castagnoli), as in iSCSI.
pub fn crc32c(key: &[u8]) -> u32 {
    !key.iter().fold(!0, |crc: u32, &byte| (crc >> 8) ^ CRC32C[usize::from(crc as u8 ^ byte)])
}

/// xxHash of 32 bits.
pub fn xxh32(key: &[u8], seed: u32) -> u32 {
    xxhash_rust::xxh32::xxh32(key, seed)
}

/// xxHash of 64 bits.
pub fn xxh64(key: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh64::xxh64(key, seed)
}

/// XXH3 of 64 bits.
pub fn xxh3(key: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(key, seed)
}

/// The avalanche step: each bit of the input reaches every bit of the result. Jenkins' mixing of an integer in six
/// shifts; then the two lowest bits are carried into the two highest, which alone decide on a ring of few points.
pub fn avalanche(hash: u32) -> u32 {
    let hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    let hash = hash ^ 0xc761_c23c ^ (hash >> 19);
    let hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    let hash = hash.wrapping_add(0xd3a2_646c) ^ (hash << 9);
    let hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    let hash = hash ^ 0xb55a_4f09 ^ (hash >> 16);
    hash.wrapping_mul(0xc000_0001)
}

const CRC32C: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// What HAProxy 2.6 answers for a key: plain, then with the converter's avalanche.
    #[test]
    fn results_agree_with_the_original() {
        type Row = (&'static [u8], [u32; 10]);
        let rows: &[Row] = &[
            (
                b"a",
                [
                    97, 1830748055, 177670, 3548763807, 1900802597, 1986649387, 3904355907, 1288200982,
                    3251651376, 626010576,
                ],
            ),
            (
                b"hello world",
                [
                    430867652, 261123301, 894552257, 2328455893, 1866899626, 2174767729, 222957957,
                    2832483188, 3381945770, 2656343177,
                ],
            ),
            (
                b"0123456789abcdef0123456789",
                [
                    3450520909, 2698597469, 3523378772, 2006271221, 394635080, 4170993842, 4110644776,
                    3456251046, 1944480866, 733303224,
                ],
            ),
            (
                b"\xe9\xff\x80x",
                [
                    3603271502, 948984696, 2095128965, 3534842234, 3469591504, 3829564849, 1375110150,
                    661078471, 3703758169, 854778969,
                ],
            ),
        ];
        for (key, expected) in rows {
            let plain = [sdbm(key), djb2(key), wt6(key), crc32(key), crc32c(key)];
            let ours: Vec<u32> = plain.iter().flat_map(|&hash| [hash, avalanche(hash)]).collect();
            assert_eq!(ours, expected, "{key:?}");
        }
    }

    #[test]
    fn the_xx_family_agrees_too() {
        assert_eq!([xxh32(b"abc", 0), xxh32(b"abc", 7)], [852579327, 1473238068]);
        assert_eq!(
            [xxh64(b"abc", 0) as i64, xxh64(b"abc", 7) as i64],
            [4952883123889572249, -7028621457359472937]
        );
        assert_eq!(
            [xxh3(b"abc", 0) as i64, xxh3(b"abc", 7) as i64],
            [8696274497037089104, 5260018501835528466]
        );
    }
}
