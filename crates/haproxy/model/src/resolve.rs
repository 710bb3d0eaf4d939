//! From a draft to a runnable snapshot: names become numbers, and what only shows between sections is checked.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex};

use common_base::ids::{ListenerId, ProxyId, ServerId};
use haproxy_balance::{Balancer, Queue};
use haproxy_conf::{Diagnostics, Severity};
use haproxy_expr::load::Names;
use haproxy_expr::userlist::{Password, Userlist};
use haproxy_rules::{ErrorLine, Switch, SwitchTarget, WrittenTarget};
use haproxy_stats::counter::PerThread;

use crate::draft::{Draft, Place, ProxyDraft, UserlistDraft};
use crate::settings::*;
use crate::snapshot::*;

/// Servers a round robin can take (manual §4.2 "balance").
const ROUND_ROBIN_MAX: usize = 4095;

/// Builds the snapshot. Errors and warnings go to `diags`; `None` when there was an error. Live objects of `old` are
/// taken over by name.
pub fn resolve(
    mut draft: Draft,
    old: Option<&Snapshot>,
    generation: u64,
    diags: &mut Diagnostics,
) -> Option<Snapshot> {
    let errors_before = diags.counts().alerts;
    numbers(&mut draft);
    let names = NameTable::of(&draft);
    for wanted in std::mem::take(&mut draft.load.wanted) {
        if let Err(fault) = wanted.resolve(&names) {
            let text = format!(
                "parsing [{}:{}] : {}.",
                diags.file_name(wanted.place.file),
                wanted.place.line,
                fault.message
            );
            diags.plain(Severity::Alert, text);
        }
    }
    crate::parse::check_caches(&mut draft, diags);
    let caches = crate::filters::caches(&draft, old);
    later(&mut draft, &caches, diags);
    for missing in draft.log_profiles.iter().filter(|draft| !draft.defined) {
        let text =
            format!("unknown log-profile '{}' referenced by a log or do-log line.", missing.profile.name);
        diags.plain(Severity::Alert, text);
    }
    let threads = draft.global.threads.max(1) as usize;
    let mut snapshot = Snapshot {
        generation,
        global: draft.global.clone(),
        proxies: Vec::with_capacity(draft.proxies.len()),
        listeners: Vec::new(),
        listeners_by_live: HashMap::new(),
        servers: Vec::new(),
        rule_places: std::mem::take(&mut draft.rule_places),
        log_profiles: draft.log_profiles.iter().map(|draft| draft.profile.clone()).collect(),
        caches,
        process_vars: Arc::default(),
        first_vars: Vec::new(),
    };
    crate::variables::compute(&mut draft, &snapshot.process_vars, diags);
    if let Some(old) = old {
        let computed = std::mem::replace(&mut snapshot.process_vars, Arc::clone(&old.process_vars));
        snapshot.first_vars = computed.ids().into_iter().map(|id| (id, computed.value(id))).collect();
    }
    let by_name: Arc<HashMap<Vec<u8>, ProxyId>> = Arc::new(names.backends.clone());
    let former: HashMap<&[u8], &Proxy> =
        old.map(|old| old.proxies.iter().map(|px| (px.name.as_slice(), px)).collect()).unwrap_or_default();
    for (index, px) in draft.proxies.iter().enumerate() {
        check_proxy(px, &draft, diags);
        external_check(px, &draft, diags);
        let id = ProxyId(index as u32);
        let proxy = build(px, id, threads, &names, &by_name, &mut snapshot, old, &former, diags);
        snapshot.proxies.push(proxy);
    }
    crate::tracking::all(&mut snapshot, diags);
    fullconn(&mut snapshot);
    snapshot.listeners_by_live =
        snapshot.listeners.iter().map(|l| (Arc::as_ptr(&l.live) as usize, l.id)).collect();
    (diags.counts().alerts == errors_before).then_some(snapshot)
}

