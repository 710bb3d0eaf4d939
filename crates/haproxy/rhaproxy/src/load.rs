//! From the command line's files to a snapshot, with all messages.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use haproxy_conf::{
    Diagnostics, DirEntry, Document, EntryKind, Environment, FileProvider, Flow, OsFiles, Reader, Severity,
    Source, expand_sources,
};
use haproxy_expr::Load;
use haproxy_expr::pattern::store::PatternRef;
use haproxy_expr::vars::VarNames;
use haproxy_model::draft::Draft;
use haproxy_model::parse::{NEGATABLE, SECTIONS, Sink};
use haproxy_model::resolve::resolve;
use haproxy_model::snapshot::Snapshot;

use crate::args::{Args, MasterWorker};
use crate::limits;
use crate::version::facts;

/// Most threads the original starts by itself, in one group.
const THREADS_MAX: u32 = 64;

/// What a load gave.
pub struct Loaded {
    /// The snapshot, when there was no error.
    pub snapshot: Option<Snapshot>,
    /// Its maps and pattern lists, by number.
    pub patterns: Vec<Arc<PatternRef>>,
    /// The files read, directories opened up.
    pub sources: Vec<Source>,
    /// All messages.
    pub diags: Diagnostics,
    /// `quiet` in the global section.
    pub quiet: bool,
    /// `zero-warning` in the global section.
    pub zero_warning: bool,
}

/// What outlives one configuration.
#[derive(Clone)]
pub struct Lasting {
    /// Numbers of variables.
    pub vars: Arc<VarNames>,
}

impl Default for Lasting {
    fn default() -> Self {
        Lasting { vars: Arc::new(VarNames::default()) }
    }
}

/// Loads the files of the command line through `files`. `old` is the snapshot in force, if any.
pub fn load(
    args: &Args,
    env: &mut Environment,
    files: Arc<dyn FileProvider + Send + Sync>,
    lasting: &Lasting,
    old: Option<&Snapshot>,
) -> Loaded {
    let mut diags = Diagnostics::new();
    for text in &args.warnings {
        diags.plain(Severity::Warning, text.clone());
    }
    for text in &args.notices {
        diags.plain(Severity::Notice, text.clone());
    }
    let (draft, sources, flow) = draft(args, env, files, lasting, &mut diags);
    let (quiet, zero_warning) = (draft.global.quiet, draft.global.zero_warning);
    let patterns = draft.load.patterns.all().to_vec();
    let mut snapshot = None;
    if flow == Flow::Continue {
        if args.master_worker == MasterWorker::Off
            && !draft.global.master_worker
            && !draft.global.programs.is_empty()
        {
            let text = "Can't use a 'program' section without master worker mode.";
            diags.plain(Severity::Alert, text);
        }
        let generation = old.map_or(1, |old| old.generation + 1);
        let resolved = resolve(draft, old, generation, &mut diags);
        snapshot = resolved.filter(|_| !diags.has_errors());
        if snapshot.is_none() {
            diags.plain(Severity::Alert, "Fatal errors found in configuration.");
        }
    }
    Loaded { snapshot, patterns, sources, diags, quiet, zero_warning }
}

/// Reads the files as they are written.
pub fn draft(
    args: &Args,
    env: &mut Environment,
    files: Arc<dyn FileProvider + Send + Sync>,
    lasting: &Lasting,
    diags: &mut Diagnostics,
) -> (Draft, Vec<Source>, Flow) {
    let mut expressions = Load::new(Arc::clone(&lasting.vars));
    expressions.environment = env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let files = if args.switches.ipv4_only { Arc::new(Ipv4Only(files)) } else { files };
    let mut draft = Draft::new(expressions, Arc::clone(&files));
    draft.env = env.clone();
    draft.ignore_resolution = args.switches.ignore_resolution_failures;
    draft.global.localpeer = args.local_peer.clone();
    draft.global.threads = default_threads();
    let sources = match expand_sources(&args.sources, &*files) {
        Ok(sources) => sources,
        Err(error) => {
            diags.plain(Severity::Alert, error.to_string());
            return (draft, Vec::new(), Flow::Abort);
        }
    };
    let mut sink = Sink::new(draft);
    let facts = facts(&args.switches);
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &*files };
    let flow = reader.read(&sources, env, diags, &mut sink);
    let mut draft = sink.draft;
    let switches = &args.switches;
    draft.global.insecure_fork_wanted |= switches.insecure_fork;
    draft.global.noreuseport |= switches.no_reuseport;
    draft.global.nosplice |= switches.no_splice || switches.no_fast_forward || switches.no_zero_copy;
    if let Some(maxconn) = args.maxconn {
        draft.global.maxconn = Some(maxconn);
    }
    draft.global.noreuseport |= args.switches.no_reuseport;
    if let Some(pidfile) = &args.pidfile {
        draft.global.pidfile = Some(pidfile.into());
    }
    if let Some(maxconn) = args.proxy_maxconn {
        for px in &mut draft.proxies {
            px.settings.maxconn.get_or_insert(maxconn);
        }
    }
    limits::compute(&mut draft, args.memory_mb);
    (draft, sources, flow)
}

/// `-4`: names have their IPv4 addresses only.
struct Ipv4Only(Arc<dyn FileProvider + Send + Sync>);

impl FileProvider for Ipv4Only {
    fn kind(&self, path: &str) -> io::Result<EntryKind> {
        self.0.kind(path)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<DirEntry>> {
        self.0.list(path)
    }

    fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.addresses(name)?.into_iter().filter(IpAddr::is_ipv4).collect())
    }
}

/// The configuration as it was understood, for `-dC`. It has been loaded before, so its mistakes are known.
pub fn document(args: &Args) -> Document {
    let files = machine_files();
    let facts = facts(&args.switches);
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &*files };
    let sources = expand_sources(&args.sources, &*files).unwrap_or_default();
    haproxy_conf::load(&reader, &sources, &mut Environment::from_process(), &mut Diagnostics::new())
}

/// Threads where the configuration names no number: one for each CPU this process may use.
pub fn default_threads() -> u32 {
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(available).unwrap_or(THREADS_MAX).min(THREADS_MAX)
}

/// The machine's files.
pub fn machine_files() -> Arc<dyn FileProvider + Send + Sync> {
    Arc::new(OsFiles)
}
