//! `set-var` and `set-var-fmt` of the global section: variables of the process, computed while the configuration loads,
//! where nothing but constants and earlier variables exists.

use std::net::IpAddr;

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_conf::{Diagnostics, Severity};
use haproxy_expr::cx::{
    Cx, Date, Direction, Input, ProcessFacts, ProxyNumber, ServerNumber, Session, TimeoutKind, World,
};
use haproxy_expr::vars::{ProcessVars, Scope, SharedValue, VarId, VarRef};
use haproxy_expr::{AclSet, Context, Contexts, Expr, Fault, LogFormat, ParseCx, Style};
use jiff::tz::TimeZone;

use crate::draft::Draft;

/// Computes them in order; what is wrong with one is told with its line. Variables that an earlier configuration of the
/// process has set keep the values rules have given them since.
pub fn compute(draft: &mut Draft, vars: &ProcessVars, diags: &mut Diagnostics) {
    let kept = vars.ids();
    for (name, words, as_format, place) in std::mem::take(&mut draft.global_variables) {
        if let Err(fault) = one(draft, vars, &kept, &name, &words, as_format) {
            let text = format!("parsing [{}:{}] : {}", place.file, place.line, fault.message);
            diags.plain(Severity::Alert, text);
        }
    }
}

fn one(
    draft: &mut Draft,
    vars: &ProcessVars,
    kept: &[VarId],
    name: &str,
    words: &[String],
    as_format: bool,
) -> Result<(), Fault> {
    let var = VarRef::parse(name, &draft.load.vars)?;
    if var.scope != Scope::Proc {
        let keyword = if as_format { "set-var-fmt" } else { "set-var" };
        return Err(Fault::new(format!(
            "'{keyword}': cannot set variable '{name}', only scope 'proc' is permitted in the global section."
        )));
    }
    let files = draft.named_files();
    let acls = AclSet::default();
    let mut cx = ParseCx {
        contexts: Contexts::of(Context::ConfigParser),
        within: "global variable",
        acls: Some(&acls),
        ..ParseCx::bare(&mut draft.load, &files)
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let world = Loading { vars, zone: TimeZone::UTC };
    let session = Session::nobody();
    let seen = Cx {
        session: &session,
        txn: None,
        world: &world,
        direction: Direction::Request,
        input: Input { bytes: &[], complete: true },
        date: Date::default(),
        now_ms: 0,
        check_vars: None,
    };
    let value = if as_format {
        let format = LogFormat::parse(words.first().copied().unwrap_or_default(), Style::Plain, &mut cx)?;
        let mut text = Vec::new();
        format.write(&seen, &mut text);
        Some(SharedValue::Str(text))
    } else {
        let (expr, taken) = Expr::parse_words(&words, &mut cx)?;
        if let Some(word) = words.get(taken) {
            return Err(Fault::new(format!("unexpected argument '{word}'")));
        }
        if !expr.contexts().meets(Contexts::of(Context::ConfigParser)) {
            return Err(Fault::new(format!(
                "fetch method '{}' is not available while loading",
                expr.fetch()
            )));
        }
        expr.eval(&seen).ok().map(SharedValue::from)
    };
    if value.is_some() && !kept.contains(&var.id) {
        vars.set(var.id, value);
    }
    Ok(())
}

/// The process while it loads: no proxies, no connections.
struct Loading<'a> {
    vars: &'a ProcessVars,
    zone: TimeZone,
}

impl World for Loading<'_> {
    fn proxy_name(&self, _: ProxyId) -> &[u8] {
        b""
    }
    fn proxy_uuid(&self, _: ProxyId) -> i64 {
        0
    }
    fn server_name(&self, _: ServerId) -> &[u8] {
        b""
    }
    fn server_puid(&self, _: ServerId) -> i64 {
        0
    }
    fn listener_name(&self, _: ListenerId) -> Option<&[u8]> {
        None
    }
    fn listener_luid(&self, _: ListenerId) -> i64 {
        0
    }
    fn proxy_number(&self, _: ProxyId, _: ProxyNumber) -> i64 {
        0
    }
    fn server_number(&self, _: ServerId, _: ServerNumber) -> i64 {
        0
    }
    fn process_connections(&self) -> i64 {
        0
    }
    fn process(&self) -> ProcessFacts<'_> {
        ProcessFacts {
            node: "",
            hostname: "",
            threads: 1,
            thread: 1,
            pid: std::process::id(),
            requests: 0,
            started_ms: 0,
        }
    }
    fn process_vars(&self) -> &ProcessVars {
        self.vars
    }
    fn is_local(&self, _: IpAddr) -> bool {
        false
    }
    fn time_zone(&self) -> &TimeZone {
        &self.zone
    }
    fn proxy_timeout_ms(&self, _: ProxyId, _: TimeoutKind) -> Option<u64> {
        None
    }
}
