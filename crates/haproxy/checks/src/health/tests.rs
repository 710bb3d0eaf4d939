use super::*;
use haproxy_balance::server::ServerConf;

fn checked() -> Arc<Server> {
    Arc::new(Server::new(ServerConf { name: "s1".into(), check: true, ..ServerConf::default() }, 1))
}

fn outcome(status: CheckStatus) -> Outcome {
    Outcome { status, ..Outcome::default() }
}

/// Applies `+` for a passed probe, `-` for a failed one, `4` for a conditional one; gives the status after each.
fn run(server: &Arc<Server>, probes: &str) -> Vec<String> {
    let status = |c| match c {
        '+' => CheckStatus::L4Ok,
        '4' => CheckStatus::L7OkConditional,
        _ => CheckStatus::L4Connection,
    };
    let steps = probes.chars().enumerate();
    steps
        .map(|(i, c)| {
            apply(server, Source::Check, &outcome(status(c)), i as u64 * 1000);
            server.status_text()
        })
        .collect()
}

#[test]
fn rise_and_fall() {
    assert_eq!(checked().status_text(), "UP 1/3");
    assert_eq!(run(&checked(), "-"), ["DOWN"]);
    assert_eq!(run(&checked(), "+---"), ["UP", "UP 2/3", "UP 1/3", "DOWN"]);
    assert_eq!(run(&checked(), "-+-++"), ["DOWN", "DOWN 1/2", "DOWN", "DOWN 1/2", "UP"]);
    assert_eq!(run(&checked(), "+4+"), ["UP", "NOLB", "UP"]);
}

#[test]
fn failures_count_only_while_up() {
    let server = checked();
    run(&server, "+-----");
    assert_eq!((server.check().failures, server.down_transitions()), (3, 1));
}

#[test]
fn maintenance_ends_with_the_benefit_of_the_doubt() {
    let server = checked();
    run(&server, "+");
    let changes = |transitions: Vec<Transition>| transitions.iter().map(|t| t.change).collect::<Vec<_>>();
    assert_eq!(changes(set_maint(&server, Cause::Cli, 5000)), [Change::EnterMaint]);
    assert_eq!(changes(set_maint(&server, Cause::Cli, 5000)), []);
    assert_eq!(server.status_text(), "MAINT");
    assert!(apply(&server, Source::Check, &outcome(CheckStatus::L4Connection), 6000).transitions.is_empty());
    assert_eq!(changes(set_drain(&server, Cause::Cli, 7000)), [Change::LeaveMaint]);
    assert_eq!(server.status_text(), "DRAIN");
    assert_eq!(changes(set_ready(&server, Cause::Cli, 8000)), [Change::LeaveDrain]);
    assert_eq!(server.status_text(), "UP 1/3");
    assert_eq!(server.down_ms(9000), 2000);
}

#[test]
fn followers_take_state_and_maintenance() {
    let (first, second) = (checked(), Arc::new(Server::new(ServerConf::default(), 1)));
    second.track(Some(haproxy_balance::server::Tracked { name: "b/s1".into(), server: Arc::clone(&first) }));
    run(&first, "-");
    assert_eq!(follow(&second, 1).iter().map(|t| t.change).collect::<Vec<_>>(), [Change::Down]);
    assert_eq!(second.status_text(), "DOWN");
    run(&first, "++");
    assert_eq!(follow(&second, 2).iter().map(|t| t.change).collect::<Vec<_>>(), [Change::Up]);
    assert_eq!(second.status_text(), "UP");
    set_maint(&first, Cause::Cli, 3);
    follow(&second, 3);
    assert_eq!(second.status_text(), "MAINT (via b/s1)");
    set_drain(&first, Cause::Cli, 4);
    assert_eq!(follow(&second, 4).iter().map(|t| t.change).collect::<Vec<_>>(), [Change::LeaveMaint]);
    assert_eq!(second.status_text(), "DRAIN");
}

#[test]
fn an_agent_speaks_for_itself() {
    let conf = ServerConf { name: "s".into(), agent: true, weight: 100, ..ServerConf::default() };
    let server = Arc::new(Server::new(conf, 1));
    let say = |line: &str| {
        let (agent, info) = crate::agent::parse(line);
        let status = match agent.health {
            Some(crate::agent::AgentHealth::Up) => CheckStatus::L7Ok,
            Some(crate::agent::AgentHealth::Down) => CheckStatus::L7Status,
            None => CheckStatus::Checked,
        };
        apply(&server, Source::Agent, &Outcome { status, info, agent: Some(agent), ..Outcome::default() }, 1);
        (server.status_text(), server.user_weight())
    };
    assert_eq!(say("75%"), ("no check".to_owned(), 75));
    assert_eq!(say("down"), ("DOWN (agent)".to_owned(), 75));
    assert_eq!(say("up 150%"), ("no check".to_owned(), 150));
    assert_eq!(say("drain").0, "DRAIN (agent)");
    assert_eq!(say("maint").0, "MAINT");
    assert_eq!(say("ready").0, "no check");
    apply(&server, Source::Agent, &outcome(CheckStatus::SocketError), 1);
    assert_eq!(server.status_text(), "no check");
}

#[test]
fn observed_errors_add_up() {
    let server = checked();
    run(&server, "+");
    for _ in 0..9 {
        assert!(!observe(&server, Seen::Bad("x"), 10, OnError::MarkDown, 1).probe_soon);
    }
    let seen = observe(&server, Seen::Bad("L4 unsuccessful connection"), 10, OnError::MarkDown, 1);
    assert!(seen.probe_soon);
    assert_eq!(seen.applied.transitions.len(), 1);
    assert_eq!(
        server.check().output,
        "Detected 10 consecutive errors, last one was: L4 unsuccessful connection"
    );
    assert_eq!(server.status_text(), "DOWN");
}
