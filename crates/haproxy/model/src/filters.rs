//! The filters of a proxy: as written, and in the order bodies go through them.

use std::sync::Arc;

use haproxy_conf::{Diagnostics, Severity};
use haproxy_filters::cache::Cache;
use haproxy_filters::{bandwidth, trace};

use crate::draft::{CacheDraft, Draft, Place, ProxyDraft};
use crate::settings::{Mode, Role};
use crate::snapshot::{CacheSection, Snapshot};

/// Filters that `filter` takes: the original's tag for their family, and the word.
pub const AVAILABLE: &[(&str, &str)] = &[
    ("BWLIM", "bwlim-in"),
    ("BWLIM", "bwlim-out"),
    ("CACHE", "cache"),
    ("COMP", "comp-req"),
    ("COMP", "comp-res"),
    ("COMP", "compression"),
    ("TRACE", "trace"),
];

/// Compression algorithms: name in the configuration and token in header fields.
pub fn algorithms() -> impl Iterator<Item = (&'static str, &'static str)> {
    haproxy_filters::compress::Algorithm::all()
}

/// One `filter` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFilter {
    /// `filter trace`
    Trace(Arc<trace::Settings>),
    /// `filter bwlim-in`, `filter bwlim-out`
    Bandwidth(Arc<bandwidth::Settings>),
    /// `filter compression`, `filter comp-req`, `filter comp-res`
    Compression(CompressionFilter),
    /// `filter cache`: where the bodies are taken that this cache keeps.
    Cache(Arc<str>),
}

/// Which messages a compression filter works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionFilter {
    /// `compression`: those of `compression direction`.
    AsDirected,
    /// `comp-req`
    Requests,
    /// `comp-res`
    Responses,
}

impl ProxyFilter {
    /// The word `filter-sequence` calls it by.
    fn word(&self) -> &str {
        match self {
            ProxyFilter::Trace(_) => "trace",
            ProxyFilter::Bandwidth(settings) => match settings.direction {
                bandwidth::Direction::In => "bwlim-in",
                bandwidth::Direction::Out => "bwlim-out",
            },
            ProxyFilter::Cache(_) => "cache",
            ProxyFilter::Compression(CompressionFilter::AsDirected) => "compression",
            ProxyFilter::Compression(CompressionFilter::Requests) => "comp-req",
            ProxyFilter::Compression(CompressionFilter::Responses) => "comp-res",
        }
    }

    /// True when its place among compression and caches must be said.
    fn needs_order(&self) -> bool {
        match self {
            ProxyFilter::Trace(_) | ProxyFilter::Bandwidth(_) => true,
            ProxyFilter::Compression(_) | ProxyFilter::Cache(_) => false,
        }
    }

    fn compresses(&self) -> bool {
        matches!(self, ProxyFilter::Compression(_))
    }
}

/// `filter` and `filter-sequence` lines of a proxy.
#[derive(Clone, Debug, Default)]
pub struct FiltersDraft {
    /// Filters as declared.
    pub declared: Vec<ProxyFilter>,
    /// `filter-sequence request`
    pub request_sequence: Option<Sequence>,
    /// `filter-sequence response`
    pub response_sequence: Option<Sequence>,
}

/// One `filter-sequence` line.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Names in their order.
    pub names: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// The filters of a proxy in the order bodies go through them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyFilters {
    /// On requests.
    pub request: Vec<ProxyFilter>,
    /// On responses.
    pub response: Vec<ProxyFilter>,
}

/// The caches of a configuration; those of the one before go on.
pub fn caches(draft: &Draft, old: Option<&Snapshot>) -> Vec<CacheSection> {
    let one = |section: &CacheDraft| {
        let before = old.and_then(|old| old.caches.iter().find(|other| *other.cache.name == *section.name));
        let cache = match before {
            Some(kept) => Arc::clone(&kept.cache),
            None => Arc::new(Cache::new(&section.name, section.settings)),
        };
        CacheSection { cache, settings: section.settings }
    };
    draft.caches.iter().map(one).collect()
}

/// The cache a rule of a proxy names.
pub fn cache_for(
    proxy: &str,
    name: &str,
    draft: &Draft,
    caches: &[CacheSection],
    diags: &mut Diagnostics,
) -> Option<Arc<Cache>> {
    let found = caches.iter().find(|section| *section.cache.name == *name)?;
    if let Some(px) = draft.proxies.iter().find(|px| px.name == proxy) {
        let declared = &px.filters.declared;
        let named = |filter: &ProxyFilter| matches!(filter, ProxyFilter::Cache(other) if **other == *name);
        if declared.iter().any(ProxyFilter::needs_order) && !declared.iter().any(named) {
            let text = format!(
                "config: {} '{proxy}': require an explicit filter declaration to use the cache '{name}'.",
                kind(px)
            );
            diags.plain(Severity::Alert, text);
        }
    }
    Some(Arc::clone(&found.cache))
}

