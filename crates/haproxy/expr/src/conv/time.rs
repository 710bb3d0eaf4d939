//! Dates as text and back.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::arg::{self, Arg, ArgKind, Args};
use crate::conv::{bytes_of, int_of, owned};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::row::{ArgSpec, ConvertFn, Converter, opt, req};
use crate::strftime;
use crate::value::{Type, Value};

const FORMAT: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Int)];

const fn row(name: &'static str, run: ConvertFn, doc: &'static str) -> Converter {
    Converter::new(name, FORMAT, Type::Sint, Type::Str, run, doc)
}

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    row("ltime", |v, args, cx| local(v, args, cx, 1), "seconds as local time"),
    row("ms_ltime", |v, args, cx| local(v, args, cx, 1_000), "milliseconds as local time"),
    row("us_ltime", |v, args, cx| local(v, args, cx, 1_000_000), "microseconds as local time"),
    row("utime", |v, args, _| written(v, args, &TimeZone::UTC, 1), "seconds as UTC"),
    row("ms_utime", |v, args, _| written(v, args, &TimeZone::UTC, 1_000), "milliseconds as UTC"),
    row("us_utime", |v, args, _| written(v, args, &TimeZone::UTC, 1_000_000), "microseconds as UTC"),
    Converter::new(
        "http_date",
        &[opt(ArgKind::Int), opt(ArgKind::Str)],
        Type::Sint,
        Type::Str,
        http_date,
        "date as header fields have it",
    )
    .checked(check_http_date),
    Converter::new("date", &[], Type::Str, Type::Sint, date, "seconds of a date in a header field"),
];

fn local<'a>(value: Value<'a>, args: &'a [Arg], cx: &Cx<'a>, per_second: i64) -> Got<Value<'a>> {
    written(value, args, cx.world.time_zone(), per_second)
}

fn written<'a>(value: Value<'a>, args: &'a [Arg], zone: &TimeZone, per_second: i64) -> Got<Value<'a>> {
    let moment = int_of(&value).saturating_add(arg::int_at(args, 1, 0));
    let nanos = moment.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let mut out = Vec::with_capacity(32);
    let done =
        strftime::write(arg::text_at(args, 0), moment.div_euclid(per_second), nanos as u32, zone, &mut out);
    done.map(|()| owned(out)).into()
}

/// Parts of a second by unit's name.
pub(crate) fn unit(name: &[u8]) -> Result<i64, Fault> {
    match name {
        b"" | b"s" => Ok(1),
        b"ms" => Ok(1_000),
        b"us" => Ok(1_000_000),
        other => {
            let other = String::from_utf8_lossy(other);
            Err(Fault::new(format!("expects 's', 'ms' or 'us', got '{other}'")))
        }
    }
}

fn check_http_date(args: &mut Args, _cx: &mut ParseCx<'_>) -> Result<(), Fault> {
    if args.len() > 1 {
        args[1] = Arg::Int(unit(arg::text_at(args, 1))?);
    }
    Ok(())
}

fn http_date<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let per_second = arg::int_at(args, 1, 1);
    let moment = int_of(&value).saturating_add(arg::int_at(args, 0, 0));
    let format: &[u8] = b"%a, %d %b %Y %H:%M:%S";
    let mut out = Vec::with_capacity(32);
    let done = strftime::write(format, moment.div_euclid(per_second), 0, &TimeZone::UTC, &mut out);
    if per_second > 1 {
        out.push(b'.');
        out.extend_from_slice(itoa::Buffer::new().format(moment.rem_euclid(per_second)).as_bytes());
    }
    out.extend_from_slice(b" GMT");
    done.map(|()| owned(out)).into()
}

/// The three date forms of RFC 9110 §5.6.7.
fn date<'a>(value: Value<'a>, _args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let text = bytes_of(value);
    std::str::from_utf8(&text).ok().and_then(parse_http_date).map(Value::Int).into()
}

/// Seconds of `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let mut words = text.split([' ', '-', ',']).filter(|word| !word.is_empty());
    let _weekday = words.next()?;
    let (first, second, third, fourth) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (day, month, year, clock) = if first.starts_with(|c: char| c.is_ascii_digit()) {
        (first, second, third, fourth)
    } else {
        (second, first, fourth, third)
    };
    let mut year: i16 = year.parse().ok()?;
    if year < 100 {
        // RFC 9110: a two-digit year more than 50 years ahead is in the past
        year += if year < 70 { 2000 } else { 1900 };
    }
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))? as i8 + 1;
    let mut clock = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let moment = DateTime::new(year, month, day.parse().ok()?, hour, minute, second.min(59), 0).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}
