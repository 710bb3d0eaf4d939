//! The order in which rules are evaluated, whatever the order of their declaration; misplaced ones are warned about.

/// Kinds of rules in the order of their evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content`
    TcpContent,
    /// `monitor fail`
    MonitorFail,
    /// `http-request`
    HttpRequest,
    /// `redirect`
    Redirect,
    /// `use_backend`
    UseBackend,
    /// `use-server`
    UseServer,
}

/// How a phase is called when its rule comes too late, and when it is what the rule comes after.
const NAMES: &[(Phase, &str, &str)] = &[
    (Phase::TcpConnection, "a 'tcp-request'", "a 'tcp-request connection'"),
    (Phase::TcpSession, "a 'tcp-request'", "a 'tcp-request session'"),
    (Phase::TcpContent, "a 'tcp-request'", "a 'tcp-request content'"),
    (Phase::MonitorFail, "a 'monitor fail'", "a 'monitor fail'"),
    (Phase::HttpRequest, "a 'http-request'", "an 'http-request'"),
    (Phase::Redirect, "a 'redirect'", "a 'redirect'"),
    (Phase::UseBackend, "a 'use_backend'", "a 'use_backend'"),
    (Phase::UseServer, "a 'use-server'", "a 'use-server'"),
];

/// The phases of which a proxy has rules so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order(u8);

impl Order {
    /// Notes a rule; the warning when rules of a later phase stand before it: the first such phase is named.
    pub fn note(&mut self, phase: Phase) -> Option<String> {
        let later = NAMES.iter().find(|(other, ..)| *other > phase && self.0 & (1 << *other as u8) != 0);
        self.0 |= 1 << phase as u8;
        let (_, _, after) = later?;
        let (_, rule, _) = NAMES.get(phase as usize)?;
        Some(format!("{rule} rule placed after {after} rule will still be processed before."))
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, Phase};

    #[test]
    fn the_next_phase_that_came_first_is_named() {
        let mut order = Order::default();
        assert_eq!(order.note(Phase::UseBackend), None);
        let text = "a 'redirect' rule placed after a 'use_backend' rule will still be processed before.";
        assert_eq!(order.note(Phase::Redirect).as_deref(), Some(text));
        let text = "a 'http-request' rule placed after a 'redirect' rule will still be processed before.";
        assert_eq!(order.note(Phase::HttpRequest).as_deref(), Some(text));
        let text = "a 'tcp-request' rule placed after an 'http-request' rule will still be processed before.";
        assert_eq!(order.note(Phase::TcpContent).as_deref(), Some(text));
        let text =
            "a 'tcp-request' rule placed after a 'tcp-request content' rule will still be processed before.";
        assert_eq!(order.note(Phase::TcpConnection).as_deref(), Some(text));
        assert_eq!(order.note(Phase::UseServer), None);
    }
}
