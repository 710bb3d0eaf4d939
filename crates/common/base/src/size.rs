//! Sizes as haproxy.cfg writes them (configuration manual 2.6).

use crate::duration::first_char;

/// Why a text is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// A character that belongs to no size; a NUL character stands for an empty text.
    #[error("unexpected character '{0}'")]
    Unexpected(char),
    /// More than 64 bits hold.
    #[error("size overflow")]
    Overflow,
}

/// Reads a number of bytes with an optional unit `k`, `m` or `g` of either case, each 1024 of the one before.
pub fn parse_size(text: &[u8]) -> Result<u64, SizeError> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, suffix) = text.split_at(length);
    if digits.is_empty() {
        return Err(SizeError::Unexpected(first_char(suffix).unwrap_or('\0')));
    }
    let shift = match suffix {
        [] => 0,
        [b'k' | b'K'] => 10,
        [b'm' | b'M'] => 20,
        [b'g' | b'G'] => 30,
        [b'k' | b'K' | b'm' | b'M' | b'g' | b'G', rest @ ..] | rest => {
            return Err(SizeError::Unexpected(first_char(rest).unwrap_or('\0')));
        }
    };
    digits
        .iter()
        .try_fold(0u64, |number, byte| number.checked_mul(10)?.checked_add(u64::from(byte - b'0')))
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or(SizeError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_one_unit_of_either_case() {
        for (text, size) in [("0", 0), ("16384", 16384), ("10k", 10240), ("1M", 1 << 20), ("2g", 2 << 30)] {
            assert_eq!(parse_size(text.as_bytes()), Ok(size), "{text}");
        }
        for (text, character) in [("", '\0'), ("x", 'x'), ("10x", 'x'), ("10kb", 'b'), ("1.5m", '.')] {
            assert_eq!(parse_size(text.as_bytes()), Err(SizeError::Unexpected(character)), "{text}");
        }
        assert_eq!(parse_size(b"99999999999999999999"), Err(SizeError::Overflow));
    }
}
