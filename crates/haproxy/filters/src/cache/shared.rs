//! A cache as all threads share it: objects by what they answer, the least used go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::object::Object;
use super::request::Wanted;
use super::{BLOCK_BYTES, Settings};

/// One `cache` section's objects. It outlives a configuration: the next one that has a cache of this name goes on with it.
#[derive(Debug)]
pub struct Cache {
    /// Its name.
    pub name: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    rows: HashMap<Box<[u8]>, Vec<Slot>>,
    /// Keys in the order of their last use.
    by_use: BTreeMap<u64, Box<[u8]>>,
    uses: u64,
    blocks_used: u32,
}

#[derive(Debug)]
struct Slot {
    object: Arc<Object>,
    /// Where it stands in `by_use`.
    used: u64,
}

/// One object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The first bits of its key's hash.
    pub hash: u32,
    /// What it varies on, as a number.
    pub vary: u64,
    /// Bytes.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u32,
    /// How many transactions give it out now.
    pub users: usize,
    /// Seconds until it expires, negative when it has.
    pub expires_in_s: i64,
    /// A number that tells it from others while it lives.
    pub id: usize,
}

impl Cache {
    /// An empty cache.
    pub fn new(name: &str, settings: Settings) -> Self {
        Cache { name: name.into(), state: Mutex::new(State { settings, ..State::default() }) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // no section of this file leaves the state half changed
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.state().settings
    }

    /// Goes on with other settings; what no longer fits is forgotten.
    pub fn reconfigure(&self, settings: Settings) {
        let mut state = self.state();
        state.settings = settings;
        state.make_room(0);
    }

    /// The object that answers a request.
    pub fn find(&self, wanted: &Wanted, now_s: u64) -> Option<Arc<Object>> {
        let mut state = self.state();
        let State { rows, by_use, uses, .. } = &mut *state;
        let row = rows.get_mut(&wanted.key)?;
        let fits = |slot: &&mut Slot| {
            slot.object.expires_s > now_s && slot.object.variant.answers(&wanted.selectors)
        };
        let slot = row.iter_mut().find(fits)?;
        if let Some(key) = by_use.remove(&slot.used) {
            *uses += 1;
            slot.used = *uses;
            by_use.insert(slot.used, key);
        }
        Some(Arc::clone(&slot.object))
    }

    /// True when another variant of this answer may be kept.
    pub fn has_room_for_variant(&self, key: &[u8], now_s: u64) -> bool {
        let state = self.state();
        let live = state.rows.get(key).map_or(0, |row| {
            row.iter().filter(|slot| slot.object.variant.is_some() && slot.object.expires_s > now_s).count()
        });
        live < state.settings.secondary_max as usize
    }

    /// Keeps an object in the place of those that answer the same requests.
    pub fn keep(&self, key: Box<[u8]>, object: Object) {
        let mut state = self.state();
        let blocks = object.blocks();
        if blocks > state.settings.blocks {
            return;
        }
        let now_s = object.kept_s;
        state.forget(&key, |old| old.variant == object.variant || old.expires_s <= now_s);
        state.make_room(blocks);
        state.uses += 1;
        state.blocks_used += blocks;
        let used = state.uses;
        state.by_use.insert(used, key.clone());
        state.rows.entry(key).or_default().push(Slot { object: Arc::new(object), used });
    }

    /// Forgets all answers to a request.
    pub fn invalidate(&self, key: &[u8]) {
        self.state().forget(key, |_| true);
    }

    /// Blocks that can be had: free ones and those of objects nobody gives out now.
    pub fn blocks_available(&self) -> u32 {
        let state = self.state();
        let slots = state.rows.values().flatten();
        let in_use: u32 =
            slots.filter(|slot| Arc::strong_count(&slot.object) > 1).map(|slot| slot.object.blocks()).sum();
        state.settings.blocks.saturating_sub(in_use)
    }

    /// All objects, by hash.
    pub fn list(&self, now_s: u64) -> Vec<Listed> {
        let state = self.state();
        let mut listed: Vec<Listed> = state
            .rows
            .iter()
            .flat_map(|(key, row)| {
                let hash = xxhash_rust::xxh3::xxh3_64(key) as u32;
                row.iter().map(move |slot| {
                    let object = &slot.object;
                    Listed {
                        hash,
                        vary: vary_number(object),
                        bytes: object.bytes,
                        blocks: object.blocks(),
                        users: Arc::strong_count(object) - 1,
                        expires_in_s: object.expires_s as i64 - now_s as i64,
                        id: Arc::as_ptr(object) as usize,
                    }
                })
            })
            .collect();
        listed.sort_by_key(|listed| (listed.hash, listed.vary));
        listed
    }
}

fn vary_number(object: &Object) -> u64 {
    let hash = |text: &Option<Box<[u8]>>| {
        text.as_ref().map_or(0, |text| xxhash_rust::xxh3::xxh3_64(text) & 0xff_ffff)
    };
    let variant = &object.variant;
    let encodings = variant.encodings.map_or(0, |set| u64::from(set.bits()));
    encodings << 48 | hash(&variant.referer) << 24 | hash(&variant.origin)
}

impl State {
    fn forget(&mut self, key: &[u8], judge: impl Fn(&Object) -> bool) {
        let State { rows, by_use, blocks_used, .. } = self;
        let Some(row) = rows.get_mut(key) else { return };
        row.retain(|slot| {
            let goes = judge(&slot.object);
            if goes {
                by_use.remove(&slot.used);
                *blocks_used -= slot.object.blocks();
            }
            !goes
        });
        if row.is_empty() {
            rows.remove(key);
        }
    }

    /// Forgets what was not used for longest until so many blocks are free.
    fn make_room(&mut self, blocks: u32) {
        while self.blocks_used + blocks > self.settings.blocks {
            let Some((used, key)) = self.by_use.pop_first() else { return };
            let Some(row) = self.rows.get_mut(&key) else { continue };
            if let Some(at) = row.iter().position(|slot| slot.used == used) {
                self.blocks_used -= row.remove(at).object.blocks();
            }
            if row.is_empty() {
                self.rows.remove(&key);
            }
        }
    }
}

/// `total-max-size` in blocks.
pub fn blocks_of_megabytes(megabytes: u32) -> u32 {
    (u64::from(megabytes) * 1024 * 1024 / BLOCK_BYTES) as u32
}
