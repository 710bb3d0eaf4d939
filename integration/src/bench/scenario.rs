//! The scenarios under load: a configuration for each language, and what is asked for.

use super::program::Language;

/// One scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name: `BENCH=` narrows by it.
    pub name: &'static str,
    /// What the client asks for.
    pub path: &'static str,
    /// Connections at a time.
    pub connections: u32,
    /// Further request headers.
    pub headers: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Http,
    Rules,
    Gzip,
    Tcp,
}

/// Headers a browser would send: rewriting works on something.
const BROWSER: &[&str] = &[
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7",
    "Cookie: session=0123456789abcdef; theme=dark",
];

/// All of them, in the order of the table.
pub const SCENARIOS: &[Scenario] = &[
    Scenario { name: "http-keepalive", path: "/small", connections: 50, headers: &[], kind: Kind::Http },
    Scenario { name: "http-10k", path: "/10k", connections: 50, headers: &[], kind: Kind::Http },
    Scenario {
        name: "http-close",
        path: "/small",
        connections: 50,
        headers: &["Connection: close"],
        kind: Kind::Http,
    },
    Scenario { name: "http-20-acls", path: "/small", connections: 50, headers: BROWSER, kind: Kind::Rules },
    Scenario {
        name: "gzip",
        path: "/page.html",
        connections: 20,
        headers: &["Accept-Encoding: gzip"],
        kind: Kind::Gzip,
    },
    Scenario { name: "tcp-small", path: "/small", connections: 50, headers: &[], kind: Kind::Tcp },
    Scenario { name: "tcp-1m", path: "/1m", connections: 20, headers: &[], kind: Kind::Tcp },
];

impl Scenario {
    /// The configuration that listens on `port` and forwards to `backend`; `None` if the language is not compared here.
    pub fn config(&self, language: Language, port: u16, backend: u16) -> Option<String> {
        match language {
            Language::Haproxy => Some(haproxy(self.kind, port, backend)),
            Language::Nginx => nginx(self.kind, port, backend),
        }
    }
}

fn haproxy(kind: Kind, port: u16, backend: u16) -> String {
    let mode = if kind == Kind::Tcp { "tcp" } else { "http" };
    let mut rules = String::new();
    if kind == Kind::Rules {
        for n in 0..10 {
            rules += &format!(
                "    acl path{n} path_beg /area{n}/\n    acl agent{n} hdr_sub(user-agent) -i robot{n}\n"
            );
            rules += &format!("    http-request deny if path{n} agent{n}\n");
        }
        rules += "    http-request set-header X-Forwarded-Proto http\n    http-request set-header X-Real-IP %[src]\n\
                  \x20   http-request replace-header Accept-Language ^([a-z]+).* \\1\n    http-request del-header Proxy\n\
                  \x20   http-response set-header X-Frame-Options DENY\n    http-response del-header Server\n";
    }
    if kind == Kind::Gzip {
        rules += "    compression algo gzip\n    compression type text/html\n";
    }
    format!(
        "global\n    nbthread 1\n    maxconn 9000\n\
         defaults\n    mode {mode}\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\
         frontend fe\n    bind 127.0.0.1:{port}\n{rules}    default_backend be\n\
         backend be\n    balance roundrobin\n    server s1 127.0.0.1:{backend}\n"
    )
}

/// nginx of the usual packages has no stream module; its rules are another language than twenty conditions.
fn nginx(kind: Kind, port: u16, backend: u16) -> Option<String> {
    let gzip = match kind {
        Kind::Http => "",
        Kind::Gzip => "gzip on; gzip_comp_level 1; gzip_proxied any; gzip_types text/html;",
        Kind::Rules | Kind::Tcp => return None,
    };
    Some(format!(
        "{NGINX_HEAD}  upstream be {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 100000000; }}\n\
             \x20 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://be; proxy_http_version 1.1;\n\
             \x20   proxy_set_header Connection \"\"; proxy_buffering on; {gzip} }} }}\n}}\n"
    ))
}

const NGINX_HEAD: &str = "daemon off;\nworker_processes 1;\npid nginx.pid;\nworker_rlimit_nofile 20000;\n\
    events { worker_connections 19000; }\nhttp {\n  access_log off;\n  keepalive_requests 100000000;\n  keepalive_timeout 120s;\n\
    \x20 client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n";

/// A page as sites have them: markup and words that come again, and numbers that do not.
pub fn page(bytes: usize) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "the",
        "of",
        "server",
        "and",
        "request",
        "to",
        "answer",
        "a",
        "in",
        "time",
        "connection",
        "is",
        "that",
        "article",
        "for",
        "with",
        "summary",
        "price",
        "as",
        "on",
        "customer",
        "by",
        "product",
        "this",
        "delivery",
    ];
    let mut page = String::from("<!DOCTYPE html><html><head><title>A page</title></head><body>\n");
    let mut x = 12_345u32;
    let mut next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x >> 8
    };
    while page.len() < bytes {
        let id = next();
        page += &format!("<div class=\"item\" id=\"n{id}\"><a href=\"/shop/{}\">", id % 977);
        for _ in 0..8 + next() % 16 {
            page += WORDS[next() as usize % WORDS.len()];
            page.push(' ');
        }
        page += "</a></div>\n";
    }
    page.truncate(bytes);
    page.into_bytes()
}

/// The backend all programs forward to: nginx with three answers from memory or the page cache in `files`.
pub fn backend(port: u16, files: &str) -> String {
    format!(
        "{NGINX_HEAD}  sendfile on;\n  open_file_cache max=10;\n\
         \x20 types {{ text/html html; }}\n\
         \x20 server {{ listen 127.0.0.1:{port} backlog=4096; root {files}; location = /small {{ return 200 \"a small answer\\n\"; }} }}\n}}\n"
    )
}
