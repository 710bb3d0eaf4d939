//! Lines of the runtime API: commands between semicolons, words between blanks, backslashes, payload marks.

/// One command of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its words.
    pub words: Vec<String>,
    /// The mark that ends its payload: empty for an empty line.
    pub payload: Option<String>,
}

/// Splits a line. `<<` as last word announces a payload; a backslash makes the next character plain.
pub fn split(line: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut current = Line::default();
    let mut word: Option<String> = None;
    let mut chars = line.trim_end_matches(['\r', '\n']).chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.get_or_insert_default().extend(chars.next()),
            ';' => {
                current.words.extend(word.take());
                lines.push(std::mem::take(&mut current));
            }
            c if c.is_ascii_whitespace() => current.words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    current.words.extend(word.take());
    lines.push(current);
    for line in &mut lines {
        if let Some(mark) = line.words.last().and_then(|word| word.strip_prefix("<<")) {
            line.payload = Some(mark.to_owned());
            line.words.pop();
        }
    }
    lines.retain(|line| !line.words.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_words_and_payloads() {
        let words = |line: &str| split(line).into_iter().map(|l| l.words.join("|")).collect::<Vec<_>>();
        assert_eq!(words("show info; show  stat typed\n"), ["show|info", "show|stat|typed"]);
        assert_eq!(words("set map #1 a\\ b c\\;d"), ["set|map|#1|a b|c;d"]);
        assert_eq!(words(" \n"), Vec::<String>::new());
        let payload = split("add map #1 <<END");
        assert_eq!((payload[0].words.len(), payload[0].payload.as_deref()), (3, Some("END")));
        assert_eq!(split("add map #1 <<")[0].payload.as_deref(), Some(""));
    }
}
