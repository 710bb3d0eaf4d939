//! VRRP instance and sync group as pure machines, priority tracking, GARP plan.
