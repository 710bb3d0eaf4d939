//! Actions that only steer: allow, accept, reject, silent-drop, strict-mode, services and waiting.

use std::sync::{Arc, OnceLock};

use haproxy_expr::cast;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::logformat::Origin;
use haproxy_expr::value::{Type, Value};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::{LogWish, RuleCx};
use crate::family::{Families, Family};
use crate::load::{Question, RuleLoad};
use crate::number;
use crate::verdict::{Service, Verdict};

const WITH_STREAM: Families = Families::CONTENT.and(Families::TCP_RESPONSE).and(Families::HTTP);
const MESSAGES: Families = Families::REQUEST.and(Families::RESPONSE);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("accept", Families::TCP, "", accept, "end this rule set and let the traffic pass"),
    ActionRow::new("allow", Families::HTTP, "", accept, "end this rule set and let the message pass"),
    ActionRow::new("reject", Families::TCP.and(Families::REQUEST), "", reject, "close without an answer"),
    ActionRow::new("close", Families::TCP_RESPONSE, "", reject, "close the server's connection"),
    ActionRow::new(
        "silent-drop",
        Families::TCP.and(MESSAGES),
        "[ rst-ttl <ttl> ]",
        silent_drop,
        "forget the connection without telling the client",
    ),
    ActionRow::new(
        "expect-proxy",
        Families::CONNECTION,
        "layer4",
        expect_proxy,
        "a PROXY protocol header comes before anything else",
    ),
    ActionRow::new(
        "expect-netscaler-cip",
        Families::CONNECTION,
        "layer4",
        expect_cip,
        "a NetScaler client IP header comes before anything else",
    ),
    ActionRow::new("switch-mode", Families::CONTENT, "http [ proto <name> ]", switch_mode, "go on as HTTP"),
    ActionRow::new(
        "use-service",
        Families::CONTENT.and(Families::REQUEST),
        "<service-name>",
        use_service,
        "let a built-in service answer",
    ),
    ActionRow::new(
        "strict-mode",
        Families::HTTP,
        "{ on | off }",
        strict_mode,
        "whether a failed rewrite is an error",
    ),
    ActionRow::new(
        "disable-l7-retry",
        Families::REQUEST,
        "",
        disable_l7_retry,
        "retry this request on connection failures only",
    ),
    ActionRow::new(
        "wait-for-body",
        MESSAGES,
        "time <time> [ at-least <bytes> ] [ use-large-buffer ]",
        wait_for_body,
        "have the body before the next rule",
    ),
    ActionRow::new(
        "wait-for-handshake",
        Families::REQUEST,
        "",
        wait_for_handshake,
        "have the TLS handshake done before the next rule",
    ),
    ActionRow::new("pause", MESSAGES, "{ <timeout> | <expr> }", pause, "go on after a while"),
    ActionRow::new("do-log", Families::ALL, "[ profile <log_profile> ]", do_log, "write a log line now"),
    ActionRow::new(
        "set-log-level",
        WITH_STREAM,
        "<level>",
        set_log_level,
        "level of this stream's log line, or none at all",
    ),
];

/// A verdict that is always the same.
#[derive(Debug)]
enum Fixed {
    Stop,
    Reject,
    Drop(Option<u8>),
    Service(Service),
}

impl Action for Fixed {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        match self {
            Fixed::Stop => Verdict::Stop,
            Fixed::Reject => {
                cx.effects.denied = true;
                Verdict::Reject
            }
            Fixed::Drop(ttl) => Verdict::SilentDrop { ttl: *ttl },
            Fixed::Service(service) => Verdict::Service(*service),
        }
    }

    fn is_final(&self) -> bool {
        true
    }
}

/// A wish of the rule.
#[derive(Debug)]
enum Wish {
    ExpectProxy,
    ExpectCip,
    Http,
    Strict(bool),
    NoL7Retry,
    Level(u8),
    Nothing,
}

