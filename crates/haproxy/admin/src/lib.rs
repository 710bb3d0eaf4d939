//! Runtime API and stats page.
