//! The reviewed reasons for a difference.

use crate::Answer;

/// How two answers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Same exit code, same messages.
    Equal,
    /// Different for a reason that stands in the list.
    Reason(&'static str),
    /// Different.
    Unexplained,
}

impl Outcome {
    /// The row of the table.
    pub fn label(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Reason(reason) => reason,
            Self::Unexplained => "UNEXPLAINED",
        }
    }
}

/// A reason: its words, and whether it holds.
struct Reason {
    label: &'static str,
    holds: fn(&Answer, &Answer) -> bool,
}

const REASONS: &[Reason] = &[
    Reason { label: "the original crashed", holds: |original, _| original.code < 0 },
    Reason {
        label: "we say that a keyword has no effect here; the rest is equal",
        holds: |original, ours| {
            original.code == ours.code
                && ours.messages.difference(&original.messages).all(|line| line.contains("' has no effect: "))
                && original.messages.is_subset(&ours.messages)
        },
    },
    Reason {
        label: "a second definition of a name, or a member that does not exist: the original says nothing",
        holds: |original, ours| {
            let said = |line: &String| {
                line.contains(" already defined - ignoring the second") || line.contains("track_group ")
            };
            original.code == ours.code
                && original.messages.is_subset(&ours.messages)
                && ours.messages.difference(&original.messages).all(said)
        },
    },
    Reason {
        label: "a block without a known head: the original reads its inside as the outer block, ours skips it whole",
        holds: |original, ours| {
            let opened = |answer: &Answer| {
                answer.messages.iter().any(|line| line.ends_with("Unexpected '{' - ignoring"))
            };
            opened(original) && opened(ours)
        },
    },
    Reason {
        label: "a number as route type that the kernel does not know: the original sends it, ours refuses the route",
        holds: |original, ours| {
            original.code == ours.code
                && ours.messages.iter().any(|line| line.contains("Unknown route type "))
        },
    },
    Reason {
        label: "a keyword of 2.4 that 2.2.7 does not know",
        holds: |original, ours| {
            original.messages.difference(&ours.messages).all(|line| {
                line.split_once("Unknown keyword '")
                    .is_some_and(|(_, word)| NEW.contains(&word.trim_end_matches('\'')))
            })
        },
    },
];

/// Words that 2.4 added.
const NEW: &[&str] = &[
    "multihop",
    "sni_name",
    "use_symlink_paths",
    "set_supplementary_groups",
    "v3_checksum_as_v2",
    "vrrp_delay_after_boot",
    "vrrp_owner_ignore_adverts",
    "owner_ignore_adverts",
    "json_version",
    "no_virtual_ipaddress",
    "timer_expired_backup",
    "thread_timer_expired",
    "auth_hmac",
];

/// Compares two answers.
pub fn judge(original: &Answer, ours: &Answer) -> Outcome {
    if original.code == ours.code && original.messages == ours.messages {
        return Outcome::Equal;
    }
    let found = REASONS.iter().find(|reason| (reason.holds)(original, ours));
    found.map_or(Outcome::Unexplained, |reason| Outcome::Reason(reason.label))
}
