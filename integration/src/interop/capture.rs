//! What passes between the hosts: a capture on the bridge and its reading.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::netns::{Lab, Process, wait_until};

/// Bytes of a pcap file's header and of a record's.
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// A running tcpdump.
pub struct Capture {
    path: PathBuf,
    process: Process,
}

/// One packet of interest.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Seconds since 1970.
    pub at: f64,
    /// What it is.
    pub what: What,
}

/// Packets of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A VRRP advert.
    Advert {
        /// Source address.
        source: IpAddr,
        /// TTL or hop limit.
        ttl: u8,
        /// Virtual router id.
        vrid: u8,
        /// Priority.
        priority: u8,
    },
    /// A gratuitous ARP or unsolicited neighbour advertisement.
    Garp {
        /// For this address.
        address: IpAddr,
        /// At this hardware address.
        mac: [u8; 6],
    },
}

impl Capture {
    /// Starts on a bridge of the lab.
    ///
    /// # Errors
    /// tcpdump is missing or does not start.
    pub fn start(lab: &Lab, bridge: &str, directory: &Path) -> Result<Self> {
        let path = directory.join(format!("{bridge}.pcap"));
        let _ = fs::remove_file(&path);
        let file = path.display().to_string();
        let words =
            ["tcpdump", "-Z", "root", "-i", bridge, "-U", "--immediate-mode", "-s", "256", "-w", &file];
        let process = lab.switch().spawn(&words, &directory.join("tcpdump.log"))?;
        wait_until(Duration::from_secs(5), || fs::metadata(&path).is_ok_and(|about| about.len() >= 24));
        Ok(Self { path, process })
    }

    /// What was seen so far.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(&self) -> Result<Vec<Seen>> {
        let bytes = fs::read(&self.path).context("reading the capture")?;
        Ok(records(&bytes))
    }

    /// Its process, to keep it alive.
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }
}

/// Seconds since 1970, the scale of captures.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn records(bytes: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut rest = bytes.get(FILE_HEADER..).unwrap_or_default();
    while let Some(header) = rest.get(..RECORD_HEADER) {
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = word(8) as usize;
        let Some(frame) = rest.get(RECORD_HEADER..RECORD_HEADER + length) else { break };
        if let Some(what) = decode(frame) {
            seen.push(Seen { at: f64::from(word(0)) + f64::from(word(4)) / 1e6, what });
        }
        rest = &rest[RECORD_HEADER + length..];
    }
    seen
}

fn decode(frame: &[u8]) -> Option<What> {
    let body = frame.get(14..)?;
    match frame.get(12..14)? {
        [0x08, 0x00] => decode_v4(body),
        [0x86, 0xdd] => decode_v6(body),
        [0x08, 0x06] => {
            let (sender, target) = (address_v4(body, 14)?, address_v4(body, 24)?);
            let mac = body.get(8..14)?.try_into().ok()?;
            (sender == target).then_some(What::Garp { address: sender.into(), mac })
        }
        _ => None,
    }
}

fn decode_v4(body: &[u8]) -> Option<What> {
    let header = usize::from(body.first()? & 0x0f) * 4;
    let pdu = match body.get(9)? {
        112 => body.get(header..)?,
        // behind the authentication header
        51 => body.get(header + 24..)?,
        _ => return None,
    };
    let source = address_v4(body, 12)?.into();
    Some(What::Advert { source, ttl: *body.get(8)?, vrid: *pdu.get(1)?, priority: *pdu.get(2)? })
}

fn decode_v6(body: &[u8]) -> Option<What> {
    let source: [u8; 16] = body.get(8..24)?.try_into().ok()?;
    let pdu = body.get(40..)?;
    match (body.get(6)?, pdu.first()?) {
        (112, _) => Some(What::Advert {
            source: Ipv6Addr::from(source).into(),
            ttl: *body.get(7)?,
            vrid: *pdu.get(1)?,
            priority: *pdu.get(2)?,
        }),
        (58, 136) => {
            let target: [u8; 16] = pdu.get(8..24)?.try_into().ok()?;
            let mac = pdu.get(26..32)?.try_into().ok()?;
            Some(What::Garp { address: Ipv6Addr::from(target).into(), mac })
        }
        _ => None,
    }
}

fn address_v4(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(four))
}
