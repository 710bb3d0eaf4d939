//! The reviewed reasons for a difference.

use crate::{Answer, unknown_blocks};

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
        label: "a number as route type that the kernel does not know: the original takes it, ours refuses the route",
        holds: |original, ours| {
            // It may stop for an argument that such a route would need.
            (original.code == ours.code || original.code == 2)
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

/// The reason that needs a second question to the original.
const UNKNOWN_BLOCK: &str =
    "a block without a known head, skipped whole: the original says the same of the file without the block";

/// And the one for files that fall apart.
const LOST_BRACE: &str =
    "braces that do not fit: same code, and the same up to the first block without a known head";

/// A judgement, with what the original said instead where it was asked a second time.
pub struct Judged {
    /// The judgement.
    pub outcome: Outcome,
    /// The second answer.
    pub second: Option<Answer>,
}

/// Compares two answers; `repaired` asks the original about the file without the blocks that ours skipped.
pub fn judge(
    original: &Answer,
    ours: &Answer,
    text: &str,
    repaired: impl FnOnce() -> anyhow::Result<Answer>,
) -> anyhow::Result<Judged> {
    let first = |outcome| Ok(Judged { outcome, second: None });
    if original.code == ours.code && original.messages == ours.messages {
        return first(Outcome::Equal);
    }
    if let Some(found) = REASONS.iter().find(|reason| (reason.holds)(original, ours)) {
        return first(Outcome::Reason(found.label));
    }
    if !unknown_blocks::is_there(original, ours) {
        return first(Outcome::Unexplained);
    }
    let second = repaired()?;
    let outcome = if unknown_blocks::agrees(ours, &second) {
        Outcome::Reason(UNKNOWN_BLOCK)
    } else if unknown_blocks::agrees_before(text, original, ours) {
        Outcome::Reason(LOST_BRACE)
    } else {
        Outcome::Unexplained
    };
    Ok(Judged { outcome, second: Some(second) })
}
