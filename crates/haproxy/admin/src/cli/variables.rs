//! Variables of the process.

use std::io;

use haproxy_conf::{DirEntry, EntryKind, FileProvider};
use haproxy_engine::clock;
use haproxy_engine::world::LiveWorld;
use haproxy_expr::cx::{Cx, Direction, Input, Session};
use haproxy_expr::vars::{Scope, SharedValue, VarRef};
use haproxy_expr::{AclSet, Context, Contexts, Expr, Fault, Load, LogFormat, ParseCx, Style};

use super::{Answer, Call, Command, Level};

/// Variables of the process.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["get", "var"],
        usage: "get var <name>",
        doc: "retrieve contents of a process-wide variable",
        level: Level::Admin,
        experimental: false,
        run: get,
    },
    Command {
        words: &["set", "var"],
        usage: "set var <name>[,<cond>...] {expr <expr>|fmt <fmt>}",
        doc: "set variable from an expression/format",
        level: Level::Admin,
        experimental: true,
        run: set,
    },
];

fn get(call: &mut Call<'_>) -> Answer {
    let name = call.arg(0);
    if name.is_empty() {
        return "get var needs a name\n".into();
    }
    // names are known without their scope
    let known = name.strip_prefix("proc.").and_then(|name| call.cx.vars.find(name));
    let (kind, text) = match known.and_then(|id| call.snapshot.process_vars.value(id)) {
        None => return "Variable not found.\n".into(),
        Some(SharedValue::Bool(value)) => ("bool", u8::from(value).to_string()),
        Some(SharedValue::Int(value)) => ("sint", value.to_string()),
        Some(SharedValue::Addr(addr)) => (if addr.is_ipv4() { "ipv4" } else { "ipv6" }, addr.to_string()),
        Some(SharedValue::Str(bytes)) => ("str", printable(&bytes)),
        Some(SharedValue::Bin(bytes)) => ("bin", printable(&bytes)),
    };
    format!("{name}: type={kind} value=<{text}>").into()
}

fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect()
}

fn set(call: &mut Call<'_>) -> Answer {
    let (kind, words) = match call.arg(1) {
        "expr" | "fmt" => (call.arg(1), call.args.get(2..)),
        _ => ("expr", call.args.get(1..)),
    };
    let words: Vec<&str> = words.unwrap_or_default().iter().map(String::as_str).collect();
    match compute(call, kind == "fmt", &words) {
        Ok(Some((var, value))) => {
            call.snapshot.process_vars.set(var.id, Some(value));
            "".into()
        }
        Ok(None) => "".into(),
        Err(fault) => format!("{}\n", fault.message).into(),
    }
}

/// No expression of an operator opens a file: the process may be in a chroot by now.
struct NoFiles;

impl FileProvider for NoFiles {
    fn kind(&self, _: &str) -> io::Result<EntryKind> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn list(&self, _: &str) -> io::Result<Vec<DirEntry>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// The variable and its value; none when the expression has none.
fn compute(call: &Call<'_>, as_format: bool, words: &[&str]) -> Result<Option<(VarRef, SharedValue)>, Fault> {
    let names = &call.cx.vars;
    let var = VarRef::parse(call.arg(0), names)?;
    if var.scope != Scope::Proc {
        let name = call.arg(0);
        return Err(Fault::new(format!(
            "'set var': cannot set variable '{name}', only scope 'proc' is permitted here."
        )));
    }
    let mut load = Load::new(std::sync::Arc::clone(names));
    let acls = AclSet::default();
    let contexts = Contexts::of(Context::CliParser);
    let mut cx = ParseCx { contexts, within: "CLI", acls: Some(&acls), ..ParseCx::bare(&mut load, &NoFiles) };
    let process = &call.cx.process;
    let now_ms = process.clock.now_ms();
    let world = LiveWorld { snapshot: &call.snapshot, process, thread: 0, now_ms, calls: 0 };
    let session = Session::nobody();
    let seen = Cx {
        session: &session,
        txn: None,
        world: &world,
        direction: Direction::Request,
        input: Input { bytes: &[], complete: true },
        date: clock::date(),
        now_ms,
        check_vars: None,
    };
    if as_format {
        let format = LogFormat::parse(words.first().copied().unwrap_or_default(), Style::Plain, &mut cx)?;
        let mut text = Vec::new();
        format.write(&seen, &mut text);
        return Ok(Some((var, SharedValue::Str(text))));
    }
    let (expr, _) = Expr::parse_words(words, &mut cx)?;
    if !expr.contexts().meets(contexts) {
        let (fetch, needs) = (expr.fetch(), expr.at().describe());
        return Err(Fault::new(format!(
            "fetch method '{fetch}' extracts information from '{needs}', none of which is available here"
        )));
    }
    Ok(expr.eval(&seen).ok().map(|value| (var, SharedValue::from(value))))
}
