//! Dates as log lines write them. The only state is the time zone, read once when the process starts.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cx::Date;

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A date taken apart.
#[derive(Clone, Copy, Debug)]
struct Parts {
    year: i64,
    month: usize,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

/// Days to year, month, day (proleptic Gregorian).
fn parts(secs: i64) -> Parts {
    let days = secs.div_euclid(86_400);
    let clock = secs.rem_euclid(86_400);
    // the era of 400 years starts on 1 March, so that a leap day is a year's last day
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u8;
    let month = ((march_month + 2) % 12) as usize;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    Parts {
        year,
        month,
        day,
        hour: (clock / 3600) as u8,
        minute: (clock / 60 % 60) as u8,
        second: (clock % 60) as u8,
    }
}

/// Seconds east of UTC at a moment.
pub fn offset_secs(zone: &TimeZone, date: Date) -> i32 {
    Timestamp::from_second(date.secs).map_or(0, |moment| zone.to_offset(moment).seconds())
}

/// `22/Nov/2026:12:32:15`.
pub fn write_clock(secs: i64, out: &mut Vec<u8>) {
    let parts = parts(secs);
    two(parts.day, out);
    out.push(b'/');
    out.extend_from_slice(MONTHS[parts.month]);
    out.push(b'/');
    out.extend_from_slice(itoa::Buffer::new().format(parts.year).as_bytes());
    for part in [parts.hour, parts.minute, parts.second] {
        out.push(b':');
        two(part, out);
    }
}

/// `+0200`.
pub fn write_offset(offset: i32, out: &mut Vec<u8>) {
    let minutes = offset.abs() / 60;
    out.push(if offset < 0 { b'-' } else { b'+' });
    two((minutes / 60) as u8, out);
    two((minutes % 60) as u8, out);
}

/// `.558`.
pub fn write_millis(micros: u32, out: &mut Vec<u8>) {
    out.push(b'.');
    write_three(micros / 1000, out);
}

/// Three digits.
pub fn write_three(number: u32, out: &mut Vec<u8>) {
    out.push(b'0' + (number / 100 % 10) as u8);
    two((number % 100) as u8, out);
}

fn two(number: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + number / 10 % 10, b'0' + number % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_leap_years_and_before_the_epoch() {
        for (secs, text) in [
            (0, "01/Jan/1970:00:00:00"),
            (951_782_400, "29/Feb/2000:00:00:00"),
            (1_795_350_735, "22/Nov/2026:12:32:15"),
            (-1, "31/Dec/1969:23:59:59"),
            (4_107_542_400, "01/Mar/2100:00:00:00"),
        ] {
            let mut out = Vec::new();
            write_clock(secs, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