impl Action for Wish {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        match self {
            Wish::ExpectProxy => cx.effects.expect_proxy = true,
            Wish::ExpectCip => cx.effects.expect_netscaler_cip = true,
            Wish::Http => {
                cx.effects.switch_to_http = true;
                return Verdict::Stop;
            }
            Wish::Strict(strict) => cx.effects.lenient_rewrites = !strict,
            Wish::NoL7Retry => cx.effects.no_l7_retry = true,
            Wish::Level(level) => {
                if let Some(txn) = cx.txn.as_deref_mut() {
                    txn.log.level = Some(*level);
                }
            }
            Wish::Nothing => {}
        }
        Verdict::Continue
    }
}

type Parsed = Result<Box<dyn Action>, Fault>;

fn accept(_: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    Ok(Box::new(Fixed::Stop))
}

fn reject(_: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    Ok(Box::new(Fixed::Reject))
}

fn silent_drop(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let mut ttl = None;
    if args.take_if("rst-ttl") {
        let word = args.take().ok_or("rst-ttl expects a value between 1 and 255")?;
        let number: u8 = word.parse().ok().filter(|ttl| *ttl > 0).ok_or_else(|| {
            Fault::new(format!("rst-ttl expects an integer value between 1 and 255 (got '{word}')"))
        })?;
        ttl = Some(number);
    }
    Ok(Box::new(Fixed::Drop(ttl)))
}

fn layer4(args: &mut Args<'_>, load: &RuleLoad<'_, '_>) -> Result<(), Fault> {
    if args.take_if("layer4") {
        return Ok(());
    }
    let (keyword, kind, proxy) = (load.family.keyword(), load.proxy.kind, load.proxy.name);
    let got = args.peek().unwrap_or_default();
    Err(Fault::new(format!(
        "'{keyword} {}' only supports 'layer4' in {kind} '{proxy}' (got '{got}')",
        args.action()
    )))
}

fn expect_proxy(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    layer4(args, load)?;
    Ok(Box::new(Wish::ExpectProxy))
}

fn expect_cip(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    layer4(args, load)?;
    Ok(Box::new(Wish::ExpectCip))
}

fn switch_mode(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    if !load.proxy.frontend {
        return Err(Fault::new(format!(
            "'tcp-request switch-mode' not allowed because {} '{}' has no frontend capability",
            load.proxy.kind, load.proxy.name
        )));
    }
    match args.take() {
        None => return Err("'tcp-request switch-mode' expects a mode as argument.".into()),
        Some("http") => {}
        Some(other) => {
            return Err(Fault::new(format!(
                "'tcp-request switch-mode' expects a valid mode (got '{other}')."
            )));
        }
    }
    if args.take_if("proto") {
        match args.take() {
            None => return Err("'tcp-request switch-mode': 'proto' expects a protocol as argument.".into()),
            Some("h1") => {}
            Some(other) => {
                return Err(Fault::new(format!(
                    "'tcp-request switch-mode': '{other}' is not available : only 'h1' is built."
                )));
            }
        }
    }
    Ok(Box::new(Wish::Http))
}

const SERVICES: &[(&str, Service)] =
    &[("prometheus-exporter", Service::Prometheus), ("stats", Service::Stats)];

fn use_service(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let http = load.family == Family::HttpRequest;
    let Some(name) = args.take() else {
        return Err(if http {
            "'use-service' expects a service name."
        } else {
            "'tcp-request' expects a service name."
        }
        .into());
    };
    match SERVICES.iter().find(|(known, _)| *known == name && http) {
        Some((_, service)) => Ok(Box::new(Fixed::Service(*service))),
        None => Err(Fault::new(format!("'{name}' unknown service name."))),
    }
}

fn strict_mode(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    match args.take() {
        None => Err("expects exactly 1 arguments".into()),
        Some("on") => Ok(Box::new(Wish::Strict(true))),
        Some("off") => Ok(Box::new(Wish::Strict(false))),
        Some(other) => {
            Err(Fault::new(format!("Unexpected value '{other}'. Only 'on' and 'off' are supported")))
        }
    }
}

fn disable_l7_retry(_: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    Ok(Box::new(Wish::NoL7Retry))
}

