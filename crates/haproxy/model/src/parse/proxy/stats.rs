//! `stats ...` of proxies.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use crate::draft::Draft;
use crate::parse::{Keyword, text};

const PROXY: Sections = Sections::PROXY;

macro_rules! row {
    ($name:literal, $args:literal, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: PROXY, args: $args, status: Status::Supported, run: $run, doc: $doc }
    };
}

/// The statistics page.
pub const KEYWORDS: &[Keyword] = &[
    row!("stats enable", "", enable, "show the page with its defaults"),
    row!("stats uri", "<prefix>", uri, "where the page is"),
    row!("stats realm", "<realm>", realm, "realm of the password"),
    row!("stats auth", "<user>:<password>", auth, "who may see the page"),
    row!("stats scope", "{ <name> | . }", scope, "proxies shown"),
    row!("stats refresh", "<time>", refresh, "reload the page by itself"),
    row!("stats hide-version", "", hide_version, "do not show the version"),
    row!("stats show-legends", "", show_legends, "show more"),
    row!("stats show-modules", "", show_modules, "show module counters"),
    row!("stats show-node", "[<name>]", show_node, "show the node's name"),
    row!("stats show-desc", "[<text>]", show_desc, "show a description"),
    row!("stats admin", "{ if | unless } <condition>", admin, "who may change states"),
    row!("stats http-request", "<action> [if <condition>]", http_request, "rules of the page"),
];

type Outcome = Result<(), ParseError>;

fn enable(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats();
    cursor.finish()
}

fn uri(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats().uri = text(cursor, "an URI prefix")?.into_bytes();
    cursor.finish()
}

fn realm(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats().realm = text(cursor, "an realm name")?.into_bytes();
    cursor.finish()
}

fn auth(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let pair = text(cursor, "a user:password account")?;
    let (user, password) = pair.split_once(':').unwrap_or((pair.as_str(), ""));
    draft.px.stats().users.push((user.as_bytes().to_vec(), password.as_bytes().to_vec()));
    cursor.finish()
}

fn scope(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = text(cursor, "a proxy name")?.into_bytes();
    draft.px.stats().scopes.push(name);
    cursor.finish()
}

fn refresh(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    use common_base::duration::TimeUnit;
    let seconds = cursor.duration(TimeUnit::Second, TimeUnit::Second)?;
    draft.px.stats().refresh_s = Some(u64::from(seconds));
    cursor.finish()
}

fn hide_version(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats().hide_version = true;
    cursor.finish()
}

fn show_legends(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats().show_legends = true;
    cursor.finish()
}

fn show_modules(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats().show_modules = true;
    cursor.finish()
}

fn show_node(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let name = cursor.next_word().map(|word| word.as_bytes().to_vec());
    let node = draft.global.node.clone().unwrap_or_default().into_bytes();
    draft.px.stats().node = Some(name.unwrap_or(node));
    cursor.finish()
}

fn show_desc(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let words: Vec<String> = cursor.take_rest().iter().map(|word| word.as_bstr().to_string()).collect();
    let general = draft.global.description.clone().unwrap_or_default();
    draft.px.stats().description =
        Some(if words.is_empty() { general } else { words.join(" ") }.into_bytes());
    Ok(())
}

fn admin(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let condition = super::rules::condition(draft, cursor, "stats admin")?;
    let Some(condition) = condition else {
        return Err(cursor.error("'stats admin' : expects 'if' or 'unless' followed by a condition."));
    };
    draft.px.stats().admin.push(condition);
    Ok(())
}

fn http_request(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.stats();
    super::rules::rule(draft, cursor, haproxy_rules::Family::HttpRequest, |rules| {
        &mut rules.stats_http_request
    })
}
