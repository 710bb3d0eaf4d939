//! `maxconn` and the number of file descriptors, computed as the manual says (§3.1 "maxconn", "ulimit-n").

use haproxy_model::draft::Draft;

/// Descriptors of the process itself: standard ones, pollers, pipes, log sockets.
const OWN: u64 = 20;

/// Connections when neither the configuration nor a limit says anything.
const FALLBACK: u32 = 100;

/// Memory a connection takes, for `-m`: two buffers and two sockets with their buffers, kilobytes.
const CONNECTION_KB: u64 = 34;

/// Largest number of descriptors `maxconn` is computed from, unless `fd-hard-limit` says otherwise.
const HARD_LIMIT: u64 = 1_048_576;

/// Computes `maxconn_effective` and `ulimit_n` where they are not given.
pub fn compute(draft: &mut Draft, memory_mb: Option<u32>) {
    let fixed = fixed_descriptors(draft);
    let global = &mut draft.global;
    let (soft, hard) = common_os::limits::open_files().unwrap_or((1024, 1024));
    let ceiling = global.fd_hard_limit.unwrap_or(HARD_LIMIT).min(hard.max(soft));
    let maxconn = match (global.maxconn, global.ulimit_n) {
        (Some(maxconn), _) => maxconn,
        (None, Some(ulimit)) => from_descriptors(ulimit, fixed),
        (None, None) => from_descriptors(ceiling, fixed),
    };
    let maxconn = match memory_mb {
        Some(mb) if global.maxconn.is_none() => maxconn.min((u64::from(mb) * 1024 / CONNECTION_KB) as u32),
        _ => maxconn,
    };
    global.maxconn_effective = if maxconn == 0 { FALLBACK } else { maxconn };
    if global.ulimit_n.is_none() {
        global.ulimit_n = Some(needed(global.maxconn_effective, fixed));
    }
}

/// Descriptors needed for so many connections: one for the client, one for the server.
fn needed(maxconn: u32, fixed: u64) -> u64 {
    u64::from(maxconn) * 2 + fixed
}

fn from_descriptors(descriptors: u64, fixed: u64) -> u32 {
    u32::try_from(descriptors.saturating_sub(fixed) / 2).unwrap_or(u32::MAX)
}

/// Descriptors that do not depend on connections: listeners, checks, threads.
fn fixed_descriptors(draft: &Draft) -> u64 {
    let listeners: usize = draft.proxies.iter().map(|px| px.binds.len()).sum();
    let checks = draft.proxies.iter().flat_map(|px| &px.servers);
    let checks = checks.map(|server| u64::from(server.check) + u64::from(server.agent_check)).sum::<u64>();
    let sockets = draft.global.stats_sockets.len() as u64;
    OWN + listeners as u64 + sockets + checks + u64::from(draft.global.threads) * 3
}
