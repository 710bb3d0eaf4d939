//! State shared by everything that is parsed while one configuration loads.

use std::sync::Arc;

use common_base::ids::{ProxyId, ServerId};

use haproxy_conf::{FileId, FileProvider, Span};

use crate::acl::AclSet;
use crate::arg::{ArgKind, Later};
use crate::at::Contexts;
use crate::fault::Fault;
use crate::pattern::store::PatternStore;
use crate::registry::Registry;
use crate::userlist::Userlist;
use crate::vars::VarNames;

/// What outlives a single expression while a configuration loads.
pub struct Load {
    /// All keywords.
    pub registry: Registry,
    /// Pattern files, maps and inline pattern lists.
    pub patterns: PatternStore,
    /// Numbers of variables; shared by all snapshots of a process.
    pub vars: Arc<VarNames>,
    /// Names to resolve at the end of loading.
    pub wanted: Vec<Wanted>,
    /// Warnings in order; whoever called the parser takes them out.
    pub warnings: Vec<Warning>,
    /// Environment variables, for `env()`.
    pub environment: Vec<(String, String)>,
}

impl Load {
    /// A fresh load with all keywords of this crate.
    pub fn new(vars: Arc<VarNames>) -> Load {
        Load {
            registry: Registry::built_in(),
            patterns: PatternStore::default(),
            vars,
            wanted: Vec::new(),
            warnings: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// A remark that does not refuse the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The message.
    pub text: String,
    /// True when file and line go before it (`parsing [f:l] : `).
    pub placed: bool,
}

impl Warning {
    /// A warning about the current line.
    pub fn here(text: String) -> Warning {
        Warning { text, placed: true }
    }

    /// A warning that the original prints without a place.
    pub fn plain(text: String) -> Warning {
        Warning { text, placed: false }
    }
}

/// The proxy an expression stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyScope {
    /// Its name; empty outside proxies.
    pub name: String,
    /// Its number, when it has one.
    pub id: Option<ProxyId>,
}

/// Everything the parser of one expression needs.
pub struct ParseCx<'a> {
    /// What the whole load shares.
    pub load: &'a mut Load,
    /// Files.
    pub files: &'a dyn FileProvider,
    /// Where the expression will run; any of these must have the facts it needs.
    pub contexts: Contexts,
    /// Proxy it stands in.
    pub proxy: ProxyScope,
    /// Where it stands.
    pub place: Span,
    /// Words for messages about unresolved names: `http-request expression`, `log-format string`.
    pub within: &'a str,
    /// Named ACLs visible here, for `acl()` and conditions.
    pub acls: Option<&'a AclSet>,
}

impl<'a> ParseCx<'a> {
    /// A context outside any proxy, where every fact is allowed.
    pub fn bare(load: &'a mut Load, files: &'a dyn FileProvider) -> ParseCx<'a> {
        ParseCx {
            load,
            files,
            contexts: Contexts::ALL,
            proxy: ProxyScope::default(),
            place: Span { file: FileId(0), line: 0, column: 0 },
            within: "expression",
            acls: None,
        }
    }
}

impl ParseCx<'_> {
    /// The same context, where the ACLs of a set are visible.
    pub fn seeing<'b>(&'b mut self, acls: &'b AclSet) -> ParseCx<'b> {
        ParseCx {
            load: self.load,
            files: self.files,
            contexts: self.contexts,
            proxy: self.proxy.clone(),
            place: self.place,
            within: self.within,
            acls: Some(acls),
        }
    }
}

/// Slot of a name that is resolved at the end of loading.
#[derive(Clone, Debug)]
pub enum WantedKind {
    /// A proxy with a frontend side.
    Frontend(Later<ProxyId>),
    /// A proxy with a backend side.
    Backend(Later<ProxyId>),
    /// A server.
    Server(Later<ServerId>),
    /// A userlist.
    Users(Later<Arc<Userlist>>),
}

impl WantedKind {
    pub(crate) fn of_proxy(kind: ArgKind) -> fn(Later<ProxyId>) -> WantedKind {
        match kind {
            ArgKind::Frontend => WantedKind::Frontend,
            _ => WantedKind::Backend,
        }
    }
}

