//! Answers in place of servers: the statistics page and the metrics exporter.

use std::sync::Arc;

use haproxy_engine::service::{ServiceRequest, Services};
use haproxy_rules::{Reply, ReplyCause, Service};
use haproxy_stats::promex::{self, Query};

use crate::page;
use crate::source::{About, IdleMeter, Legends, Live};

/// The program's services.
#[derive(Debug)]
pub struct AdminServices {
    about: About,
    /// Measures spare time; shared with the CLI.
    pub idle: Arc<IdleMeter>,
}

impl AdminServices {
    /// Services of this program.
    pub fn new(about: About) -> Self {
        AdminServices { about, idle: Arc::default() }
    }

    fn metrics(&self, request: &ServiceRequest<'_>) -> Reply {
        let live = Live { snapshot: request.snapshot, process: request.process, legends: Legends::Hidden };
        let target = String::from_utf8_lossy(request.request.uri());
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let Ok(query) = Query::parse(query) else {
            return Reply::built_in(400, ReplyCause::Local);
        };
        let text = promex::render(&live, &live.process_facts(self.about, &self.idle), &query);
        page_reply("text/plain; version=0.0.4", text.into_bytes())
    }
}

impl Services for AdminServices {
    fn answer(&self, request: &ServiceRequest<'_>) -> Reply {
        match request.service {
            Service::Prometheus => self.metrics(request),
            Service::Stats => page::answer(request, self.about, &self.idle),
        }
    }
}

/// A fresh page, never to be cached.
pub(crate) fn page_reply(content_type: &str, body: Vec<u8>) -> Reply {
    let mut reply = Reply::new(200, ReplyCause::Local);
    reply.fields = vec![
        (b"cache-control".to_vec(), b"no-cache".to_vec()),
        (b"content-type".to_vec(), content_type.as_bytes().to_vec()),
    ];
    reply.length_at = Some(reply.fields.len());
    reply.body = Arc::from(body);
    reply
}
