//! `acl`, the rule families, switching, and old words for them.

use std::sync::Arc;

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_expr::{Condition, Contexts};
use haproxy_rules::{
    Family, Phase, ProxyFacts, RuleLoad, RuleSet, WrittenSwitch, legacy, parse_rule, switching,
};

use crate::draft::{Draft, SwitchDraft};
use crate::parse::{Keyword, refuse, text};
use crate::snapshot::Rules;

const PROXY: Sections = Sections::PROXY;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;
const BACKENDS: Sections = Sections::LISTEN.and(Sections::BACKEND);

macro_rules! row {
    ($name:literal, $sections:expr, $args:literal, $run:expr, $doc:literal) => {
        Keyword {
            name: $name,
            sections: $sections,
            args: $args,
            status: Status::Supported,
            run: $run,
            doc: $doc,
        }
    };
}

/// Rules.
pub const KEYWORDS: &[Keyword] = &[
    row!("acl", PROXY, "<name> <criterion> [flags] [operator] <value> ...", acl, "named condition"),
    row!(
        "tcp-request connection",
        FRONT,
        "<action> [if <condition>]",
        tcp_connection,
        "rules on new connections"
    ),
    row!("tcp-request session", FRONT, "<action> [if <condition>]", tcp_session, "rules on new sessions"),
    row!(
        "tcp-request content",
        PROXY,
        "<action> [if <condition>]",
        tcp_content,
        "rules on what the client sends"
    ),
    row!("tcp-request inspect-delay", PROXY, "<time>", inspect_delay, "time to wait for content"),
    row!(
        "tcp-response content",
        BACK,
        "<action> [if <condition>]",
        tcp_response,
        "rules on what the server sends"
    ),
    row!("tcp-response inspect-delay", BACK, "<time>", response_delay, "time to wait for content"),
    row!("http-request", PROXY, "<action> [if <condition>]", http_request, "rules on requests"),
    row!("http-response", PROXY, "<action> [if <condition>]", http_response, "rules on responses"),
    row!("http-after-response", PROXY, "<action> [if <condition>]", http_after, "rules on all responses"),
    row!(
        "redirect",
        PROXY,
        "{ location | prefix | scheme } <to> [options] [if <condition>]",
        redirect,
        "answer with a redirection"
    ),
    row!("reqadd", PROXY, "<string> [if <condition>]", old_rule, "add a line to requests, gone since 2.1"),
    row!(
        "reqallow",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "allow requests with a line, gone since 2.1"
    ),
    row!(
        "reqiallow",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "allow requests with a line, gone since 2.1"
    ),
    row!("reqdel", PROXY, "<regex> [if <condition>]", old_rule, "delete lines of requests, gone since 2.1"),
    row!("reqidel", PROXY, "<regex> [if <condition>]", old_rule, "delete lines of requests, gone since 2.1"),
    row!(
        "reqdeny",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "refuse requests with a line, gone since 2.1"
    ),
    row!(
        "reqideny",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "refuse requests with a line, gone since 2.1"
    ),
    row!("reqpass", PROXY, "<regex> [if <condition>]", old_rule, "skip later words, gone since 2.1"),
    row!("reqipass", PROXY, "<regex> [if <condition>]", old_rule, "skip later words, gone since 2.1"),
    row!("reqtarpit", PROXY, "<regex> [if <condition>]", old_rule, "refuse slowly, gone since 2.1"),
    row!("reqitarpit", PROXY, "<regex> [if <condition>]", old_rule, "refuse slowly, gone since 2.1"),
    row!(
        "reqrep",
        PROXY,
        "<regex> <string> [if <condition>]",
        old_rule,
        "replace lines of requests, gone since 2.1"
    ),
    row!(
        "reqirep",
        PROXY,
        "<regex> <string> [if <condition>]",
        old_rule,
        "replace lines of requests, gone since 2.1"
    ),
    row!("rspadd", PROXY, "<string> [if <condition>]", old_rule, "add a line to responses, gone since 2.1"),
    row!("rspdel", PROXY, "<regex> [if <condition>]", old_rule, "delete lines of responses, gone since 2.1"),
    row!("rspidel", PROXY, "<regex> [if <condition>]", old_rule, "delete lines of responses, gone since 2.1"),
    row!(
        "rspdeny",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "refuse responses with a line, gone since 2.1"
    ),
    row!(
        "rspideny",
        PROXY,
        "<regex> [if <condition>]",
        old_rule,
        "refuse responses with a line, gone since 2.1"
    ),
    row!(
        "rsprep",
        PROXY,
        "<regex> <string> [if <condition>]",
        old_rule,
        "replace lines of responses, gone since 2.1"
    ),
    row!(
        "rspirep",
        PROXY,
        "<regex> <string> [if <condition>]",
        old_rule,
        "replace lines of responses, gone since 2.1"
    ),
    row!("block", PROXY, "{ if | unless } <condition>", block, "refuse requests, gone since 2.1"),
    row!("use_backend", FRONT, "<backend> [if <condition>]", use_backend, "choice of the backend"),
    row!("use-server", BACK, "<server> [if <condition>]", use_server, "choice of the server"),
    row!(
        "force-persist",
        BACK,
        "{ if | unless } <condition>",
        force_persist,
        "persistence to servers that are down"
    ),
    row!("ignore-persist", BACK, "{ if | unless } <condition>", ignore_persist, "no persistence"),
    row!("monitor fail", FRONT, "{ if | unless } <condition>", monitor_fail, "when the monitor says no"),
    row!(
        "force-be-switch",
        FRONT,
        "{ if | unless } <condition>",
        force_switch,
        "choose backends that are not published"
    ),
    row!("be-unpublished", BACKENDS, "", unpublished, "start unpublished: no frontend chooses it"),
    Keyword {
        name: "quic-initial",
        sections: FRONT,
        args: "...",
        status: Status::Refused("QUIC is not part of this version of rhaproxy"),
        run: refuse,
        doc: "rules on QUIC packets",
    },
];

