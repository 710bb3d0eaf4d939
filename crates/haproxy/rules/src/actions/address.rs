//! The addresses of the client's connection as rules and logs see them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use haproxy_expr::cx::Endpoint;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::value::{Type, Value};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::{Families, Family};
use crate::load::RuleLoad;
use crate::number;
use crate::verdict::Verdict;

const WHERE: Families = Families::TCP_REQUEST.and(Families::REQUEST);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new(
        "set-src",
        WHERE,
        "<expr>",
        |a, l| parse(a, l, End::Source, Half::Address),
        "the client's address",
    ),
    ActionRow::new(
        "set-src-port",
        WHERE,
        "<expr>",
        |a, l| parse(a, l, End::Source, Half::Port),
        "the client's port",
    ),
    ActionRow::new(
        "set-dst",
        WHERE,
        "<expr>",
        |a, l| parse(a, l, End::Destination, Half::Address),
        "the address the client connected to",
    ),
    ActionRow::new(
        "set-dst-port",
        WHERE,
        "<expr>",
        |a, l| parse(a, l, End::Destination, Half::Port),
        "the port the client connected to",
    ),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Source,
    Destination,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Address,
    Port,
}

#[derive(Debug)]
struct SetAddress {
    end: End,
    half: Half,
    expr: Expr,
    /// The rule stands before any session: what the connection itself tells (`fc_src`) changes too.
    of_connection: bool,
}

impl SetAddress {
    fn changed(&self, cx: &RuleCx<'_>, old: Endpoint) -> Option<SocketAddr> {
        match self.half {
            Half::Address => {
                let ip: IpAddr = match self.expr.eval_as(&cx.view(), Type::Addr).ok()? {
                    Value::Ipv4(ip) => ip.into(),
                    Value::Ipv6(ip) => ip.into(),
                    _ => return None,
                };
                Some(SocketAddr::new(ip, old.ip().map_or(0, |address| address.port())))
            }
            Half::Port => {
                let port = number::integer(&self.expr, cx)? as u16;
                let ip = old.ip().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
                Some(SocketAddr::new(ip, port))
            }
        }
    }
}

impl Action for SetAddress {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let old = match self.end {
            End::Source => cx.session.source,
            End::Destination => cx.session.destination,
        };
        let Some(new) = self.changed(cx, old).map(Endpoint::Ip) else { return Verdict::Continue };
        // a stream's rule changes the address for that stream only
        let in_stream = cx.txn.is_some();
        let (place, before) = match self.end {
            End::Source => (&mut cx.session.source, &mut cx.effects.source_before),
            End::Destination => (&mut cx.session.destination, &mut cx.effects.destination_before),
        };
        if in_stream && before.is_none() {
            *before = Some(old);
        }
        *place = new;
        if self.of_connection {
            match self.end {
                End::Source => cx.session.connection_source = new,
                End::Destination => cx.session.connection_destination = new,
            }
        }
        Verdict::Continue
    }
}

fn parse(
    args: &mut Args<'_>,
    load: &mut RuleLoad<'_, '_>,
    end: End,
    half: Half,
) -> Result<Box<dyn Action>, Fault> {
    let of_connection = load.family == Family::TcpConnection;
    Ok(Box::new(SetAddress { end, half, expr: load.expression(args)?, of_connection }))
}
