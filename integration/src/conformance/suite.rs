//! What the tests ask for in their comment tags, and whether a subject has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// One regression test.
#[derive(Debug)]
pub struct Test {
    /// Path below `reg-tests`, for example `balance/balance-rr.vtc`.
    pub name: String,
    /// Where the file is.
    pub file: PathBuf,
    tags: Vec<(String, String)>,
}

impl Test {
    /// The folder, for example `balance`.
    pub fn folder(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Why this subject need not run the test, if so: a tag asks for what it does not say it has.
    pub fn skip_reason(&self, subject: &Abilities) -> Option<String> {
        self.tags.iter().find_map(|(tag, value)| {
            let unmet = match tag.as_str() {
                "REGTEST_TYPE" => value == "broken",
                "REQUIRE_VERSION" => subject.version < version(value),
                "REQUIRE_VERSION_BELOW" => subject.version >= version(value),
                "REQUIRE_OPTION" | "REQUIRE_OPTIONS" => !subject.has_options(value),
                "REQUIRE_SERVICE" | "REQUIRE_SERVICES" => {
                    value.split(',').any(|s| !subject.services.contains(s))
                }
                "REQUIRE_BINARIES" => value.split(',').any(|program| !in_path(program)),
                "EXCLUDE_TARGETS" => value.split(',').any(|target| target == subject.target),
                _ => false,
            };
            unmet.then(|| format!("{tag}={value}"))
        })
    }
}

/// What a subject says about itself with `-vv`.
#[derive(Debug)]
pub struct Abilities {
    version: (u32, u32),
    target: String,
    options: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl Abilities {
    /// Asks the program.
    pub fn of(program: &Path) -> Result<Abilities> {
        let output =
            Command::new(program).arg("-vv").output().with_context(|| program.display().to_string())?;
        Abilities::read(&String::from_utf8_lossy(&output.stdout))
    }

    fn read(text: &str) -> Result<Abilities> {
        let after =
            |prefix: &str| text.lines().find_map(|line| line.trim().strip_prefix(prefix)).map(str::trim);
        let Some(number) = after("HAProxy version ") else {
            bail!("-vv does not begin with `HAProxy version`: {text}")
        };
        let words = |list: Option<&str>| {
            list.unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        Ok(Abilities {
            version: version(number),
            target: after("TARGET").unwrap_or_default().trim_start_matches([' ', '=']).to_owned(),
            options: words(after("Feature list :"))
                .iter()
                .filter_map(|w| w.strip_prefix('+'))
                .map(str::to_owned)
                .collect(),
            services: words(after("Available services :")).into_iter().collect(),
        })
    }

    /// `A,B|C`: A, and one of B and C.
    fn has_options(&self, list: &str) -> bool {
        list.split(',').all(|any| any.split('|').any(|option| self.options.contains(option)))
    }
}

fn version(text: &str) -> (u32, u32) {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Every test below `root` (the `reg-tests` folder) whose name contains one of `narrow` (all, if that is empty).
pub fn discover(root: &Path, narrow: &[String]) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let file = entry?.path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|extension| extension == "vtc") {
                let name = file.strip_prefix(root)?.display().to_string();
                if narrow.is_empty() || narrow.iter().any(|word| matches(&name, word)) {
                    tests.push(Test { tags: tags(&fs::read_to_string(&file)?), name, file });
                }
            }
        }
    }
    tests.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tests)
}

/// A word names a folder, a file, or a piece of a file's name.
fn matches(name: &str, word: &str) -> bool {
    let word = word.trim_end_matches('/');
    name == word
        || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('/'))
        || name.rsplit('/').next().is_some_and(|file| file.contains(word))
}

fn tags(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix('#')?.trim().split_once('='));
    lines.map(|(tag, value)| (tag.to_owned(), value.trim().to_owned())).collect()
}

/// A list file: one test a line, `#` begins a comment, the text after the name is the reason.
pub fn list(file: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|line| {
            let (name, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            (name.to_owned(), reason.trim().to_owned())
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Abilities {
        Abilities::read(
            "HAProxy version 2.6.12-1 2023\nBuild options :\n  TARGET  = linux-glibc\n\
             Feature list : -LUA +OPENSSL +SLZ\nAvailable services : prometheus-exporter\n",
        )
        .unwrap()
    }

    fn reason(text: &str) -> Option<String> {
        Test { name: "a/b.vtc".into(), file: PathBuf::new(), tags: tags(text) }.skip_reason(&subject())
    }

    #[test]
    fn tags_decide_what_is_skipped() {
        assert_eq!(
            reason("#REQUIRE_VERSION=2.6\n# REGTEST_TYPE=slow\n#REQUIRE_OPTIONS=ZLIB|SLZ,OPENSSL"),
            None
        );
        assert_eq!(reason("#REQUIRE_SERVICES=prometheus-exporter\n#EXCLUDE_TARGETS=freebsd"), None);
        assert_eq!(reason("#REQUIRE_OPTIONS=LUA,OPENSSL").as_deref(), Some("REQUIRE_OPTIONS=LUA,OPENSSL"));
        assert_eq!(reason("#REQUIRE_VERSION_BELOW=2.4").as_deref(), Some("REQUIRE_VERSION_BELOW=2.4"));
        assert_eq!(reason("#REQUIRE_VERSION=3.0").as_deref(), Some("REQUIRE_VERSION=3.0"));
        assert_eq!(reason("#REGTEST_TYPE=broken").as_deref(), Some("REGTEST_TYPE=broken"));
    }

    #[test]
    fn words_narrow_by_folder_file_or_piece() {
        assert!(matches("http-rules/a.vtc", "http-rules") && matches("http-rules/a.vtc", "http-rules/a.vtc"));
        assert!(matches("http-rules/del_header.vtc", "header") && !matches("http-rules/a.vtc", "http"));
    }
}
