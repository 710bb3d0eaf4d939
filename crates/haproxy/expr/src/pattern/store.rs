//! Pattern lists by name, as the configuration and the command line interface know them, and their use at run time.
//!
//! What was loaded is read without a lock. A list that is changed while running (CLI, `set-map`, `add-acl`) gets a
//! second form behind a lock; from then on its readers take that lock, all others never do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use haproxy_conf::FileProvider;
use hashbrown::{HashMap, HashSet};

use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::fault::Fault;
use crate::pattern::Match;
use crate::pattern::index::{Case, Index};
use crate::pattern::set::{Lines, Set};
use crate::value::{Bytes, Value};

/// One use of a pattern list: its entries and an index for one method.
#[derive(Debug)]
pub struct Lookup {
    method: Match,
    case: Case,
    set: Arc<Set>,
    index: Index,
    live: OnceLock<RwLock<Changed>>,
}

#[derive(Clone, Debug)]
struct Changed {
    set: Set,
    index: Index,
}

/// What a sample matched.
#[derive(Clone, Debug)]
pub struct Hit<'a> {
    /// The pattern.
    pub key: Bytes<'a>,
    /// The map's value, empty in plain lists.
    pub value: Bytes<'a>,
    id: u32,
}

impl Lookup {
    fn new(set: Arc<Set>, method: Match, case: Case) -> Result<Lookup, (u32, Fault)> {
        let index = Index::over(&set, method, case)?;
        Ok(Lookup { method, case, set, index, live: OnceLock::new() })
    }

    /// How samples are compared.
    pub fn method(&self) -> Match {
        self.method
    }

    /// True when the sample matches an entry. The sample has the method's type.
    pub fn matches(&self, sample: &Value<'_>) -> bool {
        match self.live.get() {
            None => self.index.find(&self.set, sample).is_some(),
            Some(live) => {
                let live = live.read().unwrap_or_else(PoisonError::into_inner);
                live.index.find(&live.set, sample).is_some()
            }
        }
    }

    /// The entry a sample matches; borrowed from the list while nobody changed it.
    pub fn find<'a>(&'a self, sample: &Value<'_>) -> Option<Hit<'a>> {
        match self.live.get() {
            None => {
                let id = self.index.find(&self.set, sample)?;
                Some(Hit { key: Bytes::Ref(self.set.key(id)), value: Bytes::Ref(self.set.value(id)), id })
            }
            Some(live) => {
                let live = live.read().unwrap_or_else(PoisonError::into_inner);
                let id = live.index.find(&live.set, sample)?;
                let (key, value) = (live.set.key(id).to_vec(), live.set.value(id).to_vec());
                Some(Hit { key: Bytes::Owned(key), value: Bytes::Owned(value), id })
            }
        }
    }

    /// The value of a hit with the groups of its regular expression put in (`map_regm`).
    pub fn expand(&self, hit: &Hit<'_>, subject: &[u8]) -> Option<Vec<u8>> {
        let expand = |index: &Index| {
            let regex = index.regex(hit.id)?;
            let mut groups = regex.locations();
            regex.find(&mut groups, subject, 0)?;
            let mut out = Vec::new();
            crate::pattern::regex::Pattern::expand(&groups, subject, &hit.value, &mut out);
            Some(out)
        };
        match self.live.get() {
            None => expand(&self.index),
            Some(live) => expand(&live.read().unwrap_or_else(PoisonError::into_inner).index),
        }
    }

    fn replace(&self, set: &Set) -> Result<(), Fault> {
        let index = Index::over(set, self.method, self.case).map_err(|(_, fault)| fault)?;
        let changed = Changed { set: set.clone(), index };
        self.change(|live| *live = changed);
        Ok(())
    }

    fn add(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        // a bad pattern must be refused before any list has it
        let mut probe = Set::default();
        probe.push(key, value);
        Index::over(&probe, self.method, self.case).map_err(|(_, fault)| fault)?;
        self.change(|live| {
            let id = live.set.push(key, value);
            // the probe above took the same text
            let _ = live.index.insert(&live.set, id);
        });
        Ok(())
    }

    fn set_value(&self, id: u32, value: &[u8]) {
        self.change(|live| live.set.set_value(id, value));
    }

