//! Lines of the master's socket: commands between semicolons, each with the process it is for.

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The master.
    Master,
    /// The nth worker that serves, from 1.
    Worker(usize),
    /// The process with this number.
    Pid(i32),
}

/// A prefix at the beginning of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Whom it names; `None` when it names nobody.
    pub target: Option<Target>,
    /// `@@`: the rest of the line goes there as it is.
    pub whole: bool,
}

/// The first command of a line, and the rest behind its semicolon if there is one. A backslash makes the next
/// character plain.
pub fn first(line: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ';' => return (line[..at].trim(), Some(&line[at + 1..])),
            _ => {}
        }
    }
    (line.trim(), None)
}

/// The prefix a command begins with, as written, what it means, and what follows it.
pub fn prefix(command: &str) -> Option<(&str, Prefix, &str)> {
    if !command.starts_with('@') {
        return None;
    }
    let end = command.find(|c: char| c.is_ascii_whitespace() || c == ';').unwrap_or(command.len());
    let (word, rest) = command.split_at(end);
    let whole = word.starts_with("@@");
    let name = &word[if whole { 2 } else { 1 }..];
    let target = match name {
        "" | "master" => Some(Target::Master),
        name => match name.strip_prefix('!') {
            Some(pid) => pid.parse().ok().map(Target::Pid),
            None => name.parse().ok().map(|n| if n == 0 { Target::Master } else { Target::Worker(n) }),
        },
    };
    Some((word, Prefix { target, whole }, rest.trim_start()))
}

/// The words of a command; backslashes are taken away.
pub fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The line that ends a command's payload, when the command announces one with `<<`.
pub fn payload_end(command: &str) -> Option<&str> {
    command.split_ascii_whitespace().next_back()?.strip_prefix("<<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_prefixes() {
        assert_eq!(first(" show proc ; @1 x"), ("show proc", Some(" @1 x")));
        assert_eq!(first(r"set map a\;b c"), (r"set map a\;b c", None));
        assert_eq!(first(";"), ("", Some("")));
        let parsed =
            |text| prefix(text).map(|(word, prefix, rest)| (word, prefix.target, prefix.whole, rest));
        assert_eq!(parsed("@1 show info"), Some(("@1", Some(Target::Worker(1)), false, "show info")));
        assert_eq!(parsed("@!12"), Some(("@!12", Some(Target::Pid(12)), false, "")));
        assert_eq!(parsed("@@!12 a; b"), Some(("@@!12", Some(Target::Pid(12)), true, "a; b")));
        for master in ["@", "@master", "@0"] {
            assert_eq!(parsed(master), Some((master, Some(Target::Master), false, "")));
        }
        for nobody in ["@x", "@!", "@!x", "@-1", "@99999999999999999999999"] {
            assert_eq!(parsed(nobody), Some((nobody, None, false, "")));
        }
        assert_eq!(parsed("show"), None);
        assert_eq!(words(r"a\ b  c"), ["a b", "c"]);
        assert_eq!(
            (payload_end("add map #1 <<"), payload_end("add map <<X"), payload_end("a")),
            (Some(""), Some("X"), None)
        );
    }
}
