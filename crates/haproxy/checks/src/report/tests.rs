use std::sync::Arc;

use haproxy_balance::report::CheckStatus;
use haproxy_balance::server::ServerConf;

use super::*;
use crate::health;

fn lines(server: &Arc<Server>, transitions: &[Transition], probes: ProbesLogged) -> Vec<Line> {
    let totals = Totals { active: 2, backup: 1, ..Totals::default() };
    let _ = server;
    transitions.iter().flat_map(|t| transition_lines("b", t, totals, Moved::default(), probes)).collect()
}

#[test]
fn words_of_the_original() {
    let conf = ServerConf { name: "s1".into(), check: true, ..ServerConf::default() };
    let server = Arc::new(Server::new(conf, 1));
    let refused = Outcome {
        status: CheckStatus::L4Connection,
        info: crate::outcome::Failure::Os(111).text(),
        ..Outcome::default()
    };
    let applied = health::apply(&server, Source::Check, &refused, 1);
    assert!(applied.notable);
    assert_eq!(
        probe_line("b", &server, Source::Check, &refused).1,
        "Health check for server b/s1 failed, reason: Layer4 connection problem, \
         info: \"ECONNREFUSED returned by OS (Connection refused)\", check duration: 0ms, status: 0/2 DOWN."
    );
    assert_eq!(
        lines(&server, &applied.transitions, ProbesLogged::Yes),
        [(
            1,
            "Server b/s1 is DOWN. 2 active and 1 backup servers left. 0 sessions active, 0 requeued, 0 remaining in \
             queue."
                .to_owned()
        )]
    );
    let passed = Outcome { status: CheckStatus::L7Ok, code: Some(200), duration_ms: 3, ..Outcome::default() };
    health::apply(&server, Source::Check, &passed, 2);
    let applied = health::apply(&server, Source::Check, &passed, 2);
    assert_eq!(
        lines(&server, &applied.transitions, ProbesLogged::No),
        [(
            5,
            "Server b/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 3ms. 2 active and 1 backup \
             servers online. 0 sessions requeued, 0 total in queue."
                .to_owned()
        )]
    );
    health::set_maint(&server, Cause::Cli, 3);
    let drain = health::set_drain(&server, Cause::Cli, 4);
    assert_eq!(
        lines(&server, &drain, ProbesLogged::No),
        [
            (5, "Server b/s1 is UP/DRAIN (leaving forced maintenance).".to_owned()),
            (5, "Server b/s1 remains in forced drain mode.".to_owned())
        ]
    );
}
