//! What the capture shows.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};

use super::Stage;
use crate::interop::capture::{Seen, What};
use crate::netns::wait_until;

/// How long a capture may lag behind the wire.
const SETTLE: Duration = Duration::from_millis(60);

impl Stage<'_> {
    pub(super) fn seen(&self) -> Result<Vec<Seen>> {
        std::thread::sleep(SETTLE);
        self.capture.read()
    }

    /// Times of a host's adverts with this priority, or with any but 0.
    pub(super) fn adverts(&self, host: &str, priority: Option<u8>) -> Result<Vec<f64>> {
        self.adverts_where(host, |got| priority.map_or(got != 0, |wanted| wanted == got))
    }

    fn adverts_where(&self, host: &str, wanted: impl Fn(u8) -> bool) -> Result<Vec<f64>> {
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let v4: IpAddr = format!("192.0.2.{digits}").parse()?;
        let v6: Vec<IpAddr> = self.link_locals(host)?;
        let all = self.seen()?;
        Ok(all
            .iter()
            .filter(|seen| match &seen.what {
                What::Advert { source, priority, .. } => {
                    (*source == v4 || v6.contains(source)) && wanted(*priority)
                }
                What::Garp { .. } => false,
            })
            .map(|seen| seen.at)
            .collect())
    }

    fn link_locals(&self, host: &str) -> Result<Vec<IpAddr>> {
        let text = self.node(host)?.sh("ip -o -6 addr show scope link; true")?;
        let words = text.split_whitespace().filter_map(|word| word.split('/').next());
        let digits: String = host.chars().filter(char::is_ascii_digit).collect();
        let global = format!("2001:db8::{digits}").parse()?;
        Ok(words.filter_map(|word| word.parse().ok()).chain([global]).collect())
    }

    pub(super) fn advert(
        &mut self,
        host: &str,
        after: &str,
        (min, max): (f64, f64),
        since_last_of: Option<&str>,
        priority: Option<u8>,
    ) -> Result<()> {
        let mark = self.mark(after)?;
        let mut first = None;
        let patience = Duration::from_secs_f64(max + 0.5);
        let mut failed = None;
        wait_until(patience, || match self.adverts(host, priority) {
            Ok(times) => {
                first = times.into_iter().find(|at| *at > mark);
                first.is_some()
            }
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(first) = first else { bail!("{host} sent no advert within {max} s after {after}") };
        let from = match since_last_of {
            None => mark,
            Some(other) => {
                let times = self.adverts_where(other, |_| true)?;
                times.into_iter().rfind(|at| *at < first).ok_or_else(|| anyhow!("{other} sent nothing"))?
            }
        };
        let took = first - from;
        self.measured.times.push((format!("advert {host}"), took));
        ensure!(took >= min && took <= max, "advert of {host} after {took:.3} s, not in {min} to {max}");
        Ok(())
    }

    pub(super) fn gap(&mut self, host: &str, after: &str, max: f64) -> Result<()> {
        let mark = self.mark(after)?;
        let times: Vec<f64> = self.adverts(host, None)?.into_iter().filter(|at| *at > mark - max).collect();
        ensure!(times.len() > 1, "{host} sent fewer than two adverts after {after}");
        let widest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        self.measured.times.push((format!("gap {host}"), widest));
        ensure!(widest <= max, "{host} was silent for {widest:.3} s");
        Ok(())
    }

    pub(super) fn garps(&mut self, address: &str, after: &str, min: usize, max: usize) -> Result<()> {
        let mark = self.mark(after)?;
        let wanted: IpAddr = address.parse()?;
        let all = self.seen()?;
        let count = all
            .iter()
            .filter(|seen| seen.at > mark)
            .filter(|seen| matches!(&seen.what, What::Garp { address, .. } if *address == wanted))
            .count();
        ensure!((min..=max).contains(&count), "{count} gratuitous ARPs for {address}, not {min} to {max}");
        Ok(())
    }

    /// No two announcements of an address closer than `min` seconds.
    pub(super) fn spacing(&mut self, address: &str, after: &str, min: f64) -> Result<()> {
        let mark = self.mark(after)?;
        let wanted: IpAddr = address.parse()?;
        let times: Vec<f64> = self
            .seen()?
            .iter()
            .filter(|seen| seen.at > mark)
            .filter(|seen| matches!(&seen.what, What::Garp { address, .. } if *address == wanted))
            .map(|seen| seen.at)
            .collect();
        ensure!(times.len() > 1, "fewer than two announcements of {address}");
        let least = times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::MAX, f64::min);
        self.measured.times.push((format!("spacing {address}"), least));
        ensure!(least >= min, "{address} was announced again after {least:.3} s");
        Ok(())
    }

    /// From the first advert of a host to the moment when so many addresses have been announced.
    pub(super) fn takeover(&mut self, host: &str, after: &str, addresses: usize, max: f64) -> Result<()> {
        let mark = self.mark(after)?;
        let first = self.adverts(host, None)?.into_iter().find(|at| *at > mark);
        let Some(first) = first else { bail!("{host} sent no advert after {after}") };
        let mut known = HashSet::new();
        let mut last = None;
        wait_until(Duration::from_secs_f64(max + 1.0), || {
            known.clear();
            let Ok(all) = self.seen() else { return false };
            for seen in all.iter().filter(|seen| seen.at > mark) {
                if let What::Garp { address, .. } = &seen.what
                    && known.insert(*address)
                {
                    last = Some(seen.at);
                }
            }
            known.len() >= addresses
        });
        ensure!(known.len() >= addresses, "{} of {addresses} addresses were announced", known.len());
        let took = last.ok_or_else(|| anyhow!("nothing was announced"))? - first;
        self.measured.times.push((format!("takeover {host}"), took));
        ensure!(took <= max, "{host} took {took:.4} s for its addresses");
        Ok(())
    }
}