/// Gives proxies, listeners and servers their numbers.
fn numbers(draft: &mut Draft) {
    let taken: Vec<u32> = draft.proxies.iter().filter_map(|px| px.uuid).collect();
    // the runtime API's own frontend is the first, where there is one
    let mut next = if draft.global.stats_sockets.is_empty() { 1 } else { 2 };
    for px in &mut draft.proxies {
        if px.uuid.is_none() {
            while taken.contains(&next) {
                next += 1;
            }
            px.uuid = Some(next);
            next += 1;
        }
        let given: Vec<u32> = px.servers.iter().filter_map(ServerSettings::given_id).collect();
        let mut next_server = 1;
        for server in &mut px.servers {
            server.balance.puid = match server.given_id() {
                Some(id) => id,
                None => {
                    while given.contains(&next_server) {
                        next_server += 1;
                    }
                    next_server += 1;
                    next_server - 1
                }
            };
        }
        server_of_old_words(px);
    }
}

/// `dispatch` and `transparent` are servers without a line of their own.
fn server_of_old_words(px: &mut ProxyDraft) {
    if !px.is_backend() || !px.servers.is_empty() {
        return;
    }
    let mut server = ServerSettings::new((px.place.file.to_string(), px.place.line));
    let address = match px.settings.dispatch {
        Some(address) => {
            server.balance.name = "dispatch".into();
            address
        }
        None if px.settings.options.transparent => {
            server.balance.name = "transparent".into();
            server.port_offset = Some(0);
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0)
        }
        None => return,
    };
    server.balance.address = address.to_string();
    server.address = ServerAddress::Ip(address);
    px.servers.push(server);
}

/// All names of the configuration.
struct NameTable {
    /// Servers that expressions speak of.
    spoken_of: RefCell<HashSet<ServerId>>,
    frontends: HashMap<String, ProxyId>,
    backends: HashMap<Vec<u8>, ProxyId>,
    servers: HashMap<(ProxyId, String), ServerId>,
    userlists: HashMap<String, Arc<Userlist>>,
}

impl NameTable {
    fn of(draft: &Draft) -> Self {
        let mut table = NameTable {
            spoken_of: RefCell::default(),
            frontends: HashMap::new(),
            backends: HashMap::new(),
            servers: HashMap::new(),
            userlists: HashMap::new(),
        };
        let mut server = 0;
        for (index, px) in draft.proxies.iter().enumerate() {
            let id = ProxyId(index as u32);
            if px.is_frontend() {
                table.frontends.insert(px.name.clone(), id);
            }
            if px.is_backend() {
                table.backends.insert(px.name.clone().into_bytes(), id);
            }
            for settings in &px.servers {
                table.servers.insert((id, settings.balance.name.to_string()), ServerId(server));
                server += 1;
            }
        }
        for (name, users) in &draft.userlists {
            table.userlists.insert(name.clone(), Arc::new(userlist(users)));
        }
        table
    }
}

impl Names for NameTable {
    fn frontend(&self, name: &str) -> Option<ProxyId> {
        self.frontends.get(name).copied()
    }

    fn backend(&self, name: &str) -> Option<ProxyId> {
        self.backends.get(name.as_bytes()).copied()
    }

    fn server(&self, backend: ProxyId, name: &str) -> Option<ServerId> {
        let found = self.servers.get(&(backend, name.to_owned())).copied();
        self.spoken_of.borrow_mut().extend(found);
        found
    }

    fn userlist(&self, name: &str) -> Option<Arc<Userlist>> {
        self.userlists.get(name).cloned()
    }
}

fn userlist(users: &UserlistDraft) -> Userlist {
    let mut list = Userlist::default();
    for (name, password, hashed, groups) in &users.users {
        let password = match (password.is_empty(), hashed) {
            (true, _) => None,
            (false, true) => Some(Password::Crypt(password.clone())),
            (false, false) => Some(Password::Plain(password.clone().into_bytes())),
        };
        list.add_user(name.as_bytes(), password, groups.clone());
    }
    for (group, members) in &users.groups {
        for member in members {
            list.add_to_group(member.as_bytes(), group);
        }
    }
    list
}

