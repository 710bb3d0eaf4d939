//! The IO shell: accept, transports, muxes, streams, backends, runners.
