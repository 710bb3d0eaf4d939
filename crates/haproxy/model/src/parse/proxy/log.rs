//! `log` and the formats of log lines.

use std::path::PathBuf;
use std::sync::Arc;

use common_base::address::{AddressRules, Host, Port, Target, Transport};
use haproxy_conf::{Cursor, Negation, ParseError, Sections, Status};
use haproxy_expr::{Context, Contexts, LogFormat, Style};

use crate::draft::Draft;
use crate::log_profile::{LogSteps, STEPS, TRANSACTION_STEPS};
use crate::parse::{Keyword, address, text};
use crate::settings::{LogAddress, LogLine, LogLineFormat, LogTarget};

const PROXY: Sections = Sections::PROXY;
const FRONT: Sections = Sections::FRONT;

/// Logging of proxies.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "log",
        sections: PROXY,
        args: "global | <target> [...] <facility> [max [min]]",
        status: Status::Supported,
        run: proxy_log,
        doc: "target for log lines",
    },
    Keyword {
        name: "log-format",
        sections: FRONT,
        args: "<format>",
        status: Status::Supported,
        run: log_format,
        doc: "the log line",
    },
    Keyword {
        name: "error-log-format",
        sections: FRONT,
        args: "<format>",
        status: Status::Supported,
        run: error_log_format,
        doc: "the log line of connection errors",
    },
    Keyword {
        name: "log-format-sd",
        sections: FRONT,
        args: "<format>",
        status: Status::Supported,
        run: log_format_sd,
        doc: "structured data of the log line",
    },
    Keyword {
        name: "log-tag",
        sections: PROXY,
        args: "<tag>",
        status: Status::Supported,
        run: log_tag,
        doc: "program name in log lines",
    },
    Keyword {
        name: "log-steps",
        sections: FRONT,
        args: "<steps>",
        status: Status::Supported,
        run: log_steps,
        doc: "when lines are written",
    },
    Keyword {
        name: "unique-id-format",
        sections: FRONT,
        args: "<format>",
        status: Status::Supported,
        run: unique_id_format,
        doc: "id of a request",
    },
    Keyword {
        name: "unique-id-header",
        sections: FRONT,
        args: "<name>",
        status: Status::Supported,
        run: unique_id_header,
        doc: "header that carries the id",
    },
];

const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp",
    "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

const LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

type Outcome = Result<(), ParseError>;

/// `log` of the global section.
pub fn global_log(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.negation() != Negation::None {
        draft.global.logs.clear();
        return cursor.finish();
    }
    let target = target(draft, cursor)?;
    draft.global.logs.push(target);
    Ok(())
}

fn proxy_log(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if cursor.negation() != Negation::None {
        draft.px.settings.logs.clear();
        draft.px.settings.log_global = false;
        return cursor.finish();
    }
    if cursor.take_if("global") {
        draft.px.settings.log_global = true;
        return cursor.finish();
    }
    let target = target(draft, cursor)?;
    draft.px.settings.logs.push(target);
    Ok(())
}

