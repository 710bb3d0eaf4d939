//! The shell around the machines: what happens goes in, what they command is carried out.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use common_base::time::{Instant, Micros};
use common_os::clock;
use common_os::signals::{rtmax, rtmin};
use keepalived_conf::model::{Config, Family};
use keepalived_net::addresses::Address;
use keepalived_net::links;
use keepalived_net::mirror::Change;
use keepalived_net::socket::Heard;
use keepalived_net::sysctl::{Saved, Setting};
use keepalived_net::vmac;
use keepalived_notify::files::{self, FileTracker};
use keepalived_notify::processes::{ProcessMonitor, ProcessTable};
use keepalived_notify::script::Groups;
use keepalived_vrrp::command::{Command, Notify, NotifyState, Subject};
use keepalived_vrrp::event::{Event, Link, Lost, StartAs};
use keepalived_vrrp::ids::{InstanceId, Name};
use keepalived_vrrp::router::Router;
use keepalived_vrrp::state::State;
use keepalived_wire::receive::{self, Inbound, Rules, Unicast};
use keepalived_wire::session::Session;
use nix::libc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::checks::Checks;
use super::control::{self, Door};
use super::input::Input;
use super::kernel::Kernel;
use super::notify::{Teller, groups_of};
use super::run::{Reread, Setup, now};
use super::sockets::{Packet, Sockets};
use super::source::source_of;
use super::statics::Statics;
use super::timer::Timer;
use super::translate::{InstancePlan, Objects, Plan, plan};
use super::urgency::Urgency;
use crate::dump::{self, Kind, View};
use crate::heartbeat::{self, Heartbeat};
use crate::inbox;
use crate::options::{AtStop, Options};

/// Everything of the process.
pub struct Shell {
    pub(super) config: Config,
    pub(super) options: Options,
    pub(super) router: Router,
    pub(super) kernel: Kernel,
    pub(super) sockets: Sockets,
    pub(super) live: HashMap<InstanceId, Live>,
    pub(super) objects: Objects,
    pub(super) group_scripts: Vec<keepalived_conf::model::NotifyScripts>,
    pub(super) checks: Checks,
    pub(super) script_groups: Groups,
    pub(super) teller: Teller,
    pub(super) heartbeat: Heartbeat,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) stopped: bool,
    urgency: Urgency,
    pub(super) stopping: bool,
    reread: Reread,
    timer: Timer,
    files: Option<AbortHandle>,
    processes: ProcessTable,
    hears_processes: bool,
    virtual_addresses: HashSet<(IpAddr, u8)>,
    saved: Vec<Saved>,
    statics: Statics,
    made: Vec<(Name, Name)>,
    _door: Option<Door>,
}

/// An instance as this process keeps it.
#[derive(Debug)]
pub struct Live {
    /// How it speaks.
    pub plan: InstancePlan,
    /// What it remembers between packets.
    pub session: Session,
    /// Its place in the heartbeat.
    pub slot: usize,
    /// Its name there.
    pub key: heartbeat::Key,
    /// Source address last told to the machine.
    pub source: Option<IpAddr>,
    /// Last error of sending, so that it is logged once.
    pub send_error: Option<i32>,
    /// When it entered its state, microseconds since 1970.
    pub last_transition_us: u64,
}

