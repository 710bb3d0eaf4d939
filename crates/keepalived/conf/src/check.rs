//! The two uses: `-t`, and a start or reload.

use std::collections::HashSet;

use crate::diag::{Message, Rank, exit_code};
use crate::model::Config;
use crate::parse::parse;
use crate::provider::Provider;
use crate::reader::ReaderSetup;
use crate::resolve::resolve;
use crate::role::Roles;

#[cfg(test)]
mod tests;

/// Settings of the command line that the configuration depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-i`: what `@id` compares with; `None` is the host name up to its first dot.
    pub config_id: Option<String>,
    /// Seed of `${_RANDOM}` where `random_seed` is not given. All processes must use the same.
    pub random_seed: u64,
}

impl Options {
    fn setup(&self, provider: &dyn Provider) -> ReaderSetup {
        let config_id = self.config_id.clone().unwrap_or_else(|| provider.host_name());
        ReaderSetup { config_id, random_seed: self.random_seed }
    }
}

/// What `-t` says and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutcome {
    /// The complaints in the order of the processes that make them.
    pub messages: Vec<Message>,
    /// 0, 2, 4, 5 or 6.
    pub exit_code: u8,
}

/// What a start or reload gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The configuration as far as it can be used.
    pub config: Config,
    /// The complaints, each once.
    pub messages: Vec<Message>,
    /// Why the daemon must not run with it, if so: a keyword lacks its parameter, a file or an interface is missing.
    pub fatal: Option<Rank>,
}

/// Checks a configuration as `-t` does: once for each process that would read it.
pub fn check(provider: &dyn Provider, path: &str, options: &Options) -> CheckOutcome {
    let setup = options.setup(provider);
    let mut messages: Vec<Message> = Vec::new();
    for role in Roles::EACH {
        let (mut ctx, result) = parse(provider, path, &setup, role);
        if result.is_ok() && !file_missing(&ctx.sink.messages) {
            resolve(&mut ctx);
        }
        let missing = file_missing(&ctx.sink.messages);
        messages.append(&mut ctx.sink.messages);
        if result.is_err() || missing {
            break;
        }
    }
    CheckOutcome { exit_code: exit_code(&messages), messages }
}

fn file_missing(messages: &[Message]) -> bool {
    messages
        .iter()
        .any(|message| message.rank == Rank::Missing && message.text.starts_with("Configuration file '"))
}

/// Reads the configuration for a set of processes. Complaints of rank [`Rank::Config`] and [`Rank::Security`] leave a
/// configuration that runs.
pub fn load(provider: &dyn Provider, path: &str, options: &Options, roles: Roles) -> Loaded {
    let setup = options.setup(provider);
    let (mut ctx, result) = parse(provider, path, &setup, roles);
    let missing_file = file_missing(&ctx.sink.messages);
    let missing_interface = ctx.draft.missing_interface;
    let config = if result.is_ok() && !missing_file { resolve(&mut ctx) } else { Config::default() };
    let mut seen = HashSet::new();
    let mut messages = std::mem::take(&mut ctx.sink.messages);
    messages.retain(|message| seen.insert((message.place.clone(), message.text.clone())));
    let fatal = match result {
        Err(_) => Some(Rank::Abort),
        Ok(()) if missing_file || missing_interface => Some(Rank::Missing),
        Ok(()) => None,
    };
    Loaded { config, messages, fatal }
}
