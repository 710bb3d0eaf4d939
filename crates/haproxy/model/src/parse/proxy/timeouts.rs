//! `timeout ...`.

use haproxy_conf::{Cursor, ParseError, Sections, Status};

use crate::draft::Draft;
use crate::parse::Keyword;
use crate::settings::Timeouts;

macro_rules! rows {
    ($($(#[$legacy:ident])? $name:literal $sections:ident $field:ident $status:expr, $doc:literal;)*) => {
        /// All timeouts.
        pub const KEYWORDS: &[Keyword] = &[$(Keyword {
            name: $name,
            sections: Sections::$sections,
            args: "<time>",
            status: $status,
            run: |draft, cursor| set(draft, cursor, |timeouts| &mut timeouts.$field),
            doc: $doc,
        }),*];
    };
}

rows! {
    "timeout client" FRONT client Status::Supported, "inactivity of the client";
    "timeout server" BACK server Status::Supported, "inactivity of the server";
    "timeout connect" BACK connect Status::Supported, "time to connect to a server";
    "timeout queue" BACK queue Status::Supported, "time to wait for a free slot";
    "timeout check" BACK check Status::Supported, "time for a check's answer";
    "timeout http-request" PROXY http_request Status::Supported, "time for a whole request head";
    "timeout http-keep-alive" PROXY http_keep_alive Status::Supported, "time between two requests";
    "timeout tunnel" BACK tunnel Status::Supported, "inactivity of a tunnel";
    "timeout client-fin" FRONT client_fin Status::Supported, "inactivity of a half-closed client";
    "timeout server-fin" BACK server_fin Status::Supported, "inactivity of a half-closed server";
    "timeout client-hs" FRONT client_hs Status::Supported, "time for the client's handshakes";
    "timeout tarpit" PROXY tarpit Status::Supported, "time a tarpitted request is held";
    "timeout clitimeout" FRONT client Status::Legacy { modern: "timeout client" }, "old name";
    "timeout srvtimeout" BACK server Status::Legacy { modern: "timeout server" }, "old name";
    "timeout contimeout" BACK connect Status::Legacy { modern: "timeout connect" }, "old name";
    "clitimeout" FRONT client Status::Legacy { modern: "timeout client" }, "old name";
    "srvtimeout" BACK server Status::Legacy { modern: "timeout server" }, "old name";
    "contimeout" BACK connect Status::Legacy { modern: "timeout connect" }, "old name";
}

/// A bare number below this looks like seconds were meant.
const SUSPICIOUS_MS: u64 = 100;

fn set(
    draft: &mut Draft,
    cursor: &mut Cursor<'_>,
    field: fn(&mut Timeouts) -> &mut Option<u64>,
) -> Result<(), ParseError> {
    let keyword = cursor.keyword();
    let Some(word) = cursor.peek() else {
        return Err(cursor.error(format!("'{keyword}' expects an integer value (in milliseconds)")));
    };
    let ms = u64::from(cursor.duration_ms()?);
    if ms > 0 && ms < SUSPICIOUS_MS && word.as_bytes().iter().all(u8::is_ascii_digit) {
        let role = draft.px.role.map_or("proxy", |role| role.keyword());
        cursor.warn(format!(
            "'{keyword} {word}' in {role} '{}' is suspiciously small for a value in milliseconds. Please use an explicit unit ('{word}ms') if that was the intent.",
            draft.px.name
        ));
    }
    *field(&mut draft.px.settings.timeouts) = Some(ms);
    cursor.finish()
}
