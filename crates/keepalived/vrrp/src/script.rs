//! `vrrp_script`: when a check runs, what its results mean, and what happens if it hangs.

use common_base::time::{Instant, Micros};

use crate::{
    command::{Command, Level, Log, Signal},
    config::ScriptConfig,
    event::Outcome,
    ids::ScriptId,
};

/// From SIGTERM to SIGKILL.
const KILL_AFTER: Micros = Micros::from_secs(2);
/// How often a process that survives SIGKILL is complained about.
const COMPLAIN_EVERY: Micros = Micros::from_secs(10);

/// Not even a misconfigured script runs more often.
const INTERVAL_MIN: Micros = Micros::from_millis(1);

/// One check script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptMachine {
    id: ScriptId,
    config: ScriptConfig,
    verdict: Verdict,
    /// 0 to `rise + fall - 1`; `rise` and more is good.
    result: u32,
    run: Run,
    next_run: Option<Instant>,
    last_status: i32,
    /// It has ended once, so that its verdict is more than `init_fail`.
    proved: bool,
}

/// What a script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has not said anything yet.
    Unknown,
    /// GOOD.
    Good,
    /// BAD.
    Bad,
}

/// What its process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// There is none.
    Idle,
    /// It runs, until then.
    Running(Instant),
    /// It was asked to end; it is killed then.
    Terminating(Instant),
    /// It was killed; that is complained about then.
    Killing(Instant),
}

impl ScriptMachine {
    pub(crate) fn new(id: ScriptId, config: ScriptConfig) -> Self {
        let failed = config.init_fail || config.disabled;
        Self {
            id,
            verdict: if failed { Verdict::Bad } else { Verdict::Unknown },
            // one success is enough at first
            result: if failed { 0 } else { config.rise.saturating_sub(1) },
            run: Run::Idle,
            next_run: None,
            last_status: 0,
            proved: false,
            config,
        }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> ScriptId {
        self.id
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &ScriptConfig {
        &self.config
    }

    /// What it says.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Successes and failures so far: 0 to `rise + fall - 1`; from `rise` on it is good.
    #[must_use]
    pub fn result(&self) -> u32 {
        self.result
    }

    /// What its process does.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// Starts the first run.
    pub(crate) fn start(&mut self, now: Instant, out: &mut Vec<Command>) {
        if !self.config.disabled && self.next_run.is_none() {
            self.launch(now, out);
            self.next_run = Some(now + self.interval());
        }
    }

    /// Stops running it; a process that is left gets SIGTERM.
    pub(crate) fn stop(&mut self, out: &mut Vec<Command>) {
        self.next_run = None;
        if matches!(self.run, Run::Running(_)) {
            out.push(Command::SignalScript { script: self.id, signal: Signal::Term });
        }
        self.run = Run::Idle;
    }

    /// When it wants to be woken.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let process = match self.run {
            Run::Idle => None,
            Run::Running(at) | Run::Terminating(at) | Run::Killing(at) => Some(at),
        };
        process.into_iter().chain(self.next_run).min()
    }

    /// What is due; `true` if the verdict changed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Command>) -> bool {
        let mut changed = false;
        match self.run {
            Run::Running(at) if at <= now => {
                out.push(Command::SignalScript { script: self.id, signal: Signal::Term });
                self.run = Run::Terminating(now + KILL_AFTER);
                changed = self.failure("timed_out", out);
            }
            Run::Terminating(at) if at <= now => {
                out.push(Command::SignalScript { script: self.id, signal: Signal::Kill });
                self.run = Run::Killing(now + COMPLAIN_EVERY);
            }
            Run::Killing(at) if at <= now => {
                let text = format!("Script {} failed to terminate after kill", self.config.name);
                log(Level::Warning, text, out);
                self.run = Run::Killing(now + COMPLAIN_EVERY);
            }
            Run::Idle | Run::Running(_) | Run::Terminating(_) | Run::Killing(_) => {}
        }
        if let Some(due) = self.next_run.filter(|at| *at <= now) {
            let next = due + self.interval();
            self.next_run = Some(if next > now { next } else { now + self.interval() });
            self.launch(now, out);
        }
        changed
    }

    /// The process ended; `true` if the verdict changed.
    pub(crate) fn ended(&mut self, outcome: Outcome, out: &mut Vec<Command>) -> bool {
        match std::mem::replace(&mut self.run, Run::Idle) {
            // the time-out counted already
            Run::Terminating(_) | Run::Killing(_) => return false,
            Run::Idle | Run::Running(_) => {}
        }
        match outcome {
            Outcome::Exited(status) => {
                if status != self.last_status {
                    let text = format!("Script `{}` now returning {status}", self.config.name);
                    log(Level::Info, text, out);
                    self.last_status = status;
                }
                if status == 0 {
                    self.success(out)
                } else {
                    self.failure(&format!("failed (exited with status {status})"), out)
                }
            }
            Outcome::Signalled(signal) => self.failure(&format!("failed (due to signal {signal})"), out),
            Outcome::NotStarted => self.failure("failed (could not be started)", out),
        }
    }

    /// Takes over a configuration that runs the same command: what is known stays known.
    pub(crate) fn adopt(&mut self, config: ScriptConfig, out: &mut Vec<Command>) {
        let word = match self.verdict {
            Verdict::Good => Some("successful"),
            Verdict::Bad => Some("unsuccessful"),
            Verdict::Unknown => None,
        };
        if let Some(word) = word {
            let text = format!("VRRP_Script({}) considered {word} on reload", config.name);
            log(Level::Info, text, out);
        }
        self.result = match self.verdict {
            Verdict::Good => top(&config),
            Verdict::Bad => 0,
            Verdict::Unknown => config.rise.saturating_sub(1),
        };
        self.config = config;
    }

    fn interval(&self) -> Micros {
        self.config.interval.max(INTERVAL_MIN)
    }

    fn launch(&mut self, now: Instant, out: &mut Vec<Command>) {
        if self.run == Run::Idle {
            out.push(Command::RunScript { script: self.id });
            self.run = Run::Running(now + self.config.timeout);
        } else {
            let text =
                format!("Track script {} is already running, expect idle - skipping run", self.config.name);
            log(Level::Info, text, out);
        }
    }

    fn success(&mut self, out: &mut Vec<Command>) -> bool {
        self.proved = true;
        let top = top(&self.config);
        if self.result.saturating_add(1) < self.config.rise {
            self.result += 1;
            return false;
        }
        if self.result >= top {
            return false;
        }
        self.result = top;
        if self.verdict == Verdict::Good {
            return false;
        }
        self.verdict = Verdict::Good;
        log(Level::Info, format!("VRRP_Script({}) succeeded", self.config.name), out);
        true
    }

    fn failure(&mut self, how: &str, out: &mut Vec<Command>) -> bool {
        if self.verdict == Verdict::Good && self.result > self.config.rise {
            self.result -= 1;
            return false;
        }
        self.result = 0;
        let first = !std::mem::replace(&mut self.proved, true);
        let changed = std::mem::replace(&mut self.verdict, Verdict::Bad) != Verdict::Bad;
        if first || changed {
            log(Level::Info, format!("VRRP_Script({}) {how}", self.config.name), out);
        }
        changed
    }
}

/// The result of a script that succeeded long enough.
fn top(config: &ScriptConfig) -> u32 {
    config.rise.saturating_add(config.fall).saturating_sub(1)
}

fn log(level: Level, text: String, out: &mut Vec<Command>) {
    out.push(Command::Log(Log { level, detail: false, text }));
}
