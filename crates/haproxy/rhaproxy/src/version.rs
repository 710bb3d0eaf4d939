//! The texts of `-v` and `-vv`, and the facts conditions may ask about. Tools read the first line, `TARGET  = `, the
//! feature list and the services; the rest follows the original's order.

use std::fmt::Write as _;

use haproxy_conf::{Facts, Version};

use crate::args::{Switches, VersionForm};

/// The version we behave as. Parsers want three numbers and a dash.
pub const VERSION: &str = "3.4.0-rhaproxy";

/// The same as numbers.
pub const COMPATIBLE: Version = Version::release(3, 4, 0);

/// The branch, as in `HAPROXY_BRANCH`.
pub const BRANCH: &str = "3.4";

/// Day of the release, as the first line shows it.
pub const RELEASED: &str = "2026/11/22";

/// Bytes of a buffer, and of what rewriting may use of it.
pub const BUFFER_SIZE: u32 = 16384;
const REWRITE_SIZE: u32 = 1024;
const POLL_EVENTS: u32 = 200;

/// The original's feature names with what is true of this build, by name.
pub const FEATURES: &[(&str, bool)] = &[
    ("51DEGREES", false),
    ("ACCEPT4", true),
    ("ACME", false),
    ("BACKTRACE", true),
    ("CLOSEFROM", false),
    ("CPU_AFFINITY", true),
    ("CRYPT_H", true),
    ("DEVICEATLAS", false),
    ("DL", true),
    ("ECH", false),
    ("ENGINE", false),
    ("EPOLL", true),
    ("EVPORTS", false),
    ("GETADDRINFO", true),
    ("KQUEUE", false),
    ("KTLS", false),
    ("LIBATOMIC", false),
    ("LIBCRYPT", true),
    ("LINUX_CAP", true),
    ("LINUX_SPLICE", true),
    ("LINUX_TPROXY", true),
    ("LUA", false),
    ("MATH", true),
    ("MEMORY_PROFILING", false),
    ("NETFILTER", true),
    ("NS", true),
    ("OBSOLETE_LINKER", false),
    ("OPENSSL", false),
    ("OPENSSL_AWSLC", false),
    ("OPENSSL_WOLFSSL", false),
    ("OT", false),
    ("PCRE", false),
    ("PCRE2", true),
    ("PCRE2_JIT", true),
    ("PCRE_JIT", false),
    ("POLL", false),
    ("PRCTL", true),
    ("PROCCTL", false),
    ("PROMEX", true),
    ("PTHREAD_EMULATION", false),
    ("QUIC", false),
    ("QUIC_OPENSSL_COMPAT", false),
    ("RT", true),
    ("SHM_OPEN", false),
    ("SLZ", false),
    ("SSL", false),
    ("STATIC_PCRE", false),
    ("STATIC_PCRE2", false),
    ("SYSTEMD", true),
    ("TFO", true),
    ("THREAD", true),
    ("THREAD_DUMP", false),
    ("TPROXY", true),
    ("WURFL", false),
    ("ZLIB", true),
];

/// Services of `use-service` in this build.
pub const SERVICES: &[&str] = &["prometheus-exporter"];

/// What conditions may ask of this build under the command line's switches.
pub fn facts(given: &Switches) -> Facts {
    let fast_forward = !given.no_fast_forward;
    let switches = vec![
        ("EPOLL", true),
        ("EVPORTS", false),
        ("FAST-FORWARD", fast_forward),
        ("GETADDRINFO", !given.no_getaddrinfo),
        ("KQUEUE", false),
        ("POLL", false),
        ("REUSEPORT", !given.no_reuseport),
        ("SERVER-SSL-VERIFY-NONE", given.no_server_verify),
        ("SPLICE", !given.no_splice && !given.no_zero_copy && fast_forward),
    ];
    Facts { version: COMPATIBLE, features: FEATURES.to_vec(), ssl: None, switches }
}

/// The text for a flag, ended by a line feed. `running_on` is the system's name, release, version and machine.
pub fn version_text(form: VersionForm, running_on: &str, threads: usize) -> String {
    match form {
        VersionForm::Short => short(running_on),
        VersionForm::Full => short(running_on) + &full(threads),
        VersionForm::Number => format!("{VERSION}\n"),
        VersionForm::Release => format!("{}\n", VERSION.split('-').next().unwrap_or(VERSION)),
        VersionForm::Branch => format!("{BRANCH}\n"),
    }
}

