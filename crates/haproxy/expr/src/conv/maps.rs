//! Maps in every variant: `map_<match>`, `map_<match>_<type>`, `map_<match>_key`.

use std::sync::Arc;

use crate::address;
use crate::arg::{self, Arg, ArgKind, Args};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::got::Got;
use crate::load::ParseCx;
use crate::map::{Fallback, Gives, Map};
use crate::pattern::Match;
use crate::pattern::index::Case;
use crate::pattern::set::Lines;
use crate::pattern::store::PatternRef;
use crate::row::{ArgSpec, CheckFn, Converter, opt, req};
use crate::value::{Type, Value};

const TEXT: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Str)];
const NUMBER: &[ArgSpec] = &[req(ArgKind::Str), opt(ArgKind::Int)];
const KEY: &[ArgSpec] = &[req(ArgKind::Str)];

macro_rules! maps {
    ($($name:literal $int:literal $ip:literal $key:literal $method:ident;)*) => {
        /// Rows of this family.
        pub const CONVERTERS: &[Converter] = &[
            text_row("map", Match::Str, |args, cx| check(args, cx, Match::Str, Gives::Value(Type::Str))),
            text_row("map_regm", Match::RegM, |args, cx| check(args, cx, Match::RegM, Gives::Value(Type::Str))),
            $(
                text_row($name, Match::$method, |args, cx| check(args, cx, Match::$method, Gives::Value(Type::Str))),
                row($int, NUMBER, Match::$method, Type::Sint, |args, cx| {
                    check(args, cx, Match::$method, Gives::Value(Type::Sint))
                }),
                row($ip, TEXT, Match::$method, Type::Addr, |args, cx| {
                    check(args, cx, Match::$method, Gives::Value(Type::Addr))
                }),
                row($key, KEY, Match::$method, Type::Str, |args, cx| check(args, cx, Match::$method, Gives::Key)),
            )*
        ];
    };
}

maps! {
    "map_str" "map_str_int" "map_str_ip" "map_str_key" Str;
    "map_beg" "map_beg_int" "map_beg_ip" "map_beg_key" Beg;
    "map_sub" "map_sub_int" "map_sub_ip" "map_sub_key" Sub;
    "map_dir" "map_dir_int" "map_dir_ip" "map_dir_key" Dir;
    "map_dom" "map_dom_int" "map_dom_ip" "map_dom_key" Dom;
    "map_end" "map_end_int" "map_end_ip" "map_end_key" End;
    "map_reg" "map_reg_int" "map_reg_ip" "map_reg_key" Reg;
    "map_int" "map_int_int" "map_int_ip" "map_int_key" Int;
    "map_ip" "map_ip_int" "map_ip_ip" "map_ip_key" Ip;
}

const fn text_row(name: &'static str, method: Match, check: CheckFn) -> Converter {
    row(name, TEXT, method, Type::Str, check)
}

const fn row(
    name: &'static str,
    args: &'static [ArgSpec],
    method: Match,
    out: Type,
    check: CheckFn,
) -> Converter {
    Converter::new(name, args, method.takes(), out, look_up, "value of a map's entry").checked(check)
}

fn check(args: &mut Args, cx: &mut ParseCx<'_>, method: Match, gives: Gives) -> Result<(), Fault> {
    let name = String::from_utf8_lossy(arg::text_at(args, 0)).into_owned();
    let list = cx.load.patterns.file(&name, Lines::Pairs, cx.files)?;
    check_values(&list, gives)?;
    let lookup = list.lookup(method, Case::Strict)?;
    let map = Map::new(lookup, gives, fallback(args, gives)?);
    *args = smallvec::smallvec![Arg::Map(Arc::new(map))];
    Ok(())
}

/// Values that cannot become the wanted type are refused at load, not found out while running.
fn check_values(list: &PatternRef, gives: Gives) -> Result<(), Fault> {
    let good: fn(&[u8]) -> bool = match gives {
        Gives::Value(Type::Sint) => {
            |value| std::str::from_utf8(value).is_ok_and(|text| text.parse::<i64>().is_ok())
        }
        Gives::Value(Type::Addr) => |value| address::parse_ip(value).is_some(),
        _ => return Ok(()),
    };
    let mut wrong = None;
    list.each(None, |id, _, value| {
        if wrong.is_none() && !good(value) {
            wrong = Some((id, Fault::new(format!("unable to parse '{}'", String::from_utf8_lossy(value)))));
        }
    });
    wrong.map_or(Ok(()), |(id, fault)| Err(list.at_line(id, fault)))
}

fn fallback(args: &[Arg], gives: Gives) -> Result<Option<Fallback>, Fault> {
    Ok(match (arg::at(args, 1), gives) {
        (Arg::Int(number), _) => Some(Fallback::Int(*number)),
        (Arg::Str(text), Gives::Value(Type::Addr)) => match address::parse_ip(text) {
            Some(address) => Some(Fallback::Addr(address)),
            None => {
                let text = String::from_utf8_lossy(text);
                return Err(Fault::new(format!("map: cannot parse default ip <{text}>")));
            }
        },
        (Arg::Str(text), _) => Some(Fallback::Str(text.clone())),
        _ => None,
    })
}

fn look_up<'a>(value: Value<'a>, args: &'a [Arg], _cx: &Cx<'a>) -> Got<Value<'a>> {
    let Arg::Map(map) = arg::at(args, 0) else { return Got::Missing };
    map.get(&value).into()
}