fn target(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<LogTarget, ParseError> {
    let Some(word) = cursor.next_word() else {
        return Err(
            cursor.error("'log' expects either <address[:port]> and <facility> or 'global' as arguments.")
        );
    };
    let mut target = LogTarget {
        address: log_address(draft, word.as_str()).map_err(|message| cursor.error_before(message))?,
        max_length: 1024,
        format: LogLineFormat::Local,
        facility: 16,
        level_max: 7,
        level_min: 0,
        sample: None,
        profile: None,
    };
    loop {
        if cursor.take_if("len") {
            let length: usize = cursor.integer()?;
            if !(80..=65535).contains(&length) {
                return Err(cursor
                    .error_before(format!("invalid log length '{length}', must be between 80 and 65535.")));
            }
            target.max_length = length;
        } else if cursor.take_if("sample") {
            target.sample = Some(sample(cursor)?);
        } else if cursor.take_if("format") {
            target.format = line_format(cursor)?;
        } else if cursor.take_if("profile") {
            let name = text(cursor, "the name of a log-profile section")?;
            target.profile = Some(draft.log_profile_number(&name));
        } else {
            break;
        }
    }
    let facility = text(cursor, "a facility")?;
    let Some(number) = FACILITIES.iter().position(|name| *name == facility) else {
        return Err(cursor.error_before(format!("unknown log facility '{facility}'")));
    };
    target.facility = number as u8;
    if !cursor.at_end() {
        target.level_max = level(cursor)?;
    }
    if !cursor.at_end() {
        target.level_min = level(cursor)?;
    }
    cursor.finish()?;
    Ok(target)
}

fn level(cursor: &mut Cursor<'_>) -> Result<u8, ParseError> {
    let word = text(cursor, "a level")?;
    match LEVELS.iter().position(|name| *name == word) {
        Some(level) => Ok(level as u8),
        None => Err(cursor.error_before(format!("unknown optional log level '{word}'"))),
    }
}

fn line_format(cursor: &mut Cursor<'_>) -> Result<LogLineFormat, ParseError> {
    let word = text(cursor, "a format")?;
    Ok(match word.as_str() {
        "local" => LogLineFormat::Local,
        "rfc3164" => LogLineFormat::Rfc3164,
        "rfc5424" => LogLineFormat::Rfc5424,
        "priority" => LogLineFormat::Priority,
        "short" => LogLineFormat::Short,
        "timed" => LogLineFormat::Timed,
        "iso" => LogLineFormat::Iso,
        "raw" => LogLineFormat::Raw,
        other => return Err(cursor.error_before(format!("unknown log format '{other}'"))),
    })
}

/// `<ranges>:<size>` of a sampled target.
fn sample(cursor: &mut Cursor<'_>) -> Result<(Vec<(u32, u32)>, u32), ParseError> {
    let word = text(cursor, "<sample_range>[,<sample_range>,...]:<sample_size> argument")?;
    let parsed = word.rsplit_once(':').and_then(|(ranges, size)| {
        let size: u32 = size.parse().ok().filter(|n| *n > 0)?;
        let ranges = ranges
            .split(',')
            .map(|range| {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                let (from, to) = (from.parse::<u32>().ok()?, to.parse::<u32>().ok()?);
                (from >= 1 && from <= to && to <= size).then_some((from, to))
            })
            .collect::<Option<Vec<_>>>()?;
        Some((ranges, size))
    });
    parsed.ok_or_else(|| cursor.error_before(format!("invalid log sampling '{word}'.")))
}

fn log_address(draft: &Draft, word: &str) -> Result<LogAddress, String> {
    match word {
        "stdout" => return Ok(LogAddress::Stdout),
        "stderr" => return Ok(LogAddress::Stderr),
        _ => {}
    }
    if let Some(ring) = word.strip_prefix("ring@") {
        return Err(format!("'log' : ring '{ring}': rings are not part of this version of rhaproxy."));
    }
    if let Some(backend) = word.strip_prefix("backend@") {
        return Err(format!(
            "'log' : backend '{backend}': log backends are not part of this version of rhaproxy."
        ));
    }
    let parsed = address(draft, word, &AddressRules::LOG).map_err(|message| format!("'log': {message}"))?;
    match parsed.target {
        Target::Unix(path) => Ok(LogAddress::Unix(PathBuf::from(path))),
        Target::Fd(fd) => Ok(LogAddress::Fd(fd)),
        Target::Ip(host, port) => {
            let port = match port {
                Port::One(port) => port,
                _ => 514,
            };
            let ip = match host {
                Host::Ip(ip) => ip,
                Host::Name(name, family) => crate::parse::bind::resolve(&*draft.files, &name, family)
                    .and_then(|ips| ips.first().copied())
                    .ok_or_else(|| format!("'log': could not resolve address '{name}'."))?,
            };
            let address = std::net::SocketAddr::new(ip, port);
            if parsed.transport == Transport::Stream {
                return Err(format!(
                    "'log' : '{word}': log servers over TCP are not part of this version of rhaproxy."
                ));
            }
            Ok(LogAddress::Udp(address))
        }
        Target::Abstract { .. } | Target::SockPair(_) => {
            Err(format!("'log': '{word}' is no address for logs."))
        }
    }
}

fn format(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    style: Style,
    within: &'static str,
) -> Result<Arc<LogFormat>, ParseError> {
    let keyword = cursor.keyword();
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error(format!("'{keyword}' expects an argument.")));
    };
    let written = word.as_bstr().to_string();
    cursor.finish()?;
    // the id of a request is made while the request is there, a log line at the end
    let contexts = match style {
        Style::UniqueId => Contexts::of(Context::FeHttpRequest),
        _ => Contexts::of(Context::Log),
    };
    let parsed = draft.with_expr(contexts, within, |cx, _| LogFormat::parse(&written, style, cx));
    parsed
        .map(Arc::new)
        .map_err(|fault| cursor.error_before(format!("failed to parse {keyword} : {}.", fault.message)))
}

fn log_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let keep = draft.px.role.is_some_and(|role| role.is_backend() && !role.is_frontend());
    let format = format(draft, cursor, Style::Log, "log-format string")?;
    if !keep {
        draft.px.settings.log_line = LogLine::Custom(format);
    }
    Ok(())
}

/// `all`, or steps of a transaction with commas between them.
fn log_steps(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let known = &STEPS[..TRANSACTION_STEPS];
    let words = text(cursor, "'all' or a list of steps")?;
    let mut steps = LogSteps::default();
    for word in words.split(',').filter(|word| !word.is_empty()) {
        if word == "all" {
            known.iter().for_each(|(_, step)| steps.add(*step));
            continue;
        }
        let Some((_, step)) = known.iter().find(|(name, _)| *name == word) else {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            return Err(cursor.error_before(format!(
                "'log-steps' : unknown step '{word}', expects 'all' or some of {}.",
                names.join(", ")
            )));
        };
        steps.add(*step);
    }
    draft.px.settings.log_steps = Some(steps);
    cursor.finish()
}

fn error_log_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.error_log_line = Some(format(draft, cursor, Style::Log, "error-log-format string")?);
    Ok(())
}

fn log_format_sd(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.log_sd = Some(format(draft, cursor, Style::Log, "log-format-sd string")?);
    Ok(())
}

fn unique_id_format(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.unique_id_format =
        Some(format(draft, cursor, Style::UniqueId, "unique-id-format string")?);
    Ok(())
}

fn unique_id_header(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.unique_id_header =
        Some(text(cursor, "a header name")?.to_ascii_lowercase().into_bytes());
    cursor.finish()
}

fn log_tag(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.log_tag = Some(text(cursor, "a tag for use in syslog")?.into_bytes());
    cursor.finish()
}
