//! The configuration of a case as a subject gets it: values filled in, a table's rows in place, and what a subject cannot
//! read taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;
use regex::Regex;

/// `${name}`: lower case, so that the subject's own environment variables stay.
pub const VARIABLE: &str = r"\$\{([a-z][a-z0-9_]*)\}";

/// Words that begin a section: without them, their lines are read as another section's.
const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "userlist",
    "peers",
    "resolvers",
    "ring",
    "cache",
    "mailers",
    "http-errors",
    "log-forward",
    "fcgi-app",
    "program",
];

/// The configuration of one case.
#[derive(Debug)]
pub struct Written {
    /// The lines of the case; `#TABLE` stands for the rows.
    pub lines: Vec<String>,
    /// The lines of a row, if there is a table.
    pub row: Option<String>,
    /// The rows' texts.
    pub rows: Vec<String>,
    /// What `${name}` stands for.
    pub values: BTreeMap<String, String>,
    /// Where it is written.
    pub file: PathBuf,
    /// Numbers of lines that are left out.
    pub struck: BTreeSet<usize>,
}

/// Where a written line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Line(usize),
    Row(usize),
}

impl Written {
    /// Which rows the program accepts, and what it says if it refuses the rest as well. The accepted rows are what is
    /// written afterwards.
    pub fn accepted(&self, program: &Path) -> Result<(BTreeSet<usize>, Option<String>)> {
        let mut rows: BTreeSet<usize> = (0..self.rows.len()).collect();
        loop {
            let origins = self.write(&rows)?;
            let Some(said) = self.refusal(program)? else { return Ok((rows, None)) };
            let alerts = alerts(&said)?;
            let of_rows = alerts.keys().filter_map(|line| match origins.get(line - 1)? {
                Origin::Row(row) => Some(*row),
                Origin::Line(_) => None,
            });
            let mut refused: BTreeSet<usize> = of_rows.collect();
            if refused.is_empty() && alerts.is_empty() {
                // An alert without a line: each row has to be asked for alone.
                for row in &rows {
                    self.write(&BTreeSet::from([*row]))?;
                    if self.refusal(program)?.is_some() {
                        refused.insert(*row);
                    }
                }
            }
            if refused.is_empty() || refused.len() == self.rows.len() {
                return Ok((rows, Some(said)));
            }
            rows.retain(|row| !refused.contains(row));
        }
    }

    /// Leaves out the lines of the case itself that the program cannot read; each of them with what it said.
    pub fn strike(&mut self, program: &Path) -> Result<Vec<String>> {
        let mut words = Vec::new();
        loop {
            let (rows, Some(said)) = self.accepted(program)? else { return Ok(words) };
            let origins = self.write(&rows)?;
            let before = self.struck.len();
            for (number, alert) in alerts(&said)? {
                if let Some(Origin::Line(line)) = origins.get(number - 1) {
                    words.push(format!("{}: {alert}", self.lines[*line].trim()));
                    self.leave_out(*line);
                }
            }
            if self.struck.len() == before {
                return Ok(words);
            }
        }
    }

    /// A line, or the whole section that it begins.
    fn leave_out(&mut self, line: usize) {
        self.struck.insert(line);
        if begins_section(&self.lines[line]) {
            let rest = self.lines.iter().enumerate().skip(line + 1);
            self.struck.extend(rest.take_while(|(_, text)| !begins_section(text)).map(|(number, _)| number));
        }
    }

    /// Writes it with these rows; where each line comes from.
    fn write(&self, rows: &BTreeSet<usize>) -> Result<Vec<Origin>> {
        let mut text = String::new();
        let mut origins = Vec::new();
        for (number, line) in
            self.lines.iter().enumerate().filter(|(number, _)| !self.struck.contains(number))
        {
            let Some(template) = self.row.as_ref().filter(|_| line.trim() == "#TABLE") else {
                origins.push(Origin::Line(number));
                let _ = writeln!(text, "{line}");
                continue;
            };
            for row in rows {
                let block =
                    template.replace("{N}", &row.to_string()).replace("${row}", &format!("${{row{row}}}"));
                for line in block.replace("EXPR", &self.rows[*row]).lines() {
                    origins.push(Origin::Row(*row));
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        let text = Regex::new(VARIABLE)?.replace_all(&text, |found: &regex::Captures<'_>| {
            self.values.get(&found[1]).cloned().unwrap_or_else(|| found[0].to_owned())
        });
        fs::write(&self.file, text.as_bytes())?;
        Ok(origins)
    }

    /// What `-c` says on standard error if it refuses what is written.
    fn refusal(&self, program: &Path) -> Result<Option<String>> {
        let output =
            Command::new(program).arg("-c").arg("-f").arg(&self.file).stdin(Stdio::null()).output()?;
        Ok((!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

fn begins_section(line: &str) -> bool {
    line.split_whitespace().next().is_some_and(|word| SECTIONS.contains(&word))
}

/// The lines that alerts complain about, with the first complaint; an alert may go on for several lines.
fn alerts(said: &str) -> Result<BTreeMap<usize, String>> {
    let place = Regex::new(r"\[[^\]]*case\.cfg:(\d+)\] *:? *(.*)")?;
    let mut alert = false;
    let mut found = BTreeMap::new();
    for line in said.lines() {
        if line.starts_with('[') {
            alert = line.starts_with("[ALERT]");
        }
        if let Some(hit) = place.captures(line).filter(|_| alert)
            && let Ok(number) = hit[1].parse::<usize>()
            && number > 0
        {
            found.entry(number).or_insert_with(|| hit[2].to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_go_on_and_warnings_do_not_count() {
        let said = "[WARNING]  (1) : config : parsing [/x/case.cfg:2] : w\n\
                    [ALERT]    (1) : config : several:\n   parsing [/x/case.cfg:7]: bad\n[ALERT]    (1) : config : end\n";
        assert_eq!(alerts(said).unwrap(), BTreeMap::from([(7, "bad".to_owned())]));
    }

    #[test]
    fn a_section_goes_as_a_whole() {
        let lines = ["global", "  x", "peers p", "  peer a", "frontend f"].map(str::to_owned).to_vec();
        let mut written = Written {
            lines,
            row: None,
            rows: Vec::new(),
            values: BTreeMap::new(),
            file: PathBuf::new(),
            struck: BTreeSet::new(),
        };
        written.leave_out(2);
        assert_eq!(written.struck, BTreeSet::from([2, 3]));
    }
}
