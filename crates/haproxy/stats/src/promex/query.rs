//! The query string of the exporter: scopes, metrics, options.

/// A query string that cannot be answered: status 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadQuery;

/// What a scraper asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    scopes: Vec<String>,
    wanted: Vec<String>,
    unwanted: Vec<String>,
    /// `no-maint`: leave out servers in maintenance.
    pub no_maint: bool,
    /// `desc-labels`: add descriptions as labels.
    pub describe: bool,
    /// `extra-counters`: add those of protocol modules.
    pub extra: bool,
}

/// Scopes there are; the last two are modules and match by prefix.
const SCOPES: &[&str] = &["global", "frontend", "listener", "backend", "server", "sticktable", "resolver"];

impl Default for Query {
    fn default() -> Self {
        Query {
            scopes: SCOPES.iter().map(|&scope| scope.to_owned()).collect(),
            wanted: Vec::new(),
            unwanted: Vec::new(),
            no_maint: false,
            describe: false,
            extra: false,
        }
    }
}

impl Query {
    /// Reads a query string, without its `?`; parameters count from left to right.
    pub fn parse(query: &str) -> Result<Query, BadQuery> {
        let mut parsed = Query::default();
        let mut scoped = false;
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = match parameter.split_once('=') {
                Some((key, value)) => (decode(key), Some(value)),
                None => (decode(parameter), None),
            };
            if value.is_some_and(|value| value.contains('=')) {
                return Err(BadQuery);
            }
            let value = value.map(decode);
            match (key.as_str(), value) {
                ("scope", None) => return Err(BadQuery),
                ("scope", Some(value)) => {
                    if !std::mem::replace(&mut scoped, true) {
                        parsed.scopes.clear();
                    }
                    parsed.scope(&value)?;
                }
                ("metrics", Some(value)) => parsed.metrics(&value),
                ("no-maint", _) => parsed.no_maint = true,
                ("desc-labels", _) => parsed.describe = true,
                ("extra-counters", _) => parsed.extra = true,
                _ => {}
            }
        }
        Ok(parsed)
    }

    fn scope(&mut self, value: &str) -> Result<(), BadQuery> {
        if value.is_empty() {
            self.scopes.clear();
            return Ok(());
        }
        let named = SCOPES.iter().filter(|scope| {
            value == "*" || scope.starts_with(value) && (SCOPES[5..].contains(scope) || **scope == value)
        });
        let before = self.scopes.len();
        self.scopes.extend(named.map(|&scope| scope.to_owned()));
        if self.scopes.len() > before { Ok(()) } else { Err(BadQuery) }
    }

    fn metrics(&mut self, value: &str) {
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name.strip_prefix('-') {
                Some(name) => self.unwanted.push(name.to_owned()),
                None => self.wanted.push(name.to_owned()),
            }
        }
    }

    /// True when objects of this scope are asked for.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|name| name == scope)
    }

    /// True when a family is asked for.
    pub fn wants_metric(&self, name: &str) -> bool {
        !self.unwanted.iter().any(|unwanted| unwanted == name)
            && (self.wanted.is_empty() || self.wanted.iter().any(|wanted| wanted == name))
    }
}

/// Percent and plus decoding; what is no valid escape stays.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (_, Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', None) => out.push(b' '),
            (byte, None) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_from_left_to_right() {
        let scopes = |query| Query::parse(query).map(|query| query.scopes.join(" "));
        assert_eq!(scopes("").unwrap().split(' ').count(), 7);
        assert_eq!(scopes("scope=global&scope=server").unwrap(), "global server");
        assert_eq!(scopes("scope=global&scope=&scope=%73erver").unwrap(), "server");
        assert_eq!(scopes("scope=").unwrap(), "");
        assert_eq!(scopes("scope=stick").unwrap(), "sticktable");
        for wrong in ["scope", "scope=foo", "scope=back", "scope=a=b"] {
            assert_eq!(scopes(wrong), Err(BadQuery), "{wrong}");
        }
    }

    #[test]
    fn metrics_by_name() {
        let query = Query::parse("metrics=a,b&no-maint").unwrap();
        assert!(query.wants_metric("a") && !query.wants_metric("c") && query.no_maint);
        let query = Query::parse("metrics=-c").unwrap();
        assert!(query.wants_metric("a") && !query.wants_metric("c"));
    }
}
