//! The original at hand is 2.6, ours takes the place of 3.4: what the manual or the behaviour of 3.x changed for all cases
//! stands in `differential/versions.yaml`, each change with its reason, and is applied to what the original says.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use regex::bytes::Regex;

use super::case::{Aspect, Change};
use super::play::Check;

/// Compiled changes.
#[derive(Debug)]
pub struct Changes(Vec<(Vec<Aspect>, Regex, Vec<u8>)>);

/// Reads the changes that hold for all cases.
pub fn read(file: &Path) -> Result<Vec<Change>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_yaml::from_str(&text).with_context(|| file.display().to_string())
}

impl Changes {
    /// Compiles them, first to last.
    pub fn new<'a>(changes: impl Iterator<Item = &'a Change>) -> Result<Changes> {
        let compiled = changes.map(|change| {
            let regex =
                Regex::new(&format!("(?s-u){}", change.original)).with_context(|| change.reason.clone())?;
            Ok((change.aspects.clone(), regex, change.ours.clone().into_bytes()))
        });
        Ok(Changes(compiled.collect::<Result<_>>()?))
    }

    /// What the original would have said in 3.4.
    pub fn apply(&self, checks: &mut [Check]) {
        for check in checks {
            for (_, regex, with) in self.0.iter().filter(|(aspects, ..)| aspects.contains(&check.aspect)) {
                if regex.is_match(&check.seen) {
                    check.seen = regex.replace_all(&check.seen, with.as_slice()).into_owned();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_hold_for_their_aspects() {
        let change = Change {
            aspects: vec![Aspect::Log],
            original: "(a+)=1".into(),
            ours: "${1}=2".into(),
            reason: "manual".into(),
        };
        let changes = Changes::new([change].iter()).unwrap();
        let check = |aspect| Check { name: "x".into(), aspect, seen: b"aa=1 b".to_vec() };
        let mut checks = [check(Aspect::Log), check(Aspect::Answer)];
        changes.apply(&mut checks);
        assert_eq!((&checks[0].seen[..], &checks[1].seen[..]), (&b"aa=2 b"[..], &b"aa=1 b"[..]));
    }

    #[test]
    fn the_file_is_read() {
        let file = crate::subject::root().join("integration/differential/versions.yaml");
        assert!(Changes::new(read(&file).unwrap().iter()).is_ok());
    }
}
