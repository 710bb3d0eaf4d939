//! What a line looks like.

use jiff::Zoned;

use crate::Severity;

/// One message before it is given a form.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// How important it is.
    pub severity: Severity,
    /// Local time.
    pub time: Zoned,
    /// Name of the program part that speaks, such as `Keepalived_vrrp`.
    pub ident: &'a str,
    /// Its process id.
    pub pid: u32,
    /// The text, one line.
    pub text: &'a str,
}

/// Makes a line, without its newline.
pub type Form = fn(&Record<'_>) -> String;

/// The text alone.
pub fn plain(record: &Record<'_>) -> String {
    record.text.to_owned()
}

/// keepalived's console: `Sun Nov 22 12:31:42 2026: text`.
pub fn keepalived_console(record: &Record<'_>) -> String {
    format!("{}: {}", record.time.strftime("%a %b %e %H:%M:%S %Y"), record.text)
}

/// RFC 3164 §4.1 as the C library sends it to /dev/log: `<30>Nov 22 12:31:42 ident[pid]: text`.
pub(crate) fn rfc3164(record: &Record<'_>, priority: u8) -> String {
    let time = record.time.strftime("%b %e %H:%M:%S");
    format!("<{priority}>{time} {}[{}]: {}", record.ident, record.pid, record.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let time: Zoned = "2026-11-02T03:04:05[UTC]".parse().unwrap();
        let record = Record { severity: Severity::Info, time, ident: "Keepalived_vrrp", pid: 7, text: "x y" };
        assert_eq!(keepalived_console(&record), "Mon Nov  2 03:04:05 2026: x y");
        assert_eq!(rfc3164(&record, 30), "<30>Nov  2 03:04:05 Keepalived_vrrp[7]: x y");
        assert_eq!(plain(&record), "x y");
    }
}
