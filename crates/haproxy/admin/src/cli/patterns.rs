//! Maps and lists of patterns.

use std::fmt::Write;
use std::sync::Arc;

use haproxy_expr::pattern::store::PatternRef;

use super::{Answer, Call, Command, Level};

/// Maps and lists of patterns.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        words: &["add", "acl"],
        usage: "add acl [@<ver>] <acl> <pattern>",
        doc: "add an acl entry",
        level: Level::Operator,
        experimental: false,
        run: |call| add(call, Kind::Acl),
    },
    Command {
        words: &["add", "map"],
        usage: "add map [@<ver>] <map> <key> <val>",
        doc: "add a map entry (payload supported instead of key/val)",
        level: Level::Operator,
        experimental: false,
        run: |call| add(call, Kind::Map),
    },
    Command {
        words: &["clear", "acl"],
        usage: "clear acl [@<ver>] <acl>",
        doc: "clear the contents of this acl",
        level: Level::Operator,
        experimental: false,
        run: |call| clear(call, Kind::Acl),
    },
    Command {
        words: &["clear", "map"],
        usage: "clear map [@<ver>] <map>",
        doc: "clear the contents of this map",
        level: Level::Operator,
        experimental: false,
        run: |call| clear(call, Kind::Map),
    },
    Command {
        words: &["commit", "acl"],
        usage: "commit acl @<ver> <acl>",
        doc: "commit the ACL at this version",
        level: Level::Operator,
        experimental: false,
        run: |call| commit(call, Kind::Acl),
    },
    Command {
        words: &["commit", "map"],
        usage: "commit map @<ver> <map>",
        doc: "commit the map at this version",
        level: Level::Operator,
        experimental: false,
        run: |call| commit(call, Kind::Map),
    },
    Command {
        words: &["del", "acl"],
        usage: "del acl <acl> [<key>|#<ref>]",
        doc: "delete acl entries matching <key>",
        level: Level::Operator,
        experimental: false,
        run: |call| delete(call, Kind::Acl),
    },
    Command {
        words: &["del", "map"],
        usage: "del map <map> [<key>|#<ref>]",
        doc: "delete map entries matching <key>",
        level: Level::Operator,
        experimental: false,
        run: |call| delete(call, Kind::Map),
    },
    Command {
        words: &["prepare", "acl"],
        usage: "prepare acl <acl>",
        doc: "prepare a new version for atomic ACL replacement",
        level: Level::Operator,
        experimental: false,
        run: |call| prepare(call, Kind::Acl),
    },
    Command {
        words: &["prepare", "map"],
        usage: "prepare map <acl>",
        doc: "prepare a new version for atomic map replacement",
        level: Level::Operator,
        experimental: false,
        run: |call| prepare(call, Kind::Map),
    },
    Command {
        words: &["set", "map"],
        usage: "set map <map> [<key>|#<ref>] <value>",
        doc: "modify a map entry",
        level: Level::Operator,
        experimental: false,
        run: set,
    },
    Command {
        words: &["show", "acl"],
        usage: "show acl [@<ver>] <acl>]",
        doc: "report available acls or dump an acl's contents",
        level: Level::Operator,
        experimental: false,
        run: |call| show(call, Kind::Acl),
    },
    Command {
        words: &["show", "map"],
        usage: "show map [@ver] [map]",
        doc: "report available maps or dump a map's contents",
        level: Level::Operator,
        experimental: false,
        run: |call| show(call, Kind::Map),
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Acl,
    Map,
}

impl Kind {
    fn unknown(self) -> String {
        match self {
            Kind::Acl => "Unknown ACL identifier. Please use #<id> or <file>.\n".to_owned(),
            Kind::Map => "Unknown map identifier. Please use #<id> or <file>.\n".to_owned(),
        }
    }
}

/// The list a command names, the version it names, and the words behind.
struct Target {
    list: Arc<PatternRef>,
    version: Option<u32>,
    rest: Vec<String>,
}

fn target(call: &Call<'_>, kind: Kind) -> Result<Target, String> {
    let mut words = call.args.iter();
    let mut name = words.next().map_or("", String::as_str);
    let mut version = None;
    if let Some(number) = name.strip_prefix('@') {
        version =
            Some(number.parse().map_err(|_| "Version number must be a positive integer.\n".to_owned())?);
        name = words.next().map_or("", String::as_str);
    }
    let number = name.strip_prefix('#').and_then(|number| number.parse::<u32>().ok());
    let lists = call.cx.patterns.load();
    let is_it = |list: &&Arc<PatternRef>| {
        let named = list.name.as_deref().is_some_and(|own| own == name) || number == Some(list.id);
        named && (kind == Kind::Acl || list.is_map)
    };
    let list = lists.iter().find(is_it).cloned().ok_or_else(|| kind.unknown())?;
    Ok(Target { list, version, rest: words.cloned().collect() })
}