impl Shell {
    /// Sets everything up and starts the machines. `None` if an interface is missing that must exist.
    pub fn start(setup: Setup, inbox: mpsc::Sender<Input>) -> io::Result<Option<Self>> {
        tracing::info!("Registering Kernel netlink command channel");
        let buffer = setup.config.global.buffers.vrrp_netlink_cmd;
        let size = buffer.size.and_then(|bytes| usize::try_from(bytes).ok());
        let mut kernel = Kernel::open(size.map(|size| (size, buffer.force)))?;
        kernel.load()?;
        let predecessor = setup.heartbeat.read();
        setup.heartbeat.clear()?;
        let ready = plan(&setup.config);
        let host = host_name();
        let mut shell = Self {
            router: Router::new(ready.router.clone()),
            kernel,
            sockets: Sockets::default(),
            live: HashMap::new(),
            objects: Objects::default(),
            group_scripts: Vec::new(),
            checks: Checks::default(),
            script_groups: groups_of(&setup.config),
            teller: Teller::new(&setup.config, &host),
            heartbeat: setup.heartbeat,
            timer: Timer::new(inbox.clone())?,
            inbox,
            stopped: false,
            urgency: Urgency::new(&setup.config.global),
            stopping: false,
            reread: setup.reread,
            files: None,
            processes: ProcessTable::default(),
            hears_processes: false,
            virtual_addresses: HashSet::new(),
            saved: Vec::new(),
            statics: Statics::default(),
            made: Vec::new(),
            _door: None,
            config: setup.config,
            options: setup.options,
        };
        if !shell.interfaces_exist(&ready) {
            return Ok(None);
        }
        shell.adopt(ready);
        shell.note_firewall();
        shell.set_statics();
        shell.make_vmacs()?;
        shell.promote_secondaries();
        shell.watch_files();
        shell.watch_processes(setup.processes);
        shell.open_sockets();
        shell.report_sources();
        tracing::info!("Registering gratuitous ARP shared channel");
        shell.tell_everything();
        tracing::info!("Startup complete");
        shell.begin(&predecessor);
        shell.log_sockets();
        if shell.options.dump_conf {
            for line in dump::data(&shell.view()).lines() {
                tracing::info!("{line}");
            }
        }
        match control::open(setup.control.as_deref(), setup.metrics, &shell.inbox) {
            Ok(door) => shell._door = door,
            Err(error) => tracing::warn!("Unable to open the control socket: {error}"),
        }
        Ok(Some(shell))
    }

    /// A missing interface is fatal unless `dynamic_interfaces` is set.
    fn interfaces_exist(&self, ready: &Plan) -> bool {
        if self.config.global.vrrp.dynamic_interfaces {
            return true;
        }
        let mut all = true;
        for plan in &ready.instances {
            let base = &plan.base_interface;
            if !base.is_empty() && self.kernel.mirror.link_named(base).is_none() {
                tracing::error!("WARNING - interface {base} for vrrp_instance {} doesn't exist", plan.name);
                all = false;
            }
        }
        if !all {
            tracing::error!("Non-existent interface specified in configuration");
        }
        all
    }

    /// Takes over what a configuration says of instances; what is known of them stays.
    fn adopt(&mut self, ready: Plan) {
        let ids = self.router.ids().instances.clone();
        for (slot, (id, plan)) in ids.iter().zip(ready.instances).enumerate() {
            let family = if plan.family == Family::Inet { libc::AF_INET } else { libc::AF_INET6 };
            let family = u8::try_from(family).unwrap_or(0);
            let key = heartbeat::Key::new(plan.profile.vrid, family, &plan.base_interface);
            match self.live.get_mut(id) {
                Some(live) => {
                    live.plan = plan;
                    live.slot = slot;
                    live.key = key;
                }
                None => {
                    let live = Live {
                        plan,
                        session: Session::default(),
                        slot,
                        key,
                        source: None,
                        send_error: None,
                        last_transition_us: clock::realtime_us(),
                    };
                    self.live.insert(*id, live);
                }
            }
        }
        self.objects.addresses.extend(ready.objects.addresses);
        self.objects.routes.extend(ready.objects.routes);
        self.objects.rules.extend(ready.objects.rules);
        self.group_scripts = ready.groups;
        self.virtual_addresses = self
            .config
            .instances
            .iter()
            .flat_map(|instance| {
                instance.virtual_ipaddress.iter().chain(&instance.virtual_ipaddress_excluded)
            })
            .map(|address| (address.address, address.prefix))
            .collect();
    }

    fn note_firewall(&self) {
        let firewall = &self.config.global.firewall;
        let needed = self.live.values().any(|live| live.plan.vmac.is_some())
            || self.router.instances().any(|instance| instance.config().drop_traffic);
        if needed && firewall.nftables.is_none() && firewall.iptables.is_none() {
            tracing::info!(
                "use_vmac or no_accept/strict specified, but no firewall configured - using nftables"
            );
        }
    }

