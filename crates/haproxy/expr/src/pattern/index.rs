//! Indexes over a set: which entry does a sample match? Exact: hash. Prefix, suffix, subdir, domain: a hash per
//! length. Substring: Aho-Corasick. Networks: a sorted list per prefix length. Numbers: hash and ranges.

use std::net::IpAddr;

use aho_corasick::AhoCorasick;
use haproxy_http::Method;
use hashbrown::{HashMap, HashTable};
use memchr::memmem;
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::address;
use crate::fault::Fault;
use crate::pattern::Match;
use crate::pattern::parse::{self, Network, Range};
use crate::pattern::regex::Pattern;
use crate::pattern::set::Set;
use crate::pattern::words;
use crate::value::Value;

/// Whether letters' case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// It does.
    Strict,
    /// It does not (`-i`).
    Ignore,
}

/// Index over all entries of one set for one method.
#[derive(Clone, Debug)]
pub enum Index {
    /// `found`, `bool`: no entry is looked at.
    Bare(Match),
    /// `int`, `len`.
    Numbers(Match, Numbers),
    /// `ip`.
    Networks(Networks),
    /// `bin`.
    Bytes(HashMap<Box<[u8]>, u32>),
    /// `str`, `meth`.
    Exact(Case, HashTable<u32>),
    /// `beg`.
    Prefixes(Case, Lengths),
    /// `end`.
    Suffixes(Case, Lengths),
    /// `dir`, `dom`, by number of delimiters inside.
    Words(Case, &'static [u8], Vec<(usize, HashTable<u32>)>),
    /// `sub`.
    Parts(Case, Parts),
    /// `reg`, `regm`.
    Regexes(Case, Vec<(u32, Pattern)>),
}

/// Numbers and ranges.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    single: HashMap<i64, u32>,
    ranges: Vec<(Range, u32)>,
}

/// Entries by length of their text, longest first.
#[derive(Clone, Debug, Default)]
pub struct Lengths(Vec<(usize, HashTable<u32>)>);

/// Networks by mask, longest prefix first; each list sorted by address.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    v4: Vec<(u32, Vec<(u32, u32)>)>,
    v6: Vec<(u128, Vec<(u128, u32)>)>,
}

/// Substrings: few are searched one by one, many by one automaton. Those added later wait in a list.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    automaton: Option<AhoCorasick>,
    ids: Vec<u32>,
    single: Vec<(u32, memmem::Finder<'static>)>,
}

/// From so many substrings on an automaton is faster than one search each.
const AUTOMATON_LEAST: usize = 6;

type Folded = SmallVec<[u8; 256]>;

fn fold(text: &[u8]) -> Folded {
    let mut folded = Folded::from_slice(text);
    folded.make_ascii_lowercase();
    folded
}

fn hash(case: Case, text: &[u8]) -> u64 {
    match case {
        Case::Strict => xxh3_64(text),
        Case::Ignore => xxh3_64(&fold(text)),
    }
}

fn same(case: Case, left: &[u8], right: &[u8]) -> bool {
    match case {
        Case::Strict => left == right,
        Case::Ignore => left.eq_ignore_ascii_case(right),
    }
}

impl Index {
    /// An empty index for a method.
    pub fn new(method: Match, case: Case) -> Index {
        match method {
            Match::Found | Match::Bool => Index::Bare(method),
            Match::Int | Match::Version | Match::Len => Index::Numbers(method, Numbers::default()),
            Match::Ip => Index::Networks(Networks::default()),
            Match::Bin => Index::Bytes(HashMap::new()),
            Match::Str | Match::Meth => Index::Exact(case, HashTable::new()),
            Match::Beg => Index::Prefixes(case, Lengths::default()),
            Match::End => Index::Suffixes(case, Lengths::default()),
            Match::Dir => Index::Words(case, words::DIR, Vec::new()),
            Match::Dom => Index::Words(case, words::DOM, Vec::new()),
            Match::Sub => Index::Parts(case, Parts::default()),
            Match::Reg | Match::RegM => Index::Regexes(case, Vec::new()),
        }
    }

