//! Any configuration with any events in any order: no panic, no endless loop, and the invariants of a machine.

use std::collections::HashMap;

use common_base::time::{Instant, Micros};
use keepalived_vrrp::{
    command::Command,
    config::{
        BfdConfig, DebounceConfig, FileConfig, GroupConfig, InstanceConfig, ProcessConfig, RouterConfig,
        ScriptConfig, Track, Vip, Wanted,
    },
    event::{Event, Link, Lost, Maintenance, Outcome, StartAs},
    ids::{BfdId, FileId, InstanceId, ProcessId, ScriptId},
    router::Router,
    state::State,
};
use keepalived_wire::{
    advert::{Advert, Family, Version},
    error::{ReceiveError, Rejected},
};
use proptest::{collection::vec, prelude::*};

/// Wake-ups in one step of time; more would be a loop.
const WAKES_MAX: u32 = 200_000;

#[derive(Clone, Debug)]
enum Step {
    Event(Event),
    Pass(Micros),
    Reload(RouterConfig),
}

fn name(prefix: &str, n: u8) -> keepalived_vrrp::ids::Name {
    format!("{prefix}{n}").into()
}

fn tracks(prefix: &'static str) -> impl Strategy<Value = Vec<Track>> {
    let one = (0..3_u8, prop_oneof![Just(0), -300..300_i32], any::<bool>())
        .prop_map(move |(n, weight, reverse)| Track { name: name(prefix, n), weight, reverse });
    vec(one, 0..2)
}

fn vips() -> impl Strategy<Value = Vec<Vip>> {
    let one = (0..6_u8, 0..3_u8, any::<bool>()).prop_map(|(n, interface, track)| {
        let mut vip = Vip::plain([192, 0, 2, n].into(), 24, &name("eth", interface));
        vip.track = track;
        vip.on_vmac = n % 2 == 0;
        vip
    });
    vec(one, 0..3)
}

fn instances() -> impl Strategy<Value = InstanceConfig> {
    let numbers = (0..5_u8, prop_oneof![Just(255), 0..=255_u8], 0..20_u64, 0..5_u8, 0..3_u8);
    let flags = vec(any::<bool>(), 12);
    let lists =
        (vips(), vips(), tracks("eth"), tracks("script"), tracks("file"), tracks("process"), tracks("bfd"));
    (numbers, flags, lists).prop_map(|((n, priority, interval, adverts, interface), flag, lists)| {
        let mut config = InstanceConfig::new(&format!("VI_{n}"), &format!("eth{interface}"), Family::V4, n);
        config.priority = priority.max(1);
        config.version = if flag[0] { Version::V2 } else { Version::V3 };
        config.initial = if flag[1] { Wanted::Master } else { Wanted::Backup };
        // zero and other nonsense included: a loader would refuse it, the machine must bear it
        config.advert_interval = Micros::from_millis(interval * 100);
        config.down_timer_adverts = adverts;
        config.preempt = flag[2];
        config.preempt_delay = Micros::from_millis(if flag[3] { interval * 300 } else { 0 });
        config.lower_prio_no_advert = flag[4];
        config.higher_prio_send_advert = flag[5];
        config.owner_ignore_adverts = flag[6];
        config.drop_traffic = flag[7];
        config.unicast = flag[8];
        config.dont_track_primary = flag[9];
        config.notify_priority_changes = flag[10];
        config.smtp_alert = flag[11];
        config.timer_expired_backup = Micros::from_millis(if flag[4] { interval * 50 } else { 0 });
        config.garp.refresh = Micros::from_millis(interval * 200);
        config.garp.extra_interval = Micros::from_millis(interval * 150);
        (
            config.addresses,
            config.excluded,
            config.track_interfaces,
            config.track_scripts,
            config.track_files,
            config.track_processes,
            config.track_bfds,
        ) = lists;
        config
    })
}

