//! Opening and closing sections.

use haproxy_conf::{Cursor, Diagnostics, ParseError, Sections, Severity, Status};

use super::Keyword;
use crate::draft::{Draft, ProxyDraft, UserlistDraft};
use crate::settings::Role;

/// Keywords of sections that belong to features not built yet are not read one by one; see [`open`].
pub const KEYWORDS: &[Keyword] = &[];

/// A keyword that opens a section.
pub struct Opener {
    /// The keyword.
    pub keyword: &'static str,
    /// How far the section goes. One that is refused is passed over as a whole.
    pub status: Status,
    /// Reads the rest of its line.
    pub open: fn(&mut Draft, &mut Cursor<'_>) -> Result<(), ParseError>,
    /// One line of documentation.
    pub doc: &'static str,
}

const fn opens(
    keyword: &'static str,
    open: fn(&mut Draft, &mut Cursor<'_>) -> Result<(), ParseError>,
    doc: &'static str,
) -> Opener {
    Opener { keyword, status: Status::Supported, open, doc }
}

const fn missing(keyword: &'static str, doc: &'static str) -> Opener {
    Opener { keyword, status: Status::Refused(NOT_HERE), open: super::refuse, doc }
}

const NOT_HERE: &str = "not available in this version of rhaproxy";

/// All of them.
pub const OPENERS: &[Opener] = &[
    opens("global", |_, cursor| cursor.finish(), "the process"),
    opens("defaults", open_defaults, "settings for the proxies that follow"),
    opens("listen", |draft, cursor| open_proxy(draft, cursor, Role::Listen), "frontend and backend in one"),
    opens("frontend", |draft, cursor| open_proxy(draft, cursor, Role::Frontend), "where clients arrive"),
    opens("backend", |draft, cursor| open_proxy(draft, cursor, Role::Backend), "where servers are"),
    opens("userlist", open_userlist, "users and groups"),
    opens("http-errors", open_http_errors, "a set of error pages"),
    missing("peers", "processes that share stick tables"),
    missing("resolvers", "name servers asked at run time"),
    missing("mailers", "mail servers for alerts"),
    opens("cache", super::cache::open, "a store of responses"),
    missing("ring", "a buffer of events"),
    missing("log-forward", "log lines taken and passed on"),
    opens("log-profile", super::log_profile::open, "log formats by step"),
    missing("fcgi-app", "a FastCGI application"),
    missing("crt-store", "certificates"),
    missing("acme", "certificates fetched from an authority"),
    missing("healthcheck", "a health check to share"),
    missing("traces", "what is traced"),
    missing("namespace_list", "network namespaces by name"),
    opens("program", super::program::open, "a program started by the master"),
];

/// Keywords that open a section.
pub const SECTIONS: &[&str] = &names();

const fn names() -> [&'static str; OPENERS.len()] {
    let mut names = [""; OPENERS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = OPENERS[at].keyword;
        at += 1;
    }
    names
}

/// Sections whose contents are passed over, because the section line was refused as a whole.
pub fn is_foreign(section: Sections) -> bool {
    section == Sections::NONE
}

/// Opens the section a line names.
pub fn open(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let keyword = cursor.line().keyword().to_owned();
    draft.section = Sections::of_keyword(&keyword).unwrap_or(Sections::NONE);
    draft.section_name = String::new();
    let Some(opener) = OPENERS.iter().find(|opener| opener.keyword == keyword) else {
        draft.section = Sections::NONE;
        return Err(cursor.error(format!("unknown section '{keyword}'.")));
    };
    if let Status::Refused(why) = opener.status {
        draft.section = Sections::NONE;
        cursor.take_rest();
        return Err(ParseError::new(format!("section '{keyword}' is {why}; its lines are not read.")));
    }
    (opener.open)(draft, cursor)
}

fn open_userlist(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = section_name(cursor, "userlist")?;
    if draft.userlists.contains_key(&name) {
        cursor.warn(format!("ignoring duplicate userlist '{name}'."));
    }
    draft.userlists.insert(name.clone(), UserlistDraft::default());
    draft.section_name = name;
    cursor.finish()
}

fn open_http_errors(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let name = section_name(cursor, "http-errors")?;
    draft.http_errors.entry(name.clone()).or_default();
    draft.section_name = name;
    cursor.finish()
}

fn section_name(cursor: &mut Cursor<'_>, what: &str) -> Result<String, ParseError> {
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error(format!("'{what}' expects a name.")));
    };
    let name = word.as_bstr().to_string();
    check_name(&name, what, cursor)?;
    Ok(name)
}

/// Names of sections and proxies: letters, digits and `_ - . :`.
fn check_name(name: &str, what: &str, cursor: &Cursor<'_>) -> Result<(), ParseError> {
    let bad = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')));
    match bad {
        Some(c) => {
            Err(cursor.error_before(format!("character '{c}' is not permitted in '{what}' name '{name}'.")))
        }
        None => Ok(()),
    }
}

