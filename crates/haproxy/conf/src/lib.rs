//! Grammar of haproxy.cfg: files, words, quotes, environment, conditions, sections, argument cursor, diagnostics with spans, keyword row types.
