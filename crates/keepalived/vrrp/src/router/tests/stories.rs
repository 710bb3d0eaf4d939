//! Elections, sync groups and life of a process, step by step as they were seen with keepalived 2.2.7.

use super::*;
use crate::{
    config::{GarpGroupConfig, Wanted},
    event::{Maintenance, StartAs},
    state::Reason,
    timers::Timer,
};

fn lines(text: &str) -> Vec<&str> {
    text.split("; ").collect()
}

#[test]
fn alone_at_start_it_leads_after_the_master_down_time() {
    let mut bench = started(router_of(vec![instance(1)]));
    assert_eq!(
        bench.seconds(3.61),
        "3.609375 '(VI_1) Receive advertisement timeout'; advert#0 100; '(VI_1) Entering MASTER STATE'; \
         '(VI_1) setting VIPs.'; add 192.0.2.101; \
         '(VI_1) Sending/queueing gratuitous ARPs on eth0 for 192.0.2.101'; 5x garp eth0 192.0.2.101; \
         INSTANCE VI_1 MASTER 100\n"
    );
    let later = bench.seconds(9.0);
    let adverts = later.matches("advert#0 100").count();
    assert_eq!(adverts, 9, "{later}");
    assert_eq!(later.matches("5x garp").count(), 1, "the second block, once: {later}");
    assert!(later.contains("5.000000") || later.contains("4.99"), "{later}");
}

#[test]
fn blocks_go_round_the_addresses() {
    let mut config = instance(1);
    config.addresses.push(Vip::plain([192, 0, 2, 200].into(), 24, &config.interface));
    config.garp.master_repeat = 2;
    let mut bench = started(router_of(vec![config]));
    let text = bench.seconds(3.61);
    let garps: Vec<&str> = lines(&text).into_iter().filter(|word| word.starts_with("garp")).collect();
    let (a, b) = ("garp eth0 192.0.2.101", "garp eth0 192.0.2.200");
    assert_eq!(garps, [a, b, a, b]);
}

#[test]
fn owner_leads_at_once() {
    let mut config = instance(1);
    config.priority = 255;
    config.initial = Wanted::Master;
    let mut bench = started(router_of(vec![config]));
    assert_eq!(bench.state(0), State::Backup);
    bench.pass(Micros::ZERO);
    assert_eq!(bench.state(0), State::Master);
    assert!(!bench.text.contains("BACKUP"), "{}", bench.text);
}

#[test]
fn two_owners() {
    let mut config = instance(1);
    config.priority = 255;
    config.initial = Wanted::Master;
    let mut bench = started(router_of(vec![config]));
    bench.pass(Micros::ZERO);
    let text = bench.hear(0, 255, LOW_PEER);
    assert!(text.contains(
        "(VI_1) CONFIGURATION ERROR: local instance and 192.0.2.1 are both configured as address owner, please resolve"
    ));
    assert_eq!(bench.state(0), State::Master, "the higher address stays");
    bench.hear(0, 255, LOW_PEER);
    assert_eq!(bench.state(0), State::Master);
    bench.hear(0, 255, LOW_PEER);
    assert_eq!(bench.state(0), State::Backup, "the other does not give up");
    let text = bench.seconds(4.0);
    assert!(text.contains("Restoring our priority to 255"), "{text}");
    assert_eq!(bench.router.instances[0].instance.effective_priority(), 255);
    bench.hear(0, 255, PEER);
    assert_eq!(bench.state(0), State::Backup, "the lower address gives up at once");
}

#[test]
fn a_lower_master_is_let_run_out() {
    let mut bench = started(router_of(vec![instance(1)]));
    bench.seconds(1.0);
    bench.hear(0, 50, PEER);
    bench.seconds(1.0);
    bench.hear(0, 50, PEER);
    assert!(bench.seconds(1.61).starts_with("1.609375"), "the running time was not begun anew");
}

