//! `use_backend` and `use-server`: which backend or server a stream goes to.

use std::sync::Arc;

use common_base::ids::ProxyId;
use haproxy_conf::{Cursor, ParseError};
use haproxy_expr::acl::Condition;
use haproxy_expr::at::Context;
use haproxy_expr::logformat::{LogFormat, Style};

use crate::family::sides;
use crate::load::{RuleLoad, refuse};

/// One `use_backend` rule, resolved.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Where to.
    pub target: SwitchTarget,
    /// When; always when absent.
    pub condition: Option<Arc<Condition>>,
}

/// Where a `use_backend` rule leads.
#[derive(Clone, Debug)]
pub enum SwitchTarget {
    /// A backend known at load.
    Static(ProxyId),
    /// A name made for each stream; a name that no backend has leads to the default backend.
    Named(Arc<LogFormat>),
}

/// A target as written.
#[derive(Clone, Debug)]
pub enum WrittenTarget {
    /// A name, to be found among all proxies or servers.
    Name(String),
    /// A format that makes a name.
    Format(Arc<LogFormat>),
}

/// A `use_backend` or `use-server` rule as written.
#[derive(Clone, Debug)]
pub struct WrittenSwitch {
    /// Where to.
    pub target: WrittenTarget,
    /// When; always when absent.
    pub condition: Option<Arc<Condition>>,
}

/// Reads `use_backend <backend> [{if | unless} <condition>]`; the cursor stands behind the keyword.
pub fn use_backend(
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
) -> Result<WrittenSwitch, ParseError> {
    load.enter(sides(Context::FeUseBackend, Context::FeUseBackend, true, false), "use_backend rule");
    let name = cursor.expect_or(|| "'use_backend' expects a backend name.".into())?;
    let target = written(name.as_str(), "use_backend rule", load)?;
    let condition = match cursor.peek_str() {
        "" => None,
        "if" | "unless" => Some(condition(cursor, load, "error detected while parsing switching rule")?),
        other => {
            let text = format!(
                "unexpected keyword '{other}' after switching rule, only 'if' and 'unless' are allowed."
            );
            return Err(cursor.error(text));
        }
    };
    Ok(WrittenSwitch { target, condition })
}

/// Reads `use-server <server> {if | unless} <condition>`.
pub fn use_server(cursor: &mut Cursor<'_>, load: &mut RuleLoad<'_, '_>) -> Result<WrittenSwitch, ParseError> {
    load.enter(sides(Context::BeUseServer, Context::BeUseServer, false, true), "use-server rule");
    let name = cursor.expect_or(|| "'use-server' expects a server name.".into())?;
    if !matches!(cursor.peek_str(), "if" | "unless") {
        return Err(cursor.error("'use-server' requires either 'if' or 'unless' followed by a condition."));
    }
    let target = written(name.as_str(), "use-server rule", load)?;
    let condition = Some(condition(cursor, load, "error detected while parsing switching rule")?);
    Ok(WrittenSwitch { target, condition })
}

/// Reads the condition of `force-persist`, `ignore-persist` (in a backend), `force-be-switch` and `monitor fail` (in a
/// frontend) and `stats admin`, which is mandatory. `keyword` is the one written.
pub fn mandatory_condition(
    keyword: &str,
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
) -> Result<Arc<Condition>, ParseError> {
    let both = sides(Context::FeHttpRequest, Context::BeHttpRequest, load.proxy.frontend, load.proxy.backend);
    let (contexts, what) = match keyword {
        "monitor fail" => (sides(Context::FeHttpRequest, Context::FeHttpRequest, true, false), "condition"),
        "stats admin" => (both, "condition"),
        "force-be-switch" => (sides(Context::FeUseBackend, Context::FeUseBackend, true, false), "rule"),
        _ => (sides(Context::BeUseServer, Context::BeUseServer, false, true), "rule"),
    };
    load.enter(contexts, "condition");
    if !matches!(cursor.peek_str(), "if" | "unless") {
        let text = format!("'{keyword}' requires either 'if' or 'unless' followed by a condition.");
        return Err(cursor.error(text));
    }
    condition(cursor, load, &format!("error detected while parsing a '{keyword}' {what}"))
}

impl WrittenSwitch {
    /// Finds the backend. The error has the original's wording, without place.
    pub fn resolve(self, proxy: &str, find: impl FnOnce(&str) -> Option<ProxyId>) -> Result<Switch, String> {
        let target =
            match self.target {
                WrittenTarget::Format(format) => SwitchTarget::Named(format),
                WrittenTarget::Name(name) => SwitchTarget::Static(find(&name).ok_or_else(|| {
                    format!("Proxy '{proxy}': unable to find required use_backend: '{name}'.")
                })?),
            };
        Ok(Switch { target, condition: self.condition })
    }
}

fn written(name: &str, rule: &str, load: &mut RuleLoad<'_, '_>) -> Result<WrittenTarget, ParseError> {
    if !name.contains('%') {
        return Ok(WrittenTarget::Name(name.to_owned()));
    }
    let format = load
        .format(name, Style::Plain)
        .map_err(|fault| refuse(fault.within(|text| format!("failed to parse {rule} '{name}' : {text}."))))?;
    Ok(match format.constant() {
        Some(text) => WrittenTarget::Name(String::from_utf8_lossy(text).into_owned()),
        None => WrittenTarget::Format(Arc::new(format)),
    })
}

fn condition(
    cursor: &mut Cursor<'_>,
    load: &mut RuleLoad<'_, '_>,
    told: &str,
) -> Result<Arc<Condition>, ParseError> {
    let words: Vec<&str> = cursor.take_rest().iter().map(|word| word.as_str()).collect();
    let result = Condition::parse(&words, load.acls, load.expr);
    for warning in load.expr.load.warnings.drain(..) {
        cursor.warn(warning.text);
    }
    match result {
        Ok(condition) => Ok(Arc::new(condition)),
        Err(fault) => Err(refuse(fault.within(|text| format!("{told} : {text}.")))),
    }
}
