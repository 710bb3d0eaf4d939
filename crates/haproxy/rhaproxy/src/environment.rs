//! The `HAPROXY_*` variables (configuration manual 2.3): those a configuration may use while it is read, and those set
//! once it was.

use haproxy_conf::{EnvError, Environment, Source};
use haproxy_expr::logformat::formats;

use crate::args::{Args, MasterWorker};
use crate::version::{BRANCH, VERSION};

/// Sets what is usable during the reading. `host` is the machine's name, the local peer's unless `-L` says otherwise.
pub fn before_reading(env: &mut Environment, args: &Args, host: &str) -> Result<(), EnvError> {
    let local_peer = args.local_peer.as_deref().unwrap_or(host);
    for (name, value) in [
        ("HAPROXY_STARTUP_VERSION", VERSION),
        ("HAPROXY_BRANCH", BRANCH),
        ("HAPROXY_LOCALPEER", local_peer),
        ("HAPROXY_TCP_LOG_FMT", formats::TCP),
        ("HAPROXY_TCP_CLF_LOG_FMT", formats::TCP_CLF),
        ("HAPROXY_HTTP_LOG_FMT", formats::HTTP),
        ("HAPROXY_HTTP_CLF_LOG_FMT", formats::HTTP_CLF),
        ("HAPROXY_HTTPS_LOG_FMT", formats::HTTPS),
    ] {
        env.set(name.as_bytes(), value.as_bytes())?;
    }
    if args.master_worker != MasterWorker::Off {
        env.set(b"HAPROXY_MWORKER", b"1")?;
    }
    Ok(())
}

/// Takes away what only the reading needs, and sets what is known after it: the files read and the addresses of the
/// sockets that take commands, each list separated by semicolons.
pub fn after_reading(env: &mut Environment, files: &[Source], sockets: &[String]) -> Result<(), EnvError> {
    for name in FORMATS {
        env.unset(name.as_bytes())?;
    }
    let files: Vec<&str> = files.iter().map(|source| source.path.as_str()).collect();
    env.set(b"HAPROXY_CFGFILES", files.join(";").as_bytes())?;
    if !sockets.is_empty() {
        env.set(b"HAPROXY_CLI", sockets.join(";").as_bytes())?;
    }
    Ok(())
}

/// What a master adds to its own environment after the reading: the addresses of its sockets, separated by semicolons.
pub fn of_master(env: &mut Environment, sockets: &[String]) -> Result<(), EnvError> {
    for name in FORMATS {
        env.unset(name.as_bytes())?;
    }
    if !sockets.is_empty() {
        env.set(b"HAPROXY_MASTER_CLI", sockets.join(";").as_bytes())?;
    }
    Ok(())
}

/// Not listed by `show env`.
const FORMATS: &[&str] = &[
    "HAPROXY_TCP_LOG_FMT",
    "HAPROXY_TCP_CLF_LOG_FMT",
    "HAPROXY_HTTP_LOG_FMT",
    "HAPROXY_HTTP_CLF_LOG_FMT",
    "HAPROXY_HTTPS_LOG_FMT",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_and_go() {
        let mut env = Environment::new();
        let mut args = Args::default();
        before_reading(&mut env, &args, "box").unwrap();
        let get = |env: &Environment, name: &str| env.get(name.as_bytes()).map(|value| value.to_string());
        assert_eq!(get(&env, "HAPROXY_LOCALPEER").as_deref(), Some("box"));
        assert_eq!(get(&env, "HAPROXY_BRANCH").as_deref(), Some("3.4"));
        assert!(get(&env, "HAPROXY_HTTP_LOG_FMT").is_some() && get(&env, "HAPROXY_MWORKER").is_none());
        after_reading(&mut env, &[Source::new("a"), Source::new("b")], &["unix@/s".to_owned()]).unwrap();
        assert_eq!(get(&env, "HAPROXY_CFGFILES").as_deref(), Some("a;b"));
        assert_eq!(get(&env, "HAPROXY_CLI").as_deref(), Some("unix@/s"));
        assert!(get(&env, "HAPROXY_HTTP_LOG_FMT").is_none());
        (args.local_peer, args.master_worker) = (Some("me".to_owned()), MasterWorker::On);
        before_reading(&mut env, &args, "box").unwrap();
        assert_eq!(get(&env, "HAPROXY_LOCALPEER").as_deref(), Some("me"));
        assert_eq!(get(&env, "HAPROXY_MWORKER").as_deref(), Some("1"));
    }
}