/// Settles what rules asked of the whole configuration.
fn later(draft: &mut Draft, caches: &[CacheSection], diags: &mut Diagnostics) {
    use haproxy_rules::Question;
    for later in std::mem::take(&mut draft.later) {
        let at = format!("parsing [{}:{}]", diags.file_name(later.place.file), later.place.line);
        match later.question {
            Question::ErrorFiles { name, status, slot } => match draft.http_errors.get(&name) {
                None => {
                    let text = format!(
                        "Proxy '{}': unknown http-errors section '{name}' referenced by an http reply .",
                        later.proxy
                    );
                    diags.plain(Severity::Alert, text);
                }
                Some(section) => match section.page(status).and_then(haproxy_rules::ErrorPage::fixed) {
                    Some(reply) => drop(slot.set(Arc::clone(reply))),
                    None => {
                        let text = format!(
                            "Proxy '{}': status '{status}' referenced by an http reply not declared in http-errors section '{name}'.",
                            later.proxy
                        );
                        diags.plain(Severity::Warning, text);
                    }
                },
            },
            Question::Capture { id, request, family } => {
                let declared = draft.proxies.iter().find(|px| px.name == later.proxy).map_or(0, |px| {
                    let captures = &px.settings.captures;
                    if request { captures.request.len() } else { captures.response.len() }
                });
                if id >= declared {
                    let text = format!(
                        "Proxy '{}': unable to find capture id '{id}' referenced by {family} capture rule.",
                        later.proxy
                    );
                    diags.plain(Severity::Alert, text);
                }
            }
            Question::Cache { name, slot } => {
                match crate::filters::cache_for(&later.proxy, &name, draft, caches, diags) {
                    Some(cache) => drop(slot.set(cache)),
                    None => crate::filters::no_cache(&later.proxy, &name, draft, diags),
                }
            }
            Question::LogProfile { name, slot } => drop(slot.set(draft.log_profile_number(&name))),
            Question::Bandwidth { name, slot } => {
                match crate::filters::bandwidth_filter(&later.proxy, &name, draft) {
                    Ok(id) => drop(slot.set(id)),
                    Err(text) => drop(diags.plain(Severity::Alert, format!("{at} : {text}."))),
                }
            }
            Question::Patterns { name, slot } => match draft.load.patterns.named(&name) {
                Some(list) => drop(slot.set(Arc::clone(list))),
                None => {
                    // the original takes the rule, which then never does anything
                    let text = format!("{at} : no ACL or map loads '{name}', so this rule changes nothing.");
                    diags.plain(Severity::Warning, text);
                }
            },
        }
    }
    let sections = std::mem::take(&mut draft.http_errors);
    for px in &mut draft.proxies {
        for (line, place) in std::mem::take(&mut px.settings.errors.written) {
            error_pages(px, &sections, line, &place, diags);
        }
    }
    draft.http_errors = sections;
}

/// Gives a proxy the error pages of one line; later lines win.
fn error_pages(
    px: &mut ProxyDraft,
    sections: &HashMap<String, ErrorReplies>,
    line: ErrorLine,
    place: &Place,
    diags: &mut Diagnostics,
) {
    let (name, wanted) = match line {
        ErrorLine::Page(status, page) => return px.settings.errors.set(status, page),
        ErrorLine::Section { name, statuses } => (name, statuses),
    };
    let at = format!("(at {}:{})", place.file, place.line);
    let Some(section) = sections.get(&name) else {
        let text = format!("proxy '{}': unknown http-errors section '{name}' {at}.", px.name);
        diags.plain(Severity::Alert, text);
        return;
    };
    for status in wanted.iter().filter(|status| section.page(**status).is_none()) {
        let text = format!(
            "proxy '{}' : status '{status}' not declared in http-errors section '{name}' {at}.",
            px.name
        );
        diags.plain(Severity::Warning, text);
    }
    for (status, page) in &section.by_status {
        if wanted.is_empty() || wanted.contains(status) {
            px.settings.errors.set(*status, page.clone());
        }
    }
}

/// `option external-check` needs a command, and the process's leave to run it.
fn external_check(px: &ProxyDraft, draft: &Draft, diags: &mut Diagnostics) {
    if !px.settings.options.external_check || !px.is_backend() {
        return;
    }
    let mut refuse = |text: &str| {
        diags.plain(Severity::Alert, format!("Proxy '{}': {text}", px.name));
    };
    if px.settings.external_check.command.is_none() {
        refuse("'external-check command' unset and required for 'option external-check'.");
    }
    if !draft.global.external_check {
        refuse("'option external-check' requires 'external-check' to be set in the global section.");
    } else if !draft.global.insecure_fork_wanted {
        refuse("'option external-check' requires 'insecure-fork-wanted' to be set in the global section.");
    }
}

