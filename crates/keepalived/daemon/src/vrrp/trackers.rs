//! Tracked files and processes on their way to the machines.

use super::input::Input;
use super::shell::Shell;
use crate::inbox;
use keepalived_notify::files::{self, FileTracker};
use keepalived_notify::processes::{ProcessMonitor, ProcessTable};
use keepalived_vrrp::event::Event;
use std::path::Path;

impl Shell {
    pub(super) fn watch_files(&mut self) {
        if let Some(task) = self.files.take() {
            task.abort();
        }
        let wanted = &self.config.track_files;
        if wanted.is_empty() {
            return;
        }
        for file in wanted {
            if let Err(error) = files::initialise(file) {
                tracing::warn!("Unable to initialise track file {}: {error}", file.name);
            }
        }
        let task = FileTracker::new(wanted).and_then(|tracker| {
            inbox::watch(tracker, self.inbox.clone(), |tracker| {
                let changed = tracker.changed()?;
                Ok((!changed.is_empty()).then_some(Input::Files(changed)))
            })
        });
        match task {
            Ok(task) => self.files = Some(task),
            Err(error) => tracing::warn!("Unable to monitor track files: {error}"),
        }
    }

    /// Without the kernel's events a count would only be an old one, so nothing counts as running.
    pub(super) fn watch_processes(&mut self, monitor: Option<ProcessMonitor>) {
        if let Some(monitor) = monitor {
            let result = inbox::watch(monitor, self.inbox.clone(), |monitor| {
                let told = monitor.drain()?;
                Ok((!told.is_empty()).then_some(Input::Processes(told)))
            });
            match result {
                Ok(_) => self.hears_processes = true,
                Err(error) => tracing::warn!("Unable to watch processes: {error}"),
            }
        }
        self.processes = match self.hears_processes {
            true => ProcessTable::new(&self.config.track_processes),
            false => ProcessTable::default(),
        };
    }

    pub(super) fn file_changed(&mut self, number: usize) {
        let Some(file) = self.config.track_files.get(number) else { return };
        let value = files::value_of(Path::new(&file.file));
        if let Some(file) = self.router.ids().files.get(number).copied() {
            self.event(Event::FileValue { file, value });
        }
    }

    pub(super) fn process_changed(&mut self, number: usize) {
        let count = self.processes.count(number);
        if let Some(process) = self.router.ids().processes.get(number).copied() {
            self.event(Event::ProcessCount { process, count });
        }
    }
}
