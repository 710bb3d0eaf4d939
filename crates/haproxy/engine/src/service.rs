//! What answers in place of a server: the statistics page and the metrics exporter. The program plugs them in.

use std::sync::Arc;

use common_base::ids::ProxyId;
use haproxy_http::Request;
use haproxy_model::snapshot::Snapshot;
use haproxy_rules::{Reply, Service};

use crate::process::Process;

/// A request for a built-in service.
pub struct ServiceRequest<'a> {
    /// Which service.
    pub service: Service,
    /// The proxy whose page it is.
    pub proxy: ProxyId,
    /// The request's head.
    pub request: &'a Request,
    /// The request's body as far as it fits one buffer.
    pub body: &'a [u8],
    /// True when an admin condition of the page holds.
    pub admin: bool,
    /// The stream's snapshot.
    pub snapshot: &'a Arc<Snapshot>,
    /// The running process.
    pub process: &'a Arc<Process>,
}

/// The services of the program.
pub trait Services: Send + Sync {
    /// Makes the answer.
    fn answer(&self, request: &ServiceRequest<'_>) -> Reply;
    /// Name in log lines, `<STATS>`.
    fn name(&self, service: Service) -> &'static str {
        match service {
            Service::Stats => "<STATS>",
            Service::Prometheus => "<PROMEX>",
        }
    }
}
