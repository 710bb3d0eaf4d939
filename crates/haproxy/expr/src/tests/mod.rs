//! Tables of expressions with the results HAProxy gives, and helpers for them.

mod world;

mod acls;
mod basics;
mod converters;
mod coverage;
mod fetches;
mod hello;
mod hostile;
mod logs;
mod maps;

use std::sync::Arc;

use crate::got::Got;
use crate::load::{Load, ParseCx};
use crate::value::Value;
use crate::vars::VarNames;
use crate::{AclSet, Contexts, Expr, LogFormat, Style};
pub use haproxy_conf::MemFiles;
pub use world::{Stage, TestNames};

/// The request most tables look at.
pub const REQUEST: &[u8] = b"GET /a/b/c.png?x=1&y=two%20words&z= HTTP/1.1\r\nHost: Example.COM:8080\r\nUser-Agent: ua/1\r\nX-L: a, b ,c\r\nX-L: d\r\nCookie: k=v; s=abc\r\nAccept-Language: fr;q=0.5, en\r\nConnection: close\r\n\r\n";

pub fn load() -> Load {
    Load::new(Arc::new(VarNames::default()))
}

/// Parses with files, resolving names; the result or the fault's text.
pub fn with_cx<T>(
    load: &mut Load,
    files: &MemFiles,
    parse: impl FnOnce(&mut ParseCx<'_>) -> Result<T, crate::Fault>,
) -> Result<T, String> {
    let acls = AclSet::default();
    let mut cx = ParseCx {
        contexts: Contexts::ALL,
        proxy: crate::load::ProxyScope { name: "f".into(), id: None },
        within: "http-request expression",
        acls: Some(&acls),
        ..ParseCx::bare(load, files)
    };
    let parsed = parse(&mut cx).map_err(|fault| fault.to_string())?;
    for wanted in std::mem::take(&mut load.wanted) {
        wanted.resolve(&TestNames).map_err(|fault| fault.to_string())?;
    }
    Ok(parsed)
}

/// The text an expression gives for a stage: `ERR ...` when it does not parse, empty when it has no value.
pub fn eval(stage: &Stage, expression: &str) -> String {
    let format = format!("%[{expression}]");
    match with_cx(&mut load(), &MemFiles::new(), |cx| LogFormat::parse(&format, Style::Http, cx)) {
        Ok(format) => {
            let mut out = Vec::new();
            format.write(&stage.cx(), &mut out);
            out.iter().map(|byte| char::from(*byte)).collect()
        }
        Err(fault) => format!("ERR {fault}"),
    }
}

/// Checks a table of expressions and texts, reporting all differences at once.
pub fn check(stage: &Stage, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(expression, expected)| {
            let found = eval(stage, expression);
            (found != *expected)
                .then(|| format!("{expression}\n  expected {expected:?}\n  found    {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

/// Compiled forms are shared by threads.
#[test]
fn compiled_forms_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Expr>();
    shared::<LogFormat>();
    shared::<crate::Condition>();
    shared::<AclSet>();
}

#[test]
fn a_value_can_outlive_its_message() {
    let stage = Stage::request(REQUEST);
    let expr = with_cx(&mut load(), &MemFiles::new(), |cx| Expr::parse("path", cx)).unwrap();
    let cx = stage.cx();
    let Got::Is(value) = expr.eval(&cx) else { panic!("no path") };
    assert_eq!(value.into_kept(), Value::text(b"/a/b/c.png"));
}