/// Warnings and errors about one proxy as a whole.
fn check_proxy(px: &ProxyDraft, draft: &Draft, diags: &mut Diagnostics) {
    let kind = px.role.map_or("proxy", Role::keyword);
    let kind = if kind == "listen" { "proxy" } else { kind };
    let name = &px.name;
    let settings = &px.settings;
    let mut warn = |text: String| {
        diags.plain(Severity::Warning, text);
    };
    if px.role == Some(Role::Frontend) && px.binds.is_empty() {
        warn(format!(
            "frontend '{name}' has no 'bind' directive. Please declare it as a backend if this was intended."
        ));
    }
    let http = settings.mode == Mode::Http;
    if !http && px.is_frontend() {
        let option = match settings.log_line {
            LogLine::Http | LogLine::HttpClf => Some("httplog"),
            LogLine::Https => Some("httpslog"),
            _ => None,
        };
        if let Some(option) = option {
            warn(format!(
                "'option {option}' not usable with {kind} '{name}' (needs 'mode http'). Falling back to 'option tcplog'."
            ));
        }
    }
    if !http && settings.mode == Mode::Tcp && px.role != Some(Role::Backend) {
        for (rules, keyword) in [
            (&px.rules.http_response, "http-response"),
            (&px.rules.http_after_response, "http-after-response"),
        ] {
            if !rules.is_empty() {
                warn(format!("'{keyword}' rules ignored for {kind} '{name}' as they require HTTP mode."));
            }
        }
        if !px.rules.http_request.is_empty() {
            warn(format!("'http-request' rules ignored for {kind} '{name}' as they require HTTP mode."));
        }
    }
    let has_log = !settings.logs.is_empty() || (settings.log_global && !draft.global.logs.is_empty());
    if px.is_frontend() && !has_log {
        let format = match &settings.log_line {
            LogLine::Connect => None,
            _ => Some(()),
        };
        if format.is_some() {
            warn(format!("log format ignored for {kind} '{name}' since it has no log address."));
        }
    }
    missing_timeouts(px, kind, diags);
}

fn missing_timeouts(px: &ProxyDraft, kind: &str, diags: &mut Diagnostics) {
    let timeouts = &px.settings.timeouts;
    let client = px.is_frontend() && timeouts.client.unwrap_or(0) == 0;
    let has_servers = px.is_backend() && (px.role == Some(Role::Backend) || !px.servers.is_empty());
    let server = has_servers && timeouts.server.unwrap_or(0) == 0;
    let connect = has_servers && timeouts.connect.unwrap_or(0) == 0;
    if px.settings.mode == Mode::Health || !(client || server || connect) {
        return;
    }
    diags.plain(
        Severity::Warning,
        format!(
            "missing timeouts for {kind} '{}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
            px.name
        ),
    );
}

