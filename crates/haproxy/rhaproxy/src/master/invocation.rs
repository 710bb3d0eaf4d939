//! How this program was called, to call it again: for a worker, a reader, or the master's own successor.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A command line and the program behind it.
#[derive(Debug)]
pub struct Invocation {
    /// The program's file, even if it was replaced since.
    pub file: PathBuf,
    /// `argv[0]`
    pub name: OsString,
    /// The arguments behind it, without those a re-executed master was given for its start alone.
    pub words: Vec<OsString>,
}

/// Flags a master puts in front when it re-executes itself, with the processes and the socket it knew then.
const RESTART_FLAGS: &[&str] = &["-sf", "-st", "-x"];

/// What the kernel writes behind the name of a running file that is gone.
const DELETED: &str = " (deleted)";

impl Invocation {
    /// The invocation of this process. `again` is true for a master that took the place of another.
    pub fn of_process(name: OsString, words: Vec<OsString>, again: bool) -> Self {
        let file = common_os::process::executable_of_self().map_or_else(
            || PathBuf::from(&name),
            |file| {
                let text = file.to_string_lossy().into_owned();
                text.strip_suffix(DELETED).map_or(file, PathBuf::from)
            },
        );
        let words = if again { without_restart(words) } else { words };
        Invocation { file, name, words }
    }

    /// Whether another file stands where the running program was started from.
    pub fn is_replaced(&self) -> bool {
        let same = |a: &Metadata, b: &Metadata| a.dev() == b.dev() && a.ino() == b.ino();
        match (std::fs::metadata(&self.file), std::fs::metadata("/proc/self/exe")) {
            (Ok(file), Ok(own)) => !same(&file, &own),
            // nothing to become, or nothing known
            _ => false,
        }
    }

    /// The arguments for a process that follows `former`, which `link` leads to.
    pub fn words_after(&self, flag: &str, former: &[i32], link: Option<i32>) -> Vec<OsString> {
        let mut words = Vec::new();
        if !former.is_empty() {
            words.push(flag.into());
            words.extend(former.iter().map(|pid| OsString::from(pid.to_string())));
        }
        if let Some(link) = link {
            words.push("-x".into());
            words.push(format!("sockpair@{link}").into());
        }
        words.extend(self.words.iter().cloned());
        words
    }
}

fn without_restart(words: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next_if(|word| RESTART_FLAGS.iter().any(|flag| word == flag)) {
        drop(word);
        while words.next_if(|word| !word.to_string_lossy().starts_with('-')).is_some() {}
    }
    kept.extend(words);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_do_not_pile_up() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let given = words("-sf 30673 30674 -x sockpair@3 -W -S /m -f a.cfg -sf 5");
        let again = Invocation::of_process("haproxy".into(), given.clone(), true);
        assert_eq!(again.words, words("-W -S /m -f a.cfg -sf 5"));
        assert_eq!(
            again.words_after("-sf", &[7, 8], Some(4)),
            words("-sf 7 8 -x sockpair@4 -W -S /m -f a.cfg -sf 5")
        );
        assert_eq!(Invocation::of_process("haproxy".into(), given.clone(), false).words, given);
        assert!(!again.is_replaced());
    }
}
