//! Built-in services.

use haproxy_engine::service::{ServiceRequest, Services};
use haproxy_rules::{Reply, ReplyCause};

/// The services of the program.
pub struct Pages;

impl Services for Pages {
    fn answer(&self, _request: &ServiceRequest<'_>) -> Reply {
        Reply::built_in(503, ReplyCause::Local)
    }
}