fn short(running_on: &str) -> String {
    format!(
        "HAProxy version {VERSION} {RELEASED} - rhaproxy {package}\n\
         Status: independent implementation, compatible with the long-term supported branch {BRANCH}.\n\
         Known bugs: none listed.\n\
         Running on: {running_on}\n",
        package = env!("CARGO_PKG_VERSION"),
    )
}

fn full(threads: usize) -> String {
    let mut out = String::new();
    let target = if cfg!(target_env = "musl") { "linux-musl" } else { "linux-glibc" };
    let options = if cfg!(debug_assertions) { "-C debug-assertions" } else { "-C opt-level=3" };
    let _ = write!(
        out,
        "Build options :\n  TARGET  = {target}\n  CC      = rustc\n  CFLAGS  = {options}\n  OPTIONS = {}\n  DEBUG   =\n\n",
        FEATURES
            .iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| format!("USE_{name}=1"))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let _ = writeln!(out, "Feature list : {}\n", feature_list());
    let _ = writeln!(
        out,
        "Default settings :\n  bufsize = {BUFFER_SIZE}, maxrewrite = {REWRITE_SIZE}, maxpollevents = {POLL_EVENTS}\n"
    );
    let _ = writeln!(
        out,
        "Built with multi-threading support (MAX_TGROUPS=1, MAX_THREADS=64, default={threads}).\n\
         Built with the Prometheus exporter as a service\n\
         Built with network namespace support.\n\
         Compression algorithms supported : {}\n\
         Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT IP_FREEBIND\n\
         PCRE2 library supports JIT : yes\n\
         Encrypted password support via crypt(3): yes\n",
        compression_algorithms()
    );
    out.push_str(
        "Available polling systems :\n      epoll : pref=300,  test result OK\nTotal: 1 (1 usable), will use epoll.\n\n",
    );
    out.push_str(MULTIPLEXERS);
    let _ = writeln!(out, "\nAvailable services : {}", SERVICES.join(" "));
    out.push_str("Available filters :\n");
    for (scope, name) in haproxy_model::filters::AVAILABLE {
        let _ = writeln!(out, "\t[{scope:>4}] {name}");
    }
    out.push('\n');
    out
}

fn compression_algorithms() -> String {
    let named: Vec<String> =
        haproxy_model::filters::algorithms().map(|(name, token)| format!("{name}(\"{token}\")")).collect();
    named.join(", ")
}

const MULTIPLEXERS: &str = "\
Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX
         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG
  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=
       none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG
";

/// `+NAME` for what is there and `-NAME` for what is not.
pub fn feature_list() -> String {
    let sign = |on| if on { '+' } else { '-' };
    FEATURES.iter().map(|&(name, on)| format!("{}{name}", sign(on))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_suits_every_parser() {
        let text = version_text(VersionForm::Short, "Linux 6.1.0", 2);
        assert!(text.starts_with("HAProxy version 3.4.0-rhaproxy 2026/"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("Status: ") && lines[2].starts_with("Known bugs: "));
        assert_eq!(lines[3], "Running on: Linux 6.1.0");
    }

    #[test]
    fn the_long_text_names_target_features_and_services() {
        let text = version_text(VersionForm::Full, "Linux", 2);
        assert!(text.contains("\n  TARGET  = linux-"));
        assert!(text.contains("\nFeature list : -51DEGREES +ACCEPT4 "));
        assert!(text.contains("\nBuilt with the Prometheus exporter as a service\n"));
        assert!(text.contains("\nAvailable services : prometheus-exporter\n"));
    }

    #[test]
    fn numbers_alone_are_bare() {
        assert_eq!(version_text(VersionForm::Number, "", 1), "3.4.0-rhaproxy\n");
        assert_eq!(version_text(VersionForm::Release, "", 1), "3.4.0\n");
        assert_eq!(version_text(VersionForm::Branch, "", 1), "3.4\n");
        assert_eq!(Version::parse(VERSION.as_bytes()), COMPATIBLE);
    }

    #[test]
    fn features_are_sorted_and_answer_conditions() {
        assert!(FEATURES.is_sorted_by_key(|(name, _)| *name));
        let facts = facts(&Switches { no_splice: true, ..Switches::default() });
        assert!(facts.feature(b"PROMEX") && !facts.feature(b"LUA"));
        assert!(facts.enabled(b"EPOLL") && facts.enabled(b"FAST-FORWARD") && !facts.enabled(b"SPLICE"));
    }
}
