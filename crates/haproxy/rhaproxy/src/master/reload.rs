//! Starts and reloads: which way a new configuration takes, and what becomes of it.
//!
//! The usual way is a reader, which reads with the master's rights and hands everything to the worker, which goes on with
//! it. What a running process cannot change goes by a new worker, which takes the sockets of the one before; a new
//! program on the disk makes the master become it first.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::rc::Rc;

use common_os::inherit::{OnExec, on_exec};
use common_os::signals;
use haproxy_conf::Severity;
use tokio::net::unix::pipe;

use super::exits::Exit;
use super::procs::{self, Kind};
use super::supervise::{Event, First, How, Supervisor};
use super::waiting::{self, Report, Waiting};
use super::{AGAIN, ONLY_WATCH, spawn};
use crate::handover::NEEDS_A_WORKER;
use crate::link::{self, Subject};

/// A child that has not finished its start.
pub(super) struct Start {
    /// Its process id.
    pub(super) pid: i32,
    what: What,
    how: How,
    first: bool,
    waiting: Waiting,
    silent: bool,
    end: Option<End>,
}

enum What {
    /// A worker, with the master's end of its socket pair.
    Worker(OwnedFd),
    /// A reader for the worker that runs.
    Reader,
}

enum End {
    Serves,
    Exited(Exit),
}

impl Supervisor {
    /// The first start of this master.
    pub(super) fn begin(&mut self, first: First) {
        let again = !self.family.borrow().children.is_empty();
        self.voice.keep();
        if !again {
            self.start_programs(true);
        }
        if first.worker {
            self.start_worker(How::Soft, !again, first.waiting);
        } else {
            self.manager.ready();
        }
    }

    /// Begins a reload, or lets it wait for the start that is under way.
    pub(super) fn reload(&mut self, how: How, waiting: Waiting) {
        if self.ending {
            return;
        }
        if self.starting.is_some() {
            // signals that come together are one wish
            if !waiting.is_nobody()
                || !self.waiting.iter().any(|(known, who)| *known == how && who.is_nobody())
            {
                self.waiting.push_back((how, waiting));
            }
            return;
        }
        self.family.borrow_mut().own.reloads += 1;
        self.voice.say(Severity::Notice, "Reloading HAProxy");
        self.manager.reloading();
        self.voice.keep();
        self.count_survivors();
        if self.invocation.is_replaced() {
            let text = "The program's file was replaced: the master becomes the new program and starts a new worker.";
            self.voice.say(Severity::Notice, text);
            let error = self.become_new_program(&waiting);
            self.voice.say(Severity::Alert, &format!("Cannot become the new program: {error}"));
            self.refuse(waiting);
            return;
        }
        let in_place = how == How::Soft && self.family.borrow().worker().is_some();
        if in_place { self.start_reader(waiting) } else { self.start_worker(how, false, waiting) }
    }

    /// Old workers have survived one more reload; those who survived too many end at once.
    fn count_survivors(&self) {
        for child in self.family.borrow_mut().children.iter_mut().filter(|child| child.leaving) {
            child.reloads += 1;
            if child.kind == Kind::Worker && child.reloads > self.global.max_reloads {
                signals::send(child.pid, nix::libc::SIGTERM);
            }
        }
    }

    fn start_worker(&mut self, how: How, first: bool, waiting: Waiting) {
        let (former, words) = self.former(how);
        let former = former
            .and_then(|link| link::connect(link.as_fd(), Subject::Commands(link::Session::default())).ok())
            .map(OwnedFd::from);
        let (started, link) = match spawn::worker(&self.invocation, words, former) {
            Ok(started) => started,
            Err(error) => {
                self.voice.say(Severity::Alert, &format!("Cannot start a worker: {error}"));
                return if first { self.give_up(1) } else { self.refuse(waiting) };
            }
        };
        let pid = started.pid;
        self.voice.say(Severity::Notice, &format!("Initializing new worker ({pid})"));
        self.listen(pid, started.said);
        self.listen_to_link(pid, link.as_fd());
        self.expect(pid, What::Worker(link), how, first, waiting);
    }

