//! The configuration as written: what the keyword rows fill in, line by line.

use std::collections::HashMap;
use std::sync::Arc;

use haproxy_conf::{DirEntry, EntryKind, FileId, FileProvider, Sections, Span};
use haproxy_expr::userlist::Userlist;
use haproxy_expr::{AclSet, Condition, Load};

use crate::global::Global;
use crate::settings::*;
use crate::snapshot::{Rules, Settings};

/// Where a line stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// File as messages print it.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// The same for the diagnostics.
    pub span: Span,
}

impl Default for Place {
    fn default() -> Self {
        Place { file: Arc::from(""), line: 0, span: Span { file: FileId(0), line: 0, column: 0 } }
    }
}

/// Everything read so far. Keyword rows work on it.
pub struct Draft {
    /// The `global` section.
    pub global: Global,
    /// Expressions' shared state.
    pub load: Load,
    /// Where files named in the configuration come from.
    pub files: Arc<dyn FileProvider + Send + Sync>,
    /// Finished proxies in order.
    pub proxies: Vec<ProxyDraft>,
    /// Finished proxies by name: where they stand among them.
    pub proxies_named: HashMap<String, Vec<usize>>,
    /// `defaults` sections in order.
    pub defaults: Vec<ProxyDraft>,
    /// The proxy or defaults being read.
    pub px: ProxyDraft,
    /// Which kind of section is being read.
    pub section: Sections,
    /// Name of the section being read.
    pub section_name: String,
    /// Userlists by name.
    pub userlists: HashMap<String, UserlistDraft>,
    /// `http-errors` sections by name.
    pub http_errors: HashMap<String, ErrorReplies>,
    /// Log profiles by number: those that have a section, and those that are spoken of.
    pub log_profiles: Vec<LogProfileDraft>,
    /// The log profile being read.
    pub log_profile: u32,
    /// Number of the next filter that rules name.
    pub next_filter: u32,
    /// `cache` sections in order.
    pub caches: Vec<CacheDraft>,
    /// Where the current line stands.
    pub place: Place,
    /// Words already warned about once (`bind-process` on every proxy is one warning).
    pub told: std::collections::HashSet<&'static str>,
    /// The environment as of the current line, for addresses.
    pub env: haproxy_conf::Environment,
    /// What rules can settle only once everything is read.
    pub later: Vec<haproxy_rules::Later>,
    /// `set-var` of the global section: name, words, whether a format, place.
    pub global_variables: Vec<(String, Vec<String>, bool, Place)>,
    /// File and line of each rule, by its number.
    pub rule_places: Vec<(Arc<str>, u32)>,
    /// `-dr`: servers that cannot be resolved are no error.
    pub ignore_resolution: bool,
}

/// A `cache` section.
#[derive(Clone, Debug)]
pub struct CacheDraft {
    /// Its name.
    pub name: String,
    /// What it says.
    pub settings: haproxy_filters::cache::Settings,
}

/// A log profile.
#[derive(Clone, Debug, Default)]
pub struct LogProfileDraft {
    /// Its section was read.
    pub defined: bool,
    /// What it says.
    pub profile: crate::log_profile::LogProfile,
}

/// A userlist being read.
#[derive(Debug, Default)]
pub struct UserlistDraft {
    /// Users: name, password (true when it is a hash), groups.
    pub users: Vec<(String, String, bool, Vec<String>)>,
    /// Groups and their members.
    pub groups: Vec<(String, Vec<String>)>,
}

/// One proxy or defaults section as written.
#[derive(Default)]
pub struct ProxyDraft {
    /// Its name.
    pub name: String,
    /// Which section it is; `Defaults` until said otherwise.
    pub role: Option<Role>,
    /// Where it begins.
    pub place: Place,
    /// `id`
    pub uuid: Option<u32>,
    /// `disabled`
    pub disabled: bool,
    /// Settings, inherited and own.
    pub settings: Settings,
    /// Rules, inherited and own.
    pub rules: Rules,
    /// Named ACLs.
    pub acls: AclSet,
    /// `bind` lines.
    pub binds: Vec<BindSettings>,
    /// `filter` lines, and `filter-sequence`.
    pub filters: crate::filters::FiltersDraft,
    /// `server` lines.
    pub servers: Vec<ServerSettings>,
    /// What `default-server` says.
    pub default_server: Option<ServerSettings>,
    /// `use_backend`: name as written or format, and its condition.
    pub switching: Vec<SwitchDraft>,
    /// `force-be-switch`
    pub force_switch: Vec<Arc<Condition>>,
    /// `use-server`
    pub use_server: Vec<SwitchDraft>,
    /// `force-persist` (true), `ignore-persist` (false).
    pub persist_rules: Vec<(bool, Arc<Condition>)>,
    /// Kinds of rules seen so far, for the warning about misplaced ones.
    pub order: haproxy_rules::Order,
    /// `stats` words were seen, so the page exists.
    pub stats_seen: bool,
    /// Comment for the next step of a check.
    pub check_comment: Option<String>,
    /// The section words its check itself, instead of inheriting it.
    pub check_is_own: bool,
    /// Lines whose text the resolver wants to speak about.
    pub default_backend_place: Place,
}