#[test]
fn nopreempt_follows_a_lower_master() {
    let mut config = instance(1);
    config.preempt = false;
    let mut bench = started(router_of(vec![config]));
    for _ in 0..10 {
        bench.seconds(1.0);
        assert_eq!(bench.hear(0, 50, PEER), "");
    }
    assert_eq!(bench.state(0), State::Backup);
    bench.hear(0, 0, PEER);
    assert!(bench.seconds(0.61).starts_with("0.609375"));
}

#[test]
fn preempt_delay_begins_with_the_first_lower_advert() {
    let mut config = instance(1);
    config.preempt_delay = Micros::from_secs(2);
    let mut bench = started(router_of(vec![config.clone()]));
    assert_eq!(bench.hear(0, 50, PEER), "'(VI_1) start preempt delay (2.000000)'");
    let discarding = "'(VI_1) received lower priority (50) advert from 192.0.2.9 - discarding'";
    for expected in ["", discarding, discarding, discarding] {
        bench.seconds(1.0);
        assert_eq!(bench.hear(0, 50, PEER), expected);
    }
    // at 1 s the running time began anew for the last time
    assert!(bench.seconds(1.0).starts_with("0.609375 '(VI_1) Receive advertisement timeout'"));
    assert_eq!(bench.state(0), State::Master);

    let mut bench = started(router_of(vec![config.clone()]));
    bench.hear(0, 50, PEER);
    assert_eq!(bench.hear(0, 200, PEER), "'(VI_1) stop preempt delay'");
    assert_eq!(bench.router.instances[0].instance.timer(Timer::PreemptDelay), None);

    let mut bench = started(router_of(vec![config]));
    assert!(bench.seconds(3.61).starts_with("3.609375"), "nobody there: no delay");
}

#[test]
fn version_3_follows_the_masters_interval() {
    let mut config = instance(1);
    config.version = Version::V3;
    config.advert_interval = Micros::from_millis(500);
    let mut bench = started(router_of(vec![config]));
    let mut advert = advert(&bench.router.instances[0].instance, 150, PEER);
    advert.interval = Micros::from_millis(200);
    let happened = bench.happen(Event::Advert { instance: InstanceId(0), advert });
    assert_eq!(happened, "'(VI_1) advertisement interval updated from 500ms to 200ms by master'");
    let text = bench.seconds(0.73);
    assert!(text.starts_with("0.721875"), "{text}");
    assert!(text.contains("'(VI_1) changing advert interval from 200ms to locally configured 500ms'"));
    assert_eq!(bench.router.instances[0].instance.timer(Timer::Advert), Some(bench.now + Micros(491_875)));
}

#[test]
fn another_address_list_is_told_once_and_used() {
    let mut bench = started(router_of(vec![instance(1)]));
    let mut advert = advert(&bench.router.instances[0].instance, 150, PEER);
    advert.addresses = vec![[192, 0, 2, 77].into()];
    let mut hear = || bench.happen(Event::Advert { instance: InstanceId(0), advert: advert.clone() });
    assert_eq!(
        hear(),
        "'(VI_1) ip address associated with VRID 1 not present in MASTER advert: 192.0.2.101'"
    );
    assert_eq!(hear(), "");
    let seen = &bench.router.instances[0].instance;
    assert_eq!((seen.stats().addr_list_err, seen.stats().advert_rcvd), (2, 2));
    assert_eq!(seen.master().unwrap().source, IpAddr::from(PEER));
}

#[test]
fn each_kind_of_bad_packet_is_told_once_per_period() {
    let mut bench = started(router_of(vec![instance(1)]));
    let mut refuse = |error: ReceiveError| {
        let rejected = Rejected { source: PEER.into(), error };
        bench.happen(Event::Rejected { instance: InstanceId(0), rejected })
    };
    assert_eq!(refuse(ReceiveError::Password), "'(VI_1) received an invalid passwd from 192.0.2.9!'");
    assert_eq!(refuse(ReceiveError::Password), "");
    assert_eq!(
        refuse(ReceiveError::Checksum { version: Version::V2 }),
        "'(VI_1) Invalid VRRPv2 checksum from 192.0.2.9'"
    );
    bench.link("eth0", Link::Down);
    bench.link("eth0", Link::Up);
    let rejected = Rejected { source: PEER.into(), error: ReceiveError::Password };
    assert_ne!(bench.happen(Event::Rejected { instance: InstanceId(0), rejected }), "", "a new period");
    assert_eq!(bench.router.instances[0].instance.stats().auth_failure, 3);
}

