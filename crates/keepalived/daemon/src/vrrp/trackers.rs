//! Tracked files and processes on their way to the machines.

use super::input::Input;
use super::shell::Shell;
use crate::inbox;
use keepalived_conf::model::TrackFile;
use keepalived_notify::files::{self, FileTracker};
use keepalived_notify::processes::{ProcessMonitor, ProcessTable};
use keepalived_vrrp::event::Event;
use keepalived_vrrp::ids::Name;
use std::fs::File;
use std::io::Read;
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

    /// Sessions that instances track have their state from a file until BFD itself is part of the program: lines of
    /// `NAME UP` or `NAME DOWN`, the last one of a name counts.
    pub(super) fn watch_bfd(&mut self) {
        let Some(path) = self.bfd_events.clone().filter(|_| !self.router.ids().bfds.is_empty()) else {
            return;
        };
        if self.bfd_watched {
            return;
        }
        let file = TrackFile {
            name: String::from("BFD events"),
            file: path.to_string_lossy().into_owned(),
            weight: 1,
            reverse: false,
            init_file: None,
        };
        let task = FileTracker::new(&[file]).and_then(|tracker| {
            inbox::watch(tracker, self.inbox.clone(), |tracker| {
                Ok((!tracker.changed()?.is_empty()).then_some(Input::BfdEvents))
            })
        });
        match task {
            Ok(_) => {
                self.bfd_watched = true;
                tracing::info!("The states of tracked BFD sessions are read from {}", path.display());
            }
            Err(error) => tracing::warn!("Unable to monitor {}: {error}", path.display()),
        }
    }

    pub(super) fn bfd_changed(&mut self) {
        let Some(path) = &self.bfd_events else { return };
        // Larger than any sensible file of events; what lies behind is not read.
        const READ_MAX: u64 = 65_536;
        let mut text = String::new();
        if let Ok(file) = File::open(path) {
            let _ = file.take(READ_MAX).read_to_string(&mut text);
        }
        let names: Vec<Name> = self.router.config().bfds.iter().map(|bfd| bfd.name.clone()).collect();
        for (bfd, name) in self.router.ids().bfds.clone().into_iter().zip(names) {
            let last =
                text.lines().filter_map(|line| line.split_once(' ')).rfind(|(word, _)| **word == *name);
            let up = last.is_some_and(|(_, state)| state.trim().eq_ignore_ascii_case("up"));
            self.event(Event::Bfd { bfd, up });
        }
    }
}
