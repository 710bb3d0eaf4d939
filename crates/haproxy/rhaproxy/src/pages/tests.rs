use std::sync::Arc;

use haproxy_admin::cli::{self, Answer, Context, Level, Session};
use haproxy_conf::{Environment, FileProvider, MemFiles, Source};
use haproxy_engine::log::LogOutput;
use haproxy_engine::run::{self, Machine, Running};

use crate::args::Args;
use crate::load::{self, Lasting};

const CONFIG: &str = "\
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:1
  acl listed path -f /list
  http-request deny if listed
  default_backend b
backend b
  server s1 127.0.0.1:1 weight 10 check
  server s2 127.0.0.1:1 backup disabled
backend t
  server x 127.0.0.1:1 track b/s1
";

/// A process without sockets, and what its commands work on.
fn process() -> (Running, Context) {
    let mut files = MemFiles::single("/etc/h.cfg", CONFIG);
    files.insert("/list", "/a\n/b\n");
    let args = Args { sources: vec![Source::new("/etc/h.cfg")], ..Args::default() };
    let lasting = Lasting::default();
    let files: Arc<dyn FileProvider + Send + Sync> = Arc::new(files);
    let loaded = load::load(&args, &mut Environment::default(), files, &lasting, None);
    let snapshot = Arc::new(loaded.snapshot.expect("the configuration above is sound"));
    let services = Arc::new(super::services());
    let idle = Arc::clone(&services.idle);
    let running =
        run::start(snapshot, Vec::new(), LogOutput::default(), services, Machine::default()).unwrap();
    let context =
        super::context(&running.process, idle, lasting.vars, loaded.patterns, &[], Default::default());
    (running, context)
}

fn say(context: &Context, session: &mut Session, line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    match cli::run(context, session, &words, None) {
        Answer::Text(text) => text,
        Answer::Later(text) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(text)
        }
    }
}

#[test]
fn commands_answer_in_the_original_words() {
    let (running, context) = process();
    let mut session = Session::new(Level::Admin, std::time::Duration::from_secs(10));
    let mut check =
        |line: &str, expected: &str| assert_eq!(say(&context, &mut session, line), expected, "{line}");
    check("get weight b/s1", "10 (initial 10)\n");
    check("set server b/s1 weight 50%", "");
    check("get weight b/s1", "5 (initial 10)\n");
    check("set server b/s1 weight foo", "Empty weight string empty or preceded by garbage");
    check("set server b/s1 weight 300", "Absolute weight can only be between 0 and 256 inclusive.\n");
    check("set server b/zz state maint", "No such server.\n");
    check("set server zz/n state maint", "No such backend.\n");
    check("disable server b", "Require 'backend/server'.\n");
    check("set server b/s1 state foo", "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
    check("enable health b/s2", "Health check was not configured on this server, cannot enable.\n");
    check("show backend", "# name\nb\nt\n");
    check("disable frontend f", "");
    check("disable frontend f", "All sockets are already disabled.\n");
    check("enable frontend zz", "No such frontend.\n");
    check("show cli level", "admin\n");
    check("get var proc.x", "Variable not found.\n");
    check("set var proc.x int(5)", "This command is restricted to experimental mode only.\n");
    check("experimental-mode on", "");
    check("set var proc.x int(5)", "");
    check("get var proc.x", "proc.x: type=sint value=<5>");
    check("set var proc.x fmt %[var(proc.x),add(2)]!", "");
    check("get var proc.x", "proc.x: type=str value=<7!>");
    check("add acl /list /c", "");
    check("del acl /list /a", "");
    check("del acl /list /a", "Key not found.\n");
    check("show map", "# id (file) description\n");
    check(
        "set server b/s1 addr 127.0.0.2",
        "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'\n",
    );
    check("wait 5", "");
    check("add server b/s1 127.0.0.1:1", "Already exists a server with the same name in backend.\n");
    check("add server b/new", "'server' expects <name> and <addr>[:<port>] as arguments.\n");
    check("add server b/new 127.0.0.1:1 weight 7", "New server registered.\n");
    check("get weight b/new", "7 (initial 7)\n");
    check("set server b/new name newer", "Server name updated.\n");
    check("enable server b/newer", "");
    check("wait 5 srv-removable b/newer", "Only servers in maintenance mode can be deleted.\n");
    check("disable server b/newer", "");
    check("wait 500 srv-removable b/newer", "Done.\n");
    check("del server b/newer", "Server deleted.\n");
    check("del server b/newer", "No such server.\n");
    check("disable server b/s1", "");
    check(
        "del server b/s1",
        "This server cannot be removed at runtime due to other configuration elements pointing to it.\n",
    );
    check("show sess", "");
    check("show sess 0x12", "Session not found.\n");
    check("shutdown session 0x12", "No such session (use 'show sess').\n");
    check("shutdown sessions server b/s1", "");
    check("unpublish backend b", "Backend unpublished.\n");
    check("wait 5 be-removable b", "Only a backend without server can be deleted.\n");
    check("publish backend b", "Backend published.\n");
    check("operator", "");
    check("disable server b/s1", "Permission denied\n");
    running.soft_stop(0);
    running.join();
}

#[test]
fn maintenance_reaches_those_who_track() {
    let (running, context) = process();
    let mut session = Session::new(Level::Admin, std::time::Duration::from_secs(10));
    let mut status = |line: &str| {
        assert_eq!(say(&context, &mut session, line), "", "{line}");
        let csv = say(&context, &mut session, "show stat");
        let column = |line: &str| line.split(',').nth(17).unwrap_or("").to_owned();
        csv.lines()
            .filter(|line| line.starts_with("b,") || line.starts_with("t,"))
            .map(column)
            .collect::<Vec<_>>()
    };
    assert_eq!(status("disable server b/s1"), ["MAINT", "MAINT", "DOWN", "MAINT (via b/s1)", "DOWN"]);
    assert_eq!(status("set server b/s1 state drain"), ["DRAIN", "MAINT", "DOWN", "DRAIN", "DOWN"]);
    assert_eq!(status("enable server b/s2"), ["DRAIN", "no check", "UP", "DRAIN", "DOWN"]);
    assert_eq!(status("set server b/s1 state ready"), ["UP 1/3", "no check", "UP", "UP 1/3", "UP"]);
    running.soft_stop(0);
    running.join();
}
