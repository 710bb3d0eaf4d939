//! `encap` of routes and next hops.

use super::{RouteLine, host};
use crate::diag::Abort;
use crate::keywords::addresses::names;
use crate::model::{Encap, Family};
use crate::number;
use crate::parse::Ctx;

impl<'w> RouteLine<'w> {
    /// Reads `encap TYPE ...`; `None` after a complaint. The line stands at the last word used.
    pub(super) fn encap(&mut self, ctx: &mut Ctx<'_>) -> Result<Option<Encap>, Abort> {
        match self.value(ctx)? {
            "mpls" => self.mpls(ctx),
            "ip" => self.ip(ctx, Family::Inet),
            "ip6" => self.ip(ctx, Family::Inet6),
            "ila" => self.ila(ctx),
            other => {
                ctx.config(format!("Unknown encap type - {other}"));
                Ok(None)
            }
        }
    }

    fn mpls(&mut self, ctx: &mut Ctx<'_>) -> Result<Option<Encap>, Abort> {
        let word = self.value(ctx)?;
        let labels: Option<Vec<u32>> =
            word.split('/').map(|label| label.parse().ok().filter(|label| *label < 1 << 20)).collect();
        if labels.is_none() {
            ctx.config(format!("invalid mpls address {word} for encapsulation"));
        }
        Ok(labels.map(Encap::Mpls))
    }

    fn ila(&mut self, ctx: &mut Ctx<'_>) -> Result<Option<Encap>, Abort> {
        let word = self.value(ctx)?;
        let parts: Vec<&str> = word.split(':').collect();
        let locator = (parts.len() == 4)
            .then(|| {
                parts.iter().try_fold(0u64, |sum, part| {
                    u16::from_str_radix(part, 16).ok().map(|part| sum << 16 | u64::from(part))
                })
            })
            .flatten();
        if locator.is_none() {
            ctx.config(format!("invalid locator {word} for ila encapsulation"));
        }
        Ok(locator.map(Encap::Ila))
    }

    fn ip(&mut self, ctx: &mut Ctx<'_>, family: Family) -> Result<Option<Encap>, Abort> {
        let (mut id, mut dst, mut src, mut tos, mut ttl, mut flags) = (None, None, None, None, None, 0);
        while let Some(word) = self.words.at(self.index + 1) {
            match word {
                "id" => {
                    let text = self.option_value(ctx)?;
                    id = text.parse::<u64>().ok();
                    if id.is_none() {
                        return self.invalid(ctx, "id", text);
                    }
                }
                "dst" | "src" => {
                    let is_dst = word == "dst";
                    let text = self.option_value(ctx)?;
                    let Some(address) = host(ctx, text).filter(|address| Family::of(*address) == family)
                    else {
                        return self.invalid(ctx, if is_dst { "dst" } else { "src" }, text);
                    };
                    if is_dst { dst = Some(address) } else { src = Some(address) }
                }
                "tos" | "tc" => {
                    let text = self.option_value(ctx)?;
                    tos = names::TOS.find(ctx, text).and_then(|tos| u8::try_from(tos).ok());
                    if tos.is_none() {
                        return self.invalid(ctx, "tos", text);
                    }
                }
                "ttl" | "hoplimit" => {
                    let text = self.option_value(ctx)?;
                    ttl =
                        number::unsigned(&mut ctx.sink, text, 0, 255).and_then(|ttl| u8::try_from(ttl).ok());
                    if ttl.is_none() {
                        return self.invalid(ctx, "ttl", text);
                    }
                }
                "flags" => {
                    let text = self.option_value(ctx)?;
                    match names::number(text).and_then(|flags| u16::try_from(flags).ok()) {
                        Some(value) => flags = value,
                        None => return self.invalid(ctx, "flags", text),
                    }
                }
                _ => break,
            }
        }
        Ok(Some(Encap::Ip { family, id, dst, src, tos, ttl, flags }))
    }

    fn option_value(&mut self, ctx: &mut Ctx<'_>) -> Result<&'w str, Abort> {
        self.index += 1;
        self.value(ctx)
    }

    fn invalid(&self, ctx: &mut Ctx<'_>, what: &str, text: &str) -> Result<Option<Encap>, Abort> {
        ctx.config(format!("invalid {what} {text} for ip encapsulation"));
        Ok(None)
    }
}