fn open_defaults(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let mut name = String::new();
    if !cursor.at_end() && cursor.peek_str() != "from" {
        name = cursor.next_word().map(|word| word.as_bstr().to_string()).unwrap_or_default();
        check_name(&name, "defaults", cursor)?;
    }
    let mut px = match parent(draft, cursor)? {
        Some(parent) => inherit(parent),
        None => ProxyDraft::default(),
    };
    px.role = Some(Role::Defaults);
    px.name = name;
    px.place = draft.place.clone();
    draft.px = px;
    cursor.finish()
}

/// The `from NAME` part, or `None`.
fn parent<'d>(draft: &'d Draft, cursor: &mut Cursor<'_>) -> Result<Option<&'d ProxyDraft>, ParseError> {
    if !cursor.take_if("from") {
        return Ok(None);
    }
    let Some(word) = cursor.next_word() else {
        return Err(cursor.error("'from' expects the name of a defaults section."));
    };
    let name = word.as_bstr().to_string();
    match draft.defaults.iter().rev().find(|d| d.name == name) {
        Some(found) => Ok(Some(found)),
        None => Err(cursor
            .error_before(format!("defaults section '{name}' not found for '{}'.", cursor.line().keyword()))),
    }
}

/// What a proxy takes over from a defaults section. ACLs stay there: only its own rules see them (manual §4.1).
fn inherit(parent: &ProxyDraft) -> ProxyDraft {
    ProxyDraft {
        settings: parent.settings.clone(),
        rules: parent.rules.clone(),
        default_server: parent.default_server.clone(),
        disabled: parent.disabled,
        stats_seen: parent.stats_seen,
        ..ProxyDraft::default()
    }
}

fn open_proxy(draft: &mut Draft, cursor: &mut Cursor<'_>, role: Role) -> Result<(), ParseError> {
    let keyword = role.keyword();
    let Some(word) = cursor.next_word() else {
        draft.section = Sections::NONE;
        return Err(cursor.error(format!("'{keyword}' expects an <id> argument")));
    };
    let name = word.as_bstr().to_string();
    check_name(&name, keyword, cursor)?;
    let addresses = match cursor.peek_str() {
        "" | "from" => None,
        _ => cursor.next_word().map(|word| word.as_bstr().to_string()),
    };
    let explicit = parent(draft, cursor)?;
    let mut px = match explicit.or(draft.defaults.last()) {
        Some(parent) => inherit(parent),
        None => ProxyDraft::default(),
    };
    px.name = name.clone();
    px.role = Some(role);
    px.place = draft.place.clone();
    same_name(draft, &name, role, cursor)?;
    draft.px = px;
    if let Some(addresses) = addresses {
        let hint = format!("bind {addresses}");
        cursor.warn(format!(
            "the address '{addresses}' on the '{keyword}' line is a form of older versions. Please use the 'bind' keyword for listening addresses: '{hint}'."
        ));
        super::bind::addresses(draft, &addresses, None).map_err(|message| cursor.error_before(message))?;
    }
    cursor.finish()
}

/// Two proxies of one name: a frontend and a backend may share it, with a warning; others may not.
fn same_name(draft: &Draft, name: &str, role: Role, cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let named = draft.proxies_named.get(name).into_iter().flatten();
    let mut others = named.filter_map(|index| draft.proxies.get(*index));
    let Some(other) = others.clone().find(|px| {
        let theirs = px.role.unwrap_or(Role::Defaults);
        (theirs.is_frontend() && role.is_frontend()) || (theirs.is_backend() && role.is_backend())
    }) else {
        if let Some(other) = others.next() {
            cursor.warn(format!(
                "{} '{name}' has the same name as {} '{name}' declared at {}:{}. Use two names, HAProxy 3.3 and later refuse one name for both.",
                role.keyword(),
                other.role.map_or("", Role::keyword),
                other.place.file,
                other.place.line
            ));
        }
        return Ok(());
    };
    Err(cursor.error_before(format!(
        "{} '{name}' has the same name as {} '{name}' declared at {}:{}.",
        role.keyword(),
        other.role.map_or("", Role::keyword),
        other.place.file,
        other.place.line
    )))
}

/// Ends the section being read.
pub fn close(draft: &mut Draft, diags: &mut Diagnostics) {
    draft.section = Sections::NONE;
    let px = std::mem::take(&mut draft.px);
    match px.role {
        None => {}
        Some(Role::Defaults) => draft.defaults.push(px),
        Some(_) => {
            if draft.proxies.len() >= u16::MAX as usize {
                diags.plain(Severity::Alert, "too many proxies.");
                return;
            }
            draft.proxies_named.entry(px.name.clone()).or_default().push(draft.proxies.len());
            draft.proxies.push(px);
        }
    }
}