#[test]
fn higher_prio_send_advert_sends_a_last_one() {
    let mut config = instance(1);
    config.higher_prio_send_advert = true;
    let mut bench = started(router_of(vec![config]));
    bench.seconds(3.7);
    let text = bench.hear(0, 200, PEER);
    assert!(text.contains("ours 100'; advert#0 100; '(VI_1) Entering BACKUP STATE'"), "{text}");
}

#[test]
fn lower_prio_no_advert_keeps_silent() {
    let mut config = instance(1);
    config.lower_prio_no_advert = true;
    config.garp.lower_prio_repeat = 0;
    let mut bench = started(router_of(vec![config]));
    bench.seconds(3.7);
    let text = bench.hear(0, 50, PEER);
    assert!(!text.contains("advert#") && !text.contains("garp"), "{text}");
    assert!(text.ends_with("INSTANCE VI_1 MASTER_RX_LOWER_PRI 100"));
}

#[test]
fn owner_ignores_adverts_if_told_so() {
    let mut config = instance(1);
    config.priority = 255;
    config.initial = Wanted::Master;
    config.owner_ignore_adverts = true;
    let mut bench = started(router_of(vec![config]));
    bench.pass(Micros::ZERO);
    assert_eq!(bench.hear(0, 255, PEER), "");
    assert_eq!(bench.router.instances[0].instance.stats().advert_rcvd, 0);
}

fn pair() -> RouterConfig {
    let mut second = instance(2);
    second.interface = "eth1".into();
    second.base_interface = "eth1".into();
    RouterConfig { groups: vec![group("G1", &["VI_1", "VI_2"])], ..router_of(vec![instance(1), second]) }
}

fn leading_pair() -> Bench {
    let mut bench = started(pair());
    bench.seconds(3.61);
    assert_eq!(bench.states(), "MASTER MASTER");
    bench
}

#[test]
fn group_leads_together_when_the_last_member_is_ready() {
    let mut bench = started(pair());
    let told = |word| bench.text.find(word).unwrap();
    assert!(told("GROUP G1 BACKUP 0") < told("INSTANCE VI_1 BACKUP 100"), "the group first: {}", bench.text);
    bench.seconds(3.0);
    bench.hear(1, 200, PEER);
    let text = bench.seconds(3.0);
    assert_eq!(bench.states(), "BACKUP BACKUP", "one still hears its master");
    assert!(text.contains("'(VI_1) Receive advertisement timeout'"));
    let text = bench.seconds(0.61);
    let steps: Vec<&str> =
        lines(&text).into_iter().filter(|w| !w.contains("garp") && !w.contains("gratuitous")).collect();
    assert_eq!(
        steps,
        [
            "0.609375 '(VI_2) Receive advertisement timeout'",
            "advert#1 100",
            "'(VI_2) Entering MASTER STATE'",
            "'(VI_2) setting VIPs.'",
            "add 192.0.2.102",
            "INSTANCE VI_2 MASTER 100",
            "'VRRP_Group(G1) Syncing instances to MASTER state'",
            "advert#0 100",
            "'(VI_1) Entering MASTER STATE'",
            "'(VI_1) setting VIPs.'",
            "add 192.0.2.101",
            "INSTANCE VI_1 MASTER 100",
            "GROUP G1 MASTER 0\n",
        ]
    );
}

#[test]
fn group_yields_together() {
    let mut bench = leading_pair();
    assert_eq!(
        bench.hear(1, 200, PEER),
        "'(VI_2) Master received advert from 192.0.2.9 with higher priority 200, ours 100'; \
         '(VI_2) Entering BACKUP STATE'; '(VI_2) removing VIPs.'; del 192.0.2.102; INSTANCE VI_2 BACKUP 100; \
         'VRRP_Group(G1) Syncing instances to BACKUP state'; \
         '(VI_1) Entering BACKUP STATE'; '(VI_1) removing VIPs.'; del 192.0.2.101; INSTANCE VI_1 BACKUP 100; \
         GROUP G1 BACKUP 0"
    );
}

