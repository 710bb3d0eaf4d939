//! What the filters of a stream's proxies do with its messages: their heads here, their bodies in `filtered.rs`.

use std::io::Write as _;
use std::sync::Arc;

use haproxy_filters::bandwidth::{self, Direction, Limiter};
use haproxy_filters::cache::Collector;
use haproxy_filters::compress::{self, Algorithm, Compressor, head};
use haproxy_filters::{Chain, Tally, trace};
use haproxy_http::{FieldId, Framing, Method, Version};
use haproxy_model::filters::{CompressionFilter, ProxyFilter};
use haproxy_model::snapshot::Proxy;

use super::filtered::{Filtered, Frame};
use super::steps::Stream;

/// What was decided for a stream's filters.
#[derive(Debug, Default)]
pub struct Filtering {
    /// What the client accepts of what is offered.
    response_algorithm: Option<Algorithm>,
    /// What the request is compressed with.
    request_algorithm: Option<Algorithm>,
    /// How the request's body came, where its head says otherwise now.
    request_source: Option<Framing>,
    /// What the response is compressed with.
    compressing: Option<Algorithm>,
    /// The response is not compressed because the process does enough of it: its bytes are counted.
    bypassed: bool,
}

/// Which message a chain is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Request,
    Response,
}

impl Way {
    fn channel(self) -> &'static str {
        match self {
            Way::Request => "REQUEST",
            Way::Response => "RESPONSE",
        }
    }
}

