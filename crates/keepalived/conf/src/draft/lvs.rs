//! Virtual servers as written.

use std::net::IpAddr;

use crate::model::*;

/// The LVS part of a draft.
#[derive(Debug, Default)]
pub struct LvsDraft {
    /// `virtual_server` blocks.
    pub servers: Vec<VirtualServerDraft>,
    /// The checker being read.
    pub checker: Option<CheckerDraft>,
}

/// Words that may stand at the virtual server, the real server and the checker.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckDefaults {
    /// `alpha`.
    pub alpha: Option<bool>,
    /// `connect_timeout`.
    pub connect_timeout_us: Option<u64>,
    /// `retry`.
    pub retry: Option<u32>,
    /// `delay_before_retry`.
    pub delay_before_retry_us: Option<u64>,
    /// `warmup`.
    pub warmup_us: Option<u64>,
    /// `delay_loop`.
    pub delay_loop_us: Option<u64>,
}

impl CheckDefaults {
    /// What is set here, else there.
    pub fn or(self, outer: Self) -> Self {
        Self {
            alpha: self.alpha.or(outer.alpha),
            connect_timeout_us: self.connect_timeout_us.or(outer.connect_timeout_us),
            retry: self.retry.or(outer.retry),
            delay_before_retry_us: self.delay_before_retry_us.or(outer.delay_before_retry_us),
            warmup_us: self.warmup_us.or(outer.warmup_us),
            delay_loop_us: self.delay_loop_us.or(outer.delay_loop_us),
        }
    }
}

/// A `virtual_server` as written.
#[derive(Debug)]
pub struct VirtualServerDraft {
    /// The server; its real servers are completed at the end.
    pub server: VirtualServer,
    /// `lvs_sched` was given.
    pub scheduler: Option<String>,
    /// `lvs_method` was given.
    pub method: Option<LvsMethod>,
    /// `protocol` was given.
    pub protocol: Option<LvsProtocol>,
    /// Defaults of checkers.
    pub defaults: CheckDefaults,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `weight`.
    pub weight: Option<i64>,
    /// `sorry_server_lvs_method`.
    pub sorry_method: Option<LvsMethod>,
    /// `hashed`.
    pub hashed: bool,
    /// `real_server` blocks.
    pub reals: Vec<RealServerDraft>,
}

/// A `real_server` as written.
#[derive(Debug)]
pub struct RealServerDraft {
    /// Address.
    pub address: IpAddr,
    /// Port, if one was written.
    pub port: u16,
    /// `weight`.
    pub weight: Option<i64>,
    /// `lvs_method`.
    pub method: Option<LvsMethod>,
    /// `uthreshold`.
    pub uthreshold: u32,
    /// `lthreshold`.
    pub lthreshold: u32,
    /// `inhibit_on_failure`.
    pub inhibit: Option<bool>,
    /// Defaults of checkers.
    pub defaults: CheckDefaults,
    /// `notify_up`.
    pub notify_up: Option<Script>,
    /// `notify_down`.
    pub notify_down: Option<Script>,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `snmp_name`.
    pub snmp_name: Option<String>,
    /// Checkers.
    pub checkers: Vec<CheckerDraft>,
}

/// A checker as written.
#[derive(Clone, Debug)]
pub struct CheckerDraft {
    /// What is checked.
    pub kind: CheckerKindDraft,
    /// Common words.
    pub defaults: CheckDefaults,
    /// `log_all_failures`.
    pub log_all_failures: Option<bool>,
    /// Connection words.
    pub connection: ConnectionDraft,
}

/// Connection words of a checker.
#[derive(Clone, Debug, Default)]
pub struct ConnectionDraft {
    /// `connect_ip`.
    pub connect_ip: Option<IpAddr>,
    /// `connect_port`.
    pub connect_port: Option<u16>,
    /// `bindto`.
    pub bindto: Option<IpAddr>,
    /// `bind_port`.
    pub bind_port: u16,
    /// `bind_if`.
    pub bind_if: Option<String>,
    /// `fwmark`.
    pub fwmark: u32,
    /// `connect_timeout` of an old `host` block.
    pub connect_timeout_us: Option<u64>,
}

/// The kinds of checkers as written.
#[derive(Clone, Debug)]
pub enum CheckerKindDraft {
    /// `TCP_CHECK`.
    Tcp,
    /// `PING_CHECK`.
    Ping,
    /// `UDP_CHECK`.
    Udp(UdpCheck),
    /// `HTTP_GET` or `SSL_GET`.
    Http(Box<HttpDraft>),
    /// `SMTP_CHECK`.
    Smtp {
        /// `helo_name`.
        helo_name: Option<String>,
        /// Old `host` blocks.
        hosts: Vec<ConnectionDraft>,
    },
    /// `DNS_CHECK`.
    Dns(DnsCheck),
    /// `MISC_CHECK`.
    Misc(MiscDraft),
    /// `FILE_CHECK`.
    File(FileCheckDraft),
    /// `BFD_CHECK`.
    Bfd {
        /// `name`.
        name: Option<String>,
        /// A complaint already said that it is skipped.
        skipped: bool,
    },
}

/// `HTTP_GET` or `SSL_GET` as written.
#[derive(Clone, Debug, Default)]
pub struct HttpDraft {
    /// `SSL_GET`.
    pub tls: bool,
    /// `http_protocol`.
    pub http_protocol: HttpProtocol,
    /// `virtualhost`.
    pub virtualhost: Option<String>,
    /// `enable_sni`.
    pub enable_sni: bool,
    /// `sni_name`.
    pub sni_name: Option<String>,
    /// `fast_recovery`.
    pub fast_recovery: bool,
    /// Finished `url` blocks.
    pub urls: Vec<Url>,
    /// The `url` being read.
    pub url: Url,
    /// Its regex words.
    pub regex: RegexDraft,
}

/// The regex words of a `url`.
#[derive(Clone, Debug, Default)]
pub struct RegexDraft {
    /// `regex`.
    pub pattern: Option<String>,
    /// `regex_no_match`.
    pub no_match: bool,
    /// `regex_options`.
    pub options: Vec<String>,
    /// `regex_min_offset`.
    pub min_offset: Option<usize>,
    /// `regex_max_offset`.
    pub max_offset: Option<usize>,
    /// `regex_stack`.
    pub stack: Option<(usize, usize)>,
}

/// `MISC_CHECK` as written.
#[derive(Clone, Debug, Default)]
pub struct MiscDraft {
    /// `misc_path`.
    pub argv: Option<Vec<String>>,
    /// `user`.
    pub user: Option<ScriptUser>,
    /// `user` named somebody unknown: the checker goes.
    pub bad_user: bool,
    /// `misc_timeout`.
    pub misc_timeout_us: u64,
    /// `misc_dynamic`.
    pub misc_dynamic: bool,
}

/// `FILE_CHECK` as written.
#[derive(Clone, Debug, Default)]
pub struct FileCheckDraft {
    /// `track_file`.
    pub track_file: Option<String>,
    /// `weight`.
    pub weight: Option<(i32, bool)>,
}
