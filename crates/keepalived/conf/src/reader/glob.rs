//! Shell patterns over files: `*`, `?`, `[...]` and csh braces.

use std::path::{Path, PathBuf};

use crate::provider::Provider;

/// Alternatives that braces may make.
const ALTERNATIVES_MAX: usize = 1000;

/// Whether a pattern has `*`, `?` or `[`.
pub fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// The alternatives of `a{b,c}d`, from left to right; nested braces too.
pub fn braces(pattern: &str) -> Vec<String> {
    let mut todo = vec![pattern.to_owned()];
    let mut done = Vec::new();
    while let Some(text) = todo.pop() {
        match split_brace(&text) {
            Some(parts) if todo.len() + done.len() + parts.len() <= ALTERNATIVES_MAX => {
                todo.extend(parts.into_iter().rev());
            }
            _ => done.push(text),
        }
    }
    done
}

/// The texts that the first brace stands for.
fn split_brace(text: &str) -> Option<Vec<String>> {
    let open = text.find('{')?;
    let mut depth = 0usize;
    let mut commas = vec![open];
    for (index, c) in text[open..].char_indices().map(|(index, c)| (open + index, c)) {
        match c {
            '{' => depth += 1,
            ',' if depth == 1 => commas.push(index),
            '}' => {
                depth -= 1;
                if depth == 0 {
                    commas.push(index);
                    let (head, tail) = (&text[..open], &text[index + 1..]);
                    let parts = commas.windows(2).map(|pair| &text[pair[0] + 1..pair[1]]);
                    return Some(parts.map(|part| format!("{head}{part}{tail}")).collect());
                }
            }
            _ => {}
        }
    }
    None
}

/// The files that match, sorted; a pattern without wildcards matches if the file exists.
pub fn expand(provider: &dyn Provider, directory: &Path, pattern: &str) -> Vec<String> {
    let mut found = vec![if pattern.starts_with('/') { PathBuf::from("/") } else { PathBuf::new() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for base in &found {
            if !has_wildcard(part) {
                next.push(base.join(part));
                continue;
            }
            let mut names = provider.list(&directory.join(base)).unwrap_or_default();
            names.retain(|name| (part.starts_with('.') || !name.starts_with('.')) && matches(part, name));
            names.sort();
            next.extend(names.iter().map(|name| base.join(name)));
        }
        found = next;
    }
    found.retain(|path| provider.stat(&directory.join(path)).is_ok());
    let mark = |path: PathBuf| {
        let is_directory = provider
            .stat(&directory.join(&path))
            .is_ok_and(|stat| stat.kind == crate::provider::FileKind::Directory);
        let text = path.to_string_lossy().into_owned();
        if is_directory && !text.ends_with('/') { text + "/" } else { text }
    };
    found.into_iter().map(mark).collect()
}

/// Whether a name matches one path component of a pattern.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    // where to go on when a `*` has to take one character more
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == '*' {
            retry = Some((p + 1, n));
            p += 1;
            continue;
        }
        if n == name.len() {
            return pattern[p..].iter().all(|c| *c == '*');
        }
        match pattern.get(p..).and_then(|rest| one(rest, name[n])) {
            Some(used) => {
                p += used;
                n += 1;
            }
            None => match retry {
                Some((after, start)) => {
                    retry = Some((after, start + 1));
                    p = after;
                    n = start + 1;
                    if n > name.len() {
                        return false;
                    }
                }
                None => return false,
            },
        }
    }
}

/// How many pattern characters match one character of the name.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => {
            let close = pattern.iter().skip(2).position(|c| *c == ']')? + 2;
            let inside = &pattern[1..close];
            let (negative, set) = match inside.first() {
                Some('!' | '^') => (true, &inside[1..]),
                _ => (false, inside),
            };
            (in_set(set, c) != negative).then_some(close + 1)
        }
        '\\' => (pattern.get(1) == Some(&c)).then_some(2),
        other => (*other == c).then_some(1),
    }
}

fn in_set(set: &[char], c: char) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set.get(index + 1) == Some(&'-') && index + 2 < set.len() {
            if (set[index]..=set[index + 2]).contains(&c) {
                return true;
            }
            index += 3;
        } else {
            if set[index] == c {
                return true;
            }
            index += 1;
        }
    }
    false
}