    /// The socket pair to the worker that serves, and the arguments for the one after it.
    fn former(&self, how: How) -> (Option<Rc<OwnedFd>>, Vec<std::ffi::OsString>) {
        let family = self.family.borrow();
        let flag = match how {
            How::Soft => "-sf",
            How::Hard => "-st",
        };
        let workers = family.children.iter().filter(|child| child.kind == Kind::Worker);
        let pids: Vec<i32> = workers.map(|child| child.pid).collect();
        let link = family.worker().and_then(|worker| worker.link.clone());
        let words = self.invocation.words_after(flag, &pids, link.as_ref().map(|link| link.as_raw_fd()));
        (link, words)
    }

    fn start_reader(&mut self, waiting: Waiting) {
        let link = self.family.borrow().worker().and_then(|worker| worker.link.clone());
        let conversation = link.map_or_else(
            || Err(io::Error::from(io::ErrorKind::NotConnected)),
            |link| link::connect(link.as_fd(), Subject::Configuration),
        );
        match conversation.and_then(|stream| spawn::reader(&self.invocation, stream.into())) {
            Ok(started) => {
                self.listen(started.pid, started.said);
                self.expect(started.pid, What::Reader, How::Soft, false, waiting);
            }
            Err(error) => {
                self.voice.say(Severity::Alert, &format!("Cannot read the configuration: {error}"));
                self.refuse(waiting);
            }
        }
    }

    fn expect(&mut self, pid: i32, what: What, how: How, first: bool, waiting: Waiting) {
        self.starting = Some(Start { pid, what, how, first, waiting, silent: false, end: None });
    }

    /// Passes on what the child says.
    fn listen(&self, pid: i32, said: PipeReader) {
        let events = self.events.clone();
        let reader = pipe::Receiver::from_owned_fd(said.into());
        tokio::task::spawn_local(async move {
            if let Ok(mut reader) = reader {
                let mut buffer = vec![0; 8192];
                while let Ok(n @ 1..) = tokio::io::AsyncReadExt::read(&mut reader, &mut buffer).await {
                    drop(events.send(Event::Said(buffer[..n].to_vec())));
                }
            }
            drop(events.send(Event::Silent(pid)));
        });
    }

    /// Waits for the line that says the worker serves.
    fn listen_to_link(&self, pid: i32, link: BorrowedFd<'_>) {
        let events = self.events.clone();
        let Ok(link) = link.try_clone_to_owned() else { return };
        tokio::task::spawn_local(async move {
            let Ok(mut link) = tokio::net::UnixStream::from_std(link.into()) else { return };
            let mut line = [0; link::READY.len()];
            let read = tokio::io::AsyncReadExt::read_exact(&mut link, &mut line).await;
            if read.is_ok() && line == *link::READY {
                drop(events.send(Event::Ready(pid)));
            }
        });
    }

    /// A worker says that it serves.
    pub(super) fn started(&mut self, pid: i32) {
        if let Some(start) = self.starting.as_mut().filter(|start| start.pid == pid) {
            start.end.get_or_insert(End::Serves);
            self.settle();
        }
    }

    /// A child has said all.
    pub(super) fn silent(&mut self, pid: i32) {
        if let Some(start) = self.starting.as_mut().filter(|start| start.pid == pid) {
            start.silent = true;
            self.settle();
        }
    }

    /// The end of the child that is starting; gives the exit back when it is another's.
    pub(super) fn ended_at_start(&mut self, pid: i32, exit: Exit) -> Option<Exit> {
        let Some(start) = self.starting.as_mut().filter(|start| start.pid == pid) else { return Some(exit) };
        match start.end {
            None => {
                start.end = Some(End::Exited(exit));
                self.settle();
                None
            }
            // it served and has ended at once
            Some(_) => {
                start.silent = true;
                self.settle();
                Some(exit)
            }
        }
    }

