//! `filter` and `filter-sequence` of proxies.

use std::sync::Arc;

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_filters::bandwidth::{self, Direction};
use haproxy_filters::trace;

use crate::draft::Draft;
use crate::filters::{AVAILABLE, CompressionFilter, ProxyFilter, Sequence};
use crate::parse::{Keyword, refuse, text};
use crate::settings::Role;

// `defaults` is let in to be refused in the original's words
const PROXY: Sections = Sections::PROXY;

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        row!($name, $args, $run, $doc, Status::Supported)
    };
    ($name:literal, $args:literal, $run:expr, $doc:literal, $status:expr) => {
        Keyword { name: $name, sections: PROXY, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// Filters.
pub const KEYWORDS: &[Keyword] = &[
    row!(
        "filter trace",
        "[name <name>] [random-forwarding] [max-fwd <max>] [hexdump] [quiet]",
        filter_trace,
        "tell what passes"
    ),
    row!(
        "filter bwlim-in",
        "<name> default-limit <size> default-period <time> [min-size <size>]",
        bwlim_in,
        "limit on what clients send"
    ),
    row!(
        "filter bwlim-out",
        "<name> default-limit <size> default-period <time> [min-size <size>]",
        bwlim_out,
        "limit on what servers send"
    ),
    row!("filter compression", "", compression, "where bodies are compressed"),
    row!("filter cache", "<name>", cache, "where bodies are taken for a cache"),
    row!("filter comp-req", "", comp_req, "where request bodies are compressed"),
    row!("filter comp-res", "", comp_res, "where response bodies are compressed"),
    row!(
        "filter spoe",
        "[engine <name>] config <file>",
        refuse,
        "ask agents",
        Status::Refused("'filter spoe' : SPOE is not part of this version of rhaproxy")
    ),
    row!(
        "filter fcgi-app",
        "<name>",
        refuse,
        "FastCGI parameters",
        Status::Refused("'filter fcgi-app' : FastCGI is not part of this version of rhaproxy")
    ),
    row!(
        "filter opentracing",
        "[id <id>] config <file>",
        refuse,
        "OpenTracing",
        Status::Refused(
            "'filter opentracing' : OpenTracing is not part of rhaproxy, HAProxy 3.5 removed it too"
        )
    ),
    row!("filter", "<name> ...", unknown, "a filter by name"),
    row!("filter-sequence request", "<names>", request_sequence, "order of filters on requests"),
    row!("filter-sequence response", "<names>", response_sequence, "order of filters on responses"),
    row!("filter-sequence", "{ request | response } <names>", incomplete_sequence, "order of filters"),
];

type Outcome = Result<(), ParseError>;

fn add(draft: &mut Draft, cursor: &Cursor<'_>, filter: ProxyFilter) -> Outcome {
    not_in_defaults(draft, cursor)?;
    draft.px.filters.declared.push(filter);
    Ok(())
}

fn not_in_defaults(draft: &Draft, cursor: &Cursor<'_>) -> Outcome {
    if draft.px.role == Some(Role::Defaults) {
        return Err(cursor.error("filter is not allowed in a 'default' section."));
    }
    Ok(())
}

fn filter_trace(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut settings = trace::Settings::default();
    while let Some(word) = cursor.peek() {
        if cursor.take_if("name") {
            settings.name = option_value(cursor, "name")?.to_owned();
        } else if cursor.take_if("quiet") {
            settings.quiet = true;
        } else if cursor.take_if("random-parsing") {
            cursor.warn("'filter trace' : 'random-parsing' is a form of older versions and changes nothing.");
        } else if cursor.take_if("random-forwarding") {
            settings.random = true;
        } else if cursor.take_if("max-fwd") {
            let value = option_value(cursor, "max-fwd")?;
            settings.forward_max = value.parse().map_err(|_| {
                cursor.error_before(format!(
                    "'filter' : ''trace' : 'max-fwd' expects a positive integer (got '{value}')'"
                ))
            })?;
        } else if cursor.take_if("hexdump") {
            settings.hexdump = true;
        } else {
            return Err(cursor.error(format!("'filter trace' : unknown keyword '{word}'.")));
        }
    }
    add(draft, cursor, ProxyFilter::Trace(Arc::new(settings)))
}

fn option_value<'a>(cursor: &mut Cursor<'a>, option: &str) -> Result<&'a str, ParseError> {
    let word = cursor.expect_or(|| format!("'filter' : ''trace' : '{option}' option without value'"))?;
    Ok(word.as_str())
}

fn bwlim_in(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    bandwidth_limit(draft, cursor, Direction::In)
}

fn bwlim_out(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    bandwidth_limit(draft, cursor, Direction::Out)
}

/// Options of a limit that all streams with the same key share; they need a stick table.
const SHARED: &[&str] = &["key", "table", "limit"];