    fn remove(&self, ids: &[u32]) {
        self.change(|live| ids.iter().for_each(|id| live.set.remove(*id)));
    }

    /// True when entries are equal only if their texts are: a removed one then hides no other.
    fn keys_are_texts(&self) -> bool {
        let texts = matches!(
            self.method,
            Match::Str | Match::Meth | Match::Beg | Match::End | Match::Sub | Match::Reg | Match::RegM
        );
        texts && self.case == Case::Strict
    }

    fn change(&self, change: impl FnOnce(&mut Changed)) {
        let live = self
            .live
            .get_or_init(|| RwLock::new(Changed { set: (*self.set).clone(), index: self.index.clone() }));
        change(&mut live.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// One entry as the command line interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number within the list, stable until removed (`#0x...` on the CLI).
    pub id: u32,
    /// Pattern.
    pub key: Vec<u8>,
    /// Map value.
    pub value: Vec<u8>,
}

/// A pattern list: a file, a virtual name, or the words of one ACL line.
#[derive(Debug)]
pub struct PatternRef {
    /// Number on the command line interface.
    pub id: u32,
    /// File name or virtual name; None for words of an ACL line.
    pub name: Option<String>,
    /// Shown beside it: where it is used.
    pub display: Mutex<String>,
    /// True when values follow patterns.
    pub is_map: bool,
    base: Arc<Set>,
    state: Mutex<State>,
    next_version: AtomicU32,
}

#[derive(Debug, Default)]
struct State {
    users: Vec<Arc<Lookup>>,
    current: Option<Set>,
    keys: Option<Keys>,
    version: u32,
    prepared: Vec<(u32, Set)>,
}

impl PatternRef {
    fn new(id: u32, name: Option<String>, is_map: bool, set: Set) -> PatternRef {
        PatternRef {
            id,
            name,
            display: Mutex::new(String::new()),
            is_map,
            base: Arc::new(set),
            state: Mutex::new(State::default()),
            next_version: AtomicU32::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An index for one method, shared by equal uses.
    pub fn lookup(&self, method: Match, case: Case) -> Result<Arc<Lookup>, Fault> {
        let mut state = self.state();
        if let Some(user) = state.users.iter().find(|user| user.method == method && user.case == case) {
            return Ok(user.clone());
        }
        let user =
            Lookup::new(self.base.clone(), method, case).map_err(|(id, fault)| self.at_line(id, fault))?;
        let user = Arc::new(user);
        state.users.push(user.clone());
        Ok(user)
    }

    /// A fault of an entry with its place, when the list came from a file.
    pub(crate) fn at_line(&self, id: u32, fault: Fault) -> Fault {
        match &self.name {
            Some(name) => {
                fault.within(|text| format!("{text} at line {} of file '{name}'", self.base.line(id)))
            }
            None => fault,
        }
    }

    /// Number of entries of the active version.
    pub fn len(&self) -> usize {
        self.state().current.as_ref().map_or(self.base.len(), Set::len)
    }

    /// True when the active version has no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Active version, and the one given out last by `prepare`.
    pub fn versions(&self) -> (u32, u32) {
        (self.state().version, self.next_version.load(Ordering::Relaxed))
    }

    /// Calls `visit` with each entry of a version (the active one by default); false when that version is unknown.
    pub fn each(&self, version: Option<u32>, mut visit: impl FnMut(u32, &[u8], &[u8])) -> bool {
        let state = self.state();
        let set = match version {
            Some(version) if version != state.version => {
                match state.prepared.iter().find(|(known, _)| *known == version) {
                    Some((_, set)) => set,
                    None => return false,
                }
            }
            _ => state.current.as_ref().unwrap_or(&self.base),
        };
        set.ids().for_each(|id| visit(id, set.key(id), set.value(id)));
        true
    }

    /// All entries of the active version.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.each(None, |id, key, value| {
            entries.push(Entry { id, key: key.to_vec(), value: value.to_vec() });
        });
        entries
    }

    /// What a sample's text would match for each use: `get map`, `get acl`.
    pub fn users(&self) -> Vec<Arc<Lookup>> {
        self.state().users.clone()
    }

    /// Adds an entry to the active version, or to a prepared one.
    pub fn add(&self, key: &[u8], value: &[u8], version: Option<u32>) -> Result<(), Fault> {
        let mut state = self.state();
        if let Some(version) = version.filter(|version| *version != state.version) {
            let Some((_, set)) = state.prepared.iter_mut().find(|(known, _)| *known == version) else {
                return Err(Fault::new("Version number in the future"));
            };
            set.push(key, value);
            return Ok(());
        }
        for user in &state.users {
            user.add(key, value)?;
        }
        let set = self.current(&mut state);
        let id = set.push(key, value);
        if let State { current: Some(set), keys: Some(keys), .. } = &mut *state {
            note(keys, set, id);
        }
        Ok(())
    }

    /// Gives every entry of the key another value; the number changed.
    pub fn set(&self, key: &[u8], value: &[u8]) -> usize {
        let mut state = self.state();
        let ids = self.ids_of(&mut state, key);
        ids.iter().for_each(|id| self.set_one(&mut state, *id, value));
        ids.len()
    }

    /// Gives one entry another value; false when there is none of that number.
    pub fn set_id(&self, id: u32, value: &[u8]) -> bool {
        let mut state = self.state();
        let known = self.current(&mut state).is_live(id);
        if known {
            self.set_one(&mut state, id, value);
        }
        known
    }

    /// Removes every entry of the key; the number removed.
    pub fn delete(&self, key: &[u8]) -> usize {
        let mut state = self.state();
        let ids = self.ids_of(&mut state, key);
        self.delete_all(&mut state, &ids, true);
        ids.len()
    }

    /// Removes one entry; false when there is none of that number.
    pub fn delete_id(&self, id: u32) -> bool {
        let mut state = self.state();
        let known = self.current(&mut state).is_live(id);
        if known {
            let key = self.current(&mut state).key(id).to_vec();
            let whole = self.ids_of(&mut state, &key).len() == 1;
            self.delete_all(&mut state, &[id], whole);
        }
        known
    }

    /// Empties the active version, or drops a prepared one.
    pub fn clear(&self, version: Option<u32>) -> bool {
        let mut state = self.state();
        if let Some(version) = version.filter(|version| *version != state.version) {
            let before = state.prepared.len();
            state.prepared.retain(|(known, _)| *known != version);
            return state.prepared.len() != before;
        }
        state.current = Some(Set::default());
        state.keys = None;
        publish(&state, &Set::default());
        true
    }

    /// Opens an empty version to be filled and committed.
    pub fn prepare(&self) -> u32 {
        let version = self.next_version.fetch_add(1, Ordering::Relaxed) + 1;
        self.state().prepared.push((version, Set::default()));
        version
    }

    /// Makes a prepared version the active one; older prepared versions are dropped.
    pub fn commit(&self, version: u32) -> Result<(), Fault> {
        let mut state = self.state();
        let Some(at) = state.prepared.iter().position(|(known, _)| *known == version) else {
            return Err(Fault::new("Version number out of range"));
        };
        let set = std::mem::take(&mut state.prepared[at].1);
        for user in &state.users {
            user.replace(&set)?;
        }
        state.prepared.retain(|(known, _)| *known > version);
        state.version = version;
        state.current = Some(set);
        state.keys = None;
        Ok(())
    }

    fn current<'s>(&self, state: &'s mut State) -> &'s mut Set {
        state.current.get_or_insert_with(|| (*self.base).clone())
    }

    fn set_one(&self, state: &mut State, id: u32, value: &[u8]) {
        self.current(state).set_value(id, value);
        state.users.iter().for_each(|user| user.set_value(id, value));
    }

    /// Removes entries. `whole` tells that every entry of their keys goes, so that no hidden equal one must appear.
    fn delete_all(&self, state: &mut State, ids: &[u32], whole: bool) {
        let set = self.current(state);
        ids.iter().for_each(|id| set.remove(*id));
        let sparse = set.is_sparse();
        if whole && !sparse && state.users.iter().all(|user| user.keys_are_texts()) {
            return state.users.iter().for_each(|user| user.remove(ids));
        }
        if sparse {
            let packed = self.current(state).packed();
            state.current = Some(packed);
            state.keys = None;
        }
        if let Some(set) = &state.current {
            publish(state, set);
        }
    }

    /// Entries of a key, found by hash: maps may be large and change with every request.
    fn ids_of(&self, state: &mut State, key: &[u8]) -> Vec<u32> {
        self.current(state);
        let State { current: Some(set), keys, .. } = state else { return Vec::new() };
        let keys = keys.get_or_insert_with(|| {
            let mut keys = HashMap::new();
            set.ids().for_each(|id| note(&mut keys, set, id));
            keys
        });
        let ids = keys.get(&xxh3_64(key)).map_or(&[][..], |ids| ids);
        ids.iter().copied().filter(|id| set.is_live(*id) && set.key(*id) == key).collect()
    }
}

