//! The `log-profile` section.

use std::sync::Arc;

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_expr::{Context, Contexts, LogFormat, Style};

use super::{Keyword, text};
use crate::draft::{Draft, LogProfileDraft};
use crate::log_profile::{LogProfile, STEPS, StepLine};

/// Log profiles.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "log-tag",
        sections: Sections::LOG_PROFILE,
        args: "<tag>",
        status: Status::Supported,
        run: log_tag,
        doc: "program name in log lines",
    },
    Keyword {
        name: "on",
        sections: Sections::LOG_PROFILE,
        args: "<step> [drop] [format <format>] [sd <format>]",
        status: Status::Supported,
        run: on,
        doc: "the line of a step",
    },
];

type Outcome = Result<(), ParseError>;

/// Opens a section.
pub fn open(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'log-profile' expects a <name> argument"));
    };
    let name = word.as_bstr().to_string();
    let number = draft.log_profile_number(&name);
    let profile = &mut draft.log_profiles[number as usize];
    if profile.defined {
        return Err(cursor.error_before(format!("log-profile section '{name}' was declared before.")));
    }
    *profile = LogProfileDraft { defined: true, profile: LogProfile { name, ..LogProfile::default() } };
    draft.log_profile = number;
    cursor.finish()
}

fn profile(draft: &mut Draft) -> &mut LogProfile {
    &mut draft.log_profiles[draft.log_profile as usize].profile
}

fn log_tag(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let tag = text(cursor, "a tag for use in syslog")?.into_bytes();
    profile(draft).tag = Some(tag);
    cursor.finish()
}

/// The step that stands for all others.
const ANY: &str = "any";

fn on(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let step = text(cursor, "a logging step")?;
    let number = STEPS.iter().position(|(name, _)| *name == step);
    if number.is_none() && step != ANY {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(cursor.error_before(format!(
            "'on' : unknown step '{step}', expects one of {}, {ANY}.",
            known.join(", ")
        )));
    }
    let mut line = StepLine::default();
    while let Some(word) = cursor.peek() {
        if cursor.take_if("drop") {
            line.drop = true;
        } else if cursor.take_if("format") {
            line.format = Some(format(draft, cursor, "format")?);
        } else if cursor.take_if("sd") {
            line.structured = Some(format(draft, cursor, "sd")?);
        } else {
            return Err(cursor.error(format!("'on {step}' expects 'drop', 'format' or 'sd' (got '{word}').")));
        }
    }
    let profile = profile(draft);
    match number {
        Some(number) => profile.steps[number] = Some(line),
        None => profile.any = Some(line),
    }
    Ok(())
}

fn format(draft: &mut Draft, cursor: &mut Cursor<'_>, option: &str) -> Result<Arc<LogFormat>, ParseError> {
    let written = cursor.expect_or(|| format!("'{option}' expects a format."))?.as_bstr().to_string();
    let contexts = Contexts::of(Context::Log);
    let parsed =
        draft.with_expr(contexts, "log-profile format", |cx, _| LogFormat::parse(&written, Style::Log, cx));
    parsed
        .map(Arc::new)
        .map_err(|fault| cursor.error_before(format!("failed to parse {option} : {}.", fault.message)))
}
