//! The shell around the machines: what happens goes in, what they command is carried out.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use common_base::time::{Instant, Micros};
use common_os::signals::{rtmax, rtmin};
use common_os::{clock, memory};
use keepalived_conf::model::{Config, Family};
use keepalived_net::links;
use keepalived_net::sysctl::Saved;
use keepalived_notify::processes::ProcessTable;
use keepalived_notify::script::Groups;
use keepalived_vrrp::command::Command;
use keepalived_vrrp::event::{Event, StartAs};
use keepalived_vrrp::ids::{InstanceId, Name};
use keepalived_vrrp::router::Router;
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
use super::sockets::{Addressee, Packet, Sockets};
use super::statics::Statics;
use super::timer::Timer;
use super::translate::{InstancePlan, Objects, Plan, plan};
use super::urgency::Urgency;
use crate::dump::{self, Kind, View};
use crate::heartbeat::{self, Heartbeat};
use crate::options::{AtStop, Options};

/// A timer served later than this means that the process did not run.
const STALL: Micros = Micros(2_000);

/// Everything of the process.
pub struct Shell {
    pub(super) config: Config,
    pub(super) options: Options,
    pub(super) router: Router,
    pub(super) kernel: Kernel,
    pub(super) sockets: Sockets,
    pub(super) live: HashMap<InstanceId, Box<Live>>,
    pub(super) objects: Objects,
    pub(super) group_scripts: Vec<keepalived_conf::model::NotifyScripts>,
    pub(super) checks: Checks,
    pub(super) script_groups: Groups,
    pub(super) teller: Teller,
    pub(super) heartbeat: Heartbeat,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) stopped: bool,
    pub(super) urgency: Urgency,
    pub(super) stopping: bool,
    pub(super) reread: Reread,
    pub(super) timer: Timer,
    pub(super) files: Option<AbortHandle>,
    pub(super) processes: ProcessTable,
    pub(super) hears_processes: bool,
    pub(super) assigned: HashSet<(u32, IpAddr)>,
    pub(super) bfd_events: Option<PathBuf>,
    pub(super) bfd_watched: bool,
    pub(super) present: HashSet<Name>,
    pub(super) virtual_addresses: HashSet<(IpAddr, u8)>,
    pub(super) saved: Vec<Saved>,
    pub(super) statics: Statics,
    pub(super) made: Vec<(Name, Name)>,
    pub(super) _door: Option<Door>,
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
        let mut ready = plan(&setup.config);
        let host = host_name();
        let mut shell = Self {
            router: Router::new(std::mem::take(&mut ready.router)),
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
            assigned: HashSet::new(),
            bfd_events: setup.control.as_ref().map(|path| path.with_extension("bfd")),
            bfd_watched: false,
            present: HashSet::new(),
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
        shell.watch_bfd();
        shell.open_sockets();
        shell.report_sources();
        shell.note_addresses();
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
        memory::trim();
        memory::forget_code();
        match control::open(setup.control.as_deref(), setup.metrics, &shell.inbox) {
            Ok(door) => shell._door = door,
            Err(error) => tracing::warn!("Unable to open the control socket: {error}"),
        }
        Ok(Some(shell))
    }

    /// Takes over what a configuration says of instances; what is known of them stays.
    pub(super) fn adopt(&mut self, ready: Plan) {
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
                    self.live.insert(*id, Box::new(live));
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

    /// Whether something is due for so long that the process must have been kept from running.
    pub fn is_late(&self) -> bool {
        self.router.next_deadline().is_some_and(|due| now().since(due) > STALL)
    }

    /// Takes the packets that wait in the sockets.
    pub fn catch_up(&mut self) {
        for packet in self.sockets.waiting() {
            self.packet(&packet);
        }
    }

    /// Lets the machines do what is due.
    pub fn tick(&mut self) {
        let now = now();
        if let Some(due) = self.router.next_deadline().filter(|due| *due <= now) {
            self.urgency.late(now.since(due));
            // One after the other: what one instance commands is done before the next one is asked.
            let mut commands = Vec::new();
            while self.router.handle_next(now, &mut commands) {
                self.execute(commands.drain(..));
            }
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
            Input::BfdEvents => self.bfd_changed(),
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
        self.execute(commands.into_iter());
    }

    fn packet(&mut self, packet: &Packet) {
        let v4 = packet.meta.destination.is_none() && packet.meta.hop_limit.is_none();
        let peeked = if v4 {
            receive::peek_v4(&packet.bytes).map(|(to, vrid)| (IpAddr::V4(to), vrid))
        } else {
            receive::peek_v6(&packet.bytes).zip(packet.meta.destination).map(|(vrid, to)| (to, vrid))
        };
        let Some((to, vrid)) = peeked else { return };
        let instance = match self.sockets.addressee(packet.pair, to, vrid) {
            Addressee::Instance(instance) => instance,
            Addressee::Elsewhere => return,
            Addressee::Nobody(interface) => {
                if self.config.global.vrrp.log_unknown_vrids {
                    tracing::info!("Unknown VRID({vrid}) received on interface({interface}). ignoring...");
                }
                return;
            }
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

    /// The last steps: waits for notify scripts, removes what was made.
    pub async fn finish(&mut self, linger: Duration) {
        self.checks.stop();
        self.teller.queues().drain(linger).await;
        self.teller.close().await;
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

pub(super) fn host_name() -> String {
    let name = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|_| String::from("localhost"))
}
