//! Reason phrases and the error replies that need no configuration, as HAProxy words them.

use std::fmt::Write as _;

use crate::message::{Framing, Response, Version};

/// The phrase for a status that a rule or service sets without one of its own.
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        210 => "Content Different",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        310 => "Too many Redirects",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested range unsatisfiable",
        417 => "Expectation failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Method failure",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        449 => "Retry With",
        450 => "Blocked by Windows Parental Controls",
        451 => "Unavailable For Legal Reasons",
        456 => "Unrecoverable Error",
        499 => "client has closed connection",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway or Proxy Error",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        506 => "Variant also negotiate",
        507 => "Insufficient storage",
        508 => "Loop detected",
        509 => "Bandwidth Limit Exceeded",
        510 => "Not extended",
        511 => "Network authentication required",
        520 => "Web server is returning an unknown error",
        _ => class_phrase(status),
    }
}

fn class_phrase(status: u16) -> &'static str {
    match status / 100 {
        1 => "Informational",
        2 => "Success",
        3 => "Redirection",
        4 => "Client Error",
        5 => "Server Error",
        _ => "Other",
    }
}

/// A reply for one status: its phrase, which is not always that of `reason`, and its sentence.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// Status code.
    pub status: u16,
    /// Phrase of the status line and of the page's heading.
    pub reason: &'static str,
    /// The one sentence of the page.
    pub text: &'static str,
}

/// All statuses that have a built-in reply, ascending.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { status: 200, reason: "OK", text: "Service ready." },
    BuiltIn { status: 400, reason: "Bad request", text: "Your browser sent an invalid request." },
    BuiltIn {
        status: 401,
        reason: "Unauthorized",
        text: "You need a valid user and password to access this content.",
    },
    BuiltIn { status: 403, reason: "Forbidden", text: "Request forbidden by administrative rules." },
    BuiltIn { status: 404, reason: "Not Found", text: "The resource could not be found." },
    BuiltIn {
        status: 405,
        reason: "Method Not Allowed",
        text: "A request was made of a resource using a request method not supported by that resource",
    },
    BuiltIn {
        status: 407,
        reason: "Unauthorized",
        text: "You need a valid user and password to access this content.",
    },
    BuiltIn {
        status: 408,
        reason: "Request Time-out",
        text: "Your browser didn't send a complete request in time.",
    },
    BuiltIn {
        status: 410,
        reason: "Gone",
        text: "The resource is no longer available and will not be available again.",
    },
    BuiltIn {
        status: 413,
        reason: "Payload Too Large",
        text: "The request entity exceeds the maximum allowed.",
    },
    BuiltIn {
        status: 414,
        reason: "URI Too Long",
        text: "The request target exceeds the maximum allowed length.",
    },
    BuiltIn {
        status: 421,
        reason: "Misdirected Request",
        text: "Request sent to a non-authoritative server.",
    },
    BuiltIn {
        status: 422,
        reason: "Unprocessable Content",
        text: "The server cannot process the contained instructions.",
    },
    BuiltIn { status: 425, reason: "Too Early", text: "Your browser sent early data." },
    BuiltIn {
        status: 429,
        reason: "Too Many Requests",
        text: "You have sent too many requests in a given amount of time.",
    },
    BuiltIn {
        status: 431,
        reason: "Request Header Fields Too Large",
        text: "The request header fields exceed the maximum allowed size.",
    },
    BuiltIn { status: 500, reason: "Internal Server Error", text: "An internal server error occurred." },
    BuiltIn {
        status: 501,
        reason: "Not Implemented",
        text: ".The server does not support the functionality required to fulfill the request.",
    },
    BuiltIn {
        status: 502,
        reason: "Bad Gateway",
        text: "The server returned an invalid or incomplete response.",
    },
    BuiltIn {
        status: 503,
        reason: "Service Unavailable",
        text: "No server is available to handle this request.",
    },
    BuiltIn { status: 504, reason: "Gateway Time-out", text: "The server didn't respond in time." },
];

/// The built-in reply of a status, if there is one.
pub fn built_in(status: u16) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|reply| reply.status == status)
}

impl BuiltIn {
    /// The page.
    pub fn body(&self) -> String {
        format!("<html><body><h1>{} {}</h1>\n{}\n</body></html>\n", self.status, self.reason, self.text)
    }

    /// True for replies that end the connection by their nature: the request's end is not known.
    pub fn closes(&self) -> bool {
        matches!(self.status, 400 | 408)
    }

    /// The reply as a message, `connection` aside, and its body.
    pub fn response(&self) -> (Response, String) {
        let body = self.body();
        let mut response = Response::default();
        response.version = Version::HTTP_11;
        response.set_status(self.status, self.reason.as_bytes());
        response.fields.append(b"content-length", body.len().to_string().as_bytes());
        response.fields.append(b"cache-control", b"no-cache");
        response.fields.append(b"content-type", b"text/html");
        response.framing = Framing::Length(body.len() as u64);
        (response, body)
    }

    /// The whole reply in bytes, closing: what is sent where no stream exists, after a head that could not be parsed.
    pub fn raw_close(&self) -> Vec<u8> {
        let body = self.body();
        let mut text = String::with_capacity(body.len() + 160);
        let (status, reason, length) = (self.status, self.reason, body.len());
        let _ = write!(text, "HTTP/1.1 {status} {reason}\r\ncontent-length: {length}\r\n");
        text.push_str("cache-control: no-cache\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n");
        text.push_str(&body);
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_original() {
        let length = |status| built_in(status).unwrap().body().len();
        let known = [
            (200, 58),
            (400, 90),
            (401, 112),
            (403, 93),
            (404, 83),
            (405, 146),
            (407, 112),
            (408, 110),
            (410, 114),
        ];
        let more = [
            (413, 106),
            (421, 104),
            (422, 116),
            (425, 80),
            (429, 117),
            (500, 97),
            (501, 136),
            (502, 107),
            (503, 107),
            (504, 92),
        ];
        for (status, bytes) in known.into_iter().chain(more) {
            assert_eq!(length(status), bytes, "{status}");
        }
    }

    #[test]
    fn phrases_fall_back_to_their_class() {
        assert_eq!(reason(502), "Bad Gateway or Proxy Error");
        assert_eq!(reason(299), "Success");
        assert_eq!(reason(700), "Other");
    }
}
