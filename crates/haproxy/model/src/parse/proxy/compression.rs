//! `compression` of proxies.

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_filters::compress::{Algorithm, Directions, Settings};

use crate::draft::Draft;
use crate::parse::{Keyword, text};
use crate::settings::Role;

const PROXY: Sections = Sections::PROXY;

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: PROXY, args: $args, status: Status::Supported, run: $run, doc: $doc }
    };
}

/// Compression.
pub const KEYWORDS: &[Keyword] = &[
    row!("compression algo", "<algorithm> ...", algo, "compress responses so"),
    row!("compression algo-res", "<algorithm> ...", algo, "compress responses so"),
    row!("compression algo-req", "<algorithm>", algo_req, "compress requests so"),
    row!("compression type", "<mime type> ...", types, "responses that are compressed"),
    row!("compression type-res", "<mime type> ...", types, "responses that are compressed"),
    row!("compression type-req", "<mime type> ...", types_req, "requests that are compressed"),
    row!("compression minsize-req", "<size>", minsize_req, "smallest request that is compressed"),
    row!("compression minsize-res", "<size>", minsize_res, "smallest response that is compressed"),
    row!("compression offload", "", offload, "servers are not asked to compress"),
    row!("compression direction", "{ request | response | both }", direction, "what is compressed"),
    row!("compression", "...", incomplete, "compression"),
];

type Outcome = Result<(), ParseError>;

fn settings(draft: &mut Draft) -> &mut Settings {
    draft.px.settings.compression.get_or_insert_default()
}

fn algo(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let mut algorithms = vec![algorithm(cursor)?];
    while !cursor.at_end() {
        algorithms.push(algorithm(cursor)?);
    }
    settings(draft).response_algorithms.extend(algorithms);
    Ok(())
}

fn algo_req(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let algorithm = algorithm(cursor)?;
    settings(draft).request_algorithm = Some(algorithm);
    cursor.finish()
}

fn algorithm(cursor: &mut Cursor<'_>) -> Result<Algorithm, ParseError> {
    let word = cursor.expect_or(|| "'compression' expects <algorithm>.".to_owned())?.as_str();
    Algorithm::named(word)
        .ok_or_else(|| cursor.error_before(format!("'compression' : '{word}' is not a supported algorithm.")))
}

fn types(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let types = media_types(cursor)?;
    settings(draft).response_types.extend(types);
    Ok(())
}

fn types_req(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let types = media_types(cursor)?;
    settings(draft).request_types.extend(types);
    Ok(())
}

fn media_types(cursor: &mut Cursor<'_>) -> Result<Vec<Vec<u8>>, ParseError> {
    if cursor.at_end() {
        return Err(cursor.error("'compression' expects <type>."));
    }
    Ok(cursor.take_rest().iter().map(|word| word.as_bytes().to_vec()).collect())
}

fn minsize_req(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    settings(draft).request_min_bytes = cursor.size()?;
    cursor.finish()
}

fn minsize_res(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    settings(draft).response_min_bytes = cursor.size()?;
    cursor.finish()
}

fn offload(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if draft.px.role == Some(Role::Defaults) {
        cursor.warn("'compression' : 'offload' ignored in 'defaults' section.");
    } else {
        settings(draft).offload = true;
    }
    // words behind it were never looked at
    cursor.take_rest();
    Ok(())
}

/// Words of `direction` and what they stand for.
const DIRECTIONS: &[(&str, Directions)] = &[
    ("request", Directions { request: true, response: false }),
    ("response", Directions { request: false, response: true }),
    ("both", Directions { request: true, response: true }),
];

fn direction(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let word = text(cursor, "'request', 'response', or 'both'")?;
    let Some((_, directions)) = DIRECTIONS.iter().find(|(name, _)| *name == word) else {
        return Err(
            cursor.error_before("'compression' : direction expects 'request', 'response', or 'both'.")
        );
    };
    settings(draft).direction = *directions;
    cursor.finish()
}

fn incomplete(_: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    Err(cursor.error(
        "'compression' expects 'algo', 'type', 'direction', 'offload', 'minsize-req' or 'minsize-res'",
    ))
}
