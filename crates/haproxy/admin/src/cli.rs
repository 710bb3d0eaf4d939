//! The runtime API: commands on a stats socket (manual of the statistics, 9.3).
//!
//! A command is one row of a table above its function ([`registry`]). Answers are text in the original's words, each
//! ended by an empty line. [`serve`] is the only file that touches a socket.

mod backends;
mod caches;
mod dynamic;
mod errors;
mod general;
mod internals;
mod limits;
mod patterns;
mod registry;
mod serve;
mod servers;
mod sessions;
mod show;
mod state;
mod variables;
mod words;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use haproxy_engine::process::Process;
use haproxy_expr::pattern::store::PatternRef;
use haproxy_expr::vars::VarNames;
use haproxy_model::snapshot::{Proxy, Server, Snapshot};

use crate::source::{About, IdleMeter, Legends, Live, text};

pub use registry::{Command, all};
pub use serve::{Limits, serve_one, serve_tcp, serve_unix};

/// Names and values.
pub type Variables = Vec<(String, String)>;

/// What commands work on; one for all sockets of the process.
pub struct Context {
    /// The process.
    pub process: Arc<Process>,
    /// The program.
    pub about: About,
    /// Measures spare time.
    pub idle: Arc<IdleMeter>,
    /// Names of variables.
    pub vars: Arc<VarNames>,
    /// Maps and lists of the configuration in force, by number.
    pub patterns: ArcSwap<Vec<Arc<PatternRef>>>,
    /// Sockets and their levels, for `show cli sockets`.
    pub sockets: Vec<(String, Level)>,
    /// Messages of the start.
    pub startup_logs: String,
    /// Environment variables of the configuration in force, for `show env`.
    pub environment: ArcSwap<Variables>,
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Look at what is harmless.
    User,
    /// Look at everything, change little.
    #[default]
    Operator,
    /// Change everything.
    Admin,
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::User => "user",
            Level::Operator => "operator",
            Level::Admin => "admin",
        }
    }

    /// From the number a socket's settings hold: 1 user, 2 operator, 3 admin.
    pub fn from_setting(level: Option<u8>) -> Level {
        match level {
            Some(1) => Level::User,
            Some(3) => Level::Admin,
            _ => Level::Operator,
        }
    }
}

/// What a connection does behind a line (manual of the statistics, 9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// It ends.
    #[default]
    Off,
    /// It waits for the next line.
    Silent,
    /// It asks for the next line.
    Shown,
}

/// One connection's state.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it may do.
    pub level: Level,
    /// Whether the connection stays, and asks.
    pub prompt: Prompt,
    /// The prompt shows the process's age.
    pub timed: bool,
    /// True after `expert-mode on`.
    pub expert: bool,
    /// True after `experimental-mode on`.
    pub experimental: bool,
    /// Time a connection may be silent.
    pub timeout: Duration,
    /// True after `quit`.
    pub closing: bool,
    /// It may ask for the listening sockets.
    pub hands_out: bool,
    /// The listening sockets were asked for, and go out instead of an answer.
    pub gives: bool,
}

impl Session {
    /// A new connection's state.
    pub fn new(level: Level, timeout: Duration) -> Self {
        Session {
            level,
            prompt: Prompt::Off,
            timed: false,
            expert: false,
            experimental: false,
            timeout,
            closing: false,
            hands_out: false,
            gives: false,
        }
    }
}

/// One command being run.
pub struct Call<'a> {
    /// What it works on.
    pub cx: &'a Context,
    /// Its connection.
    pub session: &'a mut Session,
    /// The configuration in force.
    pub snapshot: Arc<Snapshot>,
    /// Words behind the command's own.
    pub args: Vec<String>,
    /// Lines sent behind `<<`.
    pub payload: Option<String>,
}

impl Call<'_> {
    /// A word behind the command, empty when it is absent.
    pub fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// The process as statistics see it, with all a reader of this level may see.
    pub fn live(&self) -> Live<'_> {
        let legends = if self.session.level >= Level::Operator { Legends::Shown } else { Legends::Hidden };
        Live { snapshot: &self.snapshot, process: &self.cx.process, legends }
    }

    /// A backend by name or `#number`.
    pub fn backend(&self, name: &str) -> Option<&Proxy> {
        self.proxy(name, |px| px.role.is_backend())
    }

    /// A frontend by name or `#number`.
    pub fn frontend(&self, name: &str) -> Option<&Proxy> {
        self.proxy(name, |px| px.role.is_frontend())
    }

    fn proxy(&self, name: &str, fits: impl Fn(&Proxy) -> bool) -> Option<&Proxy> {
        let number = name.strip_prefix('#').and_then(|number| number.parse::<u32>().ok());
        self.snapshot
            .proxies
            .iter()
            .find(|px| fits(px) && (text(&px.name) == name || number == Some(px.uuid)))
    }

    /// The server `backend/server` names, each by name or `#number`.
    pub fn server(&self, path: &str) -> Result<(&Proxy, &Server), String> {
        let (backend, name) = path.split_once('/').ok_or("Require 'backend/server'.\n")?;
        let px = self.backend(backend).ok_or("No such backend.\n")?;
        let number = name.strip_prefix('#').and_then(|number| number.parse::<u32>().ok());
        let is_it = |server: &&Server| {
            let conf = server.live.conf();
            &*conf.name == name || number == Some(conf.puid)
        };
        Ok((px, px.servers.iter().find(is_it).ok_or("No such server.\n")?))
    }
}

/// What a command says.
pub enum Answer {
    /// Text; an empty line follows it.
    Text(String),
    /// Text that is there only later.
    Later(Pin<Box<dyn Future<Output = String>>>),
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Answer::Text(text)
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Answer::Text(text.to_owned())
    }
}

impl<T: Into<Answer>> From<Result<T, String>> for Answer {
    fn from(result: Result<T, String>) -> Self {
        result.map_or_else(Answer::Text, Into::into)
    }
}

/// Runs one command; `words` are its words, not empty.
pub fn run(cx: &Context, session: &mut Session, words: &[String], payload: Option<String>) -> Answer {
    let Some((command, used)) = registry::find(words, session) else {
        return Answer::Text(registry::unknown(words, session));
    };
    if session.level < command.level {
        return "Permission denied\n".into();
    }
    if command.experimental && !session.experimental {
        return "This command is restricted to experimental mode only.\n".into();
    }
    let args = words[used..].to_vec();
    let snapshot = cx.process.snapshot.load_full();
    (command.run)(&mut Call { cx, session, snapshot, args, payload })
}
