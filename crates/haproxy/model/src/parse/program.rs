//! The `program` section of versions 2.0 to 3.2: programs the master starts beside its worker.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use super::{Keyword, text};
use crate::draft::Draft;
use crate::global::Program;

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        Keyword {
            name: $name,
            sections: Sections::PROGRAM,
            args: $args,
            status: Status::Supported,
            run: $run,
            doc: $doc,
        }
    };
}

/// Lines of a program.
pub const KEYWORDS: &[Keyword] = &[
    row!("command", "<command> [arguments]*", command, "what to start"),
    row!("user", "<name>", user, "user it runs as"),
    row!("group", "<name>", group, "group it runs as"),
    row!("option start-on-reload", "", start_on_reload, "start it anew with each reload"),
];

/// Opens the section.
pub(super) fn open(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    cursor.warn(
        "the 'program' section is gone since HAProxy 3.3; it is still read, but a service manager is the place for \
         such programs.",
    );
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'program' expects an <id> argument"));
    };
    let name = word.as_bstr().to_string();
    if draft.global.programs.iter().any(|program| program.name == name) {
        return Err(ParseError::new(format!(
            "'{name}' program section already exists in the configuration."
        )));
    }
    draft.global.programs.push(Program::new(name));
    cursor.finish()
}

/// The program being read; none when its section line was refused.
fn current(draft: &mut Draft) -> Option<&mut Program> {
    draft.global.programs.last_mut()
}

fn command(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_bstr().to_string()).collect();
    if words.is_empty() {
        return Err(cursor.error("'command' expects a command line"));
    }
    if let Some(program) = current(draft) {
        program.command = words;
    }
    Ok(())
}

fn user(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = text(cursor, "a user name")?;
    let Some(id) = super::global::user_id(draft, &name) else {
        return Err(cursor.error_before(format!("cannot find user id for '{name}' (0:Success)")));
    };
    if let Some(program) = current(draft) {
        program.uid = Some(id);
    }
    cursor.finish()
}

fn group(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = text(cursor, "a group name")?;
    let Some(id) = super::global::group_id(draft, &name) else {
        return Err(cursor.error_before(format!("cannot find group id for '{name}' (0:Success)")));
    };
    if let Some(program) = current(draft) {
        program.gid = Some(id);
    }
    cursor.finish()
}

fn start_on_reload(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let wanted = !super::global::negated(cursor);
    if let Some(program) = current(draft) {
        program.start_on_reload = wanted;
    }
    cursor.finish()
}
