//! Where records go.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Zoned;

use crate::form::{Form, Record};
use crate::syslog::{Facility, Severity, Syslog};

/// The sinks of a process and the name it speaks under. Cheap to clone; all clones are one logger.
#[derive(Clone, Debug)]
pub struct Logger {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    ident: String,
    console: Option<Form>,
    syslog: Option<Syslog>,
    file: Option<LogFile>,
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: Option<File>,
    form: Form,
}

impl Logger {
    /// A logger without sinks.
    pub fn new(ident: &str) -> Self {
        let inner = Inner { ident: ident.to_owned(), console: None, syslog: None, file: None };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// The name from now on; a forked child calls this with its own.
    pub fn set_ident(&self, ident: &str) {
        self.lock().ident = ident.to_owned();
    }

    /// Lines on standard error, or none.
    pub fn set_console(&self, form: Option<Form>) {
        self.lock().console = form;
    }

    /// Records to the local syslog daemon, or none.
    pub fn set_syslog(&self, facility: Option<Facility>) {
        self.lock().syslog = facility.map(|facility| Syslog::new(PathBuf::from("/dev/log"), facility));
    }

    /// Lines to a file, opened with the next record; `None` closes it.
    pub fn set_file(&self, path: Option<&Path>, form: Form) {
        self.lock().file = path.map(|path| LogFile { path: path.to_owned(), file: None, form });
    }

    /// Closes the file; the next record opens it again by name. For log rotation.
    pub fn reopen_file(&self) {
        if let Some(file) = &mut self.lock().file {
            file.file = None;
        }
    }

    /// Writes one record. A text of several lines becomes several records.
    pub fn write(&self, severity: Severity, text: &str) {
        let mut inner = self.lock();
        let Inner { ident, console, syslog, file } = &mut *inner;
        for text in text.split('\n') {
            let record = Record { severity, time: Zoned::now(), ident, pid: std::process::id(), text };
            if let Some(form) = console {
                let line = form(&record) + "\n";
                // Nobody can be told that standard error is gone.
                let _ = io::stderr().write_all(line.as_bytes());
            }
            if let Some(syslog) = syslog {
                syslog.send(&record);
            }
            if let Some(file) = file {
                file.write(&record);
            }
        }
    }

    /// A poisoned lock only means that a line was cut short by a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogFile {
    fn write(&mut self, record: &Record<'_>) {
        if self.file.is_none() {
            self.file = File::options().append(true).create(true).open(&self.path).ok();
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(((self.form)(record) + "\n").as_bytes());
        }
    }
}
