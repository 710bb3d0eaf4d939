//! The log lines that have names.

use std::sync::{Arc, LazyLock};

use haproxy_conf::MemFiles;
use haproxy_expr::{Load, LogFormat, ParseCx, Style};
use haproxy_model::settings::LogLine;

/// Compiles a format that is part of the program.
fn compile(text: &str) -> LogFormat {
    let mut load = Load::new(Arc::default());
    let files = MemFiles::default();
    LogFormat::parse(text, Style::Log, &mut ParseCx::bare(&mut load, &files))
        .expect("the formats of the program itself are valid, a test compiles them all")
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* static $name: LazyLock<Arc<LogFormat>> = LazyLock::new(|| Arc::new(compile($text)));)*
    };
}

named! {
    CONNECT = haproxy_expr::logformat::formats::DEFAULT;
    TCP = haproxy_expr::logformat::formats::TCP;
    TCP_CLF = haproxy_expr::logformat::formats::TCP_CLF;
    HTTP = haproxy_expr::logformat::formats::HTTP;
    HTTP_CLF = haproxy_expr::logformat::formats::HTTP_CLF;
    HTTPS = haproxy_expr::logformat::formats::HTTPS;
    SESSION_FAULT = "%ci:%cp [%t] %ft";
}

/// The beginning of the line of a connection that ends before its first stream.
pub fn session_fault() -> &'static Arc<LogFormat> {
    &SESSION_FAULT
}

/// The format of a named line; of a custom one, the line HTTP or TCP would have.
pub fn of(line: &LogLine, http: bool) -> &'static Arc<LogFormat> {
    match line {
        LogLine::Connect => &CONNECT,
        LogLine::Tcp => &TCP,
        LogLine::TcpClf => &TCP_CLF,
        LogLine::Http => &HTTP,
        LogLine::HttpClf => &HTTP_CLF,
        LogLine::Https => &HTTPS,
        LogLine::Custom(_) if http => &HTTP,
        LogLine::Custom(_) => &TCP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_named_lines_compile() {
        for line in
            [LogLine::Connect, LogLine::Tcp, LogLine::TcpClf, LogLine::Http, LogLine::HttpClf, LogLine::Https]
        {
            assert!(!of(&line, true).is_empty(), "{line:?}");
        }
    }
}
