//! `errorfile`, `errorloc`, `errorfiles`, `http-error`, and the `http-errors` section.

use haproxy_conf::{Cursor, ParseError, Sections, Status};
use haproxy_rules::{ErrorLine, Family, http_error as pages};

use crate::draft::Draft;
use crate::parse::Keyword;

const PROXY: Sections = Sections::PROXY;
const ANYWHERE: Sections = Sections::PROXY.and(Sections::HTTP_ERRORS);

/// Error pages.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "errorfile",
        sections: ANYWHERE,
        args: "<code> <file>",
        status: Status::Supported,
        run: errorfile,
        doc: "answer from a file",
    },
    Keyword {
        name: "errorloc",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorloc302",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorloc303",
        sections: PROXY,
        args: "<code> <url>",
        status: Status::Supported,
        run: errorloc,
        doc: "redirect instead of an error",
    },
    Keyword {
        name: "errorfiles",
        sections: PROXY,
        args: "<section> [<code> ...]",
        status: Status::Supported,
        run: errorfiles,
        doc: "answers from an http-errors section",
    },
    Keyword {
        name: "http-error",
        sections: PROXY,
        args: "status <code> [...]",
        status: Status::Supported,
        run: http_error,
        doc: "answer made of parts",
    },
];

type Outcome = Result<(), ParseError>;

fn keep(draft: &mut Draft, line: ErrorLine) {
    match line {
        ErrorLine::Page(status, page) if draft.section == Sections::HTTP_ERRORS => {
            let name = draft.section_name.clone();
            draft.http_errors.entry(name).or_default().set(status, page);
        }
        line => {
            let place = draft.place.clone();
            draft.px.settings.errors.written.push((line, place));
        }
    }
}

fn errorfile(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    if draft.section == Sections::HTTP_ERRORS && cursor.rest().len() < 2 {
        return Err(cursor.error("errorfile: expects <status_code> and <file> as arguments."));
    }
    let line = pages::errorfile(cursor, &draft.named_files())?;
    keep(draft, line);
    Ok(())
}

fn errorloc(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let line = pages::errorloc(&cursor.keyword(), cursor)?;
    keep(draft, line);
    Ok(())
}

fn errorfiles(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let line = pages::errorfiles(cursor)?;
    keep(draft, line);
    Ok(())
}

fn http_error(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let line = draft.with_rules(Family::HttpRequest, |load| pages::http_error(cursor, load))?;
    keep(draft, line);
    Ok(())
}
