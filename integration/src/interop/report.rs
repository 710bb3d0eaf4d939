//! The table of results.

use std::collections::BTreeMap;

use super::play::Measured;

/// What one run came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// As it should.
    Passed(Measured),
    /// The reason.
    Failed(String),
}

/// All runs of one scenario, by the letters of the pair.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Id and title.
    pub name: String,
    /// Why the original may fail.
    pub original_fails: Option<String>,
    /// Results by pair.
    pub runs: BTreeMap<String, Outcome>,
}

impl Row {
    /// Whether ours did what it must: every pair with ours passed, unless the original on the other side is known to
    /// fail.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.runs
            .iter()
            .filter(|(pair, _)| pair.contains('R'))
            .all(|(pair, outcome)| matches!(outcome, Outcome::Passed(_)) || self.known(pair).is_some())
    }

    /// Whether a failure of this pair is the original's.
    #[must_use]
    pub fn knows(&self, pair: &str) -> bool {
        self.known(pair).is_some()
    }

    fn known(&self, pair: &str) -> Option<&str> {
        self.original_fails.as_deref().filter(|_| pair.contains('A'))
    }

    /// Lines for people: one a pair, with the measured times.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = format!("{}\n", self.name);
        for (pair, outcome) in &self.runs {
            let line = match outcome {
                Outcome::Passed(measured) => {
                    let times: Vec<String> = measured
                        .times
                        .iter()
                        .map(|(label, seconds)| format!("{label} {seconds:.3}"))
                        .collect();
                    format!("  {pair}  ok    {}\n", times.join("  "))
                }
                Outcome::Failed(reason) => match self.known(pair) {
                    Some(why) => format!("  {pair}  known {why} ({reason})\n"),
                    None => format!("  {pair}  FAIL  {reason}\n"),
                },
            };
            text.push_str(&line);
        }
        text
    }
}
