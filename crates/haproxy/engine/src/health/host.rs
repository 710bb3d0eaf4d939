//! What a probe may ask of the process it runs in.

use std::cell::RefCell;
use std::sync::Arc;

use common_base::ids::ProxyId;
use haproxy_balance::Server as Live;
use haproxy_balance::server::Operational;
use haproxy_checks::program::Text;
use haproxy_expr::Got;
use haproxy_expr::cx::{Cx, Direction, Input, Session, Txn};
use haproxy_expr::value::{Type, Value};
use haproxy_expr::vars::{Scope, SharedValue, VarRef, VarStore};
use haproxy_http::h1::{Limits, Parsed, Relax, ReplyTo, Resume, parse_response};
use haproxy_model::settings::{CheckValue, ServerAddress};
use haproxy_model::snapshot::Settings;

use super::index::Index;
use crate::clock;
use crate::process::Process;
use crate::world::LiveWorld;

/// The surroundings of one probe.
pub struct Host {
    process: Arc<Process>,
    index: Arc<Index>,
    server: Arc<Live>,
    /// Variables of this probe, of the scopes `check` and `sess`.
    vars: Vec<(VarRef, SharedValue)>,
}

impl Host {
    /// For a probe of `server` under a snapshot.
    pub fn new(process: Arc<Process>, index: Arc<Index>, server: Arc<Live>) -> Self {
        Host { process, index, server, vars: Vec::new() }
    }

    fn settings(&self) -> Option<&Settings> {
        self.index.place(&self.server).map(|place| &place.px.settings)
    }

    fn value(&self, source: &str, answer: &[u8]) -> Option<SharedValue> {
        let expression = self.settings()?.check_expressions.expressions.get(source)?;
        self.look(answer, |cx| expression.eval(cx).ok().map(SharedValue::from))
    }

    fn store(&mut self, var: VarRef, value: Option<SharedValue>) {
        if var.scope == Scope::Proc {
            self.index.snapshot.process_vars.set(var.id, value);
            return;
        }
        self.vars.retain(|(other, _)| *other != var);
        self.vars.extend(value.map(|value| (var, value)));
    }

    fn store_of(&self, scope: Scope) -> RefCell<VarStore> {
        let mut store = VarStore::default();
        for (var, value) in self.vars.iter().filter(|(var, _)| var.scope == scope) {
            store.set(var.id, value.clone().into_value());
        }
        RefCell::new(store)
    }

    /// Lets an expression see the probe: `answer` as the input, and as a response when it is one of HTTP.
    fn look<T>(&self, answer: &[u8], read: impl FnOnce(&Cx<'_>) -> T) -> T {
        let now_ms = self.process.clock.now_ms();
        let world =
            LiveWorld { snapshot: &self.index.snapshot, process: &self.process, thread: 0, now_ms, calls: 0 };
        let place = self.index.place(&self.server);
        let (backend, server) =
            place.map_or((ProxyId(0), None), |place| (place.px.id, Some(place.server().id)));
        let session = Session {
            frontend: backend,
            accepted: clock::date(),
            accepted_ms: now_ms,
            vars: self.store_of(Scope::Sess),
            ..Session::nobody()
        };
        let check_vars = self.store_of(Scope::Check);
        let mut txn = Txn { http: true, backend, server, ..Txn::default() };
        let mut body = answer;
        if answer.starts_with(b"HTTP/") {
            let limits = Limits::default();
            let mut resume = Resume::default();
            let reply = ReplyTo::default();
            let parsed =
                parse_response(answer, &mut resume, &limits, Relax::default(), reply, &mut txn.response);
            if let Ok(Parsed::Complete { head_len, .. }) = parsed {
                txn.has_response = true;
                body = &answer[head_len.min(answer.len())..];
            }
        }
        read(&Cx {
            session: &session,
            txn: Some(&txn),
            world: &world,
            direction: Direction::Response,
            input: Input { bytes: body, complete: true },
            date: clock::date(),
            now_ms,
            check_vars: Some(&check_vars),
        })
    }

    /// `UP`, `UP 1/3`, `DOWN`, `DOWN 1/2`, `NOLB`: health alone, whatever operators did.
    fn health(&self) -> String {
        let check = self.server.check().clone();
        let reached = (check.health + 1).saturating_sub(check.rise);
        let full = check.health >= check.health_max();
        match self.server.state() {
            Operational::Stopped if check.health == 0 => "DOWN".to_owned(),
            Operational::Stopped => format!("DOWN {}/{}", check.health, check.rise),
            Operational::Stopping if full => "NOLB".to_owned(),
            Operational::Stopping => format!("NOLB {reached}/{}", check.fall),
            Operational::Starting | Operational::Running if full => "UP".to_owned(),
            Operational::Starting | Operational::Running => format!("UP {reached}/{}", check.fall),
        }
    }
}

impl haproxy_checks::run::Host for Host {
    fn format(&self, source: &str, answer: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(format) =
            self.settings().and_then(|settings| settings.check_expressions.formats.get(source))
        {
            self.look(answer, |cx| format.write(cx, &mut out));
        }
        out
    }

    fn integer(&self, source: &str, answer: &[u8]) -> Option<u32> {
        let expression = self.settings()?.check_expressions.expressions.get(source)?;
        self.look(answer, |cx| match expression.eval_as(cx, Type::Sint) {
            Got::Is(Value::Int(number)) => u32::try_from(number).ok(),
            _ => None,
        })
    }

    fn set_var(&mut self, source: &Text, answer: &[u8]) {
        let (Text::Format(key) | Text::HexFormat(key)) = source else { return };
        let Some((var, wanted)) =
            self.settings().and_then(|settings| settings.check_expressions.variables.get(key)).cloned()
        else {
            return;
        };
        let value = match &wanted {
            CheckValue::Expression(source) => self.value(source, answer),
            CheckValue::Format(source) => Some(SharedValue::Str(self.format(source, answer))),
            CheckValue::Nothing => None,
        };
        if value.is_some() || wanted == CheckValue::Nothing {
            self.store(var, value);
        }
    }

    fn unset_var(&mut self, name: &str) {
        self.set_var(&Text::Format(name.to_owned()), &[]);
    }

    fn server_state(&self) -> String {
        let Some(place) = self.index.place(&self.server) else { return self.health() };
        let (server, px) = (place.server(), place.px);
        let (address, port) = match &server.settings.address {
            ServerAddress::Ip(address) => (address.ip().to_string(), address.port().to_string()),
            ServerAddress::Unix(path) => (format!("unix:{}", path.display()), String::new()),
            ServerAddress::Abstract(name) => {
                (format!("abns@{}", String::from_utf8_lossy(name)), String::new())
            }
            ServerAddress::Unresolved(..) => (String::new(), String::new()),
        };
        let live = &self.server;
        let backend_sessions = px.live.backend_sessions.load(std::sync::atomic::Ordering::Relaxed);
        let mut text = format!(
            "{}; address={address}; port={port}; name={}/{}; node={}; weight={}/{}; scur={}/{backend_sessions}; qcur={}",
            self.health(),
            place.backend(),
            server.settings.balance.name,
            self.process.node,
            live.shown_weight(),
            px.balancer.totals().shown_weight(),
            live.current(),
            live.queue.now(),
        );
        if live.state() == Operational::Starting {
            text.push_str(&format!("; throttle={}%", live.throttle_percent()));
        }
        text
    }

    fn server_is_up(&self) -> bool {
        self.server.state() != Operational::Stopped
    }
}