    /// An index over all entries of a set; a fault comes with the entry it is about.
    pub fn over(set: &Set, method: Match, case: Case) -> Result<Index, (u32, Fault)> {
        if method == Match::Ip {
            return Networks::over(set).map(Index::Networks);
        }
        let mut index = Index::new(method, case);
        if let Index::Exact(case, table) = &mut index {
            let case = *case;
            table.reserve(set.len(), |id| hash(case, set.key(*id)));
        }
        for id in set.ids() {
            index.insert(set, id).map_err(|fault| (id, fault))?;
        }
        index.settle(set);
        Ok(index)
    }

    /// Adds an entry of the set; the first of two equal entries stays the one that is found.
    pub fn insert(&mut self, set: &Set, id: u32) -> Result<(), Fault> {
        let key = set.key(id);
        match self {
            Index::Bare(_) => {}
            Index::Numbers(_, numbers) => {
                let range = parse::range(&String::from_utf8_lossy(key))?;
                if range.low == range.high {
                    keep_first(numbers.single.entry(range.low).or_insert(id), set, id);
                } else {
                    numbers.ranges.push((range, id));
                }
            }
            Index::Networks(networks) => {
                networks.insert(set, parse::network(&String::from_utf8_lossy(key))?, id);
            }
            Index::Bytes(table) => {
                let bytes = parse::hex(&String::from_utf8_lossy(key))?;
                keep_first(table.entry(bytes.into()).or_insert(id), set, id);
            }
            Index::Exact(case, table) => put(table, *case, set, id, |set, id| set.key(id)),
            Index::Prefixes(case, lengths) | Index::Suffixes(case, lengths) => {
                let table = lengths.table(key.len());
                put(table, *case, set, id, |set, id| set.key(id));
            }
            Index::Words(case, delimiters, tables) => {
                let (case, delimiters) = (*case, *delimiters);
                let joints = words::joints(words::trim(key, delimiters), delimiters);
                let at = match tables.iter().position(|(known, _)| *known == joints) {
                    Some(at) => at,
                    None => {
                        tables.push((joints, HashTable::new()));
                        tables.len() - 1
                    }
                };
                put(&mut tables[at].1, case, set, id, move |set, id| words::trim(set.key(id), delimiters));
            }
            Index::Parts(case, parts) => {
                let needle = match case {
                    Case::Strict => Folded::from_slice(key),
                    Case::Ignore => fold(key),
                };
                parts.single.push((id, memmem::Finder::new(&needle[..]).into_owned()));
            }
            Index::Regexes(case, list) => {
                let text = String::from_utf8_lossy(key);
                list.push((id, Pattern::compile(&text, *case == Case::Ignore, true)?));
            }
        }
        Ok(())
    }

    /// Builds what is only worth building once entries are many.
    pub fn settle(&mut self, set: &Set) {
        if let Index::Parts(case, parts) = self
            && parts.single.len() >= AUTOMATON_LEAST
        {
            let ids: Vec<u32> =
                parts.ids.iter().copied().chain(parts.single.iter().map(|(id, _)| *id)).collect();
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(*case == Case::Ignore)
                .build(ids.iter().map(|id| set.key(*id)));
            // a set too big for an automaton keeps its single searches
            if let Ok(automaton) = built {
                *parts = Parts { automaton: Some(automaton), ids, single: Vec::new() };
            }
        }
    }

