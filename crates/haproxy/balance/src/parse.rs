//! The arguments of `balance` and `hash-type` (manual §4.2). Errors are in the original's words; the caller knows
//! file and line.

use common_base::hash::HashFunction;

use crate::algorithm::{Algorithm, HashMethod, HashType, UriPart};

/// One algorithm's name and the reader of its arguments.
struct Row {
    name: &'static str,
    read: fn(&str, &[&str]) -> Result<Algorithm, String>,
}

const ALGORITHMS: &[Row] = &[
    Row { name: "roundrobin", read: |_, _| Ok(Algorithm::RoundRobin) },
    Row { name: "static-rr", read: |_, _| Ok(Algorithm::StaticRr) },
    Row { name: "leastconn", read: |_, _| Ok(Algorithm::LeastConn) },
    Row { name: "first", read: |_, _| Ok(Algorithm::First) },
    Row { name: "random", read: random },
    Row { name: "source", read: |_, _| Ok(Algorithm::Source) },
    Row { name: "uri", read: uri },
    Row { name: "url_param", read: url_param },
    Row { name: "hdr", read: header },
    Row { name: "rdp-cookie", read: rdp_cookie },
    Row { name: "hash", read: |_, args| expression(args, "hash").map(Algorithm::Hash) },
    Row { name: "log-hash", read: |_, args| expression(args, "log-hash").map(Algorithm::LogHash) },
    Row { name: "sticky", read: |_, _| Ok(Algorithm::Sticky) },
];

/// Reads what follows `balance`.
pub fn balance(words: &[&str]) -> Result<Algorithm, String> {
    let unknown = || {
        let names = "'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hash', 'hdr(name)', \
                     'rdp-cookie(name)', 'log-hash', 'sticky', 'random' and 'first'";
        format!("balance only supports {names} options.")
    };
    // `balance` alone has always meant roundrobin
    let Some((word, args)) = words.split_first() else { return Ok(Algorithm::RoundRobin) };
    let (name, _) = split_argument(word);
    let row = ALGORITHMS.iter().find(|row| row.name == name).ok_or_else(unknown)?;
    (row.read)(word, args).map_err(|error| format!("balance {error}"))
}

/// `name(argument)` in two; none when there are no parentheses.
fn split_argument(word: &str) -> (&str, Option<&str>) {
    match word.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (word, None),
    }
}

fn random(word: &str, args: &[&str]) -> Result<Algorithm, String> {
    let draws = match split_argument(word).1 {
        Some(text) => Some(text),
        None => args.first().and_then(|arg| split_argument(arg).1),
    };
    match draws {
        None => Ok(Algorithm::Random { draws: 2 }),
        Some(text) => match text.parse::<u32>() {
            Ok(0) => Err("random : number of draws must be at least 1.".to_owned()),
            Ok(draws) => Ok(Algorithm::Random { draws }),
            Err(_) => {
                let odd = text.chars().find(|c| !c.is_ascii_digit()).unwrap_or(')');
                Err(format!("random : unexpected character '{odd}' after argument."))
            }
        },
    }
}

/// Name of an option and where its value goes.
type Place<T> = (&'static str, fn(&mut UriPart) -> &mut T);

/// Options of `balance uri` that take a number.
const URI_NUMBERS: &[Place<usize>] = &[("len", |part| &mut part.length), ("depth", |part| &mut part.depth)];

/// Options of `balance uri` without an argument.
const URI_FLAGS: &[Place<bool>] =
    &[("whole", |part| &mut part.whole), ("path-only", |part| &mut part.path_only)];

fn uri(_: &str, args: &[&str]) -> Result<Algorithm, String> {
    let mut part = UriPart::default();
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        if let Some((_, flag)) = URI_FLAGS.iter().find(|(name, _)| *name == arg) {
            *flag(&mut part) = true;
        } else if let Some((_, number)) = URI_NUMBERS.iter().find(|(name, _)| *name == arg) {
            let value =
                args.next().ok_or_else(|| format!("uri : '{arg}' expects a positive integer (got '')."))?;
            let parsed = value.parse::<usize>().ok().filter(|&n| n > 0);
            *number(&mut part) =
                parsed.ok_or_else(|| format!("uri : '{arg}' expects a positive integer (got '{value}')."))?;
        } else {
            return Err(format!(
                "uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{arg}')."
            ));
        }
    }
    Ok(Algorithm::Uri(part))
}

fn url_param(_: &str, args: &[&str]) -> Result<Algorithm, String> {
    let name =
        args.first().filter(|name| !name.is_empty()).ok_or("url_param requires an URL parameter name.")?;
    match args.get(1) {
        None => Ok(Algorithm::UrlParam { name: name.as_bytes().to_vec(), check_post: false }),
        Some(&"check_post") => Ok(Algorithm::UrlParam { name: name.as_bytes().to_vec(), check_post: true }),
        Some(other) => Err(format!("url_param only accepts check_post modifier (got '{other}').")),
    }
}