#[test]
fn group_falls_and_rises_together() {
    let mut bench = leading_pair();
    assert_eq!(
        bench.link("eth1", Link::Down),
        "'Netlink reports eth1 down'; '(VI_2) Entering FAULT STATE'; advert#1 0; '(VI_2) sent 0 priority'; '(VI_2) removing VIPs.'; \
         del 192.0.2.102; INSTANCE VI_2 FAULT 100; \
         'VRRP_Group(G1) Syncing instances to FAULT state'; \
         '(VI_1) Entering FAULT STATE'; advert#0 0; '(VI_1) removing VIPs.'; del 192.0.2.101; \
         INSTANCE VI_1 FAULT 100; GROUP G1 FAULT 0"
    );
    assert_eq!(bench.link("eth0", Link::Down), "'Netlink reports eth0 down'");
    assert_eq!(
        bench.link("eth1", Link::Up),
        "'Netlink reports eth1 up'",
        "the other member has a cause of its own now"
    );
    assert_eq!(
        bench.link("eth0", Link::Up),
        "'Netlink reports eth0 up'; '(VI_1) Entering BACKUP STATE'; INSTANCE VI_1 BACKUP 100; \
         'VRRP_Group(G1) Syncing instances to BACKUP state'; \
         '(VI_2) Entering BACKUP STATE'; INSTANCE VI_2 BACKUP 100; GROUP G1 BACKUP 0"
    );
}

#[test]
fn a_group_speaks_right_after_its_members() {
    let mut config = pair();
    config.instances.push(instance(3));
    config.instances[1].interface = "eth0".into();
    config.instances[1].base_interface = "eth0".into();
    let mut bench = started(config);
    let text = bench.link("eth0", Link::Down);
    let told: Vec<&str> = lines(&text).into_iter().filter(|word| !word.starts_with('\'')).collect();
    assert_eq!(
        told,
        ["INSTANCE VI_1 FAULT 100", "INSTANCE VI_2 FAULT 100", "GROUP G1 FAULT 0", "INSTANCE VI_3 FAULT 100"]
    );
}

#[test]
fn group_loses_an_address_together() {
    let mut bench = leading_pair();
    let what = Lost::Address { address: [192, 0, 2, 101].into(), interface: "eth0".into() };
    let text = bench.happen(Event::Lost { instance: InstanceId(0), what });
    assert!(text.contains("'(VI_1) sent 0 priority'") && text.contains("'(VI_2) sent 0 priority'"), "{text}");
    assert!(!text.contains("Syncing"));
    assert!(bench.seconds(0.61).starts_with("0.609375"));
    assert_eq!(bench.states(), "MASTER MASTER");
}

#[test]
fn a_rival_of_one_member_makes_all_repeat_their_arps() {
    let mut bench = leading_pair();
    let text = bench.hear(0, 50, PEER);
    assert!(text.contains("garp eth0 192.0.2.101") && text.contains("garp eth0 192.0.2.102"), "{text}");
    assert_eq!(text.matches("MASTER_RX_LOWER_PRI").count(), 1);
}

#[test]
fn two_causes_have_to_end_both() {
    let mut config = instance(1);
    config.track_interfaces = vec![track("eth1", 0), track("eth2", 0)];
    let mut bench = started(router_of(vec![config]));
    bench.link("eth1", Link::Down);
    bench.link("eth2", Link::Down);
    bench.link("eth1", Link::Up);
    bench.link("eth1", Link::Up);
    assert_eq!(bench.state(0), State::Fault);
    bench.link("eth2", Link::Up);
    assert_eq!(bench.state(0), State::Backup);
}

#[test]
fn out_of_fault_a_unicast_router_tells_where_it_is() {
    let mut config = instance(1);
    config.unicast = true;
    let mut bench = started(router_of(vec![config]));
    bench.link("eth0", Link::Down);
    assert_eq!(
        bench.link("eth0", Link::Up),
        "'Netlink reports eth0 up'; '(VI_1) Entering BACKUP STATE'; INSTANCE VI_1 BACKUP 100; \
         'VI_1: sending gratuitous ARP for 192.0.2.5'; garp eth0 192.0.2.5"
    );
}

