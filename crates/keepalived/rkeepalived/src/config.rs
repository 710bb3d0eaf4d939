//! Reading the configuration for a start, a reload and the questions of the command line.

use std::collections::HashSet;

use common_os::memory;
use keepalived_conf::diag::{Message, Rank};
use keepalived_conf::model::Config;
use keepalived_conf::provider::System;
use keepalived_conf::role::Roles;
use keepalived_conf::{Options, check, dump_keywords};

use crate::args::Args;
use crate::identity::exit;

/// Read when `-f` is not given.
const DEFAULT_FILE: &str = "/etc/keepalived/keepalived.conf";

/// Beginnings of complaints after which the rest of a file may mean something else than was written.
const BROKEN: &[&str] = &[
    "Unknown keyword",
    "Unexpected '{'",
    "Missing '{'",
    "Extra '}'",
    "Unmatched quote",
    "Unterminated quote",
    "There are ",
];

/// A configuration with what is to be said about it.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    messages: Vec<Message>,
    fatal: Option<Rank>,
    file: String,
}

impl Loaded {
    /// The exit code if nothing can be started with it.
    pub fn fatal_code(&self) -> Option<u8> {
        match self.fatal? {
            Rank::Missing if self.config.instances.is_empty() => Some(exit::NO_CONFIG),
            Rank::Abort | Rank::Missing | Rank::Note | Rank::Config | Rank::Security => Some(exit::CONFIG),
        }
    }

    /// Why a running daemon does not take it: it cannot be run, or it is broken in a way that the live one (whose
    /// complaints are `known`) is not.
    pub fn refusal(&self, known: &Known) -> Option<String> {
        let broken = |message: &&Message| BROKEN.iter().any(|start| message.text.starts_with(start));
        let found = match self.fatal {
            Some(rank) => self.messages.iter().rfind(|message| message.rank == rank),
            None => self
                .messages
                .iter()
                .filter(|message| message.rank >= Rank::Config)
                .filter(broken)
                .find(|message| !known.0.contains(&message.text)),
        };
        match (found, self.fatal) {
            (Some(message), _) => Some(message.to_string()),
            (None, Some(_)) => Some(String::from("it cannot be run")),
            (None, None) => None,
        }
    }

    /// The configuration alone, without the room that was needed to read it.
    pub fn into_config(self) -> Config {
        // A copy has no spare capacity.
        let config = self.config.clone();
        drop(self);
        memory::trim();
        config
    }

    /// Its complaints, to compare later ones with.
    pub fn known(&self) -> Known {
        Known(self.messages.iter().map(|message| message.text.clone()).collect())
    }
}

/// Complaints about the live configuration.
#[derive(Clone, Debug, Default)]
pub struct Known(HashSet<String>);

fn file(args: &Args) -> &str {
    args.file.as_deref().unwrap_or(DEFAULT_FILE)
}

fn options(args: &Args) -> Options {
    Options { config_id: args.config_id.clone(), random_seed: args.random_seed }
}

/// Reads the configuration for all processes.
pub fn load(args: &Args) -> Loaded {
    let file = file(args).to_owned();
    let loaded = keepalived_conf::load(&System, &file, &options(args), Roles::ALL);
    Loaded { config: loaded.config, messages: loaded.messages, fatal: loaded.fatal, file }
}

/// Writes what is to be said about a configuration to the log.
pub fn log(loaded: &Loaded) {
    tracing::info!("Opening file '{}'.", loaded.file);
    tracing::info!("Configuration file {}", loaded.file);
    for message in &loaded.messages {
        match message.rank {
            Rank::Note | Rank::Config | Rank::Security => tracing::info!("{message}"),
            Rank::Missing | Rank::Abort => tracing::error!("{message}"),
        }
    }
    let config = &loaded.config;
    if !config.virtual_servers.is_empty() {
        let count = config.virtual_servers.len();
        tracing::warn!("LVS is not available in this version: {count} virtual_server blocks are not run");
    }
    if !config.bfd.is_empty() {
        let count = config.bfd.len();
        tracing::warn!("BFD is not available in this version: {count} bfd_instance blocks are not run");
    }
}

/// Reads the configuration again in a child; the parent has looked at it before.
pub fn reread(args: &Args) -> Result<Config, String> {
    let loaded = load(args);
    match loaded.fatal {
        None => Ok(loaded.into_config()),
        Some(_) => Err(loaded.refusal(&Known::default()).unwrap_or_default()),
    }
}

/// `-t`: the text and the exit code.
pub fn test(args: &Args) -> (String, u8) {
    let outcome = check(&System, file(args), &options(args));
    let text = outcome.messages.iter().map(|message| format!("{message}\n")).collect();
    (text, outcome.exit_code)
}

/// `--explain`.
pub fn explain(args: &Args) -> u8 {
    let loaded = load(args);
    for message in &loaded.messages {
        println!("{}", message.extended());
    }
    print!("{}", keepalived_conf::explain(&loaded.config));
    loaded.fatal_code().unwrap_or(exit::OK)
}

/// `--dump-keywords`.
pub fn keywords() -> String {
    dump_keywords()
}
