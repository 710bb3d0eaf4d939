//! Each kind of complaint is logged once per period of a state; a new state or a new master begins a new period.

use keepalived_wire::error::ReceiveError;

/// What can be complained about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A packet was refused with an error of this kind.
    Rejected(std::mem::Discriminant<ReceiveError>),
    /// The list of addresses differs.
    Addresses,
    /// The interval differs.
    Interval,
    /// Two owners.
    Owners,
}

/// What was logged in this period. It cannot grow beyond the kinds there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limiter(Vec<Complaint>);

impl Limiter {
    /// `true` the first time in a period.
    pub fn first(&mut self, complaint: Complaint) -> bool {
        let first = !self.0.contains(&complaint);
        if first {
            self.0.push(complaint);
        }
        first
    }

    /// Begins a new period.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