    /// `promote_secondaries`: the kernel's setting, put back at the end.
    fn promote_secondaries(&mut self) {
        for instance in self.config.instances.iter().filter(|instance| instance.promote_secondaries) {
            let Some(interface) = instance.interface.clone() else { continue };
            let setting = Setting { family: Family::Inet, interface, name: "promote_secondaries" };
            match setting.change("1") {
                Ok(saved) => self.saved.extend(saved),
                Err(error) => tracing::warn!("promote_secondaries: {error}"),
            }
        }
    }

    /// Static objects of the live configuration; those of the one before are removed unless they are the same.
    fn set_statics(&mut self) {
        let next = Statics::of(&self.config);
        let before = std::mem::replace(&mut self.statics, next);
        before.remove_except(&self.statics, &mut self.kernel);
        self.statics.set(&mut self.kernel);
    }

    fn make_vmacs(&mut self) -> io::Result<()> {
        let plans: Vec<InstancePlan> = self.live.values().map(|live| live.plan.clone()).collect();
        self.make_vmacs_for(&plans)
    }

    fn make_vmacs_of(&mut self, ready: &Plan) -> io::Result<()> {
        self.make_vmacs_for(&ready.instances)
    }

    fn make_vmacs_for(&mut self, plans: &[InstancePlan]) -> io::Result<()> {
        for plan in plans {
            let Some(wanted) = &plan.vmac else { continue };
            if self.kernel.mirror.link_named(&wanted.name).is_some() {
                continue;
            }
            let Some(parent) = self.kernel.mirror.index_of(&plan.base_interface) else { continue };
            if let Err(error) = self.kernel.request(&vmac::create(parent, &wanted.name, wanted.mac)) {
                tracing::error!("({}): Failed to create VMAC interface {}: {error}", plan.name, wanted.name);
                continue;
            }
            tracing::info!("({}): Success creating VMAC interface {}", plan.name, wanted.name);
            self.made.push((plan.name.clone(), wanted.name.clone()));
            self.kernel.load()?;
            let Some(index) = self.kernel.mirror.index_of(&wanted.name) else { continue };
            // A family that the kernel lacks has nothing to be set.
            let _ = self.kernel.request(&vmac::no_link_local(index));
            let _ = vmac::configure(&wanted.name);
            if let Ok(saved) = vmac::configure_parent(&plan.base_interface) {
                self.saved.extend(saved);
            }
            self.kernel.redirect_reports(&self.config.global.firewall, plan.family, index, parent);
            self.kernel.request(&links::set_up(index))?;
        }
        self.kernel.load()?;
        Ok(())
    }

    fn watch_files(&mut self) {
        if let Some(task) = self.files.take() {
            task.abort();
        }
        let wanted = &self.config.track_files;
        if wanted.is_empty() {
            return;
        }
        for file in wanted {
            if let Err(error) = files::initialise(file) {
                tracing::warn!("Unable to initialise track file {}: {error}", file.name);
            }
        }
        let task = FileTracker::new(wanted).and_then(|tracker| {
            inbox::watch(tracker, self.inbox.clone(), |tracker| {
                let changed = tracker.changed()?;
                Ok((!changed.is_empty()).then_some(Input::Files(changed)))
            })
        });
        match task {
            Ok(task) => self.files = Some(task),
            Err(error) => tracing::warn!("Unable to monitor track files: {error}"),
        }
    }

    /// Without the kernel's events a count would only be an old one, so nothing counts as running.
    fn watch_processes(&mut self, monitor: Option<ProcessMonitor>) {
        if let Some(monitor) = monitor {
            let result = inbox::watch(monitor, self.inbox.clone(), |monitor| {
                let told = monitor.drain()?;
                Ok((!told.is_empty()).then_some(Input::Processes(told)))
            });
            match result {
                Ok(_) => self.hears_processes = true,
                Err(error) => tracing::warn!("Unable to watch processes: {error}"),
            }
        }
        self.processes = match self.hears_processes {
            true => ProcessTable::new(&self.config.track_processes),
            false => ProcessTable::default(),
        };
    }

