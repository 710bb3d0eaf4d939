//! The words behind the page's address: `;csv;norefresh`, `;st=DONE`, `?scope=part`.

/// How the page is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For people.
    #[default]
    Html,
    /// `;csv`
    Csv,
    /// `;json`
    Json,
}

/// What a reader asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// How the page is written.
    pub form: Form,
    /// `;norefresh`
    pub no_refresh: bool,
    /// `;up`: leave out servers that are down.
    pub up: bool,
    /// `;no-maint`: leave out servers in maintenance.
    pub no_maint: bool,
    /// `;st=`: outcome of a form.
    pub outcome: Option<String>,
    /// `scope=`: part of the names of proxies to show.
    pub scope: Option<String>,
}

/// Longest part of a name a scope may be.
const SCOPE_MAX: usize = 20;

/// One word and what it sets.
struct Row {
    word: &'static str,
    set: fn(&mut PageQuery),
}

const WORDS: &[Row] = &[
    Row { word: "csv", set: |query| query.form = Form::Csv },
    Row { word: "json", set: |query| query.form = Form::Json },
    Row { word: "norefresh", set: |query| query.no_refresh = true },
    Row { word: "up", set: |query| query.up = true },
    Row { word: "no-maint", set: |query| query.no_maint = true },
];

impl PageQuery {
    /// Reads what follows the page's address. A slash may stand before the first word, as old readers write it.
    pub fn parse(rest: &str) -> PageQuery {
        let mut query = PageQuery::default();
        for part in rest.split([';', '?', '&', '/']) {
            if let Some(row) = WORDS.iter().find(|row| row.word == part) {
                (row.set)(&mut query);
            } else if let Some(code) = part.strip_prefix("st=") {
                query.outcome = Some(code.chars().filter(char::is_ascii_uppercase).take(4).collect());
            } else if let Some(scope) = part.strip_prefix("scope=") {
                let named = |c: &char| c.is_ascii_alphanumeric() || "-_.:".contains(*c);
                query.scope = Some(scope.chars().filter(named).take(SCOPE_MAX).collect());
            }
        }
        query
    }

    /// `word` when it is on.
    pub fn flag(&self, on: bool, word: &'static str) -> &'static str {
        if on { word } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_order() {
        let csv = PageQuery { form: Form::Csv, no_refresh: true, ..PageQuery::default() };
        assert_eq!(PageQuery::parse(";csv;norefresh"), csv);
        assert_eq!(PageQuery::parse("/;norefresh;csv"), csv);
        let up = PageQuery::parse(";up;st=DONE?scope=a<b");
        assert!(up.up && up.outcome.as_deref() == Some("DONE") && up.scope.as_deref() == Some("ab"));
    }
}