#[allow(clippy::too_many_arguments)]
fn build(
    px: &ProxyDraft,
    id: ProxyId,
    threads: usize,
    names: &NameTable,
    by_name: &Arc<HashMap<Vec<u8>, ProxyId>>,
    snapshot: &mut Snapshot,
    old: Option<&Snapshot>,
    former: &HashMap<&[u8], &Proxy>,
    diags: &mut Diagnostics,
) -> Proxy {
    let caches: Vec<Arc<str>> =
        snapshot.caches.iter().map(|section| Arc::clone(&section.cache.name)).collect();
    let role = px.role.unwrap_or(Role::Backend);
    let mut settings = px.settings.clone();
    if settings.mode != Mode::Http {
        settings.log_line = match settings.log_line {
            LogLine::Http | LogLine::Https => LogLine::Tcp,
            LogLine::HttpClf => LogLine::TcpClf,
            other => other,
        };
    }
    if !px.stats_seen {
        settings.stats = None;
    }
    let before = former.get(px.name.as_bytes()).copied().filter(|other| other.role == role);
    let live =
        before.map_or_else(|| Arc::new(proxy_live(threads, &settings)), |other| Arc::clone(&other.live));
    let mut listeners = Vec::new();
    let mut luid = 0;
    if role.is_frontend() && !px.disabled {
        for bind in &px.binds {
            luid = bind.id.unwrap_or(luid + 1);
            let listener = ListenerId(snapshot.listeners.len() as u32);
            listeners.push(listener);
            let kept = old.and_then(|old| {
                old.listeners.iter().find(|other| {
                    other.settings.address == bind.address
                        && old.proxy(other.frontend).name == px.name.as_bytes()
                })
            });
            snapshot.listeners.push(Listener {
                id: listener,
                frontend: id,
                settings: bind.clone(),
                luid,
                live: kept.map_or_else(|| Arc::new(listener_live(threads)), |other| Arc::clone(&other.live)),
            });
        }
    }
    let former_servers: HashMap<&str, &Server> = before
        .map(|other| other.servers.iter().map(|s| (&*s.settings.balance.name, s)).collect())
        .unwrap_or_default();
    let mut servers: Vec<Server> = Vec::with_capacity(px.servers.len());
    let mut servers_by_cookie = HashMap::new();
    for (index, server) in px.servers.iter().enumerate() {
        let server_id = ServerId(snapshot.servers.len() as u32);
        snapshot.servers.push((id, index as u32));
        if let Some(cookie) = &server.balance.cookie {
            servers_by_cookie.entry(cookie.clone()).or_insert(index as u32);
        }
        let kept = former_servers.get(&*server.balance.name).copied();
        let (live, queue) = match kept {
            Some(other) => (Arc::clone(&other.live), Arc::clone(&other.queue)),
            None => {
                let live = Arc::new(haproxy_balance::Server::new(server.balance.clone(), threads));
                begin_state(server, &live);
                let queue = Arc::new(Queue::new(Arc::clone(&live.queue)));
                (live, queue)
            }
        };
        let pinned = names.spoken_of.borrow().contains(&server_id);
        let continues = kept.is_some();
        let settings = server.clone();
        let tracks = None;
        servers.push(Server { id: server_id, backend: id, settings, pinned, live, queue, continues, tracks });
    }
    if matches!(settings.balance.algorithm, haproxy_balance::Algorithm::RoundRobin)
        && servers.len() > ROUND_ROBIN_MAX
    {
        diags.plain(
            Severity::Warning,
            format!("backend '{}' has more than {ROUND_ROBIN_MAX} servers; 'balance roundrobin' will not use the others.", px.name),
        );
    }
    crate::parse::complete_check(&mut settings.check, &settings.check_request);
    settings.balance.all_backups = settings.options.allbackups;
    let balancer = Arc::new(Balancer::new(
        settings.balance.clone(),
        servers.iter().map(|server| Arc::clone(&server.live)).collect(),
    ));
    let default_backend = resolve_default(px, names, diags);
    let filters = crate::filters::resolve(px, &caches, diags);
    let use_server: Vec<UseServer> =
        px.use_server.iter().filter_map(|rule| use_server(px, rule, &servers, diags)).collect();
    for rule in &use_server {
        if let UseServerTarget::Index(index) = rule.target {
            servers[index as usize].pinned = true;
        }
    }
    let switching = px.switching.iter().filter_map(|rule| switch(px, rule, names, diags)).collect();
    Proxy {
        id,
        name: px.name.clone().into_bytes(),
        role,
        uuid: px.uuid.unwrap_or(0),
        place: (px.place.file.to_string(), px.place.line),
        disabled: px.disabled,
        hash_key: settings.balance_key.clone(),
        fullconn: settings.fullconn.unwrap_or(0),
        settings,
        listeners,
        rules: px.rules.clone(),
        switching,
        default_backend,
        backends_by_name: Arc::clone(by_name),
        force_switch: px.force_switch.clone(),
        use_server,
        persist_rules: px.persist_rules.clone(),
        servers,
        balancer,
        servers_by_cookie,
        filters,
        live,
    }
}

/// `init-state`: what a server is before its first check.
pub(crate) fn begin_state(settings: &ServerSettings, live: &haproxy_balance::Server) {
    if !settings.check {
        return;
    }
    let mut check = live.check();
    let (health, down) = match settings.init_state {
        InitState::Up => return,
        InitState::FullyUp => (check.health_max(), false),
        InitState::Down => (check.rise.saturating_sub(1), true),
        InitState::FullyDown => (0, true),
    };
    check.health = health;
    if down && !settings.balance.disabled {
        live.restore_state(haproxy_balance::server::Operational::Stopped, 0);
    }
}