/// A name to resolve at the end of loading.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What is wanted and where the answer goes.
    pub kind: WantedKind,
    /// The name; empty for the current proxy.
    pub name: String,
    /// Proxy the expression stands in.
    pub proxy: ProxyScope,
    /// Where it stands.
    pub place: Span,
    /// Number of the argument, from 1.
    pub argument: usize,
    /// The fetch at the head of the expression.
    pub fetch: String,
    /// The converter, when it is not the fetch's own argument.
    pub converter: Option<String>,
    /// Words for the message: `http-request expression`.
    pub within: String,
}

/// Names of a whole configuration.
pub trait Names {
    /// A proxy with a frontend side.
    fn frontend(&self, name: &str) -> Option<ProxyId>;
    /// A proxy with a backend side.
    fn backend(&self, name: &str) -> Option<ProxyId>;
    /// A server of a backend.
    fn server(&self, backend: ProxyId, name: &str) -> Option<ServerId>;
    /// A userlist.
    fn userlist(&self, name: &str) -> Option<Arc<Userlist>>;
}

impl Wanted {
    /// Looks the name up and fills the slot. A fault carries the original's message; the place is in `self.place`.
    pub fn resolve(&self, names: &dyn Names) -> Result<(), Fault> {
        match &self.kind {
            WantedKind::Frontend(slot) => fill(slot, names.frontend(self.proxy_name()), || {
                self.unknown("frontend", names.backend(self.proxy_name()))
            }),
            WantedKind::Backend(slot) => fill(slot, names.backend(self.proxy_name()), || {
                self.unknown("backend", names.frontend(self.proxy_name()))
            }),
            WantedKind::Server(slot) => self.resolve_server(slot, names),
            WantedKind::Users(_) if self.name.is_empty() => {
                Err(Fault::new(format!("missing userlist name {}", self.in_argument())))
            }
            WantedKind::Users(slot) => fill(slot, names.userlist(&self.name), || {
                Fault::new(format!("unable to find userlist '{}' {}", self.name, self.referenced()))
            }),
        }
    }

    fn proxy_name(&self) -> &str {
        if self.name.is_empty() { &self.proxy.name } else { &self.name }
    }

    fn resolve_server(&self, slot: &Later<ServerId>, names: &dyn Names) -> Result<(), Fault> {
        let (backend, server) = match self.name.rsplit_once('/') {
            Some((backend, server)) => (backend, server),
            None => (self.proxy.name.as_str(), self.name.as_str()),
        };
        if self.name.is_empty() {
            return Err(Fault::new(format!("missing server name {}", self.in_argument())));
        }
        let Some(proxy) = names.backend(backend) else {
            return Err(Fault::new(format!("unable to find proxy '{backend}' {}", self.referenced())));
        };
        fill(slot, names.server(proxy, server), || {
            Fault::new(format!(
                "unable to find server '{server}' in proxy '{backend}', {}",
                self.referenced()
            ))
        })
    }

    /// The name is not known, or only as a proxy of the other side.
    fn unknown(&self, what: &str, other_side: Option<ProxyId>) -> Fault {
        let (name, referenced) = (self.proxy_name(), self.referenced());
        Fault::new(match other_side {
            Some(_) => format!("proxy '{name}', {referenced}, has not {what} capability"),
            None => format!("unable to find {what} '{name}' {referenced}"),
        })
    }

    fn referenced(&self) -> String {
        format!("referenced {}", self.in_argument())
    }

    fn in_argument(&self) -> String {
        let keyword = match &self.converter {
            None => format!("sample fetch keyword '{}'", self.fetch),
            Some(name) => format!("conversion keyword '{name}' for sample fetch keyword '{}'", self.fetch),
        };
        format!(
            "referenced in arg {} of {keyword} in {} in proxy '{}'",
            self.argument, self.within, self.proxy.name
        )
    }
}

fn fill<T>(slot: &Later<T>, value: Option<T>, fault: impl FnOnce() -> Fault) -> Result<(), Fault> {
    match value {
        Some(value) => {
            // a slot is filled once; a second answer would be the same
            let _ = slot.set(value);
            Ok(())
        }
        None => Err(fault()),
    }
}
