//! `show cache`.

use std::fmt::Write;
use std::sync::Arc;

use haproxy_engine::clock;

use super::{Answer, Call, Command, Level};

/// Caches.
pub(super) const COMMANDS: &[Command] = &[Command {
    words: &["show", "cache"],
    usage: "show cache",
    doc: "show cache status",
    level: Level::User,
    experimental: false,
    run: show_cache,
}];

fn show_cache(call: &mut Call<'_>) -> Answer {
    let now_s = clock::date().secs.max(0) as u64;
    let mut out = String::new();
    for section in &call.snapshot.caches {
        let cache = &section.cache;
        let id = Arc::as_ptr(cache) as usize;
        // writing to a string cannot fail
        let _ = writeln!(
            out,
            "{id:#x}: {} (shctx:{id:#x}, available blocks:{})",
            cache.name,
            cache.blocks_available()
        );
        for object in cache.list(now_s) {
            let _ = writeln!(
                out,
                "{:#x} hash:{} vary:0x{:016x} size:{} ({} blocks), refcount:{}, expire:{}",
                object.id,
                object.hash,
                object.vary,
                object.bytes,
                object.blocks,
                object.users,
                object.expires_in_s
            );
        }
    }
    out.into()
}