/// Numbers of entries by their key's hash.
type Keys = HashMap<u64, SmallVec<[u32; 2]>>;

fn note(keys: &mut Keys, set: &Set, id: u32) {
    keys.entry(xxh3_64(set.key(id))).or_default().push(id);
}

fn publish(state: &State, set: &Set) {
    for user in &state.users {
        // every entry was checked when it was added
        let _ = user.replace(set);
    }
}

/// All pattern lists of a configuration.
#[derive(Debug, Default)]
pub struct PatternStore {
    refs: Vec<Arc<PatternRef>>,
    by_name: HashMap<String, usize>,
    forced: HashSet<u32>,
    next: u32,
}

impl PatternStore {
    /// All lists in the order of their first use.
    pub fn all(&self) -> &[Arc<PatternRef>] {
        &self.refs
    }

    /// The list of a file or virtual name.
    pub fn named(&self, name: &str) -> Option<&Arc<PatternRef>> {
        self.by_name.get(name).and_then(|at| self.refs.get(*at))
    }

    /// The list of a number.
    pub fn numbered(&self, id: u32) -> Option<&Arc<PatternRef>> {
        self.refs.iter().find(|list| list.id == id)
    }

    /// The list of a name as the configuration writes it: a path, `file@`, `opt@` or `virt@` (manual §2.7).
    pub fn file(
        &mut self,
        name: &str,
        lines: Lines,
        files: &dyn FileProvider,
    ) -> Result<Arc<PatternRef>, Fault> {
        let (kind, path) = split_name(name);
        let shown = if kind == Source::File { path } else { name };
        let is_map = lines == Lines::Pairs;
        if let Some(known) = self.named(shown) {
            if known.is_map != is_map {
                return Err(Fault::new(format!(
                    "The file \"{shown}\" is already used as {} column file and cannot be used by as {} column file",
                    if known.is_map { "two" } else { "one" },
                    if is_map { "two" } else { "one" }
                )));
            }
            return Ok(known.clone());
        }
        let content = match kind {
            Source::Virtual => None,
            Source::Optional => files.read(path).ok(),
            Source::File => match files.read(path) {
                Ok(content) => Some(content),
                Err(_) => return Err(Fault::new(format!("failed to open pattern file <{path}>"))),
            },
        };
        let set = content.map_or_else(Set::default, |content| Set::from_file(content, lines));
        Ok(self.push(None, Some(shown.to_owned()), is_map, set))
    }

