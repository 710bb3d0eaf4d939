//! Dates in the format language of strftime(3), C locale, with `%N` for fractions of a second.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Appends the moment in a zone; None when the moment is beyond what calendars reach.
pub fn write(format: &[u8], secs: i64, nanos: u32, zone: &TimeZone, out: &mut Vec<u8>) -> Option<()> {
    let zoned = Timestamp::from_second(secs).ok()?.to_zoned(zone.clone());
    let moment = Moment {
        year: zoned.year().into(),
        month: zoned.month().into(),
        day: zoned.day().into(),
        hour: zoned.hour().into(),
        minute: zoned.minute().into(),
        second: zoned.second().into(),
        of_year: zoned.day_of_year().into(),
        weekday: zoned.weekday().to_sunday_zero_offset().into(),
        offset: zoned.offset().seconds().into(),
        secs,
        nanos,
        zone: if zone == &TimeZone::UTC {
            "GMT".to_owned()
        } else {
            zone.to_offset_info(zoned.timestamp()).abbreviation().to_owned()
        },
    };
    moment.write(format, out);
    Some(())
}

struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    of_year: i64,
    weekday: i64,
    offset: i64,
    secs: i64,
    nanos: u32,
    zone: String,
}

/// Filling of numbers.
#[derive(Clone, Copy)]
enum Fill {
    Usual,
    None,
    With(u8),
}

impl Moment {
    fn write(&self, format: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < format.len() {
            if format[at] != b'%' {
                out.push(format[at]);
                at += 1;
                continue;
            }
            let start = at;
            at += 1;
            let mut fill = Fill::Usual;
            let mut width = 0usize;
            while let Some(byte) = format.get(at) {
                match byte {
                    b'-' => fill = Fill::None,
                    b'_' => fill = Fill::With(b' '),
                    b'0' if width == 0 => fill = Fill::With(b'0'),
                    b'0'..=b'9' => {
                        width = width.saturating_mul(10).saturating_add(usize::from(byte - b'0')).min(99)
                    }
                    b'E' | b'O' => {}
                    _ => break,
                }
                at += 1;
            }
            let known = format.get(at).is_some_and(|spec| self.item(*spec, fill, width, out));
            if known {
                at += 1;
            } else {
                at = (at + 1).min(format.len());
                out.extend_from_slice(&format[start..at]);
            }
        }
    }

    fn item(&self, spec: u8, fill: Fill, width: usize, out: &mut Vec<u8>) -> bool {
        let mut number = |value: i64, digits: usize, usual: u8| {
            let (digits, with) = match fill {
                Fill::Usual => (digits, usual),
                Fill::None => (0, usual),
                Fill::With(byte) => (digits, byte),
            };
            push_number(value, digits.max(width), with, out);
        };
        match spec {
            b'Y' => number(self.year, 0, b'0'),
            b'C' => number(self.year.div_euclid(100), 2, b'0'),
            b'y' => number(self.year.rem_euclid(100), 2, b'0'),
            b'm' => number(self.month, 2, b'0'),
            b'd' => number(self.day, 2, b'0'),
            b'e' => number(self.day, 2, b' '),
            b'H' => number(self.hour, 2, b'0'),
            b'k' => number(self.hour, 2, b' '),
            b'I' => number(self.hour_12(), 2, b'0'),
            b'l' => number(self.hour_12(), 2, b' '),
            b'M' => number(self.minute, 2, b'0'),
            b'S' => number(self.second, 2, b'0'),
            b'j' => number(self.of_year, 3, b'0'),
            b'u' => number(if self.weekday == 0 { 7 } else { self.weekday }, 0, b'0'),
            b'w' => number(self.weekday, 0, b'0'),
            b'U' => number((self.of_year - 1 + 7 - self.weekday) / 7, 2, b'0'),
            b'W' => number((self.of_year - 1 + 7 - (self.weekday + 6) % 7) / 7, 2, b'0'),
            b'V' => number(self.iso_week().1, 2, b'0'),
            b'G' => number(self.iso_week().0, 0, b'0'),
            b'g' => number(self.iso_week().0.rem_euclid(100), 2, b'0'),
            b's' => number(self.secs, 0, b'0'),
            b'N' => self.fraction(width, out),
            b'a' => out.extend_from_slice(&self.day_name().as_bytes()[..3]),
            b'A' => out.extend_from_slice(self.day_name().as_bytes()),
            b'b' | b'h' => out.extend_from_slice(&self.month_name().as_bytes()[..3]),
            b'B' => out.extend_from_slice(self.month_name().as_bytes()),
            b'p' => out.extend_from_slice(if self.hour < 12 { b"AM" } else { b"PM" }),
            b'P' => out.extend_from_slice(if self.hour < 12 { b"am" } else { b"pm" }),
            b'z' => self.zone_offset(out),
            b'Z' => out.extend_from_slice(self.zone.as_bytes()),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'%' => out.push(b'%'),
            b'c' => self.write(b"%a %b %e %H:%M:%S %Y", out),
            b'D' | b'x' => self.write(b"%m/%d/%y", out),
            b'F' => self.write(b"%Y-%m-%d", out),
            b'R' => self.write(b"%H:%M", out),
            b'r' => self.write(b"%I:%M:%S %p", out),
            b'T' | b'X' => self.write(b"%H:%M:%S", out),
            _ => return false,
        }
        true
    }

    fn hour_12(&self) -> i64 {
        (self.hour + 11) % 12 + 1
    }

    fn day_name(&self) -> &'static str {
        DAYS[self.weekday.rem_euclid(7) as usize]
    }

    fn month_name(&self) -> &'static str {
        MONTHS[(self.month - 1).rem_euclid(12) as usize]
    }

    /// Year and week of ISO 8601: a week belongs to the year its Thursday is in.
    fn iso_week(&self) -> (i64, i64) {
        let monday_based = (self.weekday + 6) % 7;
        let thursday = self.of_year - 1 - monday_based + 3;
        if thursday < 0 {
            let length = year_days(self.year - 1);
            return (self.year - 1, (thursday + length) / 7 + 1);
        }
        if thursday >= year_days(self.year) {
            return (self.year + 1, 1);
        }
        (self.year, thursday / 7 + 1)
    }

    fn zone_offset(&self, out: &mut Vec<u8>) {
        let minutes = self.offset.abs() / 60;
        out.push(if self.offset < 0 { b'-' } else { b'+' });
        push_number(minutes / 60 * 100 + minutes % 60, 4, b'0', out);
    }

    /// Nine digits, or the first `width` of them.
    fn fraction(&self, width: usize, out: &mut Vec<u8>) {
        let mut digits = Vec::with_capacity(9);
        push_number(self.nanos.into(), 9, b'0', &mut digits);
        digits.truncate(if width == 0 { 9 } else { width });
        out.extend_from_slice(&digits);
    }
}

fn year_days(year: i64) -> i64 {
    if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 }
}

fn push_number(value: i64, digits: usize, fill: u8, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value);
    (text.len()..digits).for_each(|_| out.push(fill));
    out.extend_from_slice(text.as_bytes());
}