fn proxy_live(threads: usize, settings: &Settings) -> ProxyLive {
    ProxyLive {
        frontend: PerThread::new(threads),
        backend: PerThread::new(threads),
        frontend_sessions: AtomicU32::new(0),
        backend_sessions: AtomicU32::new(0),
        frontend_sessions_max: AtomicU32::new(0),
        backend_sessions_max: AtomicU32::new(0),
        queue: Queue::default(),
        unpublished: AtomicBool::new(settings.unpublished),
        stopped: AtomicBool::new(false),
        request_error: Mutex::default(),
        response_error: Mutex::default(),
        log_lines: AtomicU64::new(0),
        last_change_s: AtomicU64::new(0),
        down_count: AtomicU64::new(0),
        maxconn: AtomicU32::new(settings.maxconn.unwrap_or(0)),
    }
}

fn listener_live(threads: usize) -> ListenerLive {
    ListenerLive {
        counters: PerThread::new(threads),
        connections: AtomicU32::new(0),
        leaving_since_ms: AtomicU64::new(0),
        leaving_spread_ms: AtomicU64::new(0),
    }
}

fn resolve_default(px: &ProxyDraft, names: &NameTable, diags: &mut Diagnostics) -> Option<ProxyId> {
    let wanted = px.settings.default_backend.as_ref()?;
    if !px.is_frontend() {
        return None;
    }
    let found = names.backends.get(wanted).copied();
    if found.is_none() {
        let text = format!(
            "Proxy '{}': unable to find required default_backend: '{}'.",
            px.name,
            String::from_utf8_lossy(wanted)
        );
        diags.plain(Severity::Alert, text);
    }
    found
}

fn switch(
    px: &ProxyDraft,
    written: &crate::draft::SwitchDraft,
    names: &NameTable,
    diags: &mut Diagnostics,
) -> Option<Switch> {
    let rule = written.rule.clone().resolve(&px.name, |name| names.backends.get(name.as_bytes()).copied());
    rule.map_err(|text| diags.plain(Severity::Alert, text)).ok()
}

fn use_server(
    px: &ProxyDraft,
    written: &crate::draft::SwitchDraft,
    servers: &[Server],
    diags: &mut Diagnostics,
) -> Option<UseServer> {
    let condition = written.rule.condition.clone();
    let name = match &written.rule.target {
        WrittenTarget::Format(format) => {
            return Some(UseServer { target: UseServerTarget::Named(Arc::clone(format)), condition });
        }
        WrittenTarget::Name(name) => name,
    };
    match servers.iter().position(|server| *server.settings.balance.name == **name) {
        Some(index) => Some(UseServer { target: UseServerTarget::Index(index as u32), condition }),
        None => {
            let text = format!(
                "Proxy '{}': unable to find server '{name}' referenced in a 'use-server' rule.",
                px.name
            );
            diags.plain(Severity::Alert, text);
            None
        }
    }
}

/// `fullconn` not given: a tenth of the connections of all frontends that can lead to the backend by fixed names.
fn fullconn(snapshot: &mut Snapshot) {
    let global = snapshot.global.maxconn_effective.max(1);
    let mut sums = vec![0u64; snapshot.proxies.len()];
    for px in &snapshot.proxies {
        if !px.role.is_frontend() {
            continue;
        }
        let share = u64::from(px.settings.maxconn.unwrap_or(global));
        let mut targets: Vec<usize> = px
            .switching
            .iter()
            .filter_map(|switch| match switch.target {
                SwitchTarget::Static(id) => Some(id.index()),
                SwitchTarget::Named(_) => None,
            })
            .chain(px.default_backend.map(ProxyId::index))
            .collect();
        if px.role == Role::Listen {
            targets.push(px.id.index());
        }
        targets.sort_unstable();
        targets.dedup();
        for target in targets {
            sums[target] += share;
        }
    }
    for (px, sum) in snapshot.proxies.iter_mut().zip(sums) {
        if px.settings.fullconn.is_none() && px.role.is_backend() {
            px.fullconn = sum.div_ceil(10).max(1) as u32;
        }
    }
}
