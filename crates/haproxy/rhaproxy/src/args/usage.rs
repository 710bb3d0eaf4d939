//! The text for a command line that says nothing useful.

use super::flags::{FLAGS, Value};

/// The usage, with the program's name as it was called.
pub fn usage(program: &str) -> String {
    let mut out = format!(
        "Usage : {program} [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]\n        \
         [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]\n"
    );
    for flag in FLAGS {
        let value = match flag.value {
            Value::None => String::new(),
            Value::Attached(name) => name.to_owned(),
            Value::Word(name) | Value::WordsToDash(name) | Value::WordsToEnd(name) => format!(" {name}"),
            Value::OptionalWord(name) => format!(" [{name}]"),
        };
        out.push_str(&format!("        {}{value} {}\n", flag.name, flag.doc));
    }
    out.push('\n');
    out
}
