//! ACLs: samples compared with patterns, named and anonymous, and conditions made of them (manual §7.1, §7.2).

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::aliases::PREDEFINED;
use crate::at::Contexts;
use crate::cast;
use crate::cx::Cx;
use crate::expr::Expr;
use crate::fault::Fault;
use crate::got::{Got, Truth};
use crate::load::{ParseCx, Warning};
use crate::pattern::Match;
use crate::pattern::index::Case;
use crate::pattern::parse::{self, Operator};
use crate::pattern::set::{Lines, Set};
use crate::pattern::store::Lookup;
use crate::row::Walk;
use crate::value::Value;

/// One line's test: an expression and what its value is compared with.
#[derive(Debug)]
pub struct Test {
    keyword: Box<str>,
    expr: Expr,
    method: Match,
    lookups: Box<[Arc<Lookup>]>,
}

/// A name's first test; further lines of the name follow in `next`, also those that come after the name was used.
#[derive(Debug)]
pub struct Acl {
    name: Option<Box<str>>,
    test: Test,
    next: OnceLock<Arc<Acl>>,
}

/// Named ACLs of one section.
#[derive(Debug, Default)]
pub struct AclSet {
    named: FxHashMap<String, Arc<Acl>>,
}

/// A condition: `if` or `unless`, alternatives of conjunctions of ACLs.
#[derive(Debug)]
pub struct Condition {
    unless: bool,
    alternatives: Box<[Box<[Term]>]>,
}

#[derive(Debug)]
struct Term {
    negated: bool,
    acl: Arc<Acl>,
}

impl Test {
    /// Reads `<criterion> [flags] [operator] [<value>] ...`.
    pub fn parse(words: &[&str], cx: &mut ParseCx<'_>) -> Result<Test, Fault> {
        let keyword = words.first().copied().unwrap_or("");
        if keyword.is_empty() {
            return Err(Fault::new(format!("missing fetch method in ACL expression '{keyword}'")));
        }
        let (expr, implied) = criterion(keyword, cx)?;
        Patterns::read(&words[1..], &expr, implied)?.finish(keyword, expr, cx)
    }

    fn eval(&self, cx: &Cx<'_>) -> Truth {
        let mut walk = Walk { all: true, ..Walk::default() };
        loop {
            match self.expr.next(cx, &mut walk) {
                Got::Is(value) => {
                    if self.fits(value) {
                        return Truth::Yes;
                    }
                    if walk.may_change {
                        return Truth::Pending;
                    }
                }
                Got::Pending => return Truth::Pending,
                Got::Missing => {}
            }
            if !walk.more {
                return Truth::No;
            }
        }
    }

    fn fits(&self, value: Value<'_>) -> bool {
        if self.method == Match::Found {
            return true;
        }
        let Some(value) = cast::cast(value, self.method.takes()) else { return false };
        match (self.method, &value) {
            (Match::Bool, Value::Bool(holds)) => *holds,
            _ => self.lookups.iter().any(|lookup| lookup.matches(&value)),
        }
    }
}

/// The expression of a criterion, with the match method its name implies. Aliases may have converters too.
fn criterion(word: &str, cx: &mut ParseCx<'_>) -> Result<(Expr, Option<Match>), Fault> {
    let end = word.find(['(', ',']).unwrap_or(word.len());
    let name = &word[..end];
    if let Some(alias) = cx.load.registry.alias(name) {
        let text = format!("{}{}", alias.fetch, &word[end..]);
        let expr = Expr::parse(&text, cx).map_err(|fault| {
            fault.within(|text| format!("ACL keyword '{name}' : {}", bare(text, alias.fetch)))
        })?;
        // behind a converter the alias is its fetch alone
        let implied = if expr.has_steps() { Match::implied(expr.out()) } else { Some(alias.matching) };
        return Ok((expr, implied));
    }
    let expr = Expr::parse(word, cx)
        .map_err(|fault| fault.within(|text| format!("{text} in ACL expression '{word}'")))?;
    let implied = Match::implied(expr.out());
    Ok((expr, implied))
}

/// A fault of the fetch behind an alias is told without that fetch's name.
fn bare<'t>(text: &'t str, fetch: &str) -> &'t str {
    text.strip_prefix(&format!("fetch method '{fetch}' : ")).unwrap_or(text)
}

/// Flags and patterns of one test while they are read.
struct Patterns<'w> {
    method: Option<Match>,
    case: Case,
    forced_id: Option<u32>,
    files: Vec<(&'w str, Lines, Case)>,
    words: &'w [&'w str],
    ended: bool,
}