type Outcome = Result<(), ParseError>;

/// Warns when rules evaluated later were declared before this one.
fn note_order(draft: &mut Draft, cursor: &mut Cursor<'_>, phase: Phase) {
    if let Some(warning) = draft.px.order.note(phase) {
        cursor.warn(warning);
    }
}

fn acl(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_str().to_owned()).collect();
    let mut acls = std::mem::take(&mut draft.px.acls);
    let outcome = draft.with_expr(Contexts::ALL, "acl", |cx, _| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        acls.declare(&words, cx)
    });
    draft.px.acls = acls;
    flush(draft, cursor);
    outcome.map_err(|fault| {
        let error = ParseError::new(format!("{}.", fault.message));
        match fault.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
        .aborting()
    })
}

fn flush(draft: &mut Draft, cursor: &mut Cursor<'_>) {
    for warning in draft.load.warnings.drain(..) {
        cursor.warn(warning.text);
    }
}

/// Reads one rule of a family into the rule set `field` names.
pub fn rule(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    family: Family,
    field: fn(&mut Rules) -> &mut RuleSet,
) -> Outcome {
    let anonymous = draft.px.role == Some(crate::settings::Role::Defaults) && draft.px.name.is_empty();
    if anonymous {
        return Err(ParseError::new(format!(
            "'{}' not allowed in anonymous 'defaults' section.",
            family.keyword().split(' ').next().unwrap_or_default()
        )));
    }
    let before = field(&mut draft.px.rules).clone();
    let rule = draft.with_rules(family, |load| parse_rule(cursor, load, &before))?;
    let number = draft.rule_places.len() as u32;
    draft.rule_places.push((Arc::clone(&draft.place.file), draft.place.line));
    field(&mut draft.px.rules).push(rule.standing_at(number));
    Ok(())
}

fn tcp_connection(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::TcpConnection);
    rule(draft, cursor, Family::TcpConnection, |rules| &mut rules.tcp_connection)
}

fn tcp_session(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::TcpSession);
    rule(draft, cursor, Family::TcpSession, |rules| &mut rules.tcp_session)
}

fn tcp_content(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::TcpContent);
    rule(draft, cursor, Family::TcpContent, |rules| &mut rules.tcp_content)
}

fn tcp_response(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    rule(draft, cursor, Family::TcpResponse, |rules| &mut rules.tcp_response)
}

fn inspect_delay(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.rules.inspect_delay_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn response_delay(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.rules.response_inspect_delay_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn http_request(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::HttpRequest);
    rule(draft, cursor, Family::HttpRequest, |rules| &mut rules.http_request)
}

fn http_response(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    rule(draft, cursor, Family::HttpResponse, |rules| &mut rules.http_response)
}

fn http_after(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    rule(draft, cursor, Family::HttpAfterResponse, |rules| &mut rules.http_after_response)
}

/// `redirect ...`: as `http-request redirect`, but its text is plain and it has its own set.
fn redirect(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::Redirect);
    let rule = draft.with_rules(Family::HttpRequest, |load| haproxy_rules::parse_redirect(cursor, load))?;
    draft.px.rules.redirect.push(rule);
    Ok(())
}

/// `reqadd` and its kin. Those on requests run behind all `http-request` rules, as they did.
fn old_rule(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let keyword = cursor.keyword();
    let row = legacy::KEYWORDS.iter().find(|row| row.name == keyword);
    let row = row.ok_or_else(|| cursor.error(format!("unknown header rule '{keyword}'")))?;
    let rule = draft.with_rules(Family::HttpRequest, |load| legacy::statement(row, cursor, load))?;
    let rules = &mut draft.px.rules;
    let set = if row.response { &mut rules.http_response } else { &mut rules.redirect };
    set.push(rule);
    Ok(())
}