#[test]
fn no_source_address_at_start() {
    let mut bench = bench(router_of(vec![instance(1)]));
    bench.happen(Event::Source { instance: InstanceId(0), address: None });
    assert_eq!(
        bench.happen(Event::Start),
        "'(VI_1) entering FAULT state (no IPv4 address for interface)'; '(VI_1) entering FAULT state'; \
         INSTANCE VI_1 FAULT 100; '(VI_1) removing VIPs.'; del 192.0.2.101"
    );
}

#[test]
fn startup_delay() {
    let mut bench =
        bench(RouterConfig { startup_delay: Micros::from_secs(5), ..router_of(vec![instance(1)]) });
    let text = bench.happen(Event::Start);
    assert!(text.starts_with("'Delaying startup for 5 seconds'"), "{text}");
    assert!(text.ends_with("'(VI_1) Entering BACKUP STATE (init)'; INSTANCE VI_1 BACKUP 100"), "{text}");
    bench.seconds(4.0);
    bench.hear(0, 150, PEER);
    let text = bench.seconds(4.61);
    assert!(text.starts_with("4.609375 '(VI_1) Receive advertisement timeout'"), "{text}");
}

#[test]
fn a_clean_stop_says_stop_last() {
    let mut bench = leading_pair();
    assert_eq!(
        bench.happen(Event::Stop),
        "advert#0 0; '(VI_1) sent 0 priority'; '(VI_1) removing VIPs.'; del 192.0.2.101; \
         advert#1 0; '(VI_2) sent 0 priority'; '(VI_2) removing VIPs.'; del 192.0.2.102; \
         INSTANCE VI_1 STOP 100; INSTANCE VI_2 STOP 100; GROUP G1 STOP 0; stopped"
    );
    assert_eq!(bench.router.next_deadline(), None);
    assert_eq!(bench.happen(Event::Stop), "");
}

#[test]
fn a_stop_is_a_transition_too() {
    let mut bench = started(router_of(vec![instance(1)]));
    bench.seconds(3.7);
    let mut out = Vec::new();
    bench.router.handle(bench.now, Event::Stop, &mut out);
    let (instance, from, to, reason) = (InstanceId(0), State::Master, State::Init, Reason::Stop);
    // who remembers masters for a successor must not take this one for dead
    assert!(out.contains(&Command::Transition { instance, from, to, reason }));
}

#[test]
fn after_a_crash_it_goes_on_as_master() {
    let resume = |millis| StartAs::ResumeMaster { silent_for: Micros::from_millis(millis) };
    let mut bench = bench(router_of(vec![instance(1), instance(2)]));
    let both = vec![(InstanceId(0), resume(200)), (InstanceId(1), resume(1_200))];
    let text = bench.happen(Event::StartAs(both));
    assert_eq!(bench.states(), "MASTER BACKUP", "{text}");
    assert!(text.starts_with(
        "'(VI_2) removing VIPs.'; del 192.0.2.102; '(VI_1) Resuming MASTER STATE'; advert#0 100; \
         '(VI_1) Entering MASTER STATE'"
    ));
    assert!(!text.contains("del 192.0.2.101"));

    let mut group = super::bench(pair());
    group.happen(Event::StartAs(vec![(InstanceId(0), resume(200))]));
    assert_eq!(group.states(), "BACKUP BACKUP", "a group goes on as a whole or not at all");

    let mut down = super::bench(router_of(vec![instance(1)]));
    down.link("eth0", Link::Down);
    let text = down.happen(Event::StartAs(vec![(InstanceId(0), resume(200))]));
    assert_eq!(down.states(), "FAULT");
    assert!(text.contains("del 192.0.2.101"), "{text}");
}

