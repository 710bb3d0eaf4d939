//! Process life: daemonise, pidfile, signals, limits, users and capabilities, network namespaces, fd passing, sd_notify.