    pub(super) fn open_sockets(&mut self) {
        let ids = self.router.ids().instances.clone();
        let instances = ids.iter().filter_map(|id| Some((*id, &self.live.get(id)?.plan)));
        self.sockets.sync(instances, &self.kernel.mirror, &self.inbox);
    }

    fn log_sockets(&self) {
        for line in self.sockets.lines() {
            tracing::debug!("{line}");
        }
    }

    /// The first own address of each family on the interfaces in use.
    fn report_sources(&self) {
        let mut seen = HashSet::new();
        let plans = self.router.ids().instances.iter().filter_map(|id| self.live.get(id));
        for base in plans.map(|live| &live.plan.base_interface) {
            let Some(index) = self.kernel.mirror.index_of(base).filter(|_| seen.insert(base)) else {
                continue;
            };
            let own = self.kernel.mirror.addresses_of(index);
            let own: Vec<IpAddr> = own
                .into_iter()
                .filter(|address| !self.virtual_addresses.contains(&(address.address, address.prefix)))
                .map(|address| address.address)
                .collect();
            let v4 = own.iter().find(|address| address.is_ipv4());
            let v6 = own.iter().find(|ip| matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local()));
            for address in v4.into_iter().chain(v6) {
                tracing::info!("Assigned address {address} for interface {base}");
            }
        }
    }

    /// Tells the machines about every interface, source address, file and process.
    fn tell_everything(&mut self) {
        let known: Vec<(Name, Link)> = self
            .interfaces_of_interest()
            .into_iter()
            .map(|name| {
                let link = self.link_state(&name);
                (name, link)
            })
            .collect();
        for (interface, link) in known {
            self.event(Event::Link { interface, link });
        }
        self.update_sources();
        for number in 0..self.config.track_files.len() {
            self.file_changed(number);
        }
        for number in 0..self.config.track_processes.len() {
            self.process_changed(number);
        }
    }

    fn interfaces_of_interest(&self) -> HashSet<Name> {
        let config = self.router.config();
        let instances = config.instances.iter().flat_map(|instance| {
            let vips = instance.addresses.iter().chain(&instance.excluded).map(|vip| &vip.interface);
            let tracked = instance.track_interfaces.iter().map(|track| &track.name);
            vips.chain(tracked).chain([&instance.interface, &instance.base_interface])
        });
        let groups = config.groups.iter().flat_map(|group| &group.track_interfaces).map(|track| &track.name);
        instances.chain(groups).filter(|name| !name.is_empty()).cloned().collect()
    }

    fn link_state(&self, name: &str) -> Link {
        match self.kernel.mirror.link_named(name) {
            None => Link::Gone,
            Some(link) if link.is_running() => Link::Up,
            Some(_) => Link::Down,
        }
    }

    /// Starts the machines; instances whose predecessor was master a moment ago go on.
    fn begin(&mut self, predecessor: &[(heartbeat::Key, u64)]) {
        let now = now();
        let resume: Vec<(InstanceId, StartAs)> = self
            .live
            .iter()
            .filter_map(|(id, live)| {
                let (_, last) = predecessor.iter().find(|(key, _)| *key == live.key)?;
                let silent_for = now.since(Instant(*last));
                Some((*id, StartAs::ResumeMaster { silent_for }))
            })
            .collect();
        if resume.is_empty() {
            self.event(Event::Start);
        } else {
            self.event(Event::StartAs(resume));
        }
        self.schedule();
    }

    /// Whether everything has been left in order.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Lets the machines do what is due.
    pub fn tick(&mut self) {
        let now = now();
        if let Some(due) = self.router.next_deadline().filter(|due| *due <= now) {
            self.urgency.late(now.since(due));
            let mut commands = Vec::new();
            self.router.handle_timeout(now, &mut commands);
            self.execute(commands);
        }
        self.schedule();
    }

    fn schedule(&mut self) {
        let due = self.router.next_deadline();
        if let Err(error) = self.timer.set(due) {
            tracing::error!("timer: {error}");
        }
    }

    /// Takes one input.
    pub fn take(&mut self, input: Input) {
        match input {
            Input::Due => self.timer.fired(),
            Input::Packet(packet) => self.packet(&packet),
            Input::Kernel(heard) => self.kernel_changed(&heard),
            Input::ScriptEnded { script, outcome } => {
                self.checks.ended(script);
                self.event(Event::ScriptEnded { script, outcome });
            }
            Input::Files(numbers) => {
                for number in numbers {
                    self.file_changed(number);
                }
            }
            Input::Processes(told) => {
                for number in self.processes.follow(&told) {
                    self.process_changed(number);
                }
            }
            Input::Signal(number) => self.signal(number),
            Input::Control(request) => self.answer(request),
        }
    }

    /// Hands an event to the machines and carries out what they command.
    pub(super) fn event(&mut self, event: Event) {
        let mut commands: Vec<Command> = Vec::new();
        self.router.handle(now(), event, &mut commands);
        self.execute(commands);
    }

    fn packet(&mut self, packet: &Packet) {
        let v4 = packet.meta.destination.is_none() && packet.meta.hop_limit.is_none();
        let vrid = if v4 {
            receive::peek_v4(&packet.bytes).map(|(_, vrid)| vrid)
        } else {
            receive::peek_v6(&packet.bytes)
        };
        let Some(vrid) = vrid else { return };
        let Some(instance) = self.sockets.instance(packet.pair, vrid) else {
            if self.config.global.vrrp.log_unknown_vrids {
                tracing::info!("Unknown VRID({vrid}) received");
            }
            return;
        };
        let Some(live) = self.live.get_mut(&instance) else { return };
        let plan = &live.plan;
        let rules = Rules {
            profile: &plan.profile,
            interval: plan.interval,
            unicast: plan.unicast.as_deref().map(|peers| Unicast { peers, check_source: plan.check_source }),
            wall: Micros(clock::realtime_us()),
        };
        let result = if v4 {
            live.session.receive_v4(&packet.bytes, &rules)
        } else {
            let inbound = Inbound {
                payload: &packet.bytes,
                source: packet.meta.source,
                destination: packet.meta.destination,
                hop_limit: packet.meta.hop_limit,
            };
            live.session.receive_v6(&inbound, &rules)
        };
        match result {
            Ok(advert) => self.event(Event::Advert { instance, advert }),
            Err(rejected) => self.event(Event::Rejected { instance, rejected }),
        }
    }

    fn kernel_changed(&mut self, heard: &Heard) {
        let changes = match self.kernel.follow(heard) {
            Ok(changes) => changes,
            Err(error) => {
                tracing::error!("Netlink: {error}");
                return;
            }
        };
        let mut links = HashSet::new();
        for change in &changes {
            if let Change::Link(link) | Change::LinkGone(link) = change {
                links.insert(Name::from(link.name.as_str()));
            }
        }
        if !links.is_empty() {
            self.open_sockets();
            let interesting = self.interfaces_of_interest();
            for interface in links.into_iter().filter(|name| interesting.contains(name)) {
                let link = self.link_state(&interface);
                self.event(Event::Link { interface, link });
            }
        }
        for change in &changes {
            match change {
                Change::Address(address) => self.report_address(address, "Assigned address", "for"),
                Change::AddressGone(address) => {
                    self.report_address(address, "Deassigned address", "from");
                    self.address_gone(address);
                }
                Change::Link(_) | Change::LinkGone(_) => {}
            }
        }
        if !changes.is_empty() {
            self.update_sources();
        }
        if changes.iter().any(|change| matches!(change, Change::AddressGone(_))) {
            self.statics.restore(&mut self.kernel, None);
        }
        let returned = changes.iter().any(|change| match change {
            Change::Link(link) => link.is_running() && self.statics.interfaces().contains(link.name.as_str()),
            Change::LinkGone(_) | Change::Address(_) | Change::AddressGone(_) => false,
        });
        if returned {
            self.statics.set(&mut self.kernel);
        }
        for (instance, route) in self.kernel.take_lost_routes() {
            self.event(Event::Lost { instance, what: Lost::Route(route) });
        }
        for (instance, rule) in self.kernel.take_lost_rules() {
            self.event(Event::Lost { instance, what: Lost::Rule(rule) });
        }
    }

    /// `--address-monitoring`.
    fn report_address(&self, address: &Address, what: &str, word: &str) {
        if self.options.report_addresses
            && let Some(link) = self.kernel.mirror.link(address.index)
        {
            tracing::info!("{what} {} {word} interface {}", address.address, link.name);
        }
    }

    fn address_gone(&mut self, address: &Address) {
        let place = (address.index, address.address, address.prefix);
        if self.kernel.mirror.has(place.0, place.1, place.2) {
            return;
        }
        let Some(instance) = self.kernel.forget(&place) else { return };
        let interface = match self.kernel.mirror.link(address.index) {
            Some(link) => Name::from(link.name.as_str()),
            None => return,
        };
        let what = Lost::Address { address: address.address, interface };
        self.event(Event::Lost { instance, what });
    }

    /// Instances that have just been made need their source before their first advert.
    fn update_sources_of_new(&mut self) {
        for instance in self.router.ids().instances.clone() {
            let Some(live) = self.live.get(&instance) else { continue };
            if live.source.is_none() {
                let address = source_of(&live.plan, &self.kernel.mirror, |address| {
                    self.virtual_addresses.contains(&(address.address, address.prefix))
                });
                if let Some(live) = self.live.get_mut(&instance) {
                    live.source = address;
                }
                self.event(Event::Source { instance, address });
            }
        }
    }

    /// `fifo_write_vrrp_states_on_reload`.
    fn write_states(&mut self) {
        let states: Vec<Notify> = self
            .router
            .instances()
            .filter_map(|instance| {
                let state = match instance.state() {
                    State::Init => return None,
                    State::Backup => NotifyState::Backup,
                    State::Master => NotifyState::Master,
                    State::Fault => NotifyState::Fault,
                };
                Some(Notify {
                    subject: Subject::Instance(instance.id()),
                    name: instance.config().name.clone(),
                    state,
                    priority: instance.effective_priority(),
                })
            })
            .collect();
        for notify in &states {
            self.teller.write(notify);
        }
    }

    pub(super) fn update_sources(&mut self) {
        for instance in self.router.ids().instances.clone() {
            let Some(live) = self.live.get(&instance) else { continue };
            let address = source_of(&live.plan, &self.kernel.mirror, |address| {
                self.virtual_addresses.contains(&(address.address, address.prefix))
            });
            if address != live.source || address.is_none() {
                if let Some(live) = self.live.get_mut(&instance) {
                    live.source = address;
                }
                self.event(Event::Source { instance, address });
            }
        }
    }

    fn file_changed(&mut self, number: usize) {
        let Some(file) = self.config.track_files.get(number) else { return };
        let value = files::value_of(Path::new(&file.file));
        if let Some(file) = self.router.ids().files.get(number).copied() {
            self.event(Event::FileValue { file, value });
        }
    }

    fn process_changed(&mut self, number: usize) {
        let count = self.processes.count(number);
        if let Some(process) = self.router.ids().processes.get(number).copied() {
            self.event(Event::ProcessCount { process, count });
        }
    }

    fn signal(&mut self, number: i32) {
        match number {
            libc::SIGTERM | libc::SIGINT => {
                self.stopping = true;
                self.event(Event::Stop);
            }
            libc::SIGHUP => self.reload(),
            libc::SIGUSR1 => self.dump(Kind::Data),
            libc::SIGUSR2 => self.dump(Kind::Stats),
            other if other == rtmin(2) => self.dump(Kind::Json),
            other if other == rtmax(1) => {
                tracing::info!(
                    "Printing and clearing VRRP stats for process({}) on signal",
                    std::process::id()
                );
                self.router.clear_stats();
            }
            _ => {}
        }
    }

    /// What the dumps look at.
    pub(super) fn view(&self) -> View<'_> {
        View {
            config: &self.config,
            options: &self.options,
            router: &self.router,
            live: &self.live,
            mirror: &self.kernel.mirror,
            sockets: &self.sockets,
        }
    }

    /// Writes one of the data files.
    fn dump(&self, kind: Kind) {
        let view = self.view();
        let (what, text) = match kind {
            Kind::Stats => ("VRRP stats", Some(dump::stats(&view))),
            Kind::Json => ("VRRP as json", dump::json(&view)),
            Kind::Data | Kind::ParentData => ("VRRP data", Some(dump::data(&view))),
        };
        let Some(text) = text else { return };
        let path = dump::path(kind, &self.config, &self.options);
        let result = dump::write_whole(&path, &text);
        tracing::info!("Printing {what} for process({}) on signal", std::process::id());
        if let Err(error) = result {
            tracing::warn!("Unable to write {}: {error}", path.display());
        }
    }

    fn reload(&mut self) {
        tracing::info!("Reloading");
        let config = match (self.reread)() {
            Ok(config) => config,
            Err(reason) => {
                tracing::error!("Configuration refused, nothing changes: {reason}");
                return;
            }
        };
        if !self.interfaces_exist(&plan(&config)) && !config.global.vrrp.dynamic_interfaces {
            tracing::error!("Configuration refused, nothing changes");
            return;
        }
        for line in super::changes::changes(&self.config, &config) {
            tracing::info!("Reload: {line}");
        }
        let ready = plan(&config);
        self.config = config;
        // Objects of both configurations: what vanishes has to be found, too.
        self.objects.addresses.extend(ready.objects.addresses.clone());
        self.objects.routes.extend(ready.objects.routes.clone());
        self.objects.rules.extend(ready.objects.rules.clone());
        if let Err(error) = self.make_vmacs_of(&ready) {
            tracing::error!("vmac: {error}");
        }
        let mut commands = Vec::new();
        self.router.reload(now(), ready.router.clone(), &mut commands);
        // Numbers of new instances are known now; those of vanished ones are still in use.
        let objects = ready.objects.clone();
        self.adopt(ready);
        self.open_sockets();
        self.update_sources_of_new();
        self.execute(commands);
        self.objects = objects;
        let ids: HashSet<InstanceId> = self.router.ids().instances.iter().copied().collect();
        self.live.retain(|id, _| ids.contains(id));
        self.set_statics();
        self.script_groups = groups_of(&self.config);
        self.teller.configure(&self.config, &host_name());
        self.watch_files();
        self.watch_processes(None);
        self.tell_everything();
        if self.config.global.fifos.write_vrrp_states_on_reload {
            self.write_states();
        }
        tracing::info!("Reload complete");
    }

    /// The last steps: waits for notify scripts, removes what was made.
    pub async fn finish(&mut self, linger: Duration) {
        self.checks.stop();
        self.teller.queues().drain(linger).await;
        self.teller.close();
        if self.options.at_stop == AtStop::Keep {
            return;
        }
        self.statics.remove_except(&Statics::default(), &mut self.kernel);
        self.kernel.remove_firewall();
        for (instance, name) in std::mem::take(&mut self.made) {
            if let Some(index) = self.kernel.mirror.index_of(&name) {
                match self.kernel.request(&links::delete(index)) {
                    Ok(()) => tracing::info!("({instance}) Success removing VMAC interface {name}"),
                    Err(error) => tracing::warn!("Unable to remove VMAC interface {name}: {error}"),
                }
            }
        }
        for saved in std::mem::take(&mut self.saved) {
            let _ = saved.restore();
        }
    }
}

fn host_name() -> String {
    let name = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|_| String::from("localhost"))
}