fn bandwidth_limit(draft: &mut Draft, cursor: &mut Cursor<'_>, direction: Direction) -> Outcome {
    not_in_defaults(draft, cursor)?;
    let keyword = cursor.keyword();
    let name = cursor.expect_or(|| format!("'{keyword}' : a name is expected as first argument"))?;
    let name = name.as_str().to_owned();
    let mut limit = None;
    let mut period = None;
    let mut min_bytes = 0;
    while let Some(word) = cursor.peek() {
        if cursor.take_if("default-limit") {
            limit = Some(cursor.size()?);
        } else if cursor.take_if("default-period") {
            period = Some(u64::from(cursor.duration_ms()?));
        } else if cursor.take_if("min-size") {
            min_bytes = cursor.size()?;
        } else if SHARED.contains(&word.as_str()) {
            return Err(cursor.error(format!(
                "'{keyword}' : '{word}' makes a limit that streams share through a stick table, and stick tables are not part of this version of rhaproxy."
            )));
        } else {
            return Err(cursor.error(format!("'{keyword}' : unknown option '{word}'.")));
        }
    }
    let (Some(limit_bytes), Some(period_ms)) = (limit, period) else {
        return Err(cursor.error(format!("'{keyword}' : default-limit and default-period are expected.")));
    };
    let taken = |filter: &ProxyFilter| match filter {
        ProxyFilter::Bandwidth(other) => other.name == name,
        ProxyFilter::Trace(_) | ProxyFilter::Compression(_) | ProxyFilter::Cache(_) => false,
    };
    if draft.px.filters.declared.iter().any(taken) {
        return Err(cursor.error_before(format!("'{keyword}' : filter name '{name}' is used already.")));
    }
    let id = draft.next_filter;
    draft.next_filter += 1;
    let settings = bandwidth::Settings { name, id, direction, limit_bytes, period_ms, min_bytes };
    add(draft, cursor, ProxyFilter::Bandwidth(Arc::new(settings)))
}

fn compression(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    add_compression(draft, cursor, CompressionFilter::AsDirected)
}

fn cache(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = cursor.expect_or(|| "'filter' : 'cache : expects a <name> argument'".to_owned())?.as_str();
    if let Some(word) = cursor.peek() {
        return Err(cursor.error(format!("'filter cache' : unknown keyword '{word}'.")));
    }
    let twice = |filter: &ProxyFilter| matches!(filter, ProxyFilter::Cache(other) if **other == *name);
    if draft.px.filters.declared.iter().any(twice) {
        return Err(cursor.error_before(format!(
            "'filter' : '{}: multiple explicit declarations of the cache filter '{name}''",
            draft.px.name
        )));
    }
    add(draft, cursor, ProxyFilter::Cache(Arc::from(name)))
}

fn comp_req(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    add_compression(draft, cursor, CompressionFilter::Requests)
}

fn comp_res(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    add_compression(draft, cursor, CompressionFilter::Responses)
}

fn add_compression(draft: &mut Draft, cursor: &mut Cursor<'_>, which: CompressionFilter) -> Outcome {
    if let Some(word) = cursor.peek() {
        let keyword = cursor.keyword();
        return Err(cursor.error(format!("'{keyword}' : unknown keyword '{word}'.")));
    }
    use CompressionFilter::{AsDirected, Requests, Responses};
    let clashes = draft.px.filters.declared.iter().any(|filter| match filter {
        ProxyFilter::Compression(other) => {
            !matches!((other, which), (Requests, Responses) | (Responses, Requests)) || *other == AsDirected
        }
        ProxyFilter::Trace(_) | ProxyFilter::Bandwidth(_) | ProxyFilter::Cache(_) => false,
    });
    if clashes {
        return Err(cursor.error_before(format!(
            "'filter' : '{}: Proxy supports only one compression filter'",
            draft.px.name
        )));
    }
    add(draft, cursor, ProxyFilter::Compression(which))
}

fn unknown(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    not_in_defaults(draft, cursor)?;
    let Some(word) = cursor.peek() else {
        return Err(cursor.error(format!("missing argument for 'filter' in proxy '{}'.", draft.px.name)));
    };
    let known: Vec<String> = AVAILABLE.iter().map(|(scope, name)| format!("[{scope:>4}] {name}")).collect();
    Err(cursor.error(format!(
        "'filter' : unknown keyword '{word}'. Registered keywords :\n    {}",
        known.join("\n    ")
    )))
}

fn request_sequence(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let sequence = sequence(draft, cursor)?;
    draft.px.filters.request_sequence = Some(sequence);
    Ok(())
}

fn response_sequence(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let sequence = sequence(draft, cursor)?;
    draft.px.filters.response_sequence = Some(sequence);
    Ok(())
}

fn sequence(draft: &Draft, cursor: &mut Cursor<'_>) -> Result<Sequence, ParseError> {
    not_in_defaults(draft, cursor)?;
    let names = text(cursor, "a comma-separated list of filter names")?;
    cursor.finish()?;
    let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(Sequence { names, place: draft.place.clone() })
}

fn incomplete_sequence(_: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    Err(cursor.error("'filter-sequence' expects 'request' or 'response' followed by a list of filter names."))
}