    fn settle(&mut self) {
        if !self.starting.as_ref().is_some_and(|start| start.silent && start.end.is_some()) {
            return;
        }
        let Some(Start { pid, what, how, first, waiting, end: Some(end), .. }) = self.starting.take() else {
            return;
        };
        match (what, end) {
            (What::Worker(link), End::Serves) => self.worker_serves(pid, link, how, first, waiting),
            (What::Worker(_), End::Exited(exit)) => self.worker_failed(pid, &exit, first, waiting),
            (What::Reader, _) if self.ending => self.report(false, waiting),
            (What::Reader, End::Exited(exit)) if exit.code == 0 => self.applied(waiting),
            (What::Reader, End::Exited(exit)) if exit.code == NEEDS_A_WORKER => {
                self.start_worker(How::Soft, false, waiting);
            }
            (What::Reader, End::Exited(exit)) => {
                if exit.how != "Exit" {
                    let text = format!("The reader ({pid}) exited with code {} ({})", exit.code, exit.how);
                    self.voice.say(Severity::Alert, &text);
                }
                self.refuse(waiting);
            }
            // a reader does not serve
            (What::Reader, End::Serves) => self.refuse(waiting),
        }
        if self.starting.is_none()
            && let Some((how, waiting)) = self.waiting.pop_front()
        {
            self.reload(how, waiting);
        }
    }

    fn worker_serves(&mut self, pid: i32, link: OwnedFd, how: How, first: bool, waiting: Waiting) {
        self.leave(|child| child.kind == Kind::Worker, how);
        self.adopt(pid, link);
        if first {
            self.voice.say(Severity::Notice, "Loading success.");
            self.write_pidfile();
            self.manager.ready();
            self.voice.kept();
            self.release_launcher(0);
        } else {
            self.succeed(waiting);
        }
        if self.ending {
            signals::send(pid, nix::libc::SIGTERM);
        }
    }

    fn worker_failed(&mut self, pid: i32, exit: &Exit, first: bool, waiting: Waiting) {
        if self.ending {
            // it was told to end before it was ready
            let text = format!("Current worker ({pid}) exited with code {} ({})", exit.code, exit.how);
            self.voice.say(Severity::Alert, &text);
            return;
        }
        let text = format!("Failed to load worker ({pid}) exited with code {} ({})", exit.code, exit.how);
        self.voice.say(Severity::Alert, &text);
        if first { self.give_up(exit.code) } else { self.refuse(waiting) }
    }

    /// The worker goes on with the new configuration.
    fn applied(&mut self, waiting: Waiting) {
        for child in self.family.borrow_mut().children.iter_mut().filter(|child| !child.leaving) {
            child.reloads = 0;
        }
        self.succeed(waiting);
    }

    fn succeed(&mut self, waiting: Waiting) {
        self.global = (self.discover)();
        self.start_programs(false);
        self.family.borrow_mut().own.failed = 0;
        self.voice.say(Severity::Notice, "Loading success.");
        self.manager.ready();
        self.report(true, waiting);
    }

    /// The old configuration serves on.
    fn refuse(&mut self, waiting: Waiting) {
        {
            let mut family = self.family.borrow_mut();
            family.own.failed += 1;
            family.children.iter_mut().filter(|child| !child.leaving).for_each(|child| child.reloads += 1);
        }
        let reason = self.voice.reason().unwrap_or_else(|| "no reason was told".to_owned());
        let text = format!("Reload refused, the configuration before serves on: {reason}");
        self.log.alert(&self.global, &text);
        self.voice.say(Severity::Warning, "Loading failure!");
        self.manager.refused();
        self.report(false, waiting);
    }

    fn report(&self, success: bool, waiting: Waiting) {
        waiting.tell(Report { success, log: self.voice.kept() });
    }

    fn write_pidfile(&self) {
        let Some(path) = &self.global.pidfile else { return };
        if let Err(error) = std::fs::write(path, format!("{}\n", std::process::id())) {
            self.voice.say(Severity::Alert, &format!("Cannot create pidfile {}: {error}", path.display()));
        }
    }

    /// Becomes the program that stands where this one was started from; comes back only when that fails.
    fn become_new_program(&self, waiting: &Waiting) -> io::Error {
        let family = self.family.borrow();
        let variable = procs::to_variable(&family.own, &family.children);
        for link in family.children.iter().filter_map(|child| child.link.as_ref()) {
            if let Err(error) = on_exec(link, OnExec::Keep) {
                return error;
            }
        }
        let (_, words) = self.former(How::Soft);
        let mut command = Command::new(&self.invocation.file);
        command.arg0(&self.invocation.name).args(words);
        command.env_remove(ONLY_WATCH).env(AGAIN, "1").env(procs::VARIABLE, variable);
        match waiting.leave() {
            Some(connection) => command.env(waiting::VARIABLE, connection),
            None => command.env_remove(waiting::VARIABLE),
        };
        command.exec()
    }
}