#[derive(Debug)]
struct DoLog {
    origin: Origin,
    /// The profile's number, known once all sections are.
    profile: Option<Arc<OnceLock<u32>>>,
}

impl Action for DoLog {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let profile = self.profile.as_ref().and_then(|slot| slot.get().copied());
        cx.effects.log_now.push(LogWish { origin: self.origin, profile });
        Verdict::Continue
    }
}

fn do_log(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let mut profile = None;
    if args.take_if("profile") {
        let name = args.take().ok_or("'do-log profile' expects the name of a log-profile section")?;
        let slot = Arc::new(OnceLock::new());
        load.ask(Question::LogProfile { name: name.to_owned(), slot: Arc::clone(&slot) });
        profile = Some(slot);
    }
    let origin = match load.family {
        Family::TcpConnection => Origin::TcpRequestConnection,
        Family::TcpSession => Origin::TcpRequestSession,
        Family::TcpContent => Origin::TcpRequestContent,
        Family::TcpResponse => Origin::TcpResponseContent,
        Family::HttpRequest => Origin::HttpRequest,
        Family::HttpResponse => Origin::HttpResponse,
        Family::HttpAfterResponse => Origin::HttpAfterResponse,
    };
    Ok(Box::new(DoLog { origin, profile }))
}

/// Syslog levels by number; `silent` writes no line.
const LEVELS: &[(&str, u8)] = &[
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
    ("silent", 255),
];

fn set_log_level(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let level = args.take().and_then(|word| LEVELS.iter().find(|(name, _)| *name == word));
    match level {
        Some((_, level)) => Ok(Box::new(Wish::Level(*level))),
        None => Err("expects exactly 1 argument (log level name or 'silent')".into()),
    }
}

/// TLS ends before a connection reaches its rules, so there is never a handshake to wait for.
fn wait_for_handshake(_: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    Ok(Box::new(Wish::Nothing))
}

#[derive(Debug)]
struct WaitForBody {
    timeout_ms: u64,
    at_least: Option<u64>,
}

impl Action for WaitForBody {
    fn run(&self, _: &mut RuleCx<'_>) -> Verdict {
        Verdict::WaitForBody { timeout_ms: self.timeout_ms, at_least: self.at_least }
    }
}

fn wait_for_body(args: &mut Args<'_>, _: &mut RuleLoad<'_, '_>) -> Parsed {
    let mut timeout = None;
    let mut at_least = None;
    while !args.at_condition_or_end() {
        if args.take_if("time") {
            let word = args.take().ok_or("missing argument for 'time'")?;
            timeout = Some(number::time_ms(word, "")?);
        } else if args.take_if("at-least") {
            let word = args.take().ok_or("missing argument for 'at-least'")?;
            at_least = Some(number::size(word)?).filter(|bytes| *bytes > 0);
        } else if !args.take_if("use-large-buffer") {
            break;
        }
    }
    match timeout {
        Some(timeout_ms) => Ok(Box::new(WaitForBody { timeout_ms, at_least })),
        None => Err("expects time <time> [ at-least <bytes> ]".into()),
    }
}

#[derive(Debug)]
struct Pause(Duration);

#[derive(Debug)]
enum Duration {
    Fixed(u64),
    Computed(Expr),
}

impl Action for Pause {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let ms = match &self.0 {
            Duration::Fixed(ms) => Some(*ms),
            Duration::Computed(expr) => match expr.eval_as(&cx.view(), Type::Sint).ok() {
                Some(Value::Int(ms)) => u64::try_from(ms).ok(),
                Some(other) => cast::to_int(&other).and_then(|ms| u64::try_from(ms).ok()),
                None => None,
            },
        };
        match ms {
            Some(ms) => Verdict::Pause { ms },
            None => Verdict::Continue,
        }
    }
}

fn pause(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let word = args.peek().ok_or("expects a timeout or an expression")?;
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        args.skip(1);
        return Ok(Box::new(Pause(Duration::Fixed(number::time_ms(word, " in rule 'pause'")?))));
    }
    Ok(Box::new(Pause(Duration::Computed(load.expression(args)?))))
}