    /// The entry a sample matches. Among several: the longest for prefixes, words and networks, else the first.
    pub fn find(&self, set: &Set, sample: &Value<'_>) -> Option<u32> {
        match self {
            Index::Bare(_) => None,
            Index::Numbers(Match::Len, numbers) => numbers.find(set, text(sample)?.len() as i64),
            Index::Numbers(_, numbers) => numbers.find(set, crate::cast::to_int(sample)?),
            Index::Networks(networks) => match sample {
                Value::Ipv4(address) => networks.find(set, IpAddr::V4(*address)),
                Value::Ipv6(address) => networks.find(set, IpAddr::V6(*address)),
                _ => None,
            },
            Index::Bytes(table) => table.get(text(sample)?).copied().filter(|id| set.is_live(*id)),
            Index::Exact(case, table) => {
                let text = text(sample)?;
                let found = get(table, *case, set, text, |set, id| set.key(id))?;
                // a method that is known is a number, which has no other case
                let numbered = |method| method != Method::Other;
                match sample {
                    Value::Meth(method, _) if numbered(*method) || numbered(Method::of(set.key(found))) => {
                        (set.key(found) == text).then_some(found)
                    }
                    _ => Some(found),
                }
            }
            Index::Prefixes(case, lengths) => {
                lengths.find(*case, set, text(sample)?, |text, length| &text[..length])
            }
            Index::Suffixes(case, lengths) => {
                lengths.find(*case, set, text(sample)?, |text, length| &text[text.len() - length..])
            }
            Index::Words(case, delimiters, tables) => {
                find_words(*case, delimiters, tables, set, text(sample)?)
            }
            Index::Parts(case, parts) => parts.find(*case, set, text(sample)?),
            Index::Regexes(_, list) => {
                let text = text(sample)?;
                list.iter().find(|(id, regex)| set.is_live(*id) && regex.is_match(text)).map(|(id, _)| *id)
            }
        }
    }

    /// The compiled expression of an entry.
    pub fn regex(&self, id: u32) -> Option<&Pattern> {
        match self {
            Index::Regexes(_, list) => list.iter().find(|(known, _)| *known == id).map(|(_, regex)| regex),
            _ => None,
        }
    }
}

fn text<'v>(sample: &'v Value<'_>) -> Option<&'v [u8]> {
    match sample {
        Value::Str(text) | Value::Bin(text) | Value::Meth(_, text) => Some(text),
        _ => None,
    }
}

/// The first of equal entries stays, unless it was removed.
fn keep_first(known: &mut u32, set: &Set, id: u32) {
    if !set.is_live(*known) {
        *known = id;
    }
}

fn put(table: &mut HashTable<u32>, case: Case, set: &Set, id: u32, key: impl Fn(&Set, u32) -> &[u8]) {
    let own = key(set, id);
    let hashed = hash(case, own);
    match table.find_mut(hashed, |other| same(case, key(set, *other), own)) {
        Some(known) => keep_first(known, set, id),
        None => {
            table.insert_unique(hashed, id, |other| hash(case, key(set, *other)));
        }
    }
}

fn get(
    table: &HashTable<u32>,
    case: Case,
    set: &Set,
    text: &[u8],
    key: impl Fn(&Set, u32) -> &[u8],
) -> Option<u32> {
    let found = table.find(hash(case, text), |id| same(case, key(set, *id), text)).copied();
    found.filter(|id| set.is_live(*id))
}

impl Numbers {
    fn find(&self, set: &Set, number: i64) -> Option<u32> {
        let single = self.single.get(&number).copied().filter(|id| set.is_live(*id));
        let range =
            self.ranges.iter().find(|(range, id)| range.has(number) && set.is_live(*id)).map(|(_, id)| *id);
        match (single, range) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        }
    }
}

impl Lengths {
    fn table(&mut self, length: usize) -> &mut HashTable<u32> {
        let at = match self.0.binary_search_by(|(known, _)| length.cmp(known)) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (length, HashTable::new()));
                at
            }
        };
        &mut self.0[at].1
    }

    fn find(&self, case: Case, set: &Set, text: &[u8], part: impl Fn(&[u8], usize) -> &[u8]) -> Option<u32> {
        self.0
            .iter()
            .filter(|(length, _)| *length <= text.len())
            .find_map(|(length, table)| get(table, case, set, part(text, *length), |set, id| set.key(id)))
    }
}

fn find_words(
    case: Case,
    delimiters: &'static [u8],
    tables: &[(usize, HashTable<u32>)],
    set: &Set,
    text: &[u8],
) -> Option<u32> {
    let mut best: Option<u32> = None;
    for (joints, table) in tables {
        words::each_piece(text, delimiters, *joints, |piece| {
            let found = get(table, case, set, piece, |set, id| words::trim(set.key(id), delimiters));
            if let Some(id) = found {
                best = Some(best.map_or(id, |known| known.min(id)));
            }
            false
        });
    }
    best
}

