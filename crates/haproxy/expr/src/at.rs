//! Where an expression runs, and which facts exist there (the matrix of `-dKsmp`).

/// The places of a configuration that evaluate expressions, in the order `-dKsmp` prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Context {
    /// `tcp-request connection` of a frontend.
    FeConnection,
    /// `tcp-request session` of a frontend.
    FeSession,
    /// `tcp-request content` of a frontend.
    FeRequestContent,
    /// `http-request` of a frontend.
    FeHttpRequest,
    /// `http-request` of a frontend, with the body.
    FeHttpRequestBody,
    /// `use_backend`.
    FeUseBackend,
    /// `tcp-request content` of a backend.
    BeRequestContent,
    /// `http-request` of a backend.
    BeHttpRequest,
    /// `http-request` of a backend, with the body.
    BeHttpRequestBody,
    /// `use-server`, `balance`, `stick match`.
    BeUseServer,
    /// `source` and `sni` of a server.
    ServerSource,
    /// `tcp-response content` of a backend.
    BeResponseContent,
    /// `http-response` of a backend.
    BeHttpResponse,
    /// `http-response` of a backend, with the body.
    BeHttpResponseBody,
    /// `stick store-response`.
    BeStickStore,
    /// `tcp-response content` of a frontend.
    FeResponseContent,
    /// `http-response` of a frontend.
    FeHttpResponse,
    /// `http-response` of a frontend, with the body.
    FeHttpResponseBody,
    /// Log lines.
    Log,
    /// `tcp-check` and `http-check` of a backend.
    Check,
    /// The configuration parser itself (global `set-var`).
    ConfigParser,
    /// The command line interface.
    CliParser,
}

impl Context {
    /// All places, in the order of `-dKsmp`.
    pub const ALL: [Context; 22] = [
        Context::FeConnection,
        Context::FeSession,
        Context::FeRequestContent,
        Context::FeHttpRequest,
        Context::FeHttpRequestBody,
        Context::FeUseBackend,
        Context::BeRequestContent,
        Context::BeHttpRequest,
        Context::BeHttpRequestBody,
        Context::BeUseServer,
        Context::ServerSource,
        Context::BeResponseContent,
        Context::BeHttpResponse,
        Context::BeHttpResponseBody,
        Context::BeStickStore,
        Context::FeResponseContent,
        Context::FeHttpResponse,
        Context::FeHttpResponseBody,
        Context::Log,
        Context::Check,
        Context::ConfigParser,
        Context::CliParser,
    ];

    /// The words of the original's messages and of the legend of `-dKsmp`.
    pub const fn describe(self) -> &'static str {
        match self {
            Context::FeConnection => "frontend tcp-request connection rule",
            Context::FeSession => "frontend tcp-request session rule",
            Context::FeRequestContent => "frontend tcp-request content rule",
            Context::FeHttpRequest => "frontend http-request header rule",
            Context::FeHttpRequestBody => "frontend http-request body rule",
            Context::FeUseBackend => "frontend use-backend rule",
            Context::BeRequestContent => "backend tcp-request content rule",
            Context::BeHttpRequest => "backend http-request header rule",
            Context::BeHttpRequestBody => "backend http-request body rule",
            Context::BeUseServer => "backend use-server, balance or stick-match rule",
            Context::ServerSource => "server source selection",
            Context::BeResponseContent => "backend tcp-response content rule",
            Context::BeHttpResponse => "backend http-response header rule",
            Context::BeHttpResponseBody => "backend http-response body rule",
            Context::BeStickStore => "backend stick-store rule",
            Context::FeResponseContent => "frontend tcp-response content rule",
            Context::FeHttpResponse => "frontend http-response header rule",
            Context::FeHttpResponseBody => "frontend http-response body rule",
            Context::Log => "logs",
            Context::Check => "backend tcp-check rule",
            Context::ConfigParser => "configuration parser",
            Context::CliParser => "CLI parser",
        }
    }
}

/// A set of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contexts(u32);

impl Contexts {
    /// No place.
    pub const NONE: Contexts = Contexts(0);
    /// Every place.
    pub const ALL: Contexts = Contexts((1 << 22) - 1);

    /// One place.
    pub const fn of(context: Context) -> Contexts {
        Contexts(1 << context as u32)
    }

    /// Both sets together.
    pub const fn and(self, context: Context) -> Contexts {
        Contexts(self.0 | 1 << context as u32)
    }

    /// True when the place is in the set.
    pub const fn has(self, context: Context) -> bool {
        self.0 & 1 << context as u32 != 0
    }

    /// True when the sets share a place.
    pub const fn meets(self, other: Contexts) -> bool {
        self.0 & other.0 != 0
    }

    /// First place of the set.
    pub fn first(self) -> Option<Context> {
        Context::ALL.into_iter().find(|context| self.has(*context))
    }

    /// `Y`/`.` columns as `-dKsmp` draws them become a set.
    const fn drawn(row: &str) -> Contexts {
        let bytes = row.as_bytes();
        let mut bits = 0;
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index] == b'Y' {
                bits |= 1 << index;
            }
            index += 1;
        }
        Contexts(bits)
    }
}

