//! Numbers as the original reads them, with its complaints.

use crate::diag::Sink;

/// A whole number without sign in `min..=max`; complains and gives `None` otherwise.
pub fn unsigned(sink: &mut Sink, text: &str, min: u32, max: u32) -> Option<u32> {
    let trimmed = text.trim_start();
    if trimmed.starts_with('-') {
        sink.config(format!("negative number '{text}'"));
        return None;
    }
    match integer(trimmed) {
        Integer::Invalid => sink.config(format!("invalid number '{text}'")),
        Integer::TooBig => sink.config(format!("number '{text}' outside unsigned integer range")),
        Integer::Value(value) => match u32::try_from(value) {
            Err(_) => sink.config(format!("number '{text}' outside unsigned integer range")),
            Ok(value) if value < min || value > max => {
                sink.config(format!("number '{text}' outside range [{min}, {max}]"));
            }
            Ok(value) => return Some(value),
        },
    }
    None
}

/// A whole number in `min..=max`; complains and gives `None` otherwise.
pub fn signed(sink: &mut Sink, text: &str, min: i32, max: i32) -> Option<i32> {
    match integer(text.trim_start()) {
        Integer::Invalid => sink.config(format!("invalid number '{text}'")),
        Integer::TooBig => sink.config(format!("number '{text}' outside integer range")),
        Integer::Value(value) => match i32::try_from(value) {
            Err(_) => sink.config(format!("number '{text}' outside integer range")),
            Ok(value) if value < min || value > max => {
                sink.config(format!("number '{text}' outside range [{min}, {max}]"));
            }
            Ok(value) => return Some(value),
        },
    }
    None
}

enum Integer {
    Value(i64),
    Invalid,
    TooBig,
}

/// Decimal digits with an optional sign; an empty text is 0, as strtol has it.
fn integer(text: &str) -> Integer {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if text.is_empty() {
        return Integer::Value(0);
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Integer::Invalid;
    }
    match digits.parse::<i64>() {
        Ok(value) => Integer::Value(if text.starts_with('-') { -value } else { value }),
        Err(_) => Integer::TooBig,
    }
}

/// A decimal fraction and its bounds, all times `10^places`.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    /// Smallest value.
    pub min: u64,
    /// Largest value.
    pub max: u64,
    /// Digits after the point that count: 6 for seconds in microseconds, 3 for milliseconds.
    pub places: u32,
}

impl Decimal {
    /// Seconds with six places, bounds in microseconds.
    pub const fn seconds(min_us: u64, max_us: u64) -> Self {
        Self { min: min_us, max: max_us, places: 6 }
    }

    /// Reads the text. A word that is no number counts as 0 after its complaint, so it only fails where 0 does.
    pub fn read(self, sink: &mut Sink, text: &str) -> Option<u64> {
        let trimmed = text.trim_start();
        if trimmed.starts_with('-') {
            sink.config(format!("negative number '{text}'"));
            return None;
        }
        let plain = trimmed.strip_prefix('+').unwrap_or(trimmed);
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let places = self.places as usize;
        let too_many = fraction.len() > places;
        if too_many {
            sink.config(format!("number '{text}' has too many decimal places"));
        }
        if !digits(whole) || !digits(fraction) || plain.is_empty() || plain == "." {
            sink.config(format!("invalid number '{text}'"));
            // after the first complaint the original goes on with what it could read
            let read = self.scaled(whole, "", places).unwrap_or(self.min).clamp(self.min, self.max);
            return match (too_many, self.min) {
                (true, _) => Some(read),
                (false, 0) => Some(0),
                (false, _) => None,
            };
        }
        let value = self.scaled(whole, fraction, places);
        match value {
            Some(value) if (self.min..=self.max).contains(&value) => Some(value),
            _ => {
                let (min, max) = (self.show(self.min), self.show(self.max));
                sink.config(format!("number '{text}' outside range [{min}, {max}]"));
                None
            }
        }
    }

    /// The digits times `10^places`, rounded at the first digit too many.
    fn scaled(self, whole: &str, fraction: &str, places: usize) -> Option<u64> {
        let unit = 10u64.checked_pow(self.places)?;
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        let kept = kept.parse::<u64>().unwrap_or(0);
        let round = u64::from(fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5'));
        whole.checked_mul(unit)?.checked_add(kept + round)
    }

    fn show(self, value: u64) -> String {
        let unit = 10u64.pow(self.places);
        format!("{}.{:0places$}", value / unit, value % unit, places = self.places as usize)
    }
}

/// `on`, `true`, `yes` and `off`, `false`, `no`, case as written.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "on" | "yes" => Some(true),
        "false" | "off" | "no" => Some(false),
        _ => None,
    }
}
