//! Health checks of a real server.

use std::net::IpAddr;

use serde::Serialize;

use super::Script;

/// One checker block, the real server's defaults applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checker {
    /// What is checked.
    pub kind: CheckerKind,
    /// `alpha`.
    pub alpha: bool,
    /// `retry`: further tries after a failure.
    pub retry: u32,
    /// `delay_before_retry` in microseconds.
    pub delay_before_retry_us: u64,
    /// `delay_loop` in microseconds.
    pub delay_loop_us: u64,
    /// `warmup` in microseconds: upper bound of the first random delay.
    pub warmup_us: u64,
    /// `log_all_failures`.
    pub log_all_failures: bool,
    /// How the connection is made; `None` for script, file and BFD checks.
    pub connection: Option<Connection>,
}

/// How a checker connects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// `connect_ip`, else the real server's.
    pub connect_ip: IpAddr,
    /// `connect_port`, else the real server's.
    pub connect_port: u16,
    /// `bindto`.
    pub bindto: Option<IpAddr>,
    /// `bind_port`.
    pub bind_port: u16,
    /// `bind_if`.
    pub bind_if: Option<String>,
    /// `fwmark`, 0 for none.
    pub fwmark: u32,
    /// `connect_timeout` in microseconds.
    pub connect_timeout_us: u64,
}

/// The kinds of checks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum CheckerKind {
    /// `TCP_CHECK`.
    Tcp,
    /// `PING_CHECK`.
    Ping,
    /// `UDP_CHECK`.
    Udp(UdpCheck),
    /// `HTTP_GET` or `SSL_GET`.
    Http(HttpCheck),
    /// `SMTP_CHECK`: further hosts are rows of their own.
    Smtp(SmtpCheck),
    /// `DNS_CHECK`.
    Dns(DnsCheck),
    /// `MISC_CHECK`.
    Misc(MiscCheck),
    /// `FILE_CHECK`.
    File(FileCheck),
    /// `BFD_CHECK`.
    Bfd {
        /// Name of the `bfd_instance`.
        name: String,
    },
}

/// `UDP_CHECK`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UdpCheck {
    /// `payload` bytes; random if none.
    pub payload: Option<Vec<u8>>,
    /// `require_reply`.
    pub require_reply: bool,
    /// Expected bytes, each with its mask (a nibble `x` is not compared).
    pub reply: Vec<(u8, u8)>,
    /// `min_reply_length`, default 0.
    pub min_reply_length: u16,
    /// `max_reply_length`, default 255.
    pub max_reply_length: u16,
}

/// `HTTP_GET` and `SSL_GET`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpCheck {
    /// TLS (`SSL_GET`).
    pub tls: bool,
    /// `http_protocol`.
    pub http_protocol: HttpProtocol,
    /// `virtualhost`, else the real or virtual server's.
    pub virtualhost: Option<String>,
    /// `enable_sni`.
    pub enable_sni: bool,
    /// `sni_name`.
    pub sni_name: Option<String>,
    /// `fast_recovery`.
    pub fast_recovery: bool,
    /// `url` blocks in the order of the file.
    pub urls: Vec<Url>,
}

/// `http_protocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum HttpProtocol {
    /// `1.0`.
    #[default]
    V1_0,
    /// `1.0C`: 1.0 with `Connection: close`.
    V1_0Close,
    /// `1.1`.
    V1_1,
}

/// One `url` block.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Url {
    /// `path`.
    pub path: String,
    /// `digest`: MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// `status_code` ranges, both ends included; empty means 200 to 299.
    pub status_codes: Vec<(u16, u16)>,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `regex` and its options.
    pub regex: Option<Regex>,
    /// `tls_compliant`.
    pub tls_compliant: bool,
}

/// `regex` of a `url`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Regex {
    /// PCRE2 pattern.
    pub pattern: String,
    /// `regex_no_match`: a match is the failure.
    pub no_match: bool,
    /// `regex_options`, names as in the manual.
    pub options: Vec<String>,
    /// `regex_min_offset` in bytes.
    pub min_offset: usize,
    /// `regex_max_offset` in bytes, 0 for none.
    pub max_offset: usize,
    /// `regex_stack`: first and largest size in bytes.
    pub stack: Option<(usize, usize)>,
}

/// `SMTP_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SmtpCheck {
    /// `helo_name`.
    pub helo_name: String,
    /// Further connections of old-style `host` blocks.
    pub hosts: Vec<Connection>,
}

/// `DNS_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DnsCheck {
    /// `type` as its number (1 A, 2 NS, 5 CNAME, 6 SOA, 15 MX, 16 TXT, 28 AAAA ...).
    pub query_type: u16,
    /// `name`, default `.`.
    pub name: String,
}

/// `MISC_CHECK`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MiscCheck {
    /// `misc_path` with `user`.
    pub script: Script,
    /// `misc_timeout` in microseconds; 0 means `delay_loop`.
    pub misc_timeout_us: u64,
    /// `misc_dynamic`: the exit status is a weight.
    pub misc_dynamic: bool,
}

/// `FILE_CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileCheck {
    /// Name of the `track_file` block.
    pub track_file: String,
    /// `weight`, else the block's.
    pub weight: i32,
    /// `reverse` after the weight.
    pub reverse: bool,
}
