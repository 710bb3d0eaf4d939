//! What the last check of a server said, as statistics show it.

/// Outcome of a check, by layer (manual of the statistics, field `check_status`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckStatus {
    /// No result yet.
    #[default]
    Unknown,
    /// Initializing.
    Init,
    /// An agent answered without a word on health.
    Checked,
    /// A passive observation (`observe`) found too many errors.
    Analyze,
    /// No socket could be made.
    SocketError,
    /// Layer 4 passed.
    L4Ok,
    /// Layer 4 timed out.
    L4Timeout,
    /// Layer 4 failed: refused, unreachable.
    L4Connection,
    /// Layer 6 passed.
    L6Ok,
    /// Layer 6 timed out.
    L6Timeout,
    /// Layer 6 answer was invalid.
    L6Response,
    /// Layer 7 timed out.
    L7Timeout,
    /// Layer 7 answer was invalid.
    L7Response,
    /// Layer 7 passed.
    L7Ok,
    /// Layer 7 passed on condition, such as 404 with `disable-on-404`.
    L7OkConditional,
    /// Layer 7 answered an error.
    L7Status,
    /// External check could not run.
    ProcessError,
    /// External check took too long.
    ProcessTimeout,
    /// External check passed.
    ProcessOk,
}

/// What an outcome means for the server's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckVerdict {
    /// Says nothing.
    Neutral,
    /// One more failure.
    Failed,
    /// One more success.
    Passed,
    /// Success, but new sessions should go elsewhere.
    Conditional,
}

struct Names {
    status: CheckStatus,
    code: &'static str,
    description: &'static str,
    verdict: CheckVerdict,
}

/// In the order of the enum, which is also the order of the state labels of the metrics.
const NAMES: &[Names] = &[
    Names {
        status: CheckStatus::Unknown,
        code: "UNK",
        description: "Unknown",
        verdict: CheckVerdict::Neutral,
    },
    Names {
        status: CheckStatus::Init,
        code: "INI",
        description: "Initializing",
        verdict: CheckVerdict::Neutral,
    },
    Names {
        status: CheckStatus::Checked,
        code: "CHECKED",
        description: "No status change",
        verdict: CheckVerdict::Neutral,
    },
    Names {
        status: CheckStatus::Analyze,
        code: "HANA",
        description: "Health analyze",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::SocketError,
        code: "SOCKERR",
        description: "Socket error",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L4Ok,
        code: "L4OK",
        description: "Layer4 check passed",
        verdict: CheckVerdict::Passed,
    },
    Names {
        status: CheckStatus::L4Timeout,
        code: "L4TOUT",
        description: "Layer4 timeout",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L4Connection,
        code: "L4CON",
        description: "Layer4 connection problem",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L6Ok,
        code: "L6OK",
        description: "Layer6 check passed",
        verdict: CheckVerdict::Passed,
    },
    Names {
        status: CheckStatus::L6Timeout,
        code: "L6TOUT",
        description: "Layer6 timeout",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L6Response,
        code: "L6RSP",
        description: "Layer6 invalid response",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L7Timeout,
        code: "L7TOUT",
        description: "Layer7 timeout",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L7Response,
        code: "L7RSP",
        description: "Layer7 invalid response",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::L7Ok,
        code: "L7OK",
        description: "Layer7 check passed",
        verdict: CheckVerdict::Passed,
    },
    Names {
        status: CheckStatus::L7OkConditional,
        code: "L7OKC",
        description: "Layer7 check conditionally passed",
        verdict: CheckVerdict::Conditional,
    },
    Names {
        status: CheckStatus::L7Status,
        code: "L7STS",
        description: "Layer7 wrong status",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::ProcessError,
        code: "PROCERR",
        description: "External check error",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::ProcessTimeout,
        code: "PROCTOUT",
        description: "External check timeout",
        verdict: CheckVerdict::Failed,
    },
    Names {
        status: CheckStatus::ProcessOk,
        code: "PROCOK",
        description: "External check passed",
        verdict: CheckVerdict::Passed,
    },
];

impl CheckStatus {
    fn names(self) -> &'static Names {
        NAMES.iter().find(|names| names.status == self).unwrap_or(&NAMES[0])
    }

    /// Every outcome that can be one of a finished probe, in the order metrics list them.
    pub fn results() -> impl Iterator<Item = CheckStatus> {
        NAMES.iter().filter(|names| names.verdict != CheckVerdict::Neutral).map(|names| names.status)
    }

    /// The outcome of this short name: for `ok-status` and its like.
    pub fn from_code(code: &str) -> Option<CheckStatus> {
        NAMES.iter().find(|names| names.code == code).map(|names| names.status)
    }

    /// Short name: `L4OK`, `L7STS`.
    pub fn code(self) -> &'static str {
        self.names().code
    }

    /// Words of logs and statistics: `Layer4 check passed`.
    pub fn description(self) -> &'static str {
        self.names().description
    }

    /// What it means for the server's health.
    pub fn verdict(self) -> CheckVerdict {
        self.names().verdict
    }
}

/// Health and last outcome of one check (`check` or `agent-check`) of a server.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// True when this check is configured.
    pub configured: bool,
    /// False once stopped by `disable health` or `disable agent`.
    pub enabled: bool,
    /// True while a probe is under way: shown as `* ` before the status.
    pub running: bool,
    /// Last outcome.
    pub status: CheckStatus,
    /// Layer 5 to 7 code of the outcome, when the layer has codes.
    pub code: Option<u32>,
    /// Milliseconds the last probe took.
    pub duration_ms: u64,
    /// What the server said or the error's text, `last_chk`.
    pub output: String,
    /// Successes in a row to come up.
    pub rise: u32,
    /// Failures in a row to go down.
    pub fall: u32,
    /// From 0 to `rise + fall - 1`; up from `rise` on.
    pub health: u32,
    /// Probes that failed while the server was up, `chkfail`.
    pub failures: u64,
    /// Errors in a row seen by `observe`.
    pub consecutive_errors: u32,
    /// Errors seen by `observe`, `hanafail`.
    pub analyze_failures: u64,
}

impl CheckReport {
    /// The report of a check that is not configured: its health is shown all the same.
    pub fn absent(rise: u32) -> Self {
        CheckReport { rise, health: rise, ..CheckReport::default() }
    }

    /// A report that starts as the original starts servers: one failure away from down, up before the first probe.
    pub fn starting_up(rise: u32, fall: u32) -> Self {
        CheckReport { configured: true, enabled: true, rise, fall, health: rise, ..CheckReport::default() }
    }

    /// True when the health counter says up.
    pub fn is_up(&self) -> bool {
        self.health >= self.rise
    }

    /// Largest value of the health counter.
    pub fn health_max(&self) -> u32 {
        (self.rise + self.fall).saturating_sub(1)
    }

    /// Status as the CSV shows it: code, with `* ` before it while a probe runs.
    pub fn status_text(&self) -> String {
        let mark = if self.running && self.status != CheckStatus::Unknown { "* " } else { "" };
        format!("{mark}{}", self.status.code())
    }
}
