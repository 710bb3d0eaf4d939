//! HTTP messages, the H1 codec and the PROXY protocol, all sans-io.
