//! The `userlist` section.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use super::{Keyword, text};
use crate::draft::Draft;

/// Users and groups.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        name: "user",
        sections: Sections::USERLIST,
        args: "<name> [password | insecure-password <password>] [groups <list>]",
        status: Status::Supported,
        run: user,
        doc: "a user",
    },
    Keyword {
        name: "group",
        sections: Sections::USERLIST,
        args: "<name> [users <list>]",
        status: Status::Supported,
        run: group,
        doc: "a group",
    },
];

fn list(word: &str) -> Vec<String> {
    word.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn user(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = text(cursor, "a name")?;
    let mut password = String::new();
    let mut hashed = true;
    let mut groups = Vec::new();
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "password" => password = text(cursor, "a password")?,
            "insecure-password" => {
                password = text(cursor, "a password")?;
                hashed = false;
            }
            "groups" => groups = list(&text(cursor, "a list of groups")?),
            other => return Err(cursor.error_before(format!(
                "'user' only supports 'groups', 'password' and 'insecure-password' options (got '{other}')."
            ))),
        }
    }
    let section = draft.section_name.clone();
    let users = &mut draft.userlists.entry(section.clone()).or_default().users;
    if users.iter().any(|(other, ..)| *other == name) {
        cursor.warn(format!("ignoring duplicated user '{name}' in userlist '{section}'."));
        return Ok(());
    }
    users.push((name, password, hashed, groups));
    Ok(())
}

fn group(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = text(cursor, "a name")?;
    let mut users = Vec::new();
    while let Some(word) = cursor.next_word() {
        match word.as_str() {
            "users" => users = list(&text(cursor, "a list of users")?),
            other => {
                return Err(
                    cursor.error_before(format!("'group' only supports 'users' option (got '{other}')."))
                );
            }
        }
    }
    let section = draft.section_name.clone();
    draft.userlists.entry(section).or_default().groups.push((name, users));
    Ok(())
}