impl Stream<'_> {
    /// True when a proxy of the stream has filters.
    fn has_filters(&self) -> bool {
        self.fe().filters.is_some() || self.px().filters.is_some()
    }

    /// The filters of frontend and backend, in this order.
    fn filters(&self, way: Way) -> Vec<(&Proxy, ProxyFilter)> {
        let (fe, be) = (self.fe(), self.px());
        let both = [Some(fe), (self.backend != self.frontend).then_some(be)];
        let of = |px| -> Vec<(&Proxy, ProxyFilter)> {
            let px: &Proxy = px;
            let filters = px.filters.as_deref();
            let filters = filters.map(|filters| match way {
                Way::Request => &filters.request,
                Way::Response => &filters.response,
            });
            filters.into_iter().flatten().map(|filter| (px, filter.clone())).collect()
        };
        both.into_iter().flatten().flat_map(of).collect()
    }

    /// Compression settings: the backend's where it has any of the kind that is asked for, else the frontend's.
    fn compression(&self, has: impl Fn(&compress::Settings) -> bool) -> Option<&compress::Settings> {
        [self.px(), self.fe()].into_iter().filter_map(|px| px.settings.compression.as_ref()).find(|s| has(s))
    }

    /// Lets filters see the request's head before it goes to a server.
    pub fn filter_request(&mut self) {
        if self.filtering.is_some() || !(self.has_filters() || self.effects.cache.is_some()) {
            return;
        }
        let mut filtering = Box::<Filtering>::default();
        let compresses = |way| self.filters(way).iter().any(|(_, filter)| self.compresses(filter, way));
        let (of_request, of_response) = (compresses(Way::Request), compresses(Way::Response));
        if of_response {
            filtering.response_algorithm = self.accepted();
            if filtering.response_algorithm.is_some() && self.compression(|s| s.offload).is_some() {
                self.txn.request.fields.remove_known(FieldId::AcceptEncoding);
            }
            let offered = self.compression(|s| !s.response_algorithms.is_empty());
            let identity = offered.and_then(|s| compress::wants_identity(&s.response_algorithms));
            filtering.response_algorithm = filtering.response_algorithm.or(identity);
        }
        if of_request {
            filtering.request_algorithm = self.request_algorithm();
            if let Some(algorithm) = filtering.request_algorithm {
                filtering.request_source = Some(self.txn.request.framing);
                head::rewrite_request(&mut self.txn.request, algorithm);
            }
        }
        self.filtering = Some(filtering);
    }

    /// The algorithm the client and the configuration agree on.
    fn accepted(&self) -> Option<Algorithm> {
        let offered = self.compression(|s| !s.response_algorithms.is_empty())?;
        compress::accepts(&self.txn.request.fields, &offered.response_algorithms)
    }

    fn request_algorithm(&self) -> Option<Algorithm> {
        let algorithm = self.compression(|s| s.request_algorithm.is_some())?.request_algorithm?;
        let types = self.compression(|s| !s.request_types.is_empty()).map_or(&[][..], |s| &s.request_types);
        let min_bytes = self.compression(|s| s.request_min_bytes > 0).map_or(0, |s| s.request_min_bytes);
        let may =
            head::request_allows(&self.txn.request, types, min_bytes) && !self.process_compresses_enough();
        may.then_some(algorithm)
    }

    /// True when a filter compresses messages of this kind.
    fn compresses(&self, filter: &ProxyFilter, way: Way) -> bool {
        let ProxyFilter::Compression(which) = filter else { return false };
        match which {
            CompressionFilter::Requests => way == Way::Request,
            CompressionFilter::Responses => way == Way::Response,
            CompressionFilter::AsDirected => {
                let settings = self.px().settings.compression.as_ref();
                let directions = settings.or(self.fe().settings.compression.as_ref()).map(|s| s.direction);
                directions.is_some_and(|directions| match way {
                    Way::Request => directions.request,
                    Way::Response => directions.response,
                })
            }
        }
    }

    /// `maxcomprate`, `maxcompcpuusage`: true when no further message may be compressed.
    fn process_compresses_enough(&self) -> bool {
        let limits = &self.snapshot.global.compression;
        if limits.rate_max_bytes > 0 {
            let now_ms = self.now_ms();
            let counters = self.conn.thread.process.counters.iter();
            let rate: u64 = counters.map(|c| u64::from(c.comp_in_rate.read(now_ms))).sum();
            if rate > limits.rate_max_bytes {
                return true;
            }
        }
        limits.cpu_max_percent < 100 && self.conn.thread.cpu_percent.get() > limits.cpu_max_percent
    }

    /// How the request's body comes from the client.
    pub fn request_source(&self) -> Framing {
        let changed = self.filtering.as_ref().and_then(|filtering| filtering.request_source);
        changed.unwrap_or(self.txn.request.framing)
    }

    /// What the request's body goes through.
    pub fn request_filters(&mut self) -> Option<Box<Filtered>> {
        let filtering = self.filtering.as_deref()?;
        if matches!(self.txn.request.framing, Framing::None) {
            return None;
        }
        let algorithm = filtering.request_algorithm;
        self.chain(Way::Request, algorithm, self.txn.request.framing)
    }

    /// What the response's body goes through; its head is changed accordingly.
    pub fn response_filters(&mut self) -> Option<Box<Filtered>> {
        let algorithm = self.filtering.as_deref()?.compressing;
        if let Some(algorithm) = algorithm {
            head::rewrite_response(&mut self.txn.response, algorithm);
        }
        if self.txn.request.method() == Method::Head || matches!(self.txn.response.framing, Framing::None) {
            self.tell_heads(Way::Response);
            return None;
        }
        self.chain(Way::Response, algorithm, self.txn.response.framing)
    }

    /// Filters of a connection that became a tunnel, one for each way.
    pub fn tunnel_filters(&mut self) -> [Option<Box<Filtered>>; 2] {
        if self.filtering.is_none() {
            return [None, None];
        }
        [Way::Request, Way::Response].map(|way| self.chain(way, None, Framing::Tunnel))
    }

    /// Filters of a TCP session, one for each way.
    pub fn session_filters(&mut self) -> [Option<Box<Filtered>>; 2] {
        if !self.has_filters() {
            return [None, None];
        }
        self.filtering = Some(Box::default());
        self.tunnel_filters()
    }

    /// Decides whether the response is compressed. Response rules come later: they see the decision and do not change it.
    pub fn consider_response(&mut self) {
        let algorithm = self.response_algorithm();
        if let Some(filtering) = &mut self.filtering {
            filtering.compressing = algorithm;
            self.txn.compressed = algorithm.map(Algorithm::name);
        }
    }

    fn response_algorithm(&mut self) -> Option<Algorithm> {
        let algorithm = self.filtering.as_deref()?.response_algorithm?;
        let request = &self.txn.request;
        if request.method() == Method::Head || request.version < Version::HTTP_11 {
            return None;
        }
        let types = self.compression(|s| !s.response_types.is_empty()).map_or(&[][..], |s| &s.response_types);
        let min_bytes = self.compression(|s| s.response_min_bytes > 0).map_or(0, |s| s.response_min_bytes);
        if !head::response_allows(&self.txn.response, types, min_bytes) {
            return None;
        }
        if algorithm != Algorithm::Identity && self.process_compresses_enough() {
            if let Some(filtering) = &mut self.filtering {
                filtering.bypassed = true;
            }
            return None;
        }
        Some(algorithm)
    }

    /// What keeps the response in a cache, if it is to be kept.
    fn collector(&mut self, way: Way) -> Option<Collector> {
        let work = self.effects.cache.as_mut().filter(|_| way == Way::Response)?;
        work.storing.take().map(Collector::new)
    }

    fn chain(
        &mut self,
        way: Way,
        mut algorithm: Option<Algorithm>,
        framing: Framing,
    ) -> Option<Box<Filtered>> {
        self.tell_heads(way);
        let mut collector = self.collector(way);
        let thread = &self.conn.thread;
        let mut chain = Chain::default();
        let filters = self.filters(way);
        let takes = |filter: &ProxyFilter, collector: &Collector| match filter {
            ProxyFilter::Cache(name) => collector.cache_name() == Some(&**name),
            ProxyFilter::Trace(_) | ProxyFilter::Bandwidth(_) | ProxyFilter::Compression(_) => false,
        };
        // without a place of its own it stands before all others
        if let Some(first) = collector.take_if(|c| !filters.iter().any(|(_, filter)| takes(filter, c))) {
            chain.push(Box::new(first));
        }
        for (px, filter) in filters {
            match &filter {
                ProxyFilter::Trace(settings) => chain.push(Box::new(self.trace(px, settings, way))),
                ProxyFilter::Compression(_) if self.compresses(&filter, way) => {
                    // the first one does it
                    if let Some(algorithm) = algorithm.take() {
                        let level = self.snapshot.global.compression.level;
                        let encoder = thread.encoders.take(algorithm, level);
                        chain.push(Box::new(Compressor::new(encoder)));
                    }
                }
                ProxyFilter::Bandwidth(settings) => {
                    if let Some(limiter) = self.limiter(settings, way) {
                        chain.push(Box::new(limiter));
                    }
                }
                ProxyFilter::Cache(_) => {
                    if let Some(collector) = collector.take_if(|c| takes(&filter, c)) {
                        chain.push(Box::new(collector));
                    }
                }
                ProxyFilter::Compression(_) => {}
            }
        }
        let frame = if framing == Framing::Chunked { Frame::Chunks } else { Frame::Plain };
        (!chain.is_empty()).then(|| Filtered::new(chain, frame, thread))
    }

    /// A bandwidth limit, where a rule wants it and it is for this way.
    fn limiter(&self, settings: &bandwidth::Settings, way: Way) -> Option<Limiter> {
        let limited = match settings.direction {
            Direction::In => Way::Request,
            Direction::Out => Way::Response,
        };
        let wish = self.effects.bandwidth.iter().find(|wish| wish.filter == settings.id)?;
        (limited == way).then(|| Limiter::new(settings, wish.limit_bytes, wish.period_ms, self.now_ms()))
    }

    fn trace(&self, px: &Proxy, settings: &Arc<trace::Settings>, way: Way) -> trace::Trace {
        let prefix = self.trace_prefix(px, settings);
        trace::Trace::new(Arc::clone(settings), prefix, way.channel(), self.conn.thread.random(), tell)
    }

    fn trace_prefix(&self, px: &Proxy, settings: &trace::Settings) -> String {
        let name = format!("{}/{}", settings.name, String::from_utf8_lossy(&px.name));
        format!("[{name:<20}] [strm {}]", self.txn.id)
    }

    /// Trace filters tell of a head.
    fn tell_heads(&self, way: Way) {
        for (px, filter) in self.filters(way) {
            if let ProxyFilter::Trace(settings) = &filter
                && !settings.quiet
            {
                let prefix = self.trace_prefix(px, settings);
                let mut start = Vec::new();
                let fields = match way {
                    Way::Request => {
                        let request = &self.txn.request;
                        start.extend_from_slice(&[request.method_text(), request.uri()].join(&b' '));
                        &request.fields
                    }
                    Way::Response => {
                        let response = &self.txn.response;
                        start.extend_from_slice(response.status.to_string().as_bytes());
                        start.push(b' ');
                        start.extend_from_slice(response.reason());
                        &response.fields
                    }
                };
                trace::tell_head(&prefix, way.channel(), &start, fields, tell);
            }
        }
    }

    /// Counts what the filters did with the response.
    pub fn count_filtered(&self, filters: Option<&Filtered>, body_bytes: u64) {
        let Some(filtering) = self.filtering.as_deref() else { return };
        let mut tally = filters.map_or_else(Tally::default, Filtered::tally);
        let identity = filtering.compressing == Some(Algorithm::Identity);
        if identity {
            tally = Tally::default();
        }
        let bypassed = identity || filtering.bypassed;
        let thread = self.conn.thread.index;
        let fe = &self.fe().live.frontend.at(thread).transforms;
        let be = &self.px().live.backend.at(thread).transforms;
        for counters in [Some(fe), self.backend_counted.then_some(be)].into_iter().flatten() {
            counters.comp_in.add(tally.compressed_in);
            counters.comp_out.add(tally.compressed_out);
            counters.comp_responses.add(u64::from(filtering.compressing.is_some()));
            counters.comp_bypassed.add(if bypassed { body_bytes } else { 0 });
        }
    }
}

/// Writes a message of a trace filter.
fn tell(text: &str) {
    let date = crate::clock::date();
    // nobody is left to be told when the standard error cannot be written
    drop(writeln!(std::io::stderr(), "{}.{:06} {text}", date.secs, date.micros));
}
