//! Field names the data path itself looks at, as small numbers, so that no step compares strings per request.

macro_rules! field_ids {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// A field name known to the proxy; every other name is `Other`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum FieldId {
            /// A name without a number of its own.
            Other,
            $(#[doc = $text] $variant),*
        }

        impl FieldId {
            /// The lower-case name, empty for `Other`.
            pub const fn name(self) -> &'static [u8] {
                match self {
                    FieldId::Other => b"",
                    $(FieldId::$variant => $text.as_bytes()),*
                }
            }

            /// All known names with their numbers.
            pub const ALL: &'static [(&'static str, FieldId)] = &[$(($text, FieldId::$variant)),*];
        }
    };
}

field_ids! {
    Host = "host",
    Connection = "connection",
    ContentLength = "content-length",
    TransferEncoding = "transfer-encoding",
    Cookie = "cookie",
    SetCookie = "set-cookie",
    Upgrade = "upgrade",
    Expect = "expect",
    XForwardedFor = "x-forwarded-for",
    XOriginalTo = "x-original-to",
    Forwarded = "forwarded",
    Authorization = "authorization",
    ProxyAuthorization = "proxy-authorization",
    ProxyConnection = "proxy-connection",
    KeepAlive = "keep-alive",
    Te = "te",
    Trailer = "trailer",
    ContentType = "content-type",
    ContentEncoding = "content-encoding",
    AcceptEncoding = "accept-encoding",
    CacheControl = "cache-control",
    Pragma = "pragma",
    Expires = "expires",
    Age = "age",
    Vary = "vary",
    Etag = "etag",
    LastModified = "last-modified",
    IfNoneMatch = "if-none-match",
    IfModifiedSince = "if-modified-since",
    Location = "location",
    Server = "server",
    Date = "date",
    UserAgent = "user-agent",
    Referer = "referer",
    Accept = "accept",
    Range = "range",
    SecWebsocketKey = "sec-websocket-key",
    SecWebsocketAccept = "sec-websocket-accept",
}

impl FieldId {
    /// Length of the longest known name.
    pub const LONGEST: usize = 20;

    /// The number of a lower-case name. Looks at the length first, so an unknown name costs at most a few compares.
    pub fn of(name: &[u8]) -> FieldId {
        use FieldId::*;
        macro_rules! pick {
            ($($id:ident)*) => {{ $(if name == $id.name() { return $id; })* Other }};
        }
        match name.len() {
            2 => pick!(Te),
            3 => pick!(Age),
            4 => pick!(Host Date Vary Etag),
            5 => pick!(Range),
            6 => pick!(Cookie Accept Server Expect Pragma),
            7 => pick!(Upgrade Referer Expires Trailer),
            8 => pick!(Location),
            9 => pick!(Forwarded),
            10 => pick!(Connection UserAgent SetCookie KeepAlive),
            12 => pick!(ContentType),
            13 => pick!(CacheControl Authorization LastModified IfNoneMatch XOriginalTo),
            14 => pick!(ContentLength),
            15 => pick!(AcceptEncoding XForwardedFor),
            16 => pick!(ContentEncoding ProxyConnection),
            17 => pick!(TransferEncoding IfModifiedSince SecWebsocketKey),
            19 => pick!(ProxyAuthorization),
            20 => pick!(SecWebsocketAccept),
            _ => Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FieldId;

    #[test]
    fn every_known_name_finds_its_number() {
        for (name, id) in FieldId::ALL {
            assert_eq!(FieldId::of(name.as_bytes()), *id, "{name}");
            assert!(name.len() <= FieldId::LONGEST, "{name}");
            assert!((*id as u8) < 64, "{name}: sets of fields are kept in 64 bits");
        }
        assert_eq!(FieldId::of(b"x-unknown"), FieldId::Other);
    }
}