fn header(word: &str, args: &[&str]) -> Result<Algorithm, String> {
    let name = split_argument(word)
        .1
        .filter(|name| !name.is_empty())
        .ok_or("hdr requires an http header field name.")?;
    match args.first() {
        None => Ok(Algorithm::Header { name: name.to_ascii_lowercase().into_bytes(), domain_only: false }),
        Some(&"use_domain_only") => {
            Ok(Algorithm::Header { name: name.to_ascii_lowercase().into_bytes(), domain_only: true })
        }
        Some(other) => Err(format!("{word} only accepts 'use_domain_only' modifier (got '{other}').")),
    }
}

fn rdp_cookie(word: &str, _: &[&str]) -> Result<Algorithm, String> {
    match split_argument(word).1 {
        None => Ok(Algorithm::RdpCookie { name: b"msts".to_vec() }),
        Some("") => Err("rdp-cookie : missing cookie name.".to_owned()),
        Some(name) => Ok(Algorithm::RdpCookie { name: name.as_bytes().to_vec() }),
    }
}

fn expression(args: &[&str], name: &str) -> Result<String, String> {
    if args.is_empty() && name == "hash" {
        return Err("hash requires a sample expression.".to_owned());
    }
    Ok(args.join(" "))
}

const METHODS: &[(&str, HashMethod)] =
    &[("map-based", HashMethod::MapBased), ("consistent", HashMethod::Consistent)];

const FUNCTIONS: &[(&str, Option<HashFunction>)] = &[
    ("sdbm", Some(HashFunction::Sdbm)),
    ("djb2", Some(HashFunction::Djb2)),
    ("wt6", Some(HashFunction::Wt6)),
    ("crc32", Some(HashFunction::Crc32)),
    ("none", None),
];

/// Reads what follows `hash-type`. Old files say `avalanche` where the method stands: that is map-based, stirred.
pub fn hash_type(words: &[&str]) -> Result<HashType, String> {
    let first = words.first().copied().unwrap_or("");
    if first == "avalanche" {
        return Ok(HashType { avalanche: true, ..HashType::default() });
    }
    let method = METHODS.iter().find(|(name, _)| *name == first).map(|(_, method)| *method);
    let method = method.ok_or("'hash-type' only supports 'consistent' and 'map-based'.")?;
    let Some(word) = words.get(1) else {
        let avalanche = method == HashMethod::Consistent;
        return Ok(HashType { method, avalanche, ..HashType::default() });
    };
    let function = FUNCTIONS.iter().find(|(name, _)| name == word).map(|(_, function)| *function);
    let function =
        function.ok_or("'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.")?;
    match words.get(2) {
        None => Ok(HashType { method, function, avalanche: false }),
        Some(&"avalanche") => Ok(HashType { method, function, avalanche: true }),
        Some(_) => Err("'hash-type' only supports 'avalanche' as a modifier for hash functions.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_balance() {
        let read = |line: &str| balance(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(read("roundrobin"), Ok(Algorithm::RoundRobin));
        assert_eq!(read("random"), Ok(Algorithm::Random { draws: 2 }));
        assert_eq!(read("random(3)"), Ok(Algorithm::Random { draws: 3 }));
        assert_eq!(
            read("uri whole depth 3 len 12"),
            Ok(Algorithm::Uri(UriPart { whole: true, depth: 3, length: 12, path_only: false }))
        );
        assert_eq!(
            read("hdr(host) use_domain_only"),
            Ok(Algorithm::Header { name: b"host".to_vec(), domain_only: true })
        );
        assert_eq!(
            read("url_param id check_post"),
            Ok(Algorithm::UrlParam { name: b"id".to_vec(), check_post: true })
        );
        assert_eq!(read("hash src,ipmask(24)"), Ok(Algorithm::Hash("src,ipmask(24)".into())));
        for wrong in ["foo", "uri len x", "uri foo", "url_param", "hdr()", "hash", "random(0)"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn arguments_of_hash_type() {
        let read = |line: &str| hash_type(&line.split_whitespace().collect::<Vec<_>>());
        let stirred = HashType { method: HashMethod::Consistent, avalanche: true, ..HashType::default() };
        assert_eq!(read("consistent"), Ok(stirred));
        assert_eq!(read("consistent sdbm"), Ok(HashType { avalanche: false, ..stirred }));
        assert_eq!(read("map-based"), Ok(HashType::default()));
        assert!(read("map-based foo").is_err() && read("foo").is_err() && read("map-based sdbm x").is_err());
    }
}
