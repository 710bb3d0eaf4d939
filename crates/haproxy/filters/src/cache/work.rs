//! What the rules of one stream do with caches.

use std::sync::Arc;

use haproxy_http::{FieldId, Fields, Request, Response};

use super::object::{Object, Pending, head_bytes};
use super::request::Wanted;
use super::response::{Variant, lifetime};
use super::shared::Cache;

/// One stream's dealings with caches.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Caches that were asked, with what was wanted of them.
    asked: Vec<Asked>,
    /// The answer, when a cache had one.
    pub hit: Option<Hit>,
    /// The response that is to be kept.
    pub storing: Option<Pending>,
}

/// A cache that was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    cache: Arc<Cache>,
    wanted: Wanted,
}

/// An answer from a cache.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where it was.
    pub cache: Arc<Cache>,
    /// The answer.
    pub object: Arc<Object>,
}

/// What asking a cache brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request is none for caches.
    NotAsked,
    /// It has nothing.
    Miss,
    /// It has an answer.
    Hit,
}

impl Work {
    /// `cache-use`: looks for an answer, and remembers what was wanted for `cache-store`.
    pub fn ask(&mut self, cache: &Arc<Cache>, request: &Request, now_s: u64) -> Answer {
        if self.hit.is_some() {
            return Answer::NotAsked;
        }
        let wanted = Wanted::of(request);
        let mut answer = Answer::NotAsked;
        if wanted.may_serve {
            answer = Answer::Miss;
            if let Some(object) = cache.find(&wanted, now_s) {
                self.hit = Some(Hit { cache: Arc::clone(cache), object });
                return Answer::Hit;
            }
        }
        self.asked.retain(|asked| !Arc::ptr_eq(&asked.cache, cache));
        self.asked.push(Asked { cache: Arc::clone(cache), wanted });
        answer
    }

    /// `cache-store`: has the response kept when it may be, and forgets what a successful change made wrong.
    pub fn store(&mut self, cache: &Arc<Cache>, response: &mut Response, now_s: u64) {
        if self.hit.is_some() || self.storing.is_some() {
            return;
        }
        let Some(Asked { wanted, .. }) = self.asked.iter().find(|asked| Arc::ptr_eq(&asked.cache, cache))
        else {
            return;
        };
        if wanted.unsafe_method && (200..400).contains(&response.status) {
            cache.invalidate(&wanted.key);
        }
        if !wanted.may_store {
            return;
        }
        let settings = cache.settings();
        let head = head_bytes(&response.fields);
        let Some(lifetime) = lifetime(response, head, &settings, now_s) else { return };
        let Some(variant) = Variant::of(&response.fields, &wanted.selectors, settings.vary) else { return };
        if variant.is_some() && !cache.has_room_for_variant(&wanted.key, now_s) {
            return;
        }
        // the age is told anew with each answer
        response.fields.remove_known(FieldId::Age);
        self.storing = Some(Pending {
            cache: Arc::clone(cache),
            key: wanted.key.clone(),
            object: Arc::new(Object {
                response: response.clone(),
                body: Vec::new(),
                trailers: Fields::default(),
                age_s: lifetime.age_s,
                kept_s: now_s,
                expires_s: now_s + lifetime.keep_s,
                variant,
                bytes: head as u64,
            }),
        });
    }
}