impl<'w> Patterns<'w> {
    fn read(words: &'w [&'w str], expr: &Expr, implied: Option<Match>) -> Result<Patterns<'w>, Fault> {
        let mut patterns = Patterns {
            method: implied,
            case: Case::Strict,
            forced_id: None,
            files: Vec::new(),
            words,
            ended: false,
        };
        let mut lines = Lines::Patterns;
        while let Some((flag, rest)) = patterns.words.split_first() {
            let mut taken = rest;
            match *flag {
                "-i" => patterns.case = Case::Ignore,
                "-n" => {}
                "-M" => lines = Lines::Pairs,
                "-u" => {
                    let (id, after) = operand(rest);
                    patterns.forced_id =
                        Some(id.parse().map_err(|_| Fault::new("the argument of -u must be an integer"))?);
                    taken = after;
                }
                "-f" => {
                    let (file, after) = operand(rest);
                    patterns.files.push((file, lines, patterns.case));
                    taken = after;
                }
                "-m" => {
                    let (name, after) = operand(rest);
                    patterns.set_method(name, expr)?;
                    taken = after;
                }
                "--" => {
                    patterns.words = rest;
                    patterns.ended = true;
                    break;
                }
                other if other.starts_with('-') => {
                    return Err(Fault::new(format!(
                        "'{other}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'"
                    )));
                }
                _ => break,
            }
            patterns.words = taken;
        }
        Ok(patterns)
    }

    fn set_method(&mut self, name: &str, expr: &Expr) -> Result<(), Fault> {
        if !self.files.is_empty() {
            return Err(Fault::new(
                "'-m' must only be specified before patterns and files in parsing ACL expression",
            ));
        }
        let Some(method) = Match::named(name) else {
            return Err(Fault::new(format!("unknown matching method '{name}' when parsing ACL expression")));
        };
        if !cast::possible(expr.out(), method.takes()) {
            return Err(Fault::new(format!(
                "matching method '{name}' cannot be used with fetch keyword '{}'",
                expr.fetch()
            )));
        }
        self.method = Some(method);
        Ok(())
    }

    fn finish(self, keyword: &str, expr: Expr, cx: &mut ParseCx<'_>) -> Result<Test, Fault> {
        let Some(method) = self.method else {
            return Err(Fault::new(format!(
                "matching method must be specified first (using '-m') when using a sample fetch of this type ('{}')",
                expr.fetch()
            )));
        };
        if self.words.is_empty() && self.files.is_empty() && !self.ended && !method.bare() {
            cx.load.warnings.push(Warning::plain(format!(
                "parsing acl keyword '{keyword}' :\n  no pattern to match against were provided, so this ACL will never match.\n  If this is what you intended, please add '--' to get rid of this warning.\n  If you intended to match only for existence, please use '-m found'.\n  If you wanted to force an int to match as a bool, please use '-m bool'.\n"
            )));
        }
        let mut lookups = Vec::new();
        for (file, lines, case) in &self.files {
            let list = cx.load.patterns.file(file, *lines, cx.files)?;
            lookups.push(list.lookup(method, *case)?);
        }
        if !method.bare() {
            let set = inline(self.words, method)?;
            let list = cx.load.patterns.inline(self.forced_id, set)?;
            lookups.push(list.lookup(method, self.case)?);
        }
        Ok(Test {
            keyword: keyword[..keyword.find(['(', ',']).unwrap_or(keyword.len())].into(),
            expr,
            method,
            lookups: lookups.into(),
        })
    }
}

fn operand<'w>(words: &'w [&'w str]) -> (&'w str, &'w [&'w str]) {
    words.split_first().map_or(("", words), |(word, rest)| (*word, rest))
}

/// The patterns of the line itself; operators in front of numbers turn them into ranges.
fn inline(words: &[&str], method: Match) -> Result<Set, Fault> {
    let mut set = Set::default();
    let mut operator = Operator::Eq;
    for word in words {
        if !method.numeric() {
            set.push(&haproxy_conf::raw_bytes(word.as_bytes()), b"");
        } else if let Some(named) = Operator::named(word) {
            operator = named;
        } else if method == Match::Version {
            set.push(operator.apply(&parse::versions(word)?)?.as_bytes(), b"");
        } else {
            set.push(operator.apply(word)?.as_bytes(), b"");
        }
    }
    Ok(set)
}

impl Acl {
    fn new(name: Option<&str>, test: Test) -> Acl {
        Acl { name: name.map(Into::into), test, next: OnceLock::new() }
    }

    /// True when one of its lines matches; undecided when none does and one lacks input.
    pub fn eval(&self, cx: &Cx<'_>) -> Truth {
        let mut best = Truth::No;
        let mut at = Some(self);
        while let Some(acl) = at {
            match acl.test.eval(cx) {
                Truth::Yes => return Truth::Yes,
                other => best = best.max(other),
            }
            at = acl.next.get().map(|next| &**next);
        }
        best
    }

    fn lines(&self) -> impl Iterator<Item = &Acl> {
        std::iter::successors(Some(self), |acl| acl.next.get().map(|next| &**next))
    }

