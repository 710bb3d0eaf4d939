//! `HTTP_GET`, `SSL_GET` and their `url` blocks.

use crate::draft::{CheckerKindDraft, HttpDraft, RegexDraft};
use crate::model::{HttpProtocol, Regex, Url};
use crate::parse::Ctx;
use crate::registry::{Block, GO, Keyword, Outcome, accepted, block, line};
use crate::words::Words;

use super::checker;
use super::values;

/// The rows.
pub const HTTP: &[Keyword] = &[
    line("nb_get_retry", "NUMBER", nb_get_retry, "old form of retry"),
    line("virtualhost", "STRING", virtualhost, "virtual host of the requests"),
    line("http_protocol", "1.0|1.0C|1.1", http_protocol, "version of the requests"),
    line(
        "enable_sni",
        "[BOOL]",
        |c, w| boolean(c, w, |h, v| h.enable_sni = v),
        "send the server name in TLS",
    ),
    line("sni_name", "STRING", sni_name, "the server name to send"),
    line(
        "fast_recovery",
        "[BOOL]",
        |c, w| boolean(c, w, |h, v| h.fast_recovery = v),
        "check all URLs at once after a failure",
    ),
    accepted(line("tls_compliant", "", |_, _| GO, "keep strictly to TLS"), "TLS is always kept strictly"),
    block("url", "", &URL, begin_url, "a URL to ask for"),
];

static URL: Block = Block {
    name: "url",
    tables: &[&[
        line("path", "STRING", path, "path to ask for"),
        line("digest", "MD5", digest, "MD5 of the body"),
        line("status_code", "CODE|FROM-TO...", status_code, "statuses that are good"),
        line("virtualhost", "STRING", url_host, "virtual host of this request"),
        line(
            "regex",
            "PATTERN",
            |c, w| regex(c, w, |r, w| r.pattern = w.at(1).map(str::to_owned)),
            "pattern to find in the body",
        ),
        line("regex_no_match", "", |c, w| regex(c, w, |r, _| r.no_match = true), "finding it is the failure"),
        line("regex_options", "OPTION...", regex_options, "options of the pattern"),
        line(
            "regex_min_offset",
            "BYTES",
            |c, w| regex_offset(c, w, "min", |r, v| r.min_offset = Some(v)),
            "where the search begins",
        ),
        line(
            "regex_max_offset",
            "BYTES",
            |c, w| regex_offset(c, w, "max", |r, v| r.max_offset = Some(v)),
            "where the search ends",
        ),
        line("regex_stack", "START MAX", regex_stack, "stack of the matcher"),
        accepted(
            line("tls_compliant", "", |c, _| with_url(c, |u| u.tls_compliant = true), "keep strictly to TLS"),
            "TLS is always kept strictly",
        ),
    ]],
    end: end_url,
};

const REGEX_OPTIONS: &[&str] = &[
    "allow_empty_class",
    "alt_bsux",
    "auto_callout",
    "caseless",
    "dollar_endonly",
    "dotall",
    "dupnames",
    "extended",
    "firstline",
    "match_unset_backref",
    "multiline",
    "never_ucp",
    "never_utf",
    "no_auto_capture",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "ucp",
    "ungreedy",
    "utf",
    "never_backslash_c",
    "alt_circumflex",
    "alt_verbnames",
    "use_offset_limit",
];

fn with(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut HttpDraft)) -> Outcome {
    checker::with(ctx, |checker| {
        if let CheckerKindDraft::Http(http) = &mut checker.kind {
            record(http);
        }
    })
}

fn with_url(ctx: &mut Ctx<'_>, record: impl FnOnce(&mut Url)) -> Outcome {
    with(ctx, |http| record(&mut http.url))
}

fn nb_get_retry(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    ctx.config("nb_get_retry is deprecated - please use 'retry'");
    let value =
        values::number(ctx, words, (0, u32::MAX), |word| format!("Invalid nb_get_retry value '{word}'"))?;
    checker::with(ctx, |checker| checker.defaults.retry = value.or(checker.defaults.retry))
}

fn virtualhost(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1).map(str::to_owned) {
        Some(host) => with(ctx, |http| http.virtualhost = Some(host)),
        None => {
            ctx.config("HTTP_GET virtualhost name missing");
            GO
        }
    }
}

fn http_protocol(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let protocol = match words.at(1) {
        Some("1.0") => HttpProtocol::V1_0,
        Some("1.0C" | "1.0c") => HttpProtocol::V1_0Close,
        Some("1.1") => HttpProtocol::V1_1,
        Some(other) => {
            ctx.config(format!("Invalid http_protocol version {other}"));
            return GO;
        }
        None => {
            ctx.config("Missing http_protocol version");
            return GO;
        }
    };
    with(ctx, |http| http.http_protocol = protocol)
}

fn sni_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1).map(str::to_owned) {
        Some(name) => with(ctx, |http| http.sni_name = Some(name)),
        None => {
            ctx.config("HTTP_GET sni_name name missing");
            GO
        }
    }
}

