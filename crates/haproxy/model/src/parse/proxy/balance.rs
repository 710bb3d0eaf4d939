//! `balance`, `hash-type`, `hash-balance-factor`.

use std::sync::Arc;

use haproxy_balance::Algorithm;
use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_expr::{Context, Contexts, Expr};

use crate::draft::Draft;
use crate::parse::Keyword;

const BACK: Sections = Sections::BACK;

/// Load balancing.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "balance",
        sections: BACK,
        args: "<algorithm> [<arguments>]",
        status: Status::Supported,
        run: balance,
        doc: "how servers are chosen",
    },
    Keyword {
        name: "hash-type",
        sections: BACK,
        args: "<method> [<function> [<modifier>]]",
        status: Status::Supported,
        run: hash_type,
        doc: "how hashes choose a server",
    },
    Keyword {
        name: "hash-balance-factor",
        sections: BACK,
        args: "<percent>",
        status: Status::Supported,
        run: hash_balance_factor,
        doc: "bounded load for consistent hashes",
    },
    Keyword {
        name: "hash-preserve-affinity",
        sections: BACK,
        args: "{ always | maxconn | maxqueue }",
        status: Status::Accepted("a hashed request waits for its server"),
        run: crate::parse::accept,
        doc: "full servers and hashes",
    },
];

type Outcome = Result<(), ParseError>;

fn balance(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<&str> = cursor.take_rest().iter().map(|word| word.as_str()).collect();
    let algorithm = haproxy_balance::parse::balance(&words).map_err(ParseError::new)?;
    let written = match &algorithm {
        Algorithm::Hash(expression) => Some(expression.clone()),
        Algorithm::RdpCookie { name } => Some(format!("req.rdp_cookie({})", String::from_utf8_lossy(name))),
        Algorithm::LogHash(_) | Algorithm::Sticky => {
            return Err(ParseError::new(format!(
                "balance '{}' is only for 'mode log', which is not part of this version of rhaproxy.",
                words[0]
            )));
        }
        _ => None,
    };
    draft.px.settings.balance_key = match written {
        None => None,
        Some(text) => {
            let parsed =
                draft.with_expr(Contexts::of(Context::BeUseServer), "balance hash expression", |cx, _| {
                    let words: Vec<&str> = text.split(' ').collect();
                    Expr::parse_words(&words, cx)
                });
            let (expr, _) = parsed
                .map_err(|fault| ParseError::new(format!("balance hash '{text}' : {}.", fault.message)))?;
            Some(Arc::new(expr))
        }
    };
    draft.px.settings.balance.algorithm = algorithm;
    Ok(())
}

fn hash_type(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<&str> = cursor.take_rest().iter().map(|word| word.as_str()).collect();
    draft.px.settings.balance.hash_type =
        haproxy_balance::parse::hash_type(&words).map_err(ParseError::new)?;
    Ok(())
}

fn hash_balance_factor(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let factor: u32 = cursor.integer()?;
    if factor != 0 && factor <= 100 {
        return Err(cursor.error_before("'hash-balance-factor' must be 0 or greater than 100."));
    }
    draft.px.settings.balance.balance_factor = factor;
    cursor.finish()
}