fn configs() -> impl Strategy<Value = RouterConfig> {
    let times = (0..5_u64, 0..3_u64, 0..4_u64, 0..3_u32, 0..3_u32, 0..2_u64);
    let groups = vec((vec(0..5_u8, 0..4), any::<bool>(), tracks("eth")), 0..2);
    (vec(instances(), 0..4), groups, times, any::<bool>()).prop_map(|(mut list, groups, times, detail)| {
        // two of the same name are the loader's to refuse
        let mut seen = Vec::new();
        list.retain(|config| {
            let new = !seen.contains(&config.name);
            seen.push(config.name.clone());
            new
        });
        let (interval, garp, startup, rise, fall, quorum) = times;
        let groups = groups
            .into_iter()
            .enumerate()
            .map(|(n, (members, tracking_weight, track_interfaces))| GroupConfig {
                name: format!("G{n}").into(),
                members: members.into_iter().map(|m| name("VI_", m)).collect(),
                track_interfaces,
                track_scripts: Vec::new(),
                track_files: Vec::new(),
                track_processes: Vec::new(),
                track_bfds: Vec::new(),
                tracking_weight,
                smtp_alert: true,
            })
            .collect();
        let script = |n| ScriptConfig {
            name: name("script", n),
            interval: Micros::from_millis(interval * 500),
            timeout: Micros::from_millis(interval * 700),
            rise,
            fall,
            init_fail: n == 0 && rise == 0,
            disabled: n == 1 && fall == 2,
            command: format!("{rise}").into(),
        };
        let process = ProcessConfig {
            name: name("process", 0),
            quorum: 1,
            quorum_max: 2,
            fork_delay: Micros::from_secs(quorum),
            terminate_delay: Micros::from_millis(quorum * 300),
        };
        let debounce = DebounceConfig {
            interface: name("eth", 0),
            down: Micros::from_millis(interval * 400),
            up: Micros::from_millis(interval * 100),
        };
        RouterConfig {
            instances: list,
            groups,
            scripts: vec![script(0), script(1)],
            files: vec![FileConfig { name: name("file", 0) }],
            processes: vec![process],
            bfds: vec![BfdConfig { name: name("bfd", 0) }],
            garp_groups: Vec::new(),
            garp_interval: Micros::from_millis(garp * 40),
            gna_interval: Micros::ZERO,
            debounce: vec![debounce],
            startup_delay: Micros::from_millis(startup.saturating_sub(1) * 800),
            log_detail: detail,
        }
    })
}