    fn warn(&self, contexts: Contexts) -> Option<String> {
        let place = contexts.first()?.describe();
        let wrong = |acl: &Acl| !acl.test.expr.contexts().meets(contexts);
        let bad = self.lines().find(|acl| wrong(acl))?;
        let keyword = &bad.test.keyword;
        Some(match (&self.name, self.lines().all(wrong)) {
            (Some(name), true) => format!(
                "acl '{name}' will never match because it only involves keywords that are incompatible with '{place}'"
            ),
            (None, true) => format!(
                "anonymous acl will never match because it uses keyword '{keyword}' which is incompatible with '{place}'"
            ),
            (Some(name), false) => {
                format!("acl '{name}' involves keywords '{keyword}' which is incompatible with '{place}'")
            }
            (None, false) => {
                format!("anonymous acl involves keywords '{keyword}' which is incompatible with '{place}'")
            }
        })
    }
}

impl AclSet {
    /// Reads the words after `acl`: a name and a test. A known name gets one more alternative.
    pub fn declare(&mut self, words: &[&str], cx: &mut ParseCx<'_>) -> Result<(), Fault> {
        let name = words.first().copied().unwrap_or("");
        if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.:".contains(*c)) {
            return Err(Fault::new(format!("character '{bad}' is not permitted in acl name '{name}'")));
        }
        if name.eq_ignore_ascii_case("or") {
            return Err(Fault::new(format!(
                "acl name '{name}' will never match. 'or' is used to express a logical disjunction within a condition"
            )));
        }
        let test = Test::parse(words.get(1..).unwrap_or(&[]), &mut cx.seeing(self)).map_err(|fault| {
            fault.within(|text| format!("error detected while parsing ACL '{name}' : {text}"))
        })?;
        let acl = Acl::new(Some(name), test);
        match self.named.get(name) {
            None => drop(self.named.insert(name.to_owned(), Arc::new(acl))),
            Some(first) => {
                let mut last = first;
                while let Some(next) = last.next.get() {
                    last = next;
                }
                // the last of a chain has no next one yet
                let _ = last.next.set(Arc::new(acl));
            }
        }
        Ok(())
    }

    /// The ACL of a name, one of the predefined ones included.
    pub fn find(&self, name: &str, cx: &mut ParseCx<'_>) -> Result<Arc<Acl>, Fault> {
        if let Some(acl) = self.named.get(name) {
            return Ok(acl.clone());
        }
        let Some((_, words)) = PREDEFINED.iter().find(|(known, _)| *known == name) else {
            let hint = crate::suggest::closest(name, self.named.keys().map(String::as_str));
            return Err(Fault::new(format!("no such ACL : '{name}'")).hint(hint));
        };
        Ok(Arc::new(Acl::new(Some(name), Test::parse(words, cx)?)))
    }
}

impl Condition {
    /// Reads `if ...` or `unless ...`. Warns of ACLs that cannot match where the condition stands.
    pub fn parse(words: &[&str], acls: &AclSet, cx: &mut ParseCx<'_>) -> Result<Condition, Fault> {
        let unless = match words.first() {
            Some(&"if") => false,
            Some(&"unless") => true,
            _ => return Err(Fault::new("conditions must start with either 'if' or 'unless'")),
        };
        Condition::of_terms(unless, &words[1..], acls, cx)
    }

    /// Reads the ACLs of a condition, without `if`.
    pub fn of_terms(
        unless: bool,
        words: &[&str],
        acls: &AclSet,
        cx: &mut ParseCx<'_>,
    ) -> Result<Condition, Fault> {
        let mut alternatives = Vec::new();
        let mut terms = Vec::new();
        let mut words = words;
        let mut negated = false;
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            let name = word.trim_start_matches('!');
            negated ^= (word.len() - name.len()) % 2 == 1;
            if name.is_empty() {
                continue;
            }
            if name.eq_ignore_ascii_case("or") || name == "||" {
                alternatives.push(std::mem::take(&mut terms).into_boxed_slice());
                negated = false;
                continue;
            }
            let acl = if name == "{" {
                let Some(end) = words.iter().position(|word| *word == "}") else {
                    return Err(Fault::new("missing closing '}' in condition"));
                };
                let test = Test::parse(&words[..end], &mut cx.seeing(acls))?;
                words = &words[end + 1..];
                Arc::new(Acl::new(None, test))
            } else {
                acls.find(name, cx)?
            };
            if let Some(text) = acl.warn(cx.contexts) {
                cx.load.warnings.push(Warning::here(text));
            }
            terms.push(Term { negated, acl });
            negated = false;
        }
        alternatives.push(terms.into_boxed_slice());
        Ok(Condition { unless, alternatives: alternatives.into() })
    }

    /// Decides. Alternatives that lack input leave the whole undecided unless another one holds.
    pub fn eval(&self, cx: &Cx<'_>) -> Truth {
        let mut any = Truth::No;
        for terms in &self.alternatives {
            let mut all = if terms.is_empty() { Truth::No } else { Truth::Yes };
            for term in terms {
                let truth = term.acl.eval(cx);
                all = all.min(if term.negated { truth.negate() } else { truth });
                if all == Truth::No {
                    break;
                }
            }
            any = any.max(all);
            if any == Truth::Yes {
                break;
            }
        }
        if self.unless { any.negate() } else { any }
    }

    /// True for `unless`.
    pub fn is_unless(&self) -> bool {
        self.unless
    }
}
