//! The daemons' own messages on tracing-subscriber, in the originals' line forms: stderr, syslog, file.
