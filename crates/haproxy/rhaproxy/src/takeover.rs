//! Taking the place of an older process, ours or the original: `-x`, `-sf`, `-st`.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use haproxy_admin::handout;
use haproxy_conf::Severity;

use crate::answers::Process;
use crate::args::Args;
use crate::messages;
use crate::sockets::Supply;

/// The argument of `-x` that switches it off.
pub const NOWHERE: &str = "/dev/null";

/// What can be taken over: from the socket `-x` names, or through `former`, a conversation with the worker before.
pub fn supply(args: &Args, former: Option<OwnedFd>, process: &Process) -> Result<Supply, String> {
    let failed = || "Failed to get the sockets from the old process!".to_owned();
    let holders = args.finish.iter().chain(&args.terminate).copied().collect();
    let stream = match (&args.inherit_from, former) {
        (_, Some(former)) => UnixStream::from(former),
        (Some(path), None) if path != NOWHERE => {
            let path = path.strip_prefix("unix@").unwrap_or(path);
            UnixStream::connect(path).map_err(|_| {
                let text = format!("Failed to connect to the old process socket '{path}'");
                messages::print(Severity::Warning, &text);
                failed()
            })?
        }
        (Some(_) | None, None) => return Ok(Supply::new(Vec::new(), holders)),
    };
    let inherited = handout::take(&stream).map_err(|error| {
        let text =
            format!("[{}.main()] The old process does not hand its sockets over: {error}", process.name);
        messages::print(Severity::Warning, &text);
        failed()
    })?;
    Ok(Supply::new(inherited, holders))
}

/// Sends the older processes away: those of `-sf` once their connections have ended, those of `-st` at once.
pub fn relieve(args: &Args) {
    for (pids, signal) in [(&args.finish, nix::libc::SIGUSR1), (&args.terminate, nix::libc::SIGTERM)] {
        pids.iter().for_each(|pid| common_os::signals::send(*pid, signal));
    }
}
