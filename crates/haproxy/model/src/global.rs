//! Settings of the `global` section.

use haproxy_http::h1::write::CaseMap;
use std::path::PathBuf;

use crate::settings::{BindSettings, LogTarget};

/// Process-wide settings, with the manual's defaults.
#[derive(Clone, Debug)]
pub struct Global {
    /// `nbthread`
    pub threads: u32,
    /// `maxconn` as written (or `-n`).
    pub maxconn: Option<u32>,
    /// `maxconn` in force once computed.
    pub maxconn_effective: u32,
    /// `ulimit-n`
    pub ulimit_n: Option<u64>,
    /// `fd-hard-limit`
    pub fd_hard_limit: Option<u64>,
    /// `strict-limits`
    pub strict_limits: bool,
    /// `daemon`
    pub daemon: bool,
    /// `pidfile`
    pub pidfile: Option<PathBuf>,
    /// `chroot`
    pub chroot: Option<PathBuf>,
    /// `user` or `uid`
    pub uid: Option<u32>,
    /// `group` or `gid`
    pub gid: Option<u32>,
    /// `node`
    pub node: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `log-send-hostname`
    pub log_send_hostname: Option<String>,
    /// `log-tag`
    pub log_tag: Option<Vec<u8>>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<BindSettings>,
    /// `stats timeout`, milliseconds.
    pub stats_timeout_ms: u64,
    /// `stats maxconn`
    pub stats_maxconn: u32,
    /// `hard-stop-after`, milliseconds.
    pub hard_stop_after_ms: Option<u64>,
    /// `grace`, milliseconds.
    pub grace_ms: Option<u64>,
    /// `close-spread-time`, milliseconds.
    pub close_spread_ms: Option<u64>,
    /// `spread-checks`, percent.
    pub spread_checks: u32,
    /// `max-spread-checks`, milliseconds.
    pub max_spread_checks_ms: Option<u64>,
    /// `maxconnrate`
    pub maxconnrate: Option<u32>,
    /// `maxsessrate`
    pub maxsessrate: Option<u32>,
    /// `maxcomprate`, `maxcompcpuusage`, `tune.comp.maxlevel`
    pub compression: CompressionLimits,
    /// `tune.bufsize`
    pub bufsize: usize,
    /// `tune.maxrewrite`
    pub maxrewrite: usize,
    /// `tune.maxaccept`
    pub maxaccept: i32,
    /// `tune.http.maxhdr`
    pub max_headers: usize,
    /// `tune.http.logurilen`
    pub log_uri_length: usize,
    /// `tune.http.cookielen`
    pub cookie_length: usize,
    /// `tune.rcvbuf.client`
    pub rcvbuf_client: Option<u32>,
    /// `tune.sndbuf.client`
    pub sndbuf_client: Option<u32>,
    /// `tune.rcvbuf.server`
    pub rcvbuf_server: Option<u32>,
    /// `tune.sndbuf.server`
    pub sndbuf_server: Option<u32>,
    /// `tune.vars.*-max-size`
    pub var_limits: VarLimits,
    /// `nosplice`
    pub nosplice: bool,
    /// `maxpipes`
    pub maxpipes: Option<u32>,
    /// `tune.pipesize`
    pub pipesize: Option<usize>,
    /// `noreuseport`
    pub noreuseport: bool,
    /// `set-dumpable`
    pub set_dumpable: bool,
    /// `server-state-base`
    pub server_state_base: Option<PathBuf>,
    /// `server-state-file`
    pub server_state_file: Option<PathBuf>,
    /// `localpeer`
    pub localpeer: Option<String>,
    /// `quiet`
    pub quiet: bool,
    /// `zero-warning`
    pub zero_warning: bool,
    /// `insecure-fork-wanted`
    pub insecure_fork_wanted: bool,
    /// `external-check`
    pub external_check: bool,
    /// `h1-case-adjust`: names and their wished form.
    pub h1_case_adjust: CaseMap,
    /// `expose-experimental-directives`
    pub experimental: bool,
    /// `expose-deprecated-directives`
    pub deprecated: bool,
    /// `cpu-map` lines as written: first thread, CPU list.
    pub cpu_map: Vec<(String, Vec<usize>)>,
    /// `default-path` origin.
    pub default_path: Option<PathBuf>,
    /// `master-worker`, which asks for a master as `-W` does.
    pub master_worker: bool,
    /// Whether the failure of one child ends the master and all others; not after `master-worker no-exit-on-failure`.
    pub exit_on_failure: bool,
    /// `mworker-max-reloads`
    pub max_reloads: u32,
    /// `program` sections.
    pub programs: Vec<Program>,
}

/// A program the master starts beside its worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// What to start, with its arguments.
    pub command: Vec<String>,
    /// `user`
    pub uid: Option<u32>,
    /// `group`
    pub gid: Option<u32>,
    /// `option start-on-reload`
    pub start_on_reload: bool,
}

impl Program {
    /// A program without settings.
    pub fn new(name: String) -> Self {
        Program { name, command: Vec::new(), uid: None, gid: None, start_on_reload: true }
    }
}

/// What compression may cost the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressionLimits {
    /// `maxcomprate` in bytes a second, 0 without limit.
    pub rate_max_bytes: u64,
    /// `maxcompcpuusage`, 100 without limit.
    pub cpu_max_percent: u32,
    /// `tune.comp.maxlevel`
    pub level: u32,
}

impl Default for CompressionLimits {
    fn default() -> Self {
        CompressionLimits { rate_max_bytes: 0, cpu_max_percent: 100, level: 1 }
    }
}

/// Bytes the variables of a scope may take; 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VarLimits {
    /// `proc`
    pub process: usize,
    /// `sess`
    pub session: usize,
    /// `txn`
    pub transaction: usize,
    /// `req` and `res`
    pub message: usize,
}

impl Default for Global {
    fn default() -> Self {
        Global {
            threads: 1,
            maxconn: None,
            maxconn_effective: 0,
            ulimit_n: None,
            fd_hard_limit: None,
            strict_limits: true,
            daemon: false,
            pidfile: None,
            chroot: None,
            uid: None,
            gid: None,
            node: None,
            description: None,
            logs: Vec::new(),
            log_send_hostname: None,
            log_tag: None,
            stats_sockets: Vec::new(),
            stats_timeout_ms: 10_000,
            stats_maxconn: 10,
            hard_stop_after_ms: None,
            grace_ms: None,
            close_spread_ms: None,
            spread_checks: 0,
            max_spread_checks_ms: None,
            maxconnrate: None,
            maxsessrate: None,
            compression: CompressionLimits::default(),
            bufsize: 16_384,
            maxrewrite: 1_024,
            maxaccept: 4,
            max_headers: 101,
            log_uri_length: 1_024,
            cookie_length: 63,
            rcvbuf_client: None,
            sndbuf_client: None,
            rcvbuf_server: None,
            sndbuf_server: None,
            var_limits: VarLimits::default(),
            nosplice: false,
            maxpipes: None,
            pipesize: None,
            noreuseport: false,
            set_dumpable: false,
            server_state_base: None,
            server_state_file: None,
            localpeer: None,
            quiet: false,
            zero_warning: false,
            insecure_fork_wanted: false,
            external_check: false,
            h1_case_adjust: CaseMap::default(),
            experimental: false,
            deprecated: false,
            cpu_map: Vec::new(),
            default_path: None,
            master_worker: false,
            exit_on_failure: true,
            max_reloads: 50,
            programs: Vec::new(),
        }
    }
}
