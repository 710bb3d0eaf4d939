//! What may differ between two runs of the same program: dates, pids, timers, the client's port.

use anyhow::Result;
use regex::bytes::Regex;

/// Compiled masks.
#[derive(Debug)]
pub struct Masks {
    rules: Vec<(Regex, &'static [u8])>,
    timers: Regex,
    connections: Regex,
}

impl Masks {
    /// The common masks for every aspect and those of the case.
    pub fn new(own: &[String]) -> Result<Masks> {
        const COMMON: &[(&str, &[u8])] = &[
            // 10/Nov/2026:10:00:00.123 and the forms of other log dates
            (r"\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d(\.\d+)?( [+-]\d{4})?", b"DATE"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", b"DATE"),
            (r"[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d", b"DATE"),
            (r"([a-z]+)\[\d+\]:", b"$1[PID]:"),
        ];
        let mut rules = Vec::new();
        for (pattern, with) in COMMON {
            rules.push((Regex::new(pattern)?, *with));
        }
        for pattern in own {
            rules.push((Regex::new(&format!("(?s-u){pattern}"))?, b"~"));
        }
        Ok(Masks {
            rules,
            timers: Regex::new(r" ([+-]?\d+)/([+-]?\d+)/([+-]?\d+)(?:/([+-]?\d+)/([+-]?\d+))? ")?,
            // actconn/feconn: the connection before this one may still be closing
            connections: Regex::new(r" \d+/\d+/(\d+/\d+/\+?\d+ \d+/\d+)")?,
        })
    }

    /// Masks an answer or a received request.
    pub fn text(&self, bytes: &[u8], ports: &[u16]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (rule, with) in &self.rules {
            bytes = rule.replace_all(&bytes, *with).into_owned();
        }
        ports.iter().filter(|port| **port > 9999).fold(bytes, |bytes, port| mask_number(&bytes, *port))
    }

    /// Masks a log line: its first group of timers too, but not which of them are -1, which is meaning.
    pub fn log(&self, line: &[u8], ports: &[u16]) -> Vec<u8> {
        let line = self.text(line, ports);
        let line = self.connections.replace(&line, &b" c/c/$1"[..]);
        self.timers
            .replace(&line, |found: &regex::bytes::Captures<'_>| {
                let one = |m: regex::bytes::Match<'_>| if m.as_bytes() == b"-1" { "-1" } else { "t" };
                let timers: Vec<&str> = found.iter().skip(1).flatten().map(one).collect();
                format!(" {} ", timers.join("/")).into_bytes()
            })
            .into_owned()
    }
}

fn mask_number(bytes: &[u8], number: u16) -> Vec<u8> {
    let digits = number.to_string().into_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = at + digits.len();
        let alone = |byte: Option<&u8>| byte.is_none_or(|b| !b.is_ascii_digit());
        if bytes[at..].starts_with(&digits)
            && alone(at.checked_sub(1).and_then(|i| bytes.get(i)))
            && alone(bytes.get(end))
        {
            out.extend(b"CPORT");
            at = end;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_what_changes_and_only_that() {
        let masks = Masks::new(&["id=[0-9a-f]+".to_owned()]).unwrap();
        let line = b"<134>Nov 22 23:06:00 haproxy[123]: 127.0.0.1:40001 [22/Nov/2026:23:06:00.123] fe be/s 0/0/-1/-1/+3 503 id=ab SC-- 2/1/0/0/0 0/0 ";
        assert_eq!(
            String::from_utf8(masks.log(line, &[40001])).unwrap(),
            "<134>DATE haproxy[PID]: 127.0.0.1:CPORT [DATE] fe be/s t/t/-1/-1/t 503 ~ SC-- c/c/0/0/0 0/0 "
        );
        assert_eq!(masks.text(b"1400012 40001", &[40001]), b"1400012 CPORT");
    }
}