/// `block if ...` is `http-request deny if ...`.
fn block(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<&str> = cursor.rest().iter().map(|word| word.as_str()).collect();
    cursor.warn(format!(
        "the 'block' directive is a form of older versions. Use 'http-request deny {}' instead, which uses the exact same syntax.",
        words.join(" ")
    ));
    let mut line = cursor.line().clone();
    line.words[0] = haproxy_conf::Word::new("deny");
    cursor.take_rest();
    let mut inner = Cursor::new(&line, 0);
    rule(draft, &mut inner, Family::HttpRequest, |rules| &mut rules.http_request)
}

/// The condition at the end of a line, if there is one.
pub fn condition(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    within: &'static str,
) -> Result<Option<Arc<Condition>>, ParseError> {
    if cursor.at_end() { Ok(None) } else { mandatory(draft, cursor, within).map(Some) }
}

/// The condition a keyword cannot do without.
fn mandatory(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    keyword: &str,
) -> Result<Arc<Condition>, ParseError> {
    draft.with_rules(Family::HttpRequest, |load| switching::mandatory_condition(keyword, cursor, load))
}

fn written(draft: &Draft, rule: WrittenSwitch) -> SwitchDraft {
    SwitchDraft { rule, place: draft.place.clone() }
}

fn use_backend(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::UseBackend);
    let rule = draft.with_rules(Family::HttpRequest, |load| switching::use_backend(cursor, load))?;
    let rule = written(draft, rule);
    draft.px.switching.push(rule);
    Ok(())
}

fn use_server(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::UseServer);
    let rule = draft.with_rules(Family::HttpRequest, |load| switching::use_server(cursor, load))?;
    let rule = written(draft, rule);
    draft.px.use_server.push(rule);
    Ok(())
}

fn force_persist(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let condition = mandatory(draft, cursor, "force-persist")?;
    draft.px.persist_rules.push((true, condition));
    Ok(())
}

fn ignore_persist(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let condition = mandatory(draft, cursor, "ignore-persist")?;
    draft.px.persist_rules.push((false, condition));
    Ok(())
}

fn force_switch(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let condition = mandatory(draft, cursor, "force-be-switch")?;
    draft.px.force_switch.push(condition);
    Ok(())
}

fn unpublished(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.unpublished = true;
    cursor.finish()
}

fn monitor_fail(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    note_order(draft, cursor, Phase::MonitorFail);
    let condition = mandatory(draft, cursor, "monitor fail")?;
    draft.px.rules.monitor_fail.push(condition);
    Ok(())
}

/// `set-var` and `set-var-fmt` of the global section.
pub fn global_variable(draft: &mut Draft, cursor: &mut Cursor<'_>, as_format: bool) -> Outcome {
    let name = text(cursor, "a variable name")?;
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_str().to_owned()).collect();
    draft.global_variables.push((name, words, as_format, draft.place.clone()));
    Ok(())
}

impl Draft {
    /// Lets `read` parse expressions in this draft.
    pub fn with_expr<T>(
        &mut self,
        contexts: Contexts,
        within: &'static str,
        read: impl FnOnce(&mut haproxy_expr::ParseCx<'_>, &haproxy_expr::AclSet) -> T,
    ) -> T {
        let files = self.named_files();
        let id = self.next_proxy();
        let acls = std::mem::take(&mut self.px.acls);
        let mut cx = haproxy_expr::ParseCx {
            contexts,
            place: self.place.span,
            within,
            proxy: haproxy_expr::load::ProxyScope { name: self.px.name.clone(), id },
            acls: Some(&acls),
            ..haproxy_expr::ParseCx::bare(&mut self.load, &files)
        };
        let result = read(&mut cx, &acls);
        self.px.acls = acls;
        result
    }

    /// Lets `read` parse rules in this draft.
    pub fn with_rules<T>(
        &mut self,
        family: Family,
        read: impl FnOnce(&mut RuleLoad<'_, '_>) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let files = self.named_files();
        let id = self.next_proxy();
        let acls = std::mem::take(&mut self.px.acls);
        let place = self.place.span;
        let role = self.px.role.unwrap_or(crate::settings::Role::Defaults);
        let name = self.px.name.clone();
        let mut expr = haproxy_expr::ParseCx {
            place,
            proxy: haproxy_expr::load::ProxyScope { name: name.clone(), id },
            acls: Some(&acls),
            ..haproxy_expr::ParseCx::bare(&mut self.load, &files)
        };
        let defaults = role == crate::settings::Role::Defaults;
        let mut load = RuleLoad {
            expr: &mut expr,
            acls: &acls,
            proxy: ProxyFacts {
                name: &name,
                kind: if role == crate::settings::Role::Listen { "proxy" } else { role.keyword() },
                frontend: role.is_frontend() || defaults,
                backend: role.is_backend() || defaults,
                defaults,
            },
            family,
            captures: &mut self.px.settings.captures,
            later: &mut self.later,
            experimental: self.global.experimental,
            warnings: Vec::new(),
        };
        let result = read(&mut load);
        self.px.acls = acls;
        result
    }
}
