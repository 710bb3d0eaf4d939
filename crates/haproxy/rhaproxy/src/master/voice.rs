//! The master's messages: on standard error, and kept for the answer of a reload.

use std::cell::{Cell, RefCell};
use std::io::Write as _;

use haproxy_conf::{Program, Severity};

/// Most bytes kept of a start's messages: more than any tool shows, less than a runaway worker can write.
const KEPT_MAX: usize = 1024 * 1024;

/// Speaks for the master.
#[derive(Debug)]
pub struct Voice {
    program: Program,
    pid: Cell<u32>,
    greeted: Cell<bool>,
    least: Cell<Severity>,
    kept: RefCell<Option<String>>,
    last: RefCell<String>,
}

impl Voice {
    /// A voice that has said nothing.
    pub fn new(program: Program) -> Self {
        let pid = Cell::new(program.pid);
        Voice {
            program,
            pid,
            greeted: Cell::new(false),
            least: Cell::new(Severity::Notice),
            kept: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// Takes this process's number, which a fork has changed.
    pub fn renumber(&self) {
        self.pid.set(std::process::id());
    }

    /// Says nothing but alerts from now on (`-q`, `quiet`).
    pub fn say_only_alerts(&self) {
        self.least.set(Severity::Alert);
    }

    /// Says one message. The first one that matters names version and executable before.
    pub fn say(&self, severity: Severity, text: &str) {
        if severity < self.least.get() {
            return;
        }
        let mut out = String::new();
        let pid = self.pid.get();
        if severity >= Severity::Warning && !self.greeted.replace(true) {
            let label = Severity::Notice.label();
            out.push_str(&format!("{label}({pid}) : haproxy version is {}\n", self.program.version));
            out.push_str(&format!("{label}({pid}) : path to executable is {}\n", self.program.path));
        }
        out.push_str(&format!("{}({pid}) : {text}\n", severity.label()));
        self.pass_on(&out);
    }

    /// Passes on what a child says while it starts.
    pub fn pass_on(&self, text: &str) {
        // nobody may be listening any more
        let _ = std::io::stderr().write_all(text.as_bytes());
        if let Some(kept) = &mut *self.kept.borrow_mut()
            && kept.len() + text.len() <= KEPT_MAX
        {
            kept.push_str(text);
        }
    }

    /// Begins to keep the messages of a start or reload.
    pub fn keep(&self) {
        *self.kept.borrow_mut() = Some(String::new());
    }

    /// The messages kept since, which are those of the latest start from now on.
    pub fn kept(&self) -> String {
        if let Some(kept) = self.kept.borrow_mut().take() {
            *self.last.borrow_mut() = kept;
        }
        self.last.borrow().clone()
    }

    /// The first alert among the messages kept, without what stands before its text.
    pub fn reason(&self) -> Option<String> {
        let kept = self.kept.borrow();
        let line =
            kept.as_ref()?.lines().find(|line| line.starts_with(Severity::Alert.label().trim_end()))?;
        line.split_once(") : ").map(|(_, text)| text.to_owned())
    }

    /// The messages of the latest start or reload.
    pub fn latest(&self) -> String {
        self.last.borrow().clone()
    }
}
