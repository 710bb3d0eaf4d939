//! What rules need while they are read, and what is settled once the whole configuration is known.

use std::sync::{Arc, OnceLock};

use haproxy_conf::ParseError;
use haproxy_expr::acl::AclSet;
use haproxy_expr::at::Contexts;
use haproxy_expr::expr::Expr;
use haproxy_expr::fault::Fault;
use haproxy_expr::load::ParseCx;
use haproxy_expr::logformat::{LogFormat, Style};
use haproxy_expr::pattern::store::PatternRef;
use haproxy_filters::cache::Cache;

use crate::family::Family;

/// The proxy whose rules are read.
#[derive(Clone, Copy, Debug)]
pub struct ProxyFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// `frontend`, `backend`, `proxy` (for `listen`) or `defaults`: how messages call it.
    pub kind: &'a str,
    /// It accepts clients.
    pub frontend: bool,
    /// It has servers.
    pub backend: bool,
    /// It is a `defaults` section.
    pub defaults: bool,
}

/// Everything the reading of rules needs.
pub struct RuleLoad<'a, 'x> {
    /// For expressions; `contexts` and `within` are set here.
    pub expr: &'a mut ParseCx<'x>,
    /// Named ACLs of the proxy.
    pub acls: &'a AclSet,
    /// The proxy.
    pub proxy: ProxyFacts<'a>,
    /// Rule set that is being read.
    pub family: Family,
    /// Capture slots of the proxy; rules may add some.
    pub captures: &'a mut CaptureSlots,
    /// What can be settled only later.
    pub later: &'a mut Vec<Later>,
    /// `expose-experimental-directives` was given.
    pub experimental: bool,
    /// Warnings about the line, in order.
    pub warnings: Vec<String>,
}

/// Lengths of the slots captures go to, `declare capture` and `capture ... header` included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureSlots {
    /// Of the request.
    pub request: Vec<CaptureSlot>,
    /// Of the response.
    pub response: Vec<CaptureSlot>,
}

/// One slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSlot {
    /// Header that fills it by itself, in lower case; None when rules fill it.
    pub header: Option<Vec<u8>>,
    /// Bytes kept at most.
    pub length: usize,
}

/// A question that only the whole configuration answers.
#[derive(Clone, Debug)]
pub struct Later {
    /// What is asked.
    pub question: Question,
    /// Proxy the rule stands in.
    pub proxy: String,
    /// File and line, as messages print them.
    pub place: haproxy_conf::Span,
}

/// What is asked of the whole configuration.
#[derive(Clone, Debug)]
pub enum Question {
    /// An `http-errors` section, and a status it should have.
    ErrorFiles {
        /// Section name.
        name: String,
        /// Status wanted of it.
        status: u16,
        /// Where the page goes.
        slot: Arc<OnceLock<Arc<crate::verdict::Reply>>>,
    },
    /// A capture slot that is declared elsewhere.
    Capture {
        /// Its number.
        id: usize,
        /// Of the request (or the response).
        request: bool,
        /// The family's keyword, for the message.
        family: &'static str,
    },
    /// A cache section.
    Cache {
        /// Its name.
        name: String,
        /// Where the cache goes.
        slot: Arc<OnceLock<Arc<Cache>>>,
    },
    /// A `log-profile` section.
    LogProfile {
        /// Its name.
        name: String,
        /// Where its number goes.
        slot: Arc<OnceLock<u32>>,
    },
    /// A bandwidth limitation filter of the proxy.
    Bandwidth {
        /// Its name.
        name: String,
        /// Where its number goes.
        slot: Arc<OnceLock<u32>>,
    },
    /// A pattern list that some ACL or map loads.
    Patterns {
        /// Its name.
        name: String,
        /// Where the list goes.
        slot: Arc<OnceLock<Arc<PatternRef>>>,
    },
}

impl<'x> RuleLoad<'_, 'x> {
    /// Lets expressions know where they will run.
    pub fn enter(&mut self, contexts: Contexts, within: &'x str) {
        self.expr.contexts = contexts;
        self.expr.within = within;
    }

    /// Reads a log format as one word.
    pub fn format(&mut self, text: &str, style: Style) -> Result<LogFormat, Fault> {
        LogFormat::parse(text, style, &mut self.expr.seeing(self.acls))
    }

    /// Reads an expression from the words ahead and passes them.
    pub fn expression(&mut self, args: &mut crate::args::Args<'_>) -> Result<Expr, Fault> {
        let words = args.rest();
        let (expr, taken) = Expr::parse_words(&words, &mut self.expr.seeing(self.acls))?;
        args.skip(taken);
        if !expr.contexts().meets(self.expr.contexts) {
            return Err(Fault::new(format!(
                "fetch method '{}' extracts information from '{}', none of which is available here",
                words.first().copied().unwrap_or_default(),
                expr.at().describe()
            )));
        }
        Ok(expr)
    }

    /// Remembers a question for the end.
    pub fn ask(&mut self, question: Question) {
        let place = self.expr.place;
        self.later.push(Later { question, proxy: self.proxy.name.to_owned(), place });
    }

    /// A warning about this line.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}

/// A fault as an error of the line.
pub fn refuse(fault: Fault) -> ParseError {
    let error = ParseError::new(fault.message);
    match fault.hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
