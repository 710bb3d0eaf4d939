//! `global_defs`: mail.

use crate::number;
use crate::parse::Ctx;
use crate::registry::{GO, Keyword, List, Outcome, line, list};
use crate::words::Words;

use super::values::{self, flag, global_bool};

/// The rows.
pub const KEYWORDS: &[Keyword] = &[
    line("notification_email_from", "ADDRESS", email_from, "sender of alert mails"),
    line("smtp_server", "HOST [PORT]", smtp_server, "server that takes alert mails"),
    line(
        "smtp_helo_name",
        "STRING",
        |c, w| {
            c.draft.config.global.mail.smtp_helo_name = w.at(1).map(str::to_owned);
            GO
        },
        "name in HELO",
    ),
    line(
        "smtp_connect_timeout",
        "SECONDS",
        smtp_connect_timeout,
        "seconds for the connection to the mail server",
    ),
    list("notification_email", &EMAILS, "receivers of alert mails"),
    line(
        "smtp_alert",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert = Some(v)),
        "default of all smtp_alert",
    ),
    line(
        "smtp_alert_vrrp",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert_vrrp = Some(v)),
        "default of VRRP smtp_alert",
    ),
    line(
        "smtp_alert_checker",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.smtp_alert_checker = Some(v)),
        "default of LVS smtp_alert",
    ),
    line(
        "no_email_faults",
        "",
        |c, _| flag(&mut c.draft.config.global.mail.no_email_faults),
        "no mail about FAULT",
    ),
    line(
        "no_checker_emails",
        "[BOOL]",
        |c, w| global_bool(c, w, |g, v| g.mail.no_checker_emails = v),
        "no mail about single checkers",
    ),
];

static EMAILS: List = List {
    entry_args: "ADDRESS...",
    whole: true,
    entry: |ctx, words| {
        ctx.draft.config.global.mail.notification_email.extend(words.words.iter().cloned());
        GO
    },
    end: |ctx| {
        if ctx.draft.config.global.mail.notification_email.is_empty() {
            ctx.config("Warning - empty notification_email block");
        }
    },
};

fn email_from(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    match words.at(1) {
        Some(from) => ctx.draft.config.global.mail.notification_email_from = Some(from.to_owned()),
        None => ctx.config("emailfrom missing - ignoring"),
    }
    GO
}

fn smtp_server(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let host = words.need(1, &mut ctx.sink)?;
    let port = words.at(2).unwrap_or("25");
    let number = number::unsigned(&mut ctx.sink, port, 1, 65535);
    let resolves = number.is_some() && ctx.provider.resolves(host, port);
    match number.and_then(|port| u16::try_from(port).ok()) {
        Some(number) if resolves => {
            ctx.draft.config.global.mail.smtp_server = Some(host.to_owned());
            ctx.draft.config.global.mail.smtp_port = number;
        }
        _ => {
            ctx.config(format!("Invalid smtp server {host} {port}"));
            ctx.sink.hint("the name must resolve when the configuration is read");
        }
    }
    GO
}

fn smtp_connect_timeout(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let complaint = |word: &str| format!("smtp_connect_timeout '{word}' must be in [0, 4294] - ignoring");
    let seconds = match values::number(ctx, words, (0, 4294), complaint)? {
        Some(0) => {
            ctx.config("smtp_conect_timeout must be greater than 0, setting to 1");
            1
        }
        Some(seconds) => seconds,
        None => return GO,
    };
    ctx.draft.config.global.mail.smtp_connect_timeout_us = u64::from(seconds) * 1_000_000;
    GO
}
