//! `nexthop` groups, and their old form `or`.

use super::{Keep, RouteLine, family_word, host, names, need_interface};
use crate::diag::Abort;
use crate::model::NextHop;
use crate::number;
use crate::parse::Ctx;

/// `via A or B`: the old form of two next hops.
pub(super) fn old_or(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    ctx.config("\"or\" for routes is deprecated. Please use \"nexthop\"");
    let word = line.value(ctx)?;
    let Some(address) = host(ctx, word) else {
        ctx.config(format!("Invalid \"or\" address {word}"));
        return Ok(false);
    };
    if !line.fits(ctx, address) {
        return Ok(false);
    }
    let hop = |via| NextHop { via, ..NextHop::default() };
    line.route.nexthops.push(hop(line.route.via.take()));
    line.route.nexthops.push(hop(Some(address)));
    Ok(true)
}

pub(super) fn nexthops(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Keep {
    while line.words.at(line.index) == Some("nexthop") {
        let Some(hop) = nexthop(line, ctx)? else { return Ok(false) };
        line.route.nexthops.push(hop);
    }
    if let Some(word) = line.words.at(line.index) {
        ctx.config(format!("Route has trailing nonsense after nexthops - {word}"));
    }
    line.index = line.words.len();
    Ok(true)
}

/// One `nexthop`; stops at the first word that is not its own.
fn nexthop(line: &mut RouteLine<'_>, ctx: &mut Ctx<'_>) -> Result<Option<NextHop>, Abort> {
    let mut hop = NextHop { weight: 1, ..NextHop::default() };
    line.index += 1;
    while let Some(word) = line.words.at(line.index) {
        match word {
            "via" => {
                let mut word = line.value(ctx)?;
                if family_word(word).is_some() {
                    word = line.value(ctx)?;
                }
                match host(ctx, word) {
                    Some(address) => hop.via = Some(address),
                    None => ctx.config(format!("invalid nexthop address {word}")),
                }
            }
            "dev" | "oif" => {
                let word = line.value(ctx)?;
                let complaint =
                    |name: &str| format!("WARNING - interface {name} for VROUTE nexthop doesn't exist");
                if !need_interface(ctx, word, complaint) {
                    return Ok(None);
                }
                hop.dev = Some(word.to_owned());
            }
            "weight" => {
                let word = line.value(ctx)?;
                let weight = number::unsigned(&mut ctx.sink, word, 0, 256)
                    .and_then(|weight| u16::try_from(weight).ok());
                match weight {
                    Some(weight) if weight > 0 => hop.weight = weight,
                    _ => ctx.config(format!("Invalid weight {word} specified for route")),
                }
            }
            "onlink" => hop.onlink = true,
            "realms" => {
                let word = line.value(ctx)?;
                hop.realms = names::realms(ctx, word);
                if hop.realms.is_none() {
                    ctx.config(format!("Invalid realms {word} for route"));
                }
            }
            "as" => {
                let mut word = line.value(ctx)?;
                if word == "to" {
                    word = line.value(ctx)?;
                }
                hop.as_to = host(ctx, word);
            }
            "encap" => hop.encap = line.encap(ctx)?,
            _ => break,
        }
        line.index += 1;
    }
    Ok(Some(hop))
}
