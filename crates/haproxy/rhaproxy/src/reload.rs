//! A new configuration beside the running one: loaded apart from everything that serves, refused as a whole when anything
//! is wrong with it, put in force at once when nothing is.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use haproxy_conf::{Environment, Severity, Show};
use haproxy_engine::door::{self, OpenSocket};
use haproxy_engine::run::Running;
use haproxy_model::snapshot::{Listener, Snapshot};
use tokio::sync::oneshot;

use crate::control::{self, Control};
use crate::handover::fixed;
use crate::handover::receiver::{Bound, Fresh};
use crate::pages::{DoorKeys, Doors};
use crate::sockets::{self, Supply};
use crate::{load, messages, start};

/// How much nicer a load is than the threads that serve: they may need its CPU at any moment.
const NICENESS: i32 = 10;

/// How often a former snapshot is looked at for whether anybody still needs it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a load gives: a configuration, or why there is none.
pub type Outcome = Result<Fresh, Vec<String>>;

/// The reload that is under way, and whether another one was asked for meanwhile.
#[derive(Default)]
pub struct Reload {
    loading: Option<oneshot::Receiver<Outcome>>,
    again: bool,
}

impl Reload {
    /// Begins to load. While a load is under way, whose files may have changed since, another one comes behind it.
    pub fn begin(&mut self, control: &Control, doors: DoorKeys) {
        if self.loading.is_some() {
            self.again = true;
            return;
        }
        let bound = control::describe(control, doors)();
        let (done, loading) = oneshot::channel();
        let work = move || drop(done.send(fresh(&bound)));
        match apart(work) {
            Ok(()) => self.loading = Some(loading),
            Err(error) => tell(Err(vec![format!("Cannot load the configuration: {error}.")])),
        }
    }

    /// Begins what was asked for while the last load was under way.
    pub fn go_on(&mut self, control: &Control, doors: DoorKeys) {
        if std::mem::take(&mut self.again) {
            self.begin(control, doors);
        }
    }

    /// Ends with the load; never while there is none.
    pub async fn finished(&mut self) -> Outcome {
        let Some(loading) = &mut self.loading else { return std::future::pending().await };
        let outcome = loading.await;
        self.loading = None;
        outcome.unwrap_or_else(|_| Err(vec!["The load ended by a defect of the program.".to_owned()]))
    }
}

/// Runs work on a thread of its own that gives way to all others.
pub fn apart(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let body = move || {
        // refused where the process may not even be nicer, which changes nothing else
        drop(common_os::limits::set_nice(NICENESS));
        work();
    };
    std::thread::Builder::new().name("haproxy".to_owned()).spawn(body).map(drop)
}

/// Loads the files and opens what is missing, with this process's own rights.
fn fresh(bound: &Bound) -> Outcome {
    let mut env = Environment::from_process();
    crate::environment::before_reading(&mut env, &bound.args, &bound.host)
        .map_err(|error| vec![error.to_string()])?;
    let loaded = load::load(&bound.args, &mut env, load::machine_files(), &bound.lasting, Some(&bound.old));
    let program = haproxy_conf::Program {
        version: crate::version::VERSION.to_owned(),
        path: String::new(),
        pid: std::process::id(),
    };
    eprint!("{}", loaded.diags.render(&program, Show { least: Severity::Warning, carets: true }));
    if !start::may_start(&loaded, &bound.args) {
        return Err(Vec::new());
    }
    let environment = start::listed(env, &loaded);
    let Some(snapshot) = loaded.snapshot else { return Err(Vec::new()) };
    if snapshot.listeners.is_empty() && snapshot.global.stats_sockets.is_empty() {
        return Err(vec!["No enabled listener found (check for 'bind' directives) !".to_owned()]);
    }
    if let Some(change) = fixed::difference(&fixed::list(&bound.old.global), &fixed::list(&snapshot.global)) {
        return Err(vec![format!("{change}, which a running process cannot do.")]);
    }
    let missing = door::plan(&snapshot, &bound.open).missing;
    let mut supply = Supply::default();
    let listening = sockets::open(&snapshot, &mut supply, |listener| missing.contains(&listener.id))?;
    let stats =
        sockets::open_stats(&snapshot, &mut supply, |bind| !bound.stats.contains(&sockets::stats_key(bind)))?;
    Ok(Fresh { snapshot, patterns: loaded.patterns, environment, listening, stats })
}

/// Puts a configuration in force whose sockets are all there.
pub fn apply(control: &Control, fresh: Fresh, doors: &mut Doors) -> Result<(), Vec<String>> {
    let running = &control.running;
    doors.renew(&control.context, &fresh.snapshot, fresh.stats).map_err(|error| vec![error.to_string()])?;
    let old = running.process.snapshot.load_full();
    let mut snapshot = fresh.snapshot;
    // servers added or removed meanwhile have made generations of their own
    snapshot.generation = old.generation + 1;
    let snapshot = Arc::new(snapshot);
    let vanished = running.replace(Arc::clone(&snapshot));
    control.context.patterns.store(Arc::new(fresh.patterns));
    control.context.environment.store(Arc::new(fresh.environment));
    running.listen(sockets::for_snapshot(&snapshot, fresh.listening));
    tokio::task::spawn_local(retire(Rc::clone(running), old, vanished));
    Ok(())
}

/// Tells how a reload ended.
pub fn tell(outcome: Result<(), Vec<String>>) {
    match outcome {
        Ok(()) => messages::print(Severity::Notice, "Loading success."),
        Err(faults) => {
            for fault in faults {
                messages::print(Severity::Alert, &fault);
            }
            messages::print(Severity::Alert, "Reload refused: the old configuration goes on.");
        }
    }
}

/// What becomes of a snapshot that was replaced: its vanished listeners close after `grace`, their connections leave over
/// `close-spread-time`, what still runs on it after `hard-stop-after` ends, and its memory returns.
async fn retire(running: Rc<Running>, old: Arc<Snapshot>, vanished: Vec<Arc<OpenSocket>>) {
    let global = &old.global;
    if let Some(ms) = global.grace_ms.filter(|_| !vanished.is_empty()) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    close(&running, &old, vanished);
    let generation = old.generation;
    let mut cut_in = global.hard_stop_after_ms.map(Duration::from_millis);
    while Arc::strong_count(&old) > 1 {
        tokio::time::sleep(LOOK_EVERY).await;
        cut_in = cut_in.map(|left| left.saturating_sub(LOOK_EVERY));
        if cut_in.is_some_and(|left| left.is_zero()) {
            running.cut(generation);
            cut_in = None;
        }
    }
    // taking a large snapshot down takes time that nobody should wait for
    drop(apart(move || drop(old)));
}

/// Lets go of sockets that serve no listener any more, unless a later configuration took them up again.
fn close(running: &Running, old: &Snapshot, mut vanished: Vec<Arc<OpenSocket>>) {
    let now = running.process.snapshot.load_full();
    let open = running.process.doors.all();
    let places = door::plan(&now, &open).places;
    vanished.retain(|socket| !places.contains_key(&socket.id));
    running.unlisten(&vanished);
    let goes = |listener: &&Listener| now.listener_of(&listener.live).is_none();
    let mut going = old.listeners.iter().filter(goes).peekable();
    if going.peek().is_some() {
        running.leave(going, old.global.close_spread_ms.unwrap_or(0));
    }
}
