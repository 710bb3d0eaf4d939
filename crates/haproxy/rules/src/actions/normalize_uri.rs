//! `normalize-uri`: one kind of normalization of the request target each (manual §4.4).

use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::actions::uri::Part;
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::verdict::{Reply, ReplyCause, Verdict};

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "normalize-uri",
    Families::REQUEST,
    "<normalizer> [ full | strict ]",
    parse,
    "normalize the request target",
)];

/// A text that the strict form of a normalizer refuses.
struct Refused;

type Normalize = fn(&[u8], bool) -> Result<Vec<u8>, Refused>;

struct Normalizer {
    name: &'static str,
    part: Part,
    option: Option<&'static str>,
    run: Normalize,
}

const NORMALIZERS: &[Normalizer] = &[
    Normalizer { name: "fragment-encode", part: Part::PathAndQuery, option: None, run: fragment_encode },
    Normalizer { name: "fragment-strip", part: Part::PathAndQuery, option: None, run: fragment_strip },
    Normalizer { name: "path-merge-slashes", part: Part::Path, option: None, run: merge_slashes },
    Normalizer { name: "path-strip-dot", part: Part::Path, option: None, run: strip_dot },
    Normalizer { name: "path-strip-dotdot", part: Part::Path, option: Some("full"), run: strip_dotdot },
    Normalizer {
        name: "percent-decode-unreserved",
        part: Part::PathAndQuery,
        option: Some("strict"),
        run: decode_unreserved,
    },
    Normalizer {
        name: "percent-to-uppercase",
        part: Part::PathAndQuery,
        option: Some("strict"),
        run: to_uppercase,
    },
    Normalizer { name: "query-sort-by-name", part: Part::Query, option: None, run: sort_query },
];

impl std::fmt::Debug for NormalizeUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NormalizeUri({})", self.normalizer.name)
    }
}

struct NormalizeUri {
    normalizer: &'static Normalizer,
    option: bool,
}

impl Action for NormalizeUri {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let Some(txn) = cx.txn.as_deref_mut() else { return Verdict::Continue };
        let Some(old) = self.normalizer.part.of(txn.request.uri()) else { return Verdict::Continue };
        match (self.normalizer.run)(old, self.option) {
            Ok(new) if new == old => Verdict::Continue,
            Ok(new) => {
                self.normalizer.part.apply(&mut txn.request, &new);
                Verdict::Continue
            }
            Err(Refused) => {
                let reply = Reply { own_page: true, ..Reply::built_in(400, ReplyCause::Denied) };
                Verdict::Reply(Box::new(reply))
            }
        }
    }
}

fn parse(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    if !load.experimental {
        return Err("'http-request normalize-uri' directive is experimental, must be allowed via a global 'expose-experimental-directives'".into());
    }
    let name = args.take().ok_or("missing argument <normalizer>")?;
    let normalizer = NORMALIZERS.iter().find(|normalizer| normalizer.name == name);
    let normalizer = normalizer.ok_or_else(|| Fault::new(format!("unknown normalizer '{name}'")))?;
    let mut option = false;
    if let Some(known) = normalizer.option
        && !args.at_condition_or_end()
    {
        let word = args.take().unwrap_or_default();
        if word != known {
            return Err(Fault::new(format!("unknown argument '{word}' for '{name}' normalizer")));
        }
        option = true;
    }
    Ok(Box::new(NormalizeUri { normalizer, option }))
}

fn fragment_encode(text: &[u8], _: bool) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'#' => out.extend_from_slice(b"%23"),
            byte => out.push(*byte),
        }
    }
    Ok(out)
}

fn fragment_strip(text: &[u8], _: bool) -> Result<Vec<u8>, Refused> {
    Ok(text.split(|byte| *byte == b'#').next().unwrap_or_default().to_vec())
}

fn merge_slashes(path: &[u8], _: bool) -> Result<Vec<u8>, Refused> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    for byte in path {
        if *byte != b'/' || out.last() != Some(&b'/') {
            out.push(*byte);
        }
    }
    Ok(out)
}

/// `/./` becomes `/`, and a last `/.` becomes `/`.
fn strip_dot(path: &[u8], _: bool) -> Result<Vec<u8>, Refused> {
    let segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last = segments.len() - 1;
    let mut kept: Vec<&[u8]> = Vec::with_capacity(segments.len());
    for (number, segment) in segments.into_iter().enumerate() {
        match segment {
            b"." if number == last => kept.push(b""),
            b"." => {}
            other => kept.push(other),
        }
    }
    Ok(kept.join(&b'/'))
}

