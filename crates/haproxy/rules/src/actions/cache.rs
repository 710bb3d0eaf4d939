//! `cache-use` and `cache-store`.

use std::sync::{Arc, OnceLock};

use haproxy_expr::fault::Fault;
use haproxy_filters::cache::{Answer, Cache, Work};

use crate::action::{Action, ActionRow};
use crate::args::Args;
use crate::cx::RuleCx;
use crate::family::Families;
use crate::load::{Question, RuleLoad};
use crate::verdict::Verdict;

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::new("cache-use", Families::REQUEST, "<name>", cache_use, "answer from a cache if it can"),
    ActionRow::new("cache-store", Families::RESPONSE, "<name>", cache_store, "keep the response in a cache"),
];

/// A cache by its section's name, known once all sections are.
type Slot = Arc<OnceLock<Arc<Cache>>>;

#[derive(Debug)]
struct Use(Slot);

impl Action for Use {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let now_s = cx.date.secs.max(0) as u64;
        let (Some(cache), Some(txn)) = (self.0.get(), cx.txn.as_deref_mut()) else {
            return Verdict::Continue;
        };
        let work = cx.effects.cache.get_or_insert_default();
        let answer = work.ask(cache, &txn.request, now_s);
        let counts = &mut cx.effects.cache_counts[usize::from(txn.backend != cx.session.frontend)];
        counts.lookups += u32::from(answer != Answer::NotAsked);
        counts.hits += u32::from(answer == Answer::Hit);
        if answer == Answer::Hit {
            txn.cache_hit = Some(Arc::clone(&cache.name));
        }
        Verdict::Continue
    }
}

#[derive(Debug)]
struct Store(Slot);

impl Action for Store {
    fn run(&self, cx: &mut RuleCx<'_>) -> Verdict {
        let now_s = cx.date.secs.max(0) as u64;
        let work: Option<&mut Box<Work>> = cx.effects.cache.as_mut();
        if let (Some(cache), Some(txn), Some(work)) = (self.0.get(), cx.txn.as_deref_mut(), work) {
            work.store(cache, &mut txn.response, now_s);
        }
        Verdict::Continue
    }
}

fn slot(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Slot, Fault> {
    let name = args.take().ok_or("expects a cache name")?.to_owned();
    let slot = Slot::default();
    load.ask(Question::Cache { name, slot: Arc::clone(&slot) });
    Ok(slot)
}

fn cache_use(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    Ok(Box::new(Use(slot(args, load)?)))
}

fn cache_store(args: &mut Args<'_>, load: &mut RuleLoad<'_, '_>) -> Result<Box<dyn Action>, Fault> {
    Ok(Box::new(Store(slot(args, load)?)))
}