/// Tells of a cache that is not there.
pub fn no_cache(proxy: &str, name: &str, draft: &Draft, diags: &mut Diagnostics) {
    let kind = draft.proxies.iter().find(|px| px.name == proxy).map_or("proxy", kind);
    diags.plain(Severity::Alert, missing_cache(kind, proxy, name));
}

fn missing_cache(kind: &str, proxy: &str, name: &str) -> String {
    format!("config: {kind} '{proxy}': unable to find the cache '{name}' referenced by the filter 'cache'.")
}

/// The number of a proxy's bandwidth limitation filter; what is wrong when there is none.
pub fn bandwidth_filter(proxy: &str, name: &str, draft: &Draft) -> Result<u32, String> {
    let px = draft.proxies.iter().find(|px| px.name == proxy);
    let declared = px.map_or(&[][..], |px| &px.filters.declared);
    let found = declared.iter().find_map(|filter| match filter {
        ProxyFilter::Bandwidth(settings) if settings.name == name => Some(settings.id),
        _ => None,
    });
    found.ok_or_else(|| {
        let kind = px.map_or("proxy", kind);
        format!(
            "{kind} '{proxy}': unable to find bwlim filter '{name}' referenced by set-bandwidth-limit rule"
        )
    })
}

/// Checks what `filter cache` lines name and where they stand.
fn check_caches(px: &ProxyDraft, caches: &[Arc<str>], diags: &mut Diagnostics) {
    let mut compressed = false;
    for filter in &px.filters.declared {
        let ProxyFilter::Cache(name) = filter else {
            compressed |= filter.compresses();
            continue;
        };
        if !caches.contains(name) {
            diags.plain(Severity::Alert, missing_cache(kind(px), &px.name, name));
        } else if compressed {
            let text = format!(
                "config: {} '{}': unable to enable the compression filter before the cache '{name}'.",
                kind(px),
                px.name
            );
            diags.plain(Severity::Alert, text);
        }
    }
}

/// Adds the filters that other keywords imply, and puts all in order. `None` when there are none.
pub fn resolve(px: &ProxyDraft, caches: &[Arc<str>], diags: &mut Diagnostics) -> Option<Box<ProxyFilters>> {
    let mut filters = px.filters.declared.clone();
    check_caches(px, caches, diags);
    let explicit = filters.iter().any(ProxyFilter::needs_order);
    let compresses = px.settings.compression.is_some() && px.settings.mode == Mode::Http;
    if compresses && !filters.iter().any(ProxyFilter::compresses) {
        if explicit {
            let text = format!(
                "config: {} '{}': require an explicit filter declaration to use HTTP compression",
                kind(px),
                px.name
            );
            diags.plain(Severity::Alert, text);
        }
        filters.push(ProxyFilter::Compression(CompressionFilter::AsDirected));
    }
    let ordered = ProxyFilters {
        request: in_sequence(&filters, px.filters.request_sequence.as_ref(), px, diags),
        response: in_sequence(&filters, px.filters.response_sequence.as_ref(), px, diags),
    };
    (!filters.is_empty()).then(|| Box::new(ordered))
}

fn kind(px: &ProxyDraft) -> &'static str {
    match px.role {
        Some(Role::Listen) | None => "proxy",
        Some(role) => role.keyword(),
    }
}

/// Filters as `filter-sequence` names them; those it leaves out do nothing.
fn in_sequence(
    filters: &[ProxyFilter],
    sequence: Option<&Sequence>,
    px: &ProxyDraft,
    diags: &mut Diagnostics,
) -> Vec<ProxyFilter> {
    let Some(sequence) = sequence else { return filters.to_vec() };
    let mut left: Vec<&ProxyFilter> = filters.iter().collect();
    let mut ordered = Vec::new();
    for name in &sequence.names {
        match left.iter().position(|filter| filter.word() == name) {
            Some(at) => ordered.push(left.remove(at).clone()),
            None => {
                let text = format!(
                    "parsing [{}:{}] : 'filter-sequence' : {} '{}' declares no filter '{name}' that is not named before.",
                    sequence.place.file,
                    sequence.place.line,
                    kind(px),
                    px.name
                );
                diags.plain(Severity::Alert, text);
            }
        }
    }
    ordered
}
