//! axum router for /metrics and /healthz beside the data path; the only crate that knows prometheus and axum.