fn events() -> impl Strategy<Value = Event> {
    let instance = || (0..6_u32).prop_map(InstanceId);
    let source = || any::<u8>().prop_map(|n| std::net::IpAddr::from([192, 0, 2, n]));
    let link = prop_oneof![Just(Link::Up), Just(Link::Down), Just(Link::Gone)];
    let outcome = prop_oneof![
        (0..3_i32).prop_map(Outcome::Exited),
        Just(Outcome::Signalled(9)),
        Just(Outcome::NotStarted)
    ];
    prop_oneof![
        2 => Just(Event::Start),
        1 => (instance(), 0..3_000_u64).prop_map(|(id, ms)| {
            Event::StartAs(vec![(id, StartAs::ResumeMaster { silent_for: Micros::from_millis(ms) })])
        }),
        12 => (instance(), source(), prop_oneof![Just(0), Just(255), any::<u8>()], 0..3_000_u64, 0..3_usize)
            .prop_map(|(instance, source, priority, centis, count)| {
                let addresses = vec![[192, 0, 2, 1].into(); count];
                let interval = Micros::from_centis(centis);
                let advert =
                    Advert { source, version: Version::V3, vrid: 1, priority, interval, addresses };
                Event::Advert { instance, advert }
            }),
        2 => (instance(), source()).prop_map(|(instance, source)| {
            Event::Rejected { instance, rejected: Rejected { source, error: ReceiveError::Password } }
        }),
        6 => (0..3_u8, link).prop_map(|(n, link)| Event::Link { interface: name("eth", n), link }),
        2 => (instance(), proptest::option::of(source()))
            .prop_map(|(instance, address)| Event::Source { instance, address }),
        3 => (instance(), 0..6_u8, 0..3_u8).prop_map(|(instance, n, i)| {
            let what = Lost::Address { address: [192, 0, 2, n].into(), interface: name("eth", i) };
            Event::Lost { instance, what }
        }),
        5 => (0..3_u32, outcome)
            .prop_map(|(n, outcome)| Event::ScriptEnded { script: ScriptId(n), outcome }),
        3 => prop_oneof![-300..300_i64, any::<i64>()]
            .prop_map(|value| Event::FileValue { file: FileId(0), value }),
        3 => (0..4_u32).prop_map(|count| Event::ProcessCount { process: ProcessId(0), count }),
        2 => any::<bool>().prop_map(|up| Event::Bfd { bfd: BfdId(0), up }),
        2 => (proptest::option::of(instance()), any::<bool>()).prop_map(|(instance, on)| {
            Event::Maintenance { instance, mode: if on { Maintenance::On } else { Maintenance::Off } }
        }),
        1 => instance().prop_map(|instance| Event::SendGarp { instance }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => events().prop_map(Step::Event),
        6 => (0..8_000_u64).prop_map(|ms| Step::Pass(Micros::from_millis(ms))),
        1 => configs().prop_map(Step::Reload),
    ];
    vec(step, 0..60)
}

/// What the kernel would hold, by instance: addresses that were added and not removed.
#[derive(Default)]
struct Kernel(HashMap<InstanceId, Vec<Vip>>);

impl Kernel {
    fn obey(&mut self, commands: &[Command]) {
        for command in commands {
            match command {
                Command::AddAddresses { instance, addresses } => {
                    self.0.entry(*instance).or_default().extend(addresses.iter().cloned());
                }
                Command::RemoveAddresses { instance, addresses } => {
                    self.0.entry(*instance).or_default().retain(|vip| !addresses.contains(vip));
                }
                _ => {}
            }
        }
    }

    /// A master holds all its addresses, anybody else none.
    fn check(&self, router: &Router) {
        for (id, held) in &self.0 {
            let leads = router.instance(*id).filter(|instance| instance.state() == State::Master);
            match leads {
                None => assert!(held.is_empty(), "{id:?} holds {held:?}"),
                Some(instance) => {
                    let config = instance.config();
                    for vip in config.addresses.iter().chain(&config.excluded) {
                        assert!(held.contains(vip), "{id:?} lacks {vip:?}");
                    }
                    for vip in held {
                        let wanted = config.addresses.contains(vip) || config.excluded.contains(vip);
                        assert!(wanted, "{id:?} keeps {vip:?}");
                    }
                }
            }
        }
    }
}

fn pass(router: &mut Router, now: &mut Instant, length: Micros, kernel: &mut Kernel) {
    let end = *now + length;
    let mut wakes = 0;
    while let Some(at) = router.next_deadline().filter(|at| *at <= end) {
        *now = (*now).max(at);
        let mut out = Vec::new();
        router.handle_timeout(*now, &mut out);
        kernel.obey(&out);
        wakes += 1;
        assert!(wakes < WAKES_MAX, "no end");
        assert!(router.next_deadline().is_none_or(|next| next > *now), "what was due is done");
    }
    *now = end;
}

fn check(router: &Router) {
    for instance in router.instances() {
        let effective = instance.effective_priority();
        assert!(effective > 0);
        if instance.state() == State::Master {
            assert!(instance.fault_causes().is_empty() && !instance.is_held());
        }
        if instance.state() == State::Fault {
            assert!(
                !instance.fault_causes().is_empty() || !instance.config().track_scripts.is_empty(),
                "FAULT without a cause"
            );
        }
    }
}

/// As many as `PROPTEST_CASES` says.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(config in configs(), steps in steps()) {
        let mut router = Router::new(config);
        let mut now = Instant(5_000_000);
        let mut kernel = Kernel::default();
        for step in steps {
            let mut out = Vec::new();
            match step {
                Step::Event(event) => router.handle(now, event, &mut out),
                Step::Pass(length) => pass(&mut router, &mut now, length, &mut kernel),
                Step::Reload(config) => router.reload(now, config, &mut out),
            }
            kernel.obey(&out);
            kernel.check(&router);
            check(&router);
        }
        let mut out = Vec::new();
        router.handle(now, Event::Stop, &mut out);
        kernel.obey(&out);
        prop_assert!(kernel.0.values().all(Vec::is_empty), "nothing is left after a stop");
        prop_assert!(out.contains(&Command::Stopped));
        pass(&mut router, &mut now, Micros::from_secs(100), &mut kernel);
        prop_assert!(kernel.0.values().all(Vec::is_empty));
    }
}