fn boolean(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut HttpDraft, bool)) -> Outcome {
    let keyword = words.keyword();
    match values::optional_bool(ctx, words, |word| format!("Invalid {keyword} parameter {word}")) {
        Some(value) => with(ctx, |http| record(http, value)),
        None => GO,
    }
}

fn begin_url(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    with(ctx, |http| {
        http.url = Url::default();
        http.regex = RegexDraft::default();
    })
}

fn path(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let path = words.need(1, &mut ctx.sink)?.to_owned();
    with_url(ctx, |url| url.path = path)
}

fn digest(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let word = words.need(1, &mut ctx.sink)?;
    if word.len() != 32 {
        ctx.config(format!("digest '{word}' character length should be 32 rather than {}", word.len()));
        return GO;
    }
    let digest = super::checker_kinds::hex_bytes(word).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    match digest {
        Some(digest) => {
            let again = |checker: &crate::draft::CheckerDraft| matches!(&checker.kind, CheckerKindDraft::Http(http) if http.url.digest.is_some());
            if ctx.draft.lvs.checker.as_ref().is_some_and(again) {
                ctx.config(format!("Digest '{word}' is a duplicate"));
                return GO;
            }
            with_url(ctx, |url| url.digest = Some(digest))
        }
        None => {
            ctx.config(format!("Invalid digest {word}"));
            GO
        }
    }
}

fn status_code(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    for word in words.from(1) {
        let (low, high) = word.split_once('-').unwrap_or((word, word));
        let code = |text: &str| text.parse::<u16>().ok().filter(|code| (100..=599).contains(code));
        match code(low).zip(code(high)).filter(|(low, high)| low <= high) {
            Some(range) => {
                let _ = with_url(ctx, |url| url.status_codes.push(range));
            }
            None => ctx.config(format!("Invalid HTTP_GET status code '{word}'")),
        }
    }
    GO
}

fn url_host(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1).map(str::to_owned) {
        Some(host) => with_url(ctx, |url| url.virtualhost = Some(host)),
        None => {
            ctx.config("Missing HTTP_GET virtualhost name");
            GO
        }
    }
}

fn regex(ctx: &mut Ctx<'_>, words: &Words, record: fn(&mut RegexDraft, &Words)) -> Outcome {
    with(ctx, |http| record(&mut http.regex, words))
}

fn regex_options(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    for word in words.from(1) {
        if REGEX_OPTIONS.contains(&word.as_str()) {
            let _ = with(ctx, |http| http.regex.options.push(word.clone()));
        } else if ctx.draft.lvs.checker.is_some() {
            ctx.sink.say(crate::diag::Rank::Note, format!("Unknown regex option {word} - ignoring"));
        }
    }
    GO
}

fn regex_offset(
    ctx: &mut Ctx<'_>,
    words: &Words,
    which: &str,
    record: fn(&mut RegexDraft, usize),
) -> Outcome {
    let Some(word) = words.at(1) else { return GO };
    match word.parse::<usize>() {
        Ok(offset) => with(ctx, |http| record(&mut http.regex, offset)),
        Err(_) => {
            ctx.sink.say(crate::diag::Rank::Note, format!("Invalid regex_{which}_offset {word} specified"));
            GO
        }
    }
}

fn regex_stack(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let number = |index: usize| words.at(index).and_then(|word| word.parse::<usize>().ok());
    match number(1).zip(number(2)).filter(|(start, max)| *start > 0 && start <= max) {
        Some(stack) => with(ctx, |http| http.regex.stack = Some(stack)),
        None => {
            ctx.sink
                .say(crate::diag::Rank::Note, "regex_stack needs a start and a larger maximum - ignoring");
            GO
        }
    }
}

fn end_url(ctx: &mut Ctx<'_>) {
    let Some(checker) = &mut ctx.draft.lvs.checker else { return };
    let CheckerKindDraft::Http(http) = &mut checker.kind else { return };
    let mut url = std::mem::take(&mut http.url);
    let regex = std::mem::take(&mut http.regex);
    if url.path.is_empty() {
        ctx.config("HTTP/SSL_GET checker url has no path - ignoring");
        return;
    }
    url.regex = regex.pattern.map(|pattern| Regex {
        pattern,
        no_match: regex.no_match,
        options: regex.options,
        min_offset: regex.min_offset.unwrap_or(0),
        max_offset: regex.max_offset.unwrap_or(0),
        stack: regex.stack,
    });
    http.urls.push(url);
}

/// Adds the checker, if it has a URL.
pub fn end(ctx: &mut Ctx<'_>) {
    let urls = match &ctx.draft.lvs.checker {
        Some(checker) => matches!(&checker.kind, CheckerKindDraft::Http(http) if !http.urls.is_empty()),
        None => return,
    };
    if urls {
        checker::end(ctx);
    } else {
        ctx.draft.lvs.checker = None;
        ctx.config("HTTP/SSL_GET checker has no urls specified - ignoring");
    }
}
