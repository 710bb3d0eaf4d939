//! What is answered without loading a configuration: versions, conditions, usage, refusals.

use haproxy_conf::{Diagnostics, Environment, Program, Severity, Show};

use crate::args::{self, Command, Switches};
use crate::version::{facts, version_text};

/// Text for both outputs, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The process ends with it.
    pub code: u8,
}

/// What the answers need to know of the process.
#[derive(Clone, Debug)]
pub struct Process {
    /// `argv[0]`, for the usage.
    pub name: String,
    /// Version, path and pid, for messages.
    pub program: Program,
    /// System name, release, version and machine.
    pub system: String,
    /// Threads used when the configuration names no number.
    pub threads: usize,
}

/// The answer to a command other than [`Command::Run`], which has none here.
pub fn answer(command: &Command, process: &Process, env: &Environment) -> Option<Answer> {
    Some(match command {
        Command::Run(_) => return None,
        Command::Version(form) => {
            Answer { out: version_text(*form, &process.system, process.threads), ..Answer::default() }
        }
        Command::MemoryHelp => Answer {
            out: "-dM is accepted but has no option here: memory is never shown before it is written.\n"
                .to_owned(),
            ..Answer::default()
        },
        Command::Keywords => Answer { out: crate::keywords::dump(), ..Answer::default() },
        Command::Condition(text) => {
            let (code, message) = args::evaluate_condition(text, &facts(&Switches::default()), env);
            let err = message.map(|message| alert(&message, process)).unwrap_or_default();
            Answer { err, code, ..Answer::default() }
        }
        Command::Usage(message) => {
            let message = message.as_ref().map(|message| alert(message, process)).unwrap_or_default();
            let err = message + &args::usage(&process.name);
            let out = version_text(args::VersionForm::Short, &process.system, process.threads);
            Answer { out, err, code: 1 }
        }
        Command::Refuse(message) => Answer { err: alert(message, process), code: 1, ..Answer::default() },
    })
}

/// One alert in the original's form, with the lines that precede the first message of a process.
pub fn alert(message: &str, process: &Process) -> String {
    let mut diags = Diagnostics::new();
    diags.set_prefix("");
    diags.plain(Severity::Alert, message);
    diags.render(&process.program, Show::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Answer {
        let process = Process {
            name: "haproxy".to_owned(),
            program: Program { version: "V".to_owned(), path: "/p".to_owned(), pid: 7 },
            system: "Linux".to_owned(),
            threads: 2,
        };
        let mut env = Environment::new();
        env.set(b"TESTVAR", b"1").unwrap();
        let words = line.split('~').map(std::ffi::OsString::from);
        answer(&args::parse(words), &process, &env).unwrap()
    }

    #[test]
    fn versions_go_to_standard_output() {
        let answer = run("-v");
        assert!(
            answer.out.starts_with("HAProxy version 3.4.0-") && answer.err.is_empty() && answer.code == 0
        );
        assert_eq!(run("-vqs").out, "3.4.0\n");
    }

    #[test]
    fn conditions_end_in_their_code() {
        for (condition, code) in [
            ("version_atleast(3.0)", 0),
            ("version_atleast(1024)", 1),
            ("streq(foo,'foo')", 0),
            ("streq(\"foo bar\",'foo bar')", 0),
            ("defined(TESTVAR) && streq(\"$TESTVAR\",\"1\")", 0),
            ("1&&!0&&!((streq(x,y)||!streq(x,x)&&1)||strneq(x,x))", 0),
            ("1   &&!   0&&    !((streq(x,y) || 1)||strneq(x,x))", 1),
            ("", 1),
            ("-1000 && 200", 0),
            ("200rrr", 2),
            ("!(0))", 2),
            ("streq(a,\"a)", 2),
        ] {
            let answer = run(&format!("-cc~{condition}"));
            assert_eq!((answer.code, answer.err.is_empty()), (code, code < 2), "{condition}");
        }
    }

    #[test]
    fn usage_and_refusals_end_in_one() {
        let usage = run("-z");
        assert!(usage.out.starts_with("HAProxy version") && usage.err.starts_with("Usage : haproxy "));
        assert_eq!(usage.code, 1);
        assert_eq!(
            run("-sf~x~-f~a").err,
            "[NOTICE]   (7) : haproxy version is V\n[NOTICE]   (7) : path to executable is /p\n\
             [ALERT]    (7) : -sf option: some bytes unconsumed in PID list {x}\n"
        );
    }
}