    /// A list of words that stand in the configuration itself, with a forced number or the next one.
    pub fn inline(&mut self, id: Option<u32>, set: Set) -> Result<Arc<PatternRef>, Fault> {
        if id.is_some_and(|id| self.numbered(id).is_some()) {
            return Err(Fault::new("the id is already used"));
        }
        Ok(self.push(id, None, false, set))
    }

    fn push(&mut self, id: Option<u32>, name: Option<String>, is_map: bool, set: Set) -> Arc<PatternRef> {
        let id = id.unwrap_or_else(|| {
            while self.forced.contains(&self.next) {
                self.next += 1;
            }
            self.next += 1;
            self.next - 1
        });
        self.forced.insert(id);
        let list = Arc::new(PatternRef::new(id, name, is_map, set));
        if let Some(name) = &list.name {
            self.by_name.insert(name.clone(), self.refs.len());
        }
        self.refs.push(list.clone());
        list
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    File,
    Optional,
    Virtual,
}

fn split_name(name: &str) -> (Source, &str) {
    if let Some(path) = name.strip_prefix("file@") {
        (Source::File, path)
    } else if let Some(path) = name.strip_prefix("opt@") {
        (Source::Optional, path)
    } else if let Some(path) = name.strip_prefix("virt@") {
        (Source::Virtual, path)
    } else {
        (Source::File, name)
    }
}