/// Kinds of facts a fetch takes its value from; several may be or-ed when any of them is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use(u32);

const KINDS: [(&str, Contexts); 23] = [
    ("constants", Contexts::drawn("YYYYYYYYYYYYYYYYYYYYYY")),
    ("internal state", Contexts::drawn("YYYYYYYYYYYYYYYYYYYY.Y")),
    ("listener", Contexts::drawn("YYYYYYYYYYYYYYYYYYY...")),
    ("frontend", Contexts::drawn("YYYYYYYYYYYYYYYYYYY...")),
    ("client address", Contexts::drawn("YYYYYYYYYYYYYYYYYYYY..")),
    ("client-side connection", Contexts::drawn(".YYYYYYYYYYYYYYYYYY...")),
    ("track counters", Contexts::drawn("YYYYYYYYYYYYYYYYYYYY.Y")),
    ("request buffer", Contexts::drawn("..YYYYYYYYY...........")),
    ("HTTP request headers", Contexts::drawn("..YYYYYYYYY...........")),
    ("HTTP request", Contexts::drawn("..YYYYYYYYYYYYYYYYY...")),
    ("HTTP request body", Contexts::drawn("..YYYYYYYYY...........")),
    ("backend", Contexts::drawn("......YYYYYYYYYYYYYY..")),
    ("server", Contexts::drawn("..........YYYYYYYYYY..")),
    ("server address", Contexts::drawn("...........YYYYYYYYY..")),
    ("server-side connection", Contexts::drawn("...........YYYYYYYYY..")),
    ("response buffer", Contexts::drawn("...........YYYYYYY.Y..")),
    ("HTTP response headers", Contexts::drawn("...........YYYYYYY.Y..")),
    ("HTTP response", Contexts::drawn("...........YYYYYYYYY..")),
    ("HTTP response body", Contexts::drawn("...........YYYYYYY.Y..")),
    ("request buffer statistics", Contexts::drawn("..YYYYYYYYYYYYYYYYY...")),
    ("response buffer statistics", Contexts::drawn(".........YYYYYYYYYY...")),
    ("transaction statistics", Contexts::drawn("..................Y...")),
    ("session statistics", Contexts::drawn("..................Y...")),
];

impl Use {
    /// Known while the configuration is read.
    pub const CONST: Use = Use(1);
    /// The process itself.
    pub const INTERNAL: Use = Use(1 << 1);
    /// The listening socket.
    pub const LISTENER: Use = Use(1 << 2);
    /// The frontend.
    pub const FRONTEND: Use = Use(1 << 3);
    /// The client's address.
    pub const CLIENT_ADDRESS: Use = Use(1 << 4);
    /// The client's connection after its handshakes.
    pub const CLIENT_CONNECTION: Use = Use(1 << 5);
    /// Tracked counters.
    pub const TRACKED: Use = Use(1 << 6);
    /// Raw bytes of the request channel.
    pub const REQUEST_BUFFER: Use = Use(1 << 7);
    /// The request's headers while they can be changed.
    pub const REQUEST_HEADERS: Use = Use(1 << 8);
    /// Facts of the request that outlive its headers.
    pub const REQUEST: Use = Use(1 << 9);
    /// The request's body.
    pub const REQUEST_BODY: Use = Use(1 << 10);
    /// The backend.
    pub const BACKEND: Use = Use(1 << 11);
    /// The server.
    pub const SERVER: Use = Use(1 << 12);
    /// The server's address.
    pub const SERVER_ADDRESS: Use = Use(1 << 13);
    /// The connection to the server.
    pub const SERVER_CONNECTION: Use = Use(1 << 14);
    /// Raw bytes of the response channel.
    pub const RESPONSE_BUFFER: Use = Use(1 << 15);
    /// The response's headers while they can be changed.
    pub const RESPONSE_HEADERS: Use = Use(1 << 16);
    /// Facts of the response that outlive its headers.
    pub const RESPONSE: Use = Use(1 << 17);
    /// The response's body.
    pub const RESPONSE_BODY: Use = Use(1 << 18);
    /// Numbers of the request's transfer.
    pub const REQUEST_END: Use = Use(1 << 19);
    /// Numbers of the response's transfer.
    pub const RESPONSE_END: Use = Use(1 << 20);

    /// Either kind is enough.
    pub const fn or(self, other: Use) -> Use {
        Use(self.0 | other.0)
    }

    /// True when the kinds share one.
    pub const fn meets(self, other: Use) -> bool {
        self.0 & other.0 != 0
    }

    /// Places where at least one of the kinds exists.
    pub const fn contexts(self) -> Contexts {
        let mut bits = 0;
        let mut index = 0;
        while index < KINDS.len() {
            if self.0 & 1 << index != 0 {
                bits |= KINDS[index].1.0;
            }
            index += 1;
        }
        Contexts(bits)
    }

    /// The kinds by name, comma-separated, as messages list them.
    pub fn describe(self) -> String {
        let names: Vec<&str> =
            KINDS.iter().enumerate().filter(|(i, _)| self.0 & 1 << i != 0).map(|(_, kind)| kind.0).collect();
        names.join(",")
    }
}