#[test]
fn maintenance_hands_a_whole_group_over_and_is_no_fault() {
    let mut bench = leading_pair();
    let text = bench.happen(Event::Maintenance { instance: Some(InstanceId(1)), mode: Maintenance::On });
    assert!(text.contains("advert#0 0") && text.contains("advert#1 0"), "{text}");
    assert!(text.ends_with("GROUP G1 BACKUP 0") && !text.contains("FAULT"), "{text}");
    bench.seconds(100.0);
    assert_eq!(bench.states(), "BACKUP BACKUP");
    bench.happen(Event::Maintenance { instance: None, mode: Maintenance::Off });
    bench.seconds(3.61);
    assert_eq!(bench.states(), "MASTER MASTER");
}

#[test]
fn timers_that_fire_late_are_not_trusted() {
    let mut config = instance(1);
    config.timer_expired_backup = Micros::from_secs(1);
    let mut bench = started(router_of(vec![config]));
    bench.now = bench.now + Micros::from_secs(6);
    assert!(bench.pass(Micros::ZERO).contains("A thread timer expired 2.390625 seconds ago"));
    assert_eq!(bench.state(0), State::Backup);
    bench.seconds(3.61);
    assert_eq!(bench.state(0), State::Master);
    bench.now = bench.now + Micros::from_secs(6);
    bench.pass(Micros::ZERO);
    assert_eq!(bench.state(0), State::Backup);
    assert_eq!(bench.router.instances[0].instance.stats().stalled, 2);
}

#[test]
fn garp_interval_spreads_packets_and_forgets_those_of_a_former_master() {
    let mut config = router_of(vec![instance(1)]);
    config.garp_interval = Micros::from_millis(100);
    let mut bench = started(config.clone());
    let text = bench.seconds(4.1);
    let times: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("garp eth0"))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(times, ["3.609375", "3.709375", "3.809375", "3.909375", "4.009375"]);
    let mut bench = started(config.clone());
    bench.seconds(3.7);
    bench.hear(0, 200, PEER);
    assert_eq!(bench.seconds(1.0), "");

    config.garp_groups = vec![GarpGroupConfig {
        interfaces: vec!["eth0".into()],
        garp_interval: Micros::ZERO,
        gna_interval: Micros::ZERO,
    }];
    let mut bench = started(config);
    assert_eq!(bench.seconds(3.61).matches("5x garp").count(), 1, "a group's own interval wins");
}

#[test]
fn refresh_and_extra_interfaces() {
    let mut config = instance(1);
    let mut elsewhere = Vip::plain([192, 0, 3, 1].into(), 24, &"eth9".into());
    elsewhere.on_vmac = true;
    config.excluded = vec![elsewhere];
    config.garp.master_delay = Micros::ZERO;
    config.garp.refresh = Micros::from_secs(10);
    config.garp.extra_interval = Micros::from_secs(7);
    let mut bench = started(router_of(vec![config]));
    bench.seconds(3.62);
    let text = bench.seconds(21.0);
    let garps: Vec<&str> = text.lines().filter(|line| line.contains("garp")).collect();
    assert_eq!(garps.iter().filter(|l| l.contains("192.0.2.101")).count(), 2, "refresh: {garps:#?}");
    assert_eq!(garps.iter().filter(|l| l.contains("eth9")).count(), 5, "2 refreshes, 3 extras: {garps:#?}");
}

#[test]
fn mails_go_with_transitions() {
    let mut config = instance(1);
    config.smtp_alert = true;
    let mut bench = started(router_of(vec![config]));
    assert!(bench.text.contains("INSTANCE VI_1 BACKUP 100; mail INSTANCE VI_1 BACKUP 100"));
    assert!(bench.seconds(3.61).contains("mail INSTANCE VI_1 MASTER 100"));
}

#[test]
fn detail_lines_are_left_out_unless_wanted() {
    let mut bench = started(RouterConfig { log_detail: false, ..router_of(vec![instance(1)]) });
    assert_eq!(
        bench.seconds(3.61),
        "3.609375 advert#0 100; '(VI_1) Entering MASTER STATE'; add 192.0.2.101; 5x garp eth0 192.0.2.101; \
         INSTANCE VI_1 MASTER 100\n"
    );
}
