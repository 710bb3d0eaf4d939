//! Answers instead of a server's: return, deny, tarpit.

use haproxy_expr::fault::Fault;

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::{Families, Family};
use crate::load::RuleLoad;
use crate::reply_spec::{ReplySpec, StatusWord};
use crate::verdict::{ReplyCause, Verdict};

const MESSAGES: Families = Families::REQUEST.and(Families::RESPONSE);
const REPLY: &str = "[ { status | deny_status } <code> ] [ content-type <type> ] [ { default-errorfiles | errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*";

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("return", MESSAGES, REPLY, return_, "answer with a reply of one's own"),
    ActionRow::new("deny", MESSAGES, REPLY, deny, "refuse: 403 for requests, 502 for responses"),
    ActionRow::new("tarpit", Families::REQUEST, REPLY, tarpit, "refuse after a delay"),
];

#[derive(Debug)]
struct Answer {
    spec: ReplySpec,
    cause: ReplyCause,
}

impl Action for Answer {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let reply = Box::new(self.spec.make(&cx.view(), self.cause));
        match self.cause {
            ReplyCause::Tarpit => Verdict::Tarpit(reply),
            ReplyCause::Denied => {
                cx.effects.denied = true;
                Verdict::Reply(reply)
            }
            ReplyCause::Local | ReplyCause::Error => Verdict::Reply(reply),
        }
    }

    fn is_final(&self) -> bool {
        true
    }
}

type Parsed = Result<Box<dyn Action>, Fault>;

fn return_(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let spec = ReplySpec::parse(args, load, 200, StatusWord::Status)?;
    Ok(Box::new(Answer { spec, cause: ReplyCause::Local }))
}

fn deny(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    let status = if load.family == Family::HttpResponse { 502 } else { 403 };
    refusal(args, load, status, ReplyCause::Denied)
}

fn tarpit(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Parsed {
    refusal(args, load, 500, ReplyCause::Tarpit)
}

/// Without arguments, or with `deny_status` alone, the proxy's own page is meant.
fn refusal(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>, status: u16, cause: ReplyCause) -> Parsed {
    let alone = args.at_condition_or_end()
        || (args.peek() == Some("deny_status") && matches!(args.peek_at(2), None | Some("if" | "unless")));
    let mut spec = ReplySpec::parse(args, load, status, StatusWord::DenyStatus)?;
    if alone {
        let status = spec.status();
        if haproxy_http::status::built_in(status).is_none() {
            return Err(Fault::new(format!(
                "status code '{status}' not handled by default with 'default-errorfiles' argument."
            )));
        }
        spec = ReplySpec::own_page(status);
    }
    Ok(Box::new(Answer { spec, cause }))
}