/// `/x/../` becomes `/`; what would climb above the root stays, or goes when `full`.
fn strip_dotdot(path: &[u8], full: bool) -> Result<Vec<u8>, Refused> {
    let mut segments = path.split(|byte| *byte == b'/');
    // what stands before the first slash is empty in a path
    let mut kept: Vec<&[u8]> = vec![segments.next().unwrap_or_default()];
    let mut rest = segments.peekable();
    while let Some(segment) = rest.next() {
        let last = rest.peek().is_none();
        if segment != b".." {
            kept.push(segment);
            continue;
        }
        match kept.last() {
            Some(above) if kept.len() > 1 && *above != b".." => drop(kept.pop()),
            _ if full => {}
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push(b"");
        }
    }
    if kept.len() == 1 {
        kept.push(b"");
    }
    Ok(kept.join(&b'/'))
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// Walks over percent sequences; `valid` gets the two digits and writes what becomes of the sequence.
fn percent(text: &[u8], strict: bool, valid: impl Fn(u8, u8, &mut Vec<u8>)) -> Result<Vec<u8>, Refused> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        match tail {
            [high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                valid(*high, *low, &mut out);
                rest = after;
            }
            _ if strict => return Err(Refused),
            _ => out.push(b'%'),
        }
    }
    Ok(out)
}

fn decode_unreserved(text: &[u8], strict: bool) -> Result<Vec<u8>, Refused> {
    percent(text, strict, |high, low, out| {
        let byte = hex(high).unwrap_or(0) << 4 | hex(low).unwrap_or(0);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', high, low]);
        }
    })
}

fn to_uppercase(text: &[u8], strict: bool) -> Result<Vec<u8>, Refused> {
    percent(text, strict, |high, low, out| {
        out.extend_from_slice(&[b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
    })
}

/// Parameters by name, shorter names first among equal beginnings; equal names keep their order.
fn sort_query(query: &[u8], _: bool) -> Result<Vec<u8>, Refused> {
    let mut params: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
    let name = |param: &[u8]| param.split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    params.sort_by_key(|param| name(param));
    Ok(params.join(&b'&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manuals_examples() {
        let run = |name: &str, option: bool, text: &str| {
            let normalizer = NORMALIZERS.iter().find(|normalizer| normalizer.name == name).unwrap();
            match (normalizer.run)(text.as_bytes(), option) {
                Ok(new) => String::from_utf8(new).unwrap(),
                Err(Refused) => "400".into(),
            }
        };
        for (name, option, text, expected) in [
            ("fragment-encode", false, "/#foo", "/%23foo"),
            ("fragment-strip", false, "/#foo", "/"),
            ("path-strip-dot", false, "/.", "/"),
            ("path-strip-dot", false, "/./bar/", "/bar/"),
            ("path-strip-dot", false, "/a/./a", "/a/a"),
            ("path-strip-dot", false, "/.well-known/", "/.well-known/"),
            ("path-strip-dotdot", false, "/foo/../", "/"),
            ("path-strip-dotdot", false, "/foo/../bar/", "/bar/"),
            ("path-strip-dotdot", false, "/foo/bar/../", "/foo/"),
            ("path-strip-dotdot", false, "/../bar/", "/../bar/"),
            ("path-strip-dotdot", false, "/bar/../../", "/../"),
            ("path-strip-dotdot", false, "/foo//../", "/foo/"),
            ("path-strip-dotdot", false, "/foo/..", "/"),
            ("path-strip-dotdot", true, "/../bar/", "/bar/"),
            ("path-strip-dotdot", true, "/bar/../../", "/"),
            ("path-strip-dotdot", true, "/..", "/"),
            ("path-merge-slashes", false, "//", "/"),
            ("path-merge-slashes", false, "/foo//bar", "/foo/bar"),
            ("percent-decode-unreserved", false, "/%61dmin", "/admin"),
            ("percent-decode-unreserved", false, "/foo%3Fbar=baz", "/foo%3Fbar=baz"),
            ("percent-decode-unreserved", false, "/%%36%36", "/%66"),
            ("percent-decode-unreserved", false, "/%ZZ", "/%ZZ"),
            ("percent-decode-unreserved", true, "/%%36%36", "400"),
            ("percent-decode-unreserved", true, "/%ZZ", "400"),
            ("percent-to-uppercase", false, "/%6f", "/%6F"),
            ("percent-to-uppercase", false, "/%zz", "/%zz"),
            ("percent-to-uppercase", true, "/%zz", "400"),
            ("query-sort-by-name", false, "c=3&a=1&b=2", "a=1&b=2&c=3"),
            ("query-sort-by-name", false, "aaa=3&a=1&aa=2", "a=1&aa=2&aaa=3"),
            ("query-sort-by-name", false, "a=3&b=4&a=1&b=5&a=2", "a=3&a=1&a=2&b=4&b=5"),
        ] {
            assert_eq!(run(name, option, text), expected, "{name} {text}");
        }
    }
}