impl Networks {
    /// All entries at once: files come in any order, and inserting one by one would move the rest each time.
    fn over(set: &Set) -> Result<Networks, (u32, Fault)> {
        let mut networks = Networks::default();
        for id in set.ids() {
            let network =
                parse::network(&String::from_utf8_lossy(set.key(id))).map_err(|fault| (id, fault))?;
            match network {
                Network::V4(address, mask) => list_of(&mut networks.v4, mask).push((address & mask, id)),
                Network::V6(address, mask) => list_of(&mut networks.v6, mask).push((address & mask, id)),
            }
        }
        networks.v4.iter_mut().for_each(|(_, list)| order(list));
        networks.v6.iter_mut().for_each(|(_, list)| order(list));
        Ok(networks)
    }

    fn insert(&mut self, set: &Set, network: Network, id: u32) {
        match network {
            Network::V4(address, mask) => insert_masked(&mut self.v4, set, address & mask, mask, id),
            Network::V6(address, mask) => insert_masked(&mut self.v6, set, address & mask, mask, id),
        }
    }

    fn find(&self, set: &Set, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(v4) => find_masked(&self.v4, set, u32::from(v4))
                .or_else(|| find_masked(&self.v6, set, u128::from(v4.to_ipv6_mapped()))),
            IpAddr::V6(v6) => find_masked(&self.v6, set, u128::from(v6)).or_else(|| {
                let v4 = address::embedded_v4(v6)?;
                find_masked(&self.v4, set, u32::from(v4))
            }),
        }
    }
}

/// The list of a mask; masks of longer prefixes stand first.
fn list_of<N: Ord + Copy>(lists: &mut Vec<(N, Vec<(N, u32)>)>, mask: N) -> &mut Vec<(N, u32)> {
    let at = match lists.binary_search_by(|(known, _)| mask.cmp(known)) {
        Ok(at) => at,
        Err(at) => {
            lists.insert(at, (mask, Vec::new()));
            at
        }
    };
    &mut lists[at].1
}

/// By address; of equal ones the first stays.
fn order<N: Ord + Copy>(list: &mut Vec<(N, u32)>) {
    list.sort_unstable();
    list.dedup_by_key(|(address, _)| *address);
    list.shrink_to_fit();
}

fn insert_masked<N: Ord + Copy>(
    lists: &mut Vec<(N, Vec<(N, u32)>)>,
    set: &Set,
    address: N,
    mask: N,
    id: u32,
) {
    let list = list_of(lists, mask);
    // files are often sorted: appending is the usual case
    match list.last() {
        Some((last, _)) if *last >= address => {
            match list.binary_search_by(|(known, _)| known.cmp(&address)) {
                Ok(at) => keep_first(&mut list[at].1, set, id),
                Err(at) => list.insert(at, (address, id)),
            }
        }
        _ => list.push((address, id)),
    }
}

fn find_masked<N>(lists: &[(N, Vec<(N, u32)>)], set: &Set, address: N) -> Option<u32>
where
    N: Ord + Copy + std::ops::BitAnd<Output = N>,
{
    lists.iter().find_map(|(mask, list)| {
        let wanted = address & *mask;
        let found = list.binary_search_by(|(known, _)| known.cmp(&wanted)).ok().map(|at| list[at].1);
        found.filter(|id| set.is_live(*id))
    })
}

impl Parts {
    fn find(&self, case: Case, set: &Set, text: &[u8]) -> Option<u32> {
        let folded;
        let searched = match case {
            Case::Strict => text,
            Case::Ignore if self.single.is_empty() => text,
            Case::Ignore => {
                folded = fold(text);
                &folded[..]
            }
        };
        let many = self.automaton.as_ref().and_then(|automaton| {
            automaton
                .find_overlapping_iter(text)
                .map(|hit| self.ids[hit.pattern().as_usize()])
                .filter(|id| set.is_live(*id))
                .min()
        });
        let single = self
            .single
            .iter()
            .find(|(id, finder)| set.is_live(*id) && finder.find(searched).is_some())
            .map(|(id, _)| *id);
        match (many, single) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        }
    }
}
