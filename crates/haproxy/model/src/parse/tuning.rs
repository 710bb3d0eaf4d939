//! `tune.*` of the `global` section: sizes and limits of the process.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use super::{Keyword, accept};
use crate::draft::Draft;
use crate::global::VarLimits;

const GLOBAL: Sections = Sections::GLOBAL;
const NO_TLS: Status = Status::Accepted("TLS is not part of this version");
const OWN_MEMORY: Status = Status::Accepted("memory is managed per thread here");

macro_rules! row {
    ($name:literal, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: GLOBAL, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// `tune.*` keywords. Those that name a detail of the original's inside are accepted without effect.
pub const TUNABLES: &[Keyword] = &[
    row!("tune.bufsize", "<size>", Status::Supported, bufsize, "size of buffers"),
    row!("tune.maxrewrite", "<size>", Status::Supported, maxrewrite, "space kept for rewriting"),
    row!("tune.maxaccept", "<number>", Status::Supported, maxaccept, "accepts in a row"),
    row!("tune.http.maxhdr", "<number>", Status::Supported, maxhdr, "header lines at most"),
    row!("tune.http.logurilen", "<number>", Status::Supported, logurilen, "length of URIs in logs"),
    row!("tune.http.cookielen", "<number>", Status::Supported, cookielen, "length of captured cookies"),
    row!("tune.pipesize", "<size>", Status::Supported, pipesize, "size of pipes for splicing"),
    row!("tune.rcvbuf.client", "<size>", Status::Supported, rcvbuf_client, "receive buffer, client side"),
    row!("tune.rcvbuf.server", "<size>", Status::Supported, rcvbuf_server, "receive buffer, server side"),
    row!("tune.sndbuf.client", "<size>", Status::Supported, sndbuf_client, "send buffer, client side"),
    row!("tune.sndbuf.server", "<size>", Status::Supported, sndbuf_server, "send buffer, server side"),
    row!("tune.comp.maxlevel", "<number>", Status::Supported, comp_maxlevel, "compression level"),
    row!(
        "tune.vars.global-max-size",
        "<size>",
        Status::Supported,
        |draft, cursor| var_limit(draft, cursor, |limits| vec![
            &mut limits.process,
            &mut limits.session,
            &mut limits.transaction,
            &mut limits.message
        ]),
        "memory of all variables of a scope"
    ),
    row!(
        "tune.vars.proc-max-size",
        "<size>",
        Status::Supported,
        |draft, cursor| var_limit(draft, cursor, |limits| vec![
            &mut limits.process,
            &mut limits.session,
            &mut limits.transaction,
            &mut limits.message
        ]),
        "memory of the process's variables"
    ),
    row!(
        "tune.vars.sess-max-size",
        "<size>",
        Status::Supported,
        |draft, cursor| var_limit(draft, cursor, |limits| vec![
            &mut limits.session,
            &mut limits.transaction,
            &mut limits.message
        ]),
        "memory of a session's variables"
    ),
    row!(
        "tune.vars.txn-max-size",
        "<size>",
        Status::Supported,
        |draft, cursor| var_limit(draft, cursor, |limits| vec![&mut limits.transaction, &mut limits.message]),
        "memory of a transaction's variables"
    ),
    row!(
        "tune.vars.reqres-max-size",
        "<size>",
        Status::Supported,
        |draft, cursor| var_limit(draft, cursor, |limits| vec![&mut limits.message]),
        "memory of a message's variables"
    ),
    row!("tune.ssl.*", "...", NO_TLS, accept, "TLS tuning"),
    row!("tune.h2.*", "...", Status::Accepted("HTTP/2 is not part of this version"), accept, "HTTP/2 tuning"),
    row!("tune.quic.*", "...", Status::Accepted("QUIC is not part of this version"), accept, "QUIC tuning"),
    row!("tune.lua.*", "...", Status::Accepted("Lua is not part of this version"), accept, "Lua tuning"),
    row!("tune.*", "...", OWN_MEMORY, accept, "tuning of the original's inside"),
];

type Outcome = Result<(), ParseError>;

fn bufsize(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let size = cursor.size()? as usize;
    if !(1024..=1 << 28).contains(&size) {
        return Err(cursor.error_before("'tune.bufsize' expects a size between 1024 and 268435456."));
    }
    draft.global.bufsize = size;
    draft.global.maxrewrite = draft.global.maxrewrite.min(size / 2);
    cursor.finish()
}

fn maxrewrite(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let size = cursor.size()? as usize;
    draft.global.maxrewrite = size.min(draft.global.bufsize / 2);
    cursor.finish()
}

fn maxaccept(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.maxaccept = cursor.integer()?;
    cursor.finish()
}

fn maxhdr(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let lines: usize = cursor.integer()?;
    if !(1..=32767).contains(&lines) {
        return Err(cursor.error_before("'tune.http.maxhdr' expects a numeric value between 1 and 32767"));
    }
    draft.global.max_headers = lines;
    cursor.finish()
}

fn logurilen(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.log_uri_length = cursor.integer::<usize>()?.max(1) + 1;
    cursor.finish()
}

fn cookielen(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.cookie_length = cursor.integer()?;
    cursor.finish()
}

fn pipesize(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.pipesize = Some(cursor.size()? as usize).filter(|size| *size > 0);
    cursor.finish()
}

fn rcvbuf_client(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.rcvbuf_client = Some(cursor.size()? as u32);
    cursor.finish()
}

fn rcvbuf_server(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.rcvbuf_server = Some(cursor.size()? as u32);
    cursor.finish()
}

fn sndbuf_client(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.sndbuf_client = Some(cursor.size()? as u32);
    cursor.finish()
}

fn sndbuf_server(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.global.sndbuf_server = Some(cursor.size()? as u32);
    cursor.finish()
}

fn comp_maxlevel(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let text = format!("'{}' expects a numeric value between 1 and 9", cursor.keyword());
    let word = cursor.expect_or(|| text.clone())?;
    let level: Option<u32> = word.as_str().parse().ok().filter(|level| (1..=9).contains(level));
    draft.global.compression.level = level.ok_or_else(|| cursor.error_before(text))?;
    cursor.finish()
}

/// `tune.vars.*`: a wider scope's limit bounds the narrower ones too, as its memory includes theirs.
fn var_limit(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    bounds: fn(&mut VarLimits) -> Vec<&mut usize>,
) -> Outcome {
    let size = cursor.size()? as usize;
    for limit in bounds(&mut draft.global.var_limits) {
        *limit = match *limit {
            0 => size,
            own => own.min(size),
        };
    }
    cursor.finish()
}
