//! Every state with every event: where it leads, and what is commanded.

use super::*;
use crate::event::Maintenance;

/// A name in the table and how a router gets there.
type Place = (&'static str, fn() -> Bench);
/// A name in the table and what happens.
type Happening = (&'static str, fn(&mut Bench) -> String);

const PLACES: &[Place] = &[
    ("IDLE", || bench(config())),
    ("INIT", || {
        let mut config = config();
        config.scripts[0].init_fail = false;
        started(config)
    }),
    ("BACKUP", backup),
    ("BACKUP held", || {
        let mut bench = backup();
        bench.happen(Event::Maintenance { instance: None, mode: Maintenance::On });
        bench
    }),
    ("MASTER", || {
        let mut bench = backup();
        bench.script(0, 0);
        bench.router.scripts[0].stop(&mut Vec::new());
        bench.seconds(3.61);
        assert_eq!(bench.state(0), State::Master);
        bench
    }),
    ("FAULT", || {
        let mut bench = backup();
        bench.link("eth0", Link::Down);
        bench
    }),
];

const HAPPENINGS: &[Happening] = &[
    ("start", |b| b.happen(Event::Start)),
    ("advert 0", |b| b.hear(0, 0, PEER)),
    ("advert lower", |b| b.hear(0, 99, PEER)),
    ("advert equal, lower address", |b| b.hear(0, 100, LOW_PEER)),
    ("advert equal, higher address", |b| b.hear(0, 100, PEER)),
    ("advert higher", |b| b.hear(0, 150, LOW_PEER)),
    ("packet refused", |b| {
        let rejected =
            Rejected { source: PEER.into(), error: ReceiveError::Ttl { received: 1, min: 255, max: 255 } };
        b.happen(Event::Rejected { instance: InstanceId(0), rejected })
    }),
    ("its timer ends", |b| {
        let at = b.router.instances[0].instance.next_deadline();
        at.map_or_else(String::new, |at| {
            b.now = at;
            let (timer, due) = b.router.instances[0].instance.timers_mut().pop(at).unwrap();
            let (mut commands, mut out) = (Vec::new(), Vec::new());
            b.router.step(at, 0, Input::Timer(timer, due), &mut commands);
            b.router.finish(at, &mut commands, &mut out);
            b.note(&out)
        })
    }),
    ("interface down", |b| b.link("eth0", Link::Down)),
    ("interface gone", |b| b.link("eth0", Link::Gone)),
    ("interface up", |b| b.link("eth0", Link::Up)),
    ("source address lost", |b| b.happen(Event::Source { instance: InstanceId(0), address: None })),
    ("check fails", |b| b.script(0, 1)),
    ("check succeeds", |b| b.script(0, 0)),
    ("weighted file 20", |b| b.happen(Event::FileValue { file: FileId(0), value: 20 })),
    ("address lost", |b| {
        lost(b, Lost::Address { address: [192, 0, 2, 101].into(), interface: "eth0".into() })
    }),
    ("untracked address lost", |b| {
        lost(b, Lost::Address { address: [192, 0, 2, 201].into(), interface: "eth0".into() })
    }),
    ("route lost", |b| lost(b, Lost::Route("r".into()))),
    ("rule lost", |b| lost(b, Lost::Rule("u".into()))),
    ("maintenance on", |b| b.happen(Event::Maintenance { instance: None, mode: Maintenance::On })),
    ("maintenance off", |b| b.happen(Event::Maintenance { instance: None, mode: Maintenance::Off })),
    ("garp asked for", |b| b.happen(Event::SendGarp { instance: InstanceId(0) })),
    ("stop", |b| b.happen(Event::Stop)),
];

fn lost(bench: &mut Bench, what: Lost) -> String {
    bench.happen(Event::Lost { instance: InstanceId(0), what })
}

fn config() -> RouterConfig {
    let mut one = instance(1);
    let mut untracked = Vip::plain([192, 0, 2, 201].into(), 24, &one.interface);
    untracked.track = false;
    one.excluded = vec![untracked];
    one.routes = vec![crate::config::Object { spec: "r".into(), track: true }];
    one.rules = vec![crate::config::Object { spec: "u".into(), track: true }];
    one.garp.master_repeat = 1;
    one.garp.lower_prio_repeat = 1;
    one.drop_traffic = true;
    one.track_scripts = vec![track("chk", 0)];
    one.track_files = vec![track("file", 1)];
    one.notify_priority_changes = true;
    RouterConfig {
        scripts: vec![ScriptConfig { interval: Micros::from_secs(1_000), ..script("chk") }],
        files: vec![crate::config::FileConfig { name: "file".into() }],
        ..router_of(vec![one])
    }
}

fn backup() -> Bench {
    let mut bench = started(config());
    bench.script(0, 0);
    assert_eq!(bench.state(0), State::Backup);
    bench
}

/// The table stands in `table.txt`; with `UPDATE_EXPECT=1` it is written anew, to be read before it is committed.
#[test]
fn transition_table() {
    let mut table = String::new();
    for (place, arrive) in PLACES {
        for (happening, happen) in HAPPENINGS {
            let mut bench = arrive();
            let text = happen(&mut bench);
            let state = bench.state(0).as_str();
            let held = if bench.router.instances[0].instance.is_held() { " held" } else { "" };
            let timers: Vec<String> = [crate::timers::Timer::MasterDown, crate::timers::Timer::Advert]
                .into_iter()
                .filter_map(|timer| {
                    let at = bench.router.instances[0].instance.timer(timer)?;
                    Some(format!(" {timer:?} {}", at.since(bench.now)))
                })
                .collect();
            writeln!(table, "{place} + {happening} -> {state}{held}{}", timers.concat()).unwrap();
            for word in text.split("; ").filter(|word| !word.is_empty()) {
                writeln!(table, "    {word}").unwrap();
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/router/tests/table.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let expected = std::fs::read_to_string(path).unwrap();
    for (n, (is, should)) in table.lines().zip(expected.lines()).enumerate() {
        assert_eq!(is, should, "line {} of table.txt", n + 1);
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}
