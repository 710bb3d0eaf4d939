//! Durations as haproxy.cfg writes them (configuration manual 2.5).

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeUnit {
    /// `us`
    Microsecond,
    /// `ms`
    Millisecond,
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
}

impl TimeUnit {
    const fn microseconds(self) -> u64 {
        match self {
            TimeUnit::Microsecond => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Second => 1_000_000,
            TimeUnit::Minute => 60_000_000,
            TimeUnit::Hour => 3_600_000_000,
            TimeUnit::Day => 86_400_000_000,
        }
    }

    /// The unit's name for several of them: `milliseconds`.
    pub const fn plural(self) -> &'static str {
        match self {
            TimeUnit::Microsecond => "microseconds",
            TimeUnit::Millisecond => "milliseconds",
            TimeUnit::Second => "seconds",
            TimeUnit::Minute => "minutes",
            TimeUnit::Hour => "hours",
            TimeUnit::Day => "days",
        }
    }
}

/// The largest value of a time in whatever unit it is asked for.
pub const TIME_MAX: u32 = i32::MAX as u32;

/// A time that was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// In the unit asked for, rounded up: a time above zero never becomes zero.
    pub value: u32,
    /// Whether digits stood alone, without a unit.
    pub bare: bool,
    /// What follows a complete value. The original takes such a value with a warning; new code should do the same
    /// where the original has the keyword.
    pub trailing: Option<char>,
}

impl Time {
    /// The warning for what follows the value, if anything does.
    pub fn trailing_text(&self, text: &str) -> Option<String> {
        self.trailing.map(|character| {
            format!(
                "unexpected character '{character}' after the timer value '{text}', only (us=microseconds,\
                 ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an \
                 error in next versions."
            )
        })
    }
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A character that belongs to no time; a NUL character stands for a text that ended too early.
    #[error("unexpected character '{0}'")]
    Unexpected(char),
    /// More than [`TIME_MAX`] in the unit asked for.
    #[error("timer overflow")]
    Overflow,
    /// Above zero, but less than the unit asked for can say.
    #[error("timer underflow")]
    Underflow,
}

/// Reads a time. A number without unit counts in `default`; the result counts in `unit`.
pub fn parse_time(text: &[u8], default: TimeUnit, unit: TimeUnit) -> Result<Time, TimeError> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, suffix) = text.split_at(length);
    if digits.is_empty() {
        return Err(TimeError::Unexpected(first_char(suffix).unwrap_or('\0')));
    }
    let (given, taken) = match suffix {
        [] => (default, 0),
        [b'u', b's', ..] => (TimeUnit::Microsecond, 2),
        [b'm', b's', ..] => (TimeUnit::Millisecond, 2),
        [b's', ..] => (TimeUnit::Second, 1),
        [b'm', ..] => (TimeUnit::Minute, 1),
        [b'h', ..] => (TimeUnit::Hour, 1),
        [b'd', ..] => (TimeUnit::Day, 1),
        _ => return Err(TimeError::Unexpected(first_char(suffix).unwrap_or('\0'))),
    };
    let number = digits
        .iter()
        .try_fold(0u64, |number, byte| number.checked_mul(10)?.checked_add(u64::from(byte - b'0')))
        .ok_or(TimeError::Overflow)?;
    let microseconds = number.checked_mul(given.microseconds()).ok_or(TimeError::Overflow)?;
    let value = microseconds.div_ceil(unit.microseconds());
    match u32::try_from(value) {
        Ok(value) if value <= TIME_MAX => {
            Ok(Time { value, bare: suffix.is_empty(), trailing: first_char(&suffix[taken..]) })
        }
        _ => Err(TimeError::Overflow),
    }
}

pub(crate) fn first_char(text: &[u8]) -> Option<char> {
    let shown = &text[..text.len().min(4)];
    match std::str::from_utf8(shown) {
        Ok(valid) => valid.chars().next(),
        Err(error) if error.valid_up_to() > 0 => {
            Some(char::from(shown[0])).filter(char::is_ascii).or_else(|| {
                std::str::from_utf8(&shown[..error.valid_up_to()]).ok().and_then(|valid| valid.chars().next())
            })
        }
        Err(_) => Some(char::REPLACEMENT_CHARACTER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Result<u32, TimeError> {
        parse_time(text.as_bytes(), TimeUnit::Millisecond, TimeUnit::Millisecond).map(|time| time.value)
    }

    #[test]
    fn units_are_converted_and_rounded_up() {
        for (text, value) in [
            ("0", 0),
            ("5000", 5000),
            ("1us", 1),
            ("999us", 1),
            ("1001us", 2),
            ("3s", 3000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("24d", 2_073_600_000),
            ("2147483647", TIME_MAX),
        ] {
            assert_eq!(ms(text), Ok(value), "{text}");
        }
        let seconds = parse_time(b"90", TimeUnit::Second, TimeUnit::Second).unwrap();
        assert_eq!((seconds.value, seconds.bare), (90, true));
    }

    #[test]
    fn bad_texts_name_their_character() {
        for (text, character) in
            [("", '\0'), ("-1", '-'), ("1.5s", '.'), ("1H", 'H'), ("s", 's'), ("1u", 'u')]
        {
            assert_eq!(ms(text), Err(TimeError::Unexpected(character)), "{text}");
        }
        for text in ["2147483648", "25d", "99999999999999999999999"] {
            assert_eq!(ms(text), Err(TimeError::Overflow), "{text}");
        }
    }

    #[test]
    fn what_follows_a_value_is_told() {
        let time = parse_time(b"15min", TimeUnit::Millisecond, TimeUnit::Millisecond).unwrap();
        assert_eq!((time.value, time.trailing), (900_000, Some('i')));
        assert!(time.trailing_text("15min").unwrap().starts_with("unexpected character 'i' after"));
    }
}