/// A rule that chooses by name.
#[derive(Clone)]
pub struct SwitchDraft {
    /// The rule.
    pub rule: haproxy_rules::WrittenSwitch,
    /// Where it stands.
    pub place: Place,
}

impl ProxyDraft {
    /// True when it can have clients.
    pub fn is_frontend(&self) -> bool {
        self.role.is_some_and(Role::is_frontend)
    }

    /// True when it can have servers.
    pub fn is_backend(&self) -> bool {
        self.role.is_some_and(Role::is_backend)
    }

    /// The statistics page, made when first spoken of.
    pub fn stats(&mut self) -> &mut StatsPage {
        self.stats_seen = true;
        self.settings.stats.get_or_insert_with(StatsPage::default)
    }
}

impl Draft {
    /// An empty draft that reads named files from `files`.
    pub fn new(load: Load, files: Arc<dyn FileProvider + Send + Sync>) -> Self {
        Draft {
            global: Global::default(),
            load,
            files,
            proxies: Vec::new(),
            proxies_named: HashMap::new(),
            defaults: Vec::new(),
            px: ProxyDraft::default(),
            section: Sections::NONE,
            section_name: String::new(),
            userlists: HashMap::new(),
            http_errors: HashMap::new(),
            log_profiles: Vec::new(),
            log_profile: 0,
            next_filter: 0,
            caches: Vec::new(),
            place: Place::default(),
            told: std::collections::HashSet::new(),
            env: haproxy_conf::Environment::new(),
            later: Vec::new(),
            global_variables: Vec::new(),
            rule_places: Vec::new(),
            ignore_resolution: false,
        }
    }

    /// The number of a log profile, whether its section was read or not.
    pub fn log_profile_number(&mut self, name: &str) -> u32 {
        let known = self.log_profiles.iter().position(|other| other.profile.name == name);
        known.unwrap_or_else(|| {
            let profile = crate::log_profile::LogProfile { name: name.to_owned(), ..Default::default() };
            self.log_profiles.push(LogProfileDraft { defined: false, profile });
            self.log_profiles.len() - 1
        }) as u32
    }

    /// Number the proxy being read will have; none for defaults.
    pub fn next_proxy(&self) -> Option<common_base::ids::ProxyId> {
        (self.px.role? != Role::Defaults).then_some(common_base::ids::ProxyId(self.proxies.len() as u32))
    }

    /// Content of a file the configuration names, relative to `default-path`.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.named_files().read(path)
    }

    /// Files for expressions.
    pub fn named_files(&self) -> NamedFiles {
        NamedFiles { files: Arc::clone(&self.files), base: self.global.default_path.clone() }
    }

    /// File and line of the current line, as settings keep them.
    pub fn here(&self) -> (String, u32) {
        (self.place.file.to_string(), self.place.line)
    }
}

/// A userlist ready for use.
pub type Users = Arc<Userlist>;

/// Files as the configuration names them: relative ones start at `default-path`.
pub struct NamedFiles {
    files: Arc<dyn FileProvider + Send + Sync>,
    base: Option<std::path::PathBuf>,
}

impl NamedFiles {
    fn full(&self, path: &str) -> String {
        match &self.base {
            Some(base) if !path.starts_with('/') => base.join(path).to_string_lossy().into_owned(),
            _ => path.to_owned(),
        }
    }
}

impl FileProvider for NamedFiles {
    fn kind(&self, path: &str) -> std::io::Result<EntryKind> {
        self.files.kind(&self.full(path))
    }

    fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.files.read(&self.full(path))
    }

    fn list(&self, path: &str) -> std::io::Result<Vec<DirEntry>> {
        self.files.list(&self.full(path))
    }

    fn addresses(&self, name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        self.files.addresses(name)
    }
}
