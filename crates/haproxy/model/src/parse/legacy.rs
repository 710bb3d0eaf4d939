//! Words that only older versions had and that have no other room.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use super::proxy::options::network_of;
use super::{Keyword, accept, address, refuse, text};
use crate::draft::Draft;

const PROXY: Sections = Sections::PROXY;
const FRONT: Sections = Sections::FRONT;
const BACK: Sections = Sections::BACK;

macro_rules! row {
    ($name:literal, $sections:expr, $args:literal, $status:expr, $run:expr, $doc:literal) => {
        Keyword { name: $name, sections: $sections, args: $args, status: $status, run: $run, doc: $doc }
    };
}

/// Old words.
pub const LEGACY: &[Keyword] = &[
    row!(
        "bind-process",
        PROXY,
        "<set>",
        Status::Legacy { modern: "nothing: there is one process" },
        accept,
        "processes of the proxy"
    ),
    row!(
        "grace",
        PROXY,
        "<time>",
        Status::Legacy { modern: "global 'grace'" },
        grace,
        "time before the stop"
    ),
    row!(
        "monitor-net",
        FRONT,
        "<network>",
        Status::Legacy { modern: "http-request return status 200 if { src <network> }" },
        monitor_net,
        "checks of other balancers"
    ),
    row!(
        "dispatch",
        BACK,
        "<address>:<port>",
        Status::Legacy { modern: "server <name> <address>:<port>" },
        dispatch,
        "the one server of a simple proxy"
    ),
    row!(
        "transparent",
        BACK,
        "",
        Status::Legacy { modern: "server <name> 0.0.0.0" },
        super::proxy::options::transparent,
        "connect where the client wanted to"
    ),
    row!(
        "appsession",
        PROXY,
        "...",
        Status::Refused(
            "The 'appsession' directive is not supported anymore since HAProxy 1.6. Use 'stick' and 'stick-table' instead."
        ),
        refuse,
        "gone since 1.6"
    ),
    row!(
        "reqsetbe",
        PROXY,
        "...",
        Status::Refused(
            "The 'reqsetbe' directive is not supported anymore since HAProxy 2.1. Use 'http-request set-uri' and 'use_backend' instead."
        ),
        refuse,
        "gone since 2.1"
    ),
    row!("scheduler", BACK, "...", Status::Legacy { modern: "balance" }, accept, "old name of balance"),
];

type Outcome = Result<(), ParseError>;

fn grace(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    draft.px.settings.grace_ms = Some(u64::from(cursor.duration_ms()?));
    cursor.finish()
}

fn monitor_net(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    let network = text(cursor, "a network")?;
    match network_of(&network) {
        Some(network) => draft.px.settings.monitor_net = Some(network),
        None => {
            return Err(
                cursor.error_before(format!("'monitor-net' expects address[/mask], got '{network}'."))
            );
        }
    }
    cursor.finish()
}

/// `dispatch` is a server called `dispatch` that is not checked.
fn dispatch(draft: &mut Draft, cursor: &mut Cursor<'_>) -> Outcome {
    use common_base::address::{AddressRules, Host, Port, Target};
    let word = text(cursor, "<addr>:<port> as argument")?;
    let parsed = address(draft, &word, &AddressRules::SERVER)
        .map_err(|message| cursor.error_before(format!("'dispatch' : {message}")))?;
    match parsed.target {
        Target::Ip(Host::Ip(ip), Port::One(port)) => {
            draft.px.settings.dispatch = Some(std::net::SocketAddr::new(ip, port));
        }
        _ => {
            return Err(cursor.error_before(format!(
                "'dispatch' : missing port number in '{word}', <addr>:<port> expected."
            )));
        }
    }
    cursor.finish()
}
