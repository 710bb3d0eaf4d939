//! The shell per role: timers, sockets, dispatch, reload, data dumps.
