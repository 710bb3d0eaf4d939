//! `auth`: ask for a user name and a password.

use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::RuleLoad;
use crate::verdict::{Reply, ReplyCause, Verdict};

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[ActionRow::new(
    "auth",
    Families::REQUEST,
    "[ realm <realm> ]",
    auth,
    "answer 401 and ask for credentials",
)];

#[derive(Debug)]
struct Auth {
    challenge: Box<str>,
}

impl Action for Auth {
    fn run(&self, _cx: &mut RuleCx<'_>) -> Verdict {
        // asking for credentials is an answer, not a refusal: `LR` in logs
        let mut reply = Reply { own_page: true, ..Reply::built_in(401, ReplyCause::Local) };
        reply.added.push((b"www-authenticate".to_vec(), self.challenge.as_bytes().to_vec()));
        Verdict::Reply(Box::new(reply))
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn auth(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    let realm = match args.take_if("realm") {
        true => args.take().ok_or("missing realm value.\n")?,
        false => load.proxy.name,
    };
    Ok(Box::new(Auth { challenge: format!("Basic realm=\"{realm}\"").into() }))
}
