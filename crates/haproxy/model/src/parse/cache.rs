//! The `cache` section.

use haproxy_conf::{Cursor, Diagnostics, ParseError, Sections, Severity, Status};
use haproxy_filters::cache::{BLOCK_BYTES, Settings, blocks_of_megabytes};

use super::Keyword;
use crate::draft::{CacheDraft, Draft};

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        Keyword {
            name: $name,
            sections: Sections::CACHE,
            args: $args,
            status: Status::Supported,
            run: $run,
            doc: $doc,
        }
    };
}

/// Caches.
pub const KEYWORDS: &[Keyword] = &[
    row!("total-max-size", "<megabytes>", total_max_size, "memory of the cache"),
    row!("max-object-size", "<bytes>", max_object_size, "largest object kept"),
    row!("max-age", "<seconds>", max_age, "how long objects are kept at most"),
    row!("process-vary", "{ on | off }", process_vary, "whether responses that vary are kept"),
    row!("max-secondary-entries", "<number>", max_secondary_entries, "variants of one answer at most"),
];

/// Largest `total-max-size`, megabytes.
const TOTAL_MAX: u32 = 4095;

type Outcome = Result<(), ParseError>;

/// Opens a section.
pub fn open(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'cache' expects a <name> argument"));
    };
    let name = word.as_bstr().to_string();
    if draft.caches.iter().any(|cache| cache.name == name) {
        return Err(cursor.error_before(format!("Duplicate cache name '{name}'.")));
    }
    draft.caches.push(CacheDraft { name, settings: Settings::default() });
    cursor.finish()
}

/// Checks the sections once all are read.
pub fn check(draft: &mut Draft, diags: &mut Diagnostics) {
    for cache in &mut draft.caches {
        let settings = &mut cache.settings;
        if settings.blocks == 0 {
            diags.plain(Severity::Alert, format!("Size not specified for cache '{}'", cache.name));
            continue;
        }
        let total = u64::from(settings.blocks) * BLOCK_BYTES;
        if settings.object_max_bytes == 0 {
            settings.object_max_bytes = total >> 8;
        } else if settings.object_max_bytes > total / 2 {
            let text =
                format!("\"max-object-size\" is limited to an half of \"total-max-size\" => {}", total / 2);
            diags.plain(Severity::Alert, text);
        }
    }
}

fn settings(draft: &mut Draft) -> Result<&mut Settings, ParseError> {
    let last = draft.caches.last_mut();
    last.map(|cache| &mut cache.settings).ok_or_else(|| ParseError::new("no cache section is open"))
}

fn number(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    let keyword = cursor.keyword();
    let text = cursor.next_word().map(|word| word.as_bstr().to_string()).unwrap_or_default();
    let number = text.parse().map_err(|_| cursor.error_before(format!("{keyword} wrong value '{text}'")))?;
    cursor.finish()?;
    Ok(number)
}

fn total_max_size(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let megabytes = number(cursor)?;
    if megabytes > TOTAL_MAX {
        return Err(cursor
            .error_before(format!("\"total-max-size\" ({megabytes}) must not be greater than {TOTAL_MAX}")));
    }
    settings(draft)?.blocks = blocks_of_megabytes(megabytes);
    Ok(())
}

fn max_object_size(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    settings(draft)?.object_max_bytes = u64::from(number(cursor)?);
    Ok(())
}

fn max_age(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let Some(word) = cursor.next_word() else {
        cursor.warn("'max-age' expects an age parameter in seconds.");
        return Ok(());
    };
    // what is no number counts as far as it is one
    let digits: String = word.as_str().chars().take_while(char::is_ascii_digit).collect();
    settings(draft)?.age_max_s = digits.parse().unwrap_or(0);
    cursor.finish()
}

/// Words of `process-vary`.
const SWITCH: &[(&str, bool)] = &[("on", true), ("off", false)];

fn process_vary(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let word = cursor.next_word().map_or("", |word| word.as_str());
    match SWITCH.iter().find(|(name, _)| *name == word) {
        Some((_, on)) => settings(draft)?.vary = *on,
        None => cursor.warn("'process-vary' expects \"on\" or \"off\" (enable or disable vary processing)."),
    }
    cursor.finish()
}

fn max_secondary_entries(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let number = number(cursor)?;
    if number == 0 {
        return Err(cursor.error_before("max-secondary-entries wrong value '0'"));
    }
    settings(draft)?.secondary_max = number;
    Ok(())
}