fn show(call: &mut Call<'_>, kind: Kind) -> Answer {
    if call.args.is_empty() {
        return overview(call, kind).into();
    }
    let dump = target(call, kind).and_then(|target| {
        let mut out = String::new();
        let known = target.list.each(target.version, |id, key, value| {
            let _ = write!(out, "{:#x} {}", id, String::from_utf8_lossy(key));
            if target.list.is_map {
                let _ = write!(out, " {}", String::from_utf8_lossy(value));
            }
            out.push('\n');
        });
        known.then_some(out).ok_or_else(|| "Version number out of range.\n".to_owned())
    });
    dump.into()
}

fn overview(call: &Call<'_>, kind: Kind) -> String {
    let mut out = String::from("# id (file) description\n");
    for list in call.cx.patterns.load().iter().filter(|list| list.is_map == (kind == Kind::Map)) {
        let display = list.display.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (current, next) = list.versions();
        let _ = writeln!(
            out,
            "{} ({}) {display}. curr_ver={current} next_ver={next} entry_cnt={}",
            list.id,
            list.name.as_deref().unwrap_or(""),
            list.len()
        );
    }
    out
}

fn add(call: &mut Call<'_>, kind: Kind) -> Answer {
    let payload = call.payload.clone();
    let added = target(call, kind).and_then(|target| {
        let add = |key: &str, value: &str| {
            let done = target.list.add(key.as_bytes(), value.as_bytes(), target.version);
            done.map_err(|fault| format!("{fault}.\n"))
        };
        if let Some(payload) = &payload {
            for line in payload.lines().map(str::trim).filter(|line| !line.is_empty()) {
                match (kind, line.split_once([' ', '\t'])) {
                    (Kind::Acl, _) => add(line, "")?,
                    (Kind::Map, Some((key, value))) => add(key, value.trim_start())?,
                    (Kind::Map, None) => return Err("Missing value.\n".to_owned()),
                }
            }
            return Ok("");
        }
        match (kind, target.rest.first(), target.rest.get(1)) {
            (Kind::Acl, Some(key), _) => add(key, "")?,
            (Kind::Map, Some(key), Some(value)) => add(key, value)?,
            (Kind::Acl, None, _) => return Err("'add acl' expects two parameters: ACL identifier and pattern.\n".to_owned()),
            (Kind::Map, _, _) => return Err("'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) and a payload\n".to_owned()),
        }
        Ok("")
    });
    added.into()
}

/// Number of an entry, `#0x1f`.
fn entry_number(word: &str) -> Option<u32> {
    let digits = word.strip_prefix('#')?;
    u32::from_str_radix(digits.strip_prefix("0x").unwrap_or(digits), 16).ok()
}

fn delete(call: &mut Call<'_>, kind: Kind) -> Answer {
    let deleted = target(call, kind).and_then(|target| {
        let key = target.rest.first().map_or("", String::as_str);
        let found = match entry_number(key) {
            Some(id) => target.list.delete_id(id),
            None => target.list.delete(key.as_bytes()) > 0,
        };
        if found { Ok("") } else { Err("Key not found.\n".to_owned()) }
    });
    deleted.into()
}

fn set(call: &mut Call<'_>) -> Answer {
    let changed = target(call, Kind::Map).and_then(|target| {
        let (Some(key), Some(value)) = (target.rest.first(), target.rest.get(1)) else {
            return Err("'set map' expects three parameters: map identifier, key and value.\n".to_owned());
        };
        let found = match entry_number(key) {
            Some(id) => target.list.set_id(id, value.as_bytes()),
            None => target.list.set(key.as_bytes(), value.as_bytes()) > 0,
        };
        if found { Ok("") } else { Err("entry not found.\n".to_owned()) }
    });
    changed.into()
}

fn clear(call: &mut Call<'_>, kind: Kind) -> Answer {
    let cleared = target(call, kind).and_then(|target| {
        let done = target.list.clear(target.version);
        if done { Ok("") } else { Err("Version number out of range.\n".to_owned()) }
    });
    cleared.into()
}

fn prepare(call: &mut Call<'_>, kind: Kind) -> Answer {
    target(call, kind).map(|target| format!("New version created: {}\n", target.list.prepare())).into()
}

fn commit(call: &mut Call<'_>, kind: Kind) -> Answer {
    let committed = target(call, kind).and_then(|target| {
        let version = target.version.ok_or_else(|| "Missing version number.\n".to_owned())?;
        target.list.commit(version).map(|()| "").map_err(|_| "Version number out of range.\n".to_owned())
    });
    committed.into()
}
