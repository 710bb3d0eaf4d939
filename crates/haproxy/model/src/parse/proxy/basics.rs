//! What a proxy is: mode, limits, names, switching.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use crate::draft::Draft;
use crate::parse::{Keyword, accept, refuse, text};
use crate::settings::{HttpReuse, Mode};
use crate::snapshot::{RestrictNames, RetryOn};

const PROXY: Sections = Sections::PROXY;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;
const NAMED: Sections = Sections::NAMED_PROXY;

macro_rules! row {
    ($name:literal, $sections:expr, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: $sections, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// Basic keywords of proxies.
pub const KEYWORDS: &[Keyword] = &[
    row!("mode", PROXY, "{ tcp | http | health }", Status::Supported, mode, "protocol of the proxy"),
    row!("maxconn", FRONT, "<number>", Status::Supported, maxconn, "connections at most"),
    row!("backlog", FRONT, "<number>", Status::Supported, backlog, "length of the accept queue"),
    row!(
        "fullconn",
        BACK,
        "<number>",
        Status::Supported,
        fullconn,
        "sessions at which servers get their maxconn"
    ),
    row!(
        "rate-limit sessions",
        FRONT,
        "<number>",
        Status::Supported,
        rate_limit,
        "new sessions a second at most"
    ),
    row!("id", NAMED, "<number>", Status::Supported, id, "number of the proxy"),
    row!(
        "guid",
        NAMED,
        "<text>",
        Status::Accepted("there are no global ids in this version"),
        accept,
        "global id"
    ),
    row!("disabled", PROXY, "", Status::Supported, disabled, "do not start it"),
    row!("enabled", PROXY, "", Status::Supported, enabled, "undo disabled"),
    row!("description", NAMED, "<text>", Status::Supported, description, "text shown in statistics"),
    row!("default_backend", FRONT, "<backend>", Status::Supported, default_backend, "backend without a rule"),
    row!("retries", BACK, "<number>", Status::Supported, retries, "attempts after a failed connect"),
    row!("retry-on", BACK, "<list>", Status::Supported, retry_on, "what is tried again"),
    row!(
        "http-reuse",
        BACK,
        "{ never | safe | aggressive | always }",
        Status::Supported,
        http_reuse,
        "sharing of server connections"
    ),
    row!("source", BACK, "<address>", Status::Supported, source, "address to come from"),
    row!(
        "monitor-uri",
        FRONT,
        "<uri>",
        Status::Supported,
        monitor_uri,
        "request answered by the proxy itself"
    ),
    row!(
        "http-send-name-header",
        BACK,
        "[<header>]",
        Status::Supported,
        send_name_header,
        "tell the server its name"
    ),
    row!(
        "option http-restrict-req-hdr-names",
        PROXY,
        "{ preserve | delete | reject }",
        Status::Supported,
        restrict_names,
        "strange header names"
    ),
    row!(
        "max-keep-alive-queue",
        BACK,
        "<number>",
        Status::Supported,
        max_keep_alive_queue,
        "queue that breaks affinity"
    ),
    row!(
        "max-session-srv-conns",
        FRONT,
        "<number>",
        Status::Accepted("a session keeps one server connection"),
        accept,
        "server connections of a session"
    ),
    row!(
        "load-server-state-from-file",
        BACK,
        "{ global | local | none }",
        Status::Supported,
        load_state,
        "state of servers at start"
    ),
    row!(
        "server-state-file-name",
        BACK,
        "[use-backend-name | <file>]",
        Status::Supported,
        state_file,
        "its own state file"
    ),
    row!(
        "use-fcgi-app",
        BACK,
        "<name>",
        Status::Refused("FastCGI is not part of this version of rhaproxy"),
        refuse,
        "FastCGI"
    ),
    row!(
        "stick-table",
        NAMED,
        "...",
        Status::Refused("stick tables are not part of this version of rhaproxy"),
        refuse,
        "stick table"
    ),
    row!(
        "stick",
        Sections::BACK,
        "...",
        Status::Refused("stick tables are not part of this version of rhaproxy"),
        refuse,
        "persistence by table"
    ),
    row!(
        "email-alert",
        PROXY,
        "...",
        Status::Accepted("mails are not sent in this version"),
        accept,
        "mail on state changes"
    ),
    row!(
        "clitcpka-cnt",
        FRONT,
        "<number>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive probes"
    ),
    row!(
        "clitcpka-idle",
        FRONT,
        "<time>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive idle time"
    ),
    row!(
        "clitcpka-intvl",
        FRONT,
        "<time>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive interval"
    ),
    row!(
        "srvtcpka-cnt",
        BACK,
        "<number>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive probes"
    ),
    row!(
        "srvtcpka-idle",
        BACK,
        "<time>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive idle time"
    ),
    row!(
        "srvtcpka-intvl",
        BACK,
        "<time>",
        Status::Accepted("the system's values are used"),
        accept,
        "keep-alive interval"
    ),
];

type Outcome = Result<(), ParseError>;

fn mode(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let word = text(cursor, "a mode")?;
    draft.px.settings.mode = match word.as_str() {
        "http" => Mode::Http,
        "tcp" => Mode::Tcp,
        "health" => {
            cursor.warn("'mode health' is a form of older versions. Use 'http-request return status 200 content-type \"text/plain\" string \"OK\"' in a 'mode http' frontend instead.");
            Mode::Health
        }
        "log" | "spop" | "haterm" => {
            return Err(
                cursor.error_before(format!("'mode {word}' is not part of this version of rhaproxy."))
            );
        }
        other => {
            return Err(cursor.error_before(format!("unknown proxy mode '{other}'.")));
        }
    };
    cursor.finish()
}

fn maxconn(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.maxconn = Some(cursor.integer()?);
    cursor.finish()
}

fn backlog(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.backlog = Some(cursor.integer()?);
    cursor.finish()
}

fn fullconn(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.fullconn = Some(cursor.integer()?);
    cursor.finish()
}

fn rate_limit(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.rate_limit_sessions = Some(cursor.integer()?);
    cursor.finish()
}

fn id(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let id: i64 = cursor.integer()?;
    match u32::try_from(id) {
        Ok(id) if id > 0 => draft.px.uuid = Some(id),
        _ => return Err(cursor.error_before("custom id has to be > 0.")),
    }
    if let Some(other) = draft.proxies.iter().find(|px| px.uuid == draft.px.uuid) {
        return Err(cursor.error_before(format!(
            "{} {} reuses same custom id as {} {} (declared at {}:{}).",
            draft.px.role.map_or("proxy", |role| role.keyword()),
            draft.px.name,
            other.role.map_or("proxy", |role| role.keyword()),
            other.name,
            other.place.file,
            other.place.line
        )));
    }
    cursor.finish()
}

fn disabled(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.disabled = true;
    cursor.finish()
}

fn enabled(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.disabled = false;
    cursor.finish()
}

fn description(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_bstr().to_string()).collect();
    if words.is_empty() {
        return Err(cursor.error("'description' expects a string argument."));
    }
    draft.px.settings.description = Some(words.join(" ").into_bytes());
    Ok(())
}

fn default_backend(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.default_backend = Some(text(cursor, "a backend name")?.into_bytes());
    draft.px.default_backend_place = draft.place.clone();
    cursor.finish()
}

fn retries(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.retries = Some(cursor.integer()?);
    cursor.finish()
}

fn retry_on(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut retry = RetryOn { connection_failure: false, ..RetryOn::default() };
    let words = cursor.take_rest();
    if words.is_empty() {
        return Err(cursor.error("'retry-on' expects at least one keyword."));
    }
    for word in words {
        match word.as_str() {
            "none" => {}
            "conn-failure" => retry.connection_failure = true,
            "empty-response" => retry.empty_response = true,
            "junk-response" => retry.junk_response = true,
            "response-timeout" => retry.response_timeout = true,
            "0rtt-rejected" => {}
            "all-retryable-errors" => {
                retry.connection_failure = true;
                retry.empty_response = true;
                retry.junk_response = true;
                retry.response_timeout = true;
                retry.statuses.extend([500, 502, 503, 504]);
            }
            other => match other.parse::<u16>() {
                Ok(status @ (401 | 403 | 404 | 408 | 421 | 425 | 429 | 500..=504)) => {
                    retry.statuses.push(status)
                }
                _ => {
                    return Err(ParseError::new(format!("'retry-on': unknown keyword '{other}'.")).at(word));
                }
            },
        }
    }
    draft.px.settings.retry_on = retry;
    Ok(())
}

fn http_reuse(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.http_reuse = match text(cursor, "'never', 'safe', 'aggressive', 'always'")?.as_str() {
        "never" => HttpReuse::Never,
        "safe" => HttpReuse::Safe,
        "aggressive" => HttpReuse::Aggressive,
        "always" => HttpReuse::Always,
        _ => {
            return Err(
                cursor.error_before("'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.")
            );
        }
    };
    cursor.finish()
}

fn source(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.source = Some(crate::parse::server::source_settings(cursor)?);
    cursor.finish()
}

fn monitor_uri(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.monitor_uri = Some(text(cursor, "an URI")?.into_bytes());
    cursor.finish()
}

fn send_name_header(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.send_name_header = cursor.next_word().map(|word| word.as_bytes().to_ascii_lowercase());
    cursor.finish()
}

fn restrict_names(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.restrict_header_names =
        Some(match text(cursor, "'preserve', 'delete' or 'reject'")?.as_str() {
            "preserve" => RestrictNames::Preserve,
            "delete" => RestrictNames::Delete,
            "reject" => RestrictNames::Reject,
            _ => {
                return Err(cursor.error_before(
                    "'http-restrict-req-hdr-names' expects 'preserve', 'delete' or 'reject' as argument.",
                ));
            }
        });
    cursor.finish()
}

fn max_keep_alive_queue(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.max_keep_alive_queue = Some(cursor.integer()?);
    cursor.finish()
}

fn load_state(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    use crate::snapshot::ServerStateSource;
    draft.px.settings.server_state = match text(cursor, "'local', 'global' or 'none'")?.as_str() {
        "global" => ServerStateSource::Global,
        "local" => ServerStateSource::Local(None),
        "none" => ServerStateSource::None,
        other => {
            return Err(cursor.error_before(format!(
                "'load-server-state-from-file' : unknown value '{other}', expects 'global', 'local' or 'none'."
            )));
        }
    };
    cursor.finish()
}

fn state_file(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    use crate::snapshot::ServerStateSource;
    let name = cursor.next_word().map(|word| word.as_bstr().to_string());
    if let ServerStateSource::Local(file) = &mut draft.px.settings.server_state {
        *file = name.filter(|name| name != "use-backend-name");
    }
    cursor.finish()
}
