use super::*;
use crate::facts::{FrontendFacts, Object, ServerFacts, StatSource};
use crate::objects::{FrontendCounters, ServerCounters};
use crate::promex::{self, Query};
use crate::row::{Filter, collect};
use crate::{counter::PerThread, info::ProcessFacts, objects::ProcessCounters};

/// A frontend with one request and a server in maintenance.
#[derive(Default)]
pub(crate) struct Sample {
    frontend: PerThreadOf<FrontendCounters>,
    server: PerThreadOf<ServerCounters>,
}

pub(crate) struct PerThreadOf<T>(PerThread<T>);

impl<T: Default> Default for PerThreadOf<T> {
    fn default() -> Self {
        PerThreadOf(PerThread::new(2))
    }
}

impl StatSource for Sample {
    fn visit(&self, visit: &mut dyn FnMut(Object<'_>)) {
        visit(Object::Frontend(FrontendFacts {
            name: "f",
            iid: 2,
            description: None,
            mode: "http",
            http: true,
            status: "OPEN",
            session_limit: 100,
            rate_limit: 0,
            now_ms: 5000,
            counters: &self.frontend.0,
        }));
        visit(Object::Server(Box::new(ServerFacts {
            proxy: "b",
            name: "s\"1",
            iid: 3,
            sid: 1,
            description: None,
            mode: "http",
            http: true,
            status: "MAINT".into(),
            state: 2,
            in_maintenance: true,
            current: 0,
            current_max: 0,
            session_limit: None,
            queued: 0,
            queued_max: 0,
            queue_limit: None,
            weight: 1,
            user_weight: 1,
            backup: true,
            last_change_s: 2,
            down_s: 2,
            down_transitions: 0,
            throttle: None,
            tracked: None,
            check: None,
            agent: None,
            analyze_failures: None,
            address: Some("127.0.0.1:80".into()),
            cookie: None,
            revision: 0,
            idle: 0,
            idle_limit: None,
            unsafe_idle: 0,
            safe_idle: 0,
            private_idle: 0,
            used: 0,
            needed: 0,
            now_ms: 5000,
            counters: &self.server.0,
        })));
    }
}

fn sample() -> Sample {
    let sample = Sample::default();
    let thread = sample.frontend.0.at(1);
    thread.sessions.inc();
    thread.requests.inc();
    thread.responses.count(200);
    thread.current.inc();
    thread.bytes.request_in.add(82);
    sample
}

#[test]
fn csv_has_a_cell_for_each_column() {
    let text = csv(&collect(&sample(), &Filter::default()));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("# pxname,svname,qcur,") && lines[0].ends_with(','));
    assert!(lines[1].starts_with("f,FRONTEND,,,1,1,100,1,82,0,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,"));
    assert!(
        lines[2]
            .starts_with("b,\"s\"\"1\",0,0,0,0,,0,0,0,,0,,0,0,0,0,MAINT,1,0,1,,,2,,,1,3,1,,0,,2,0,,0,,,,")
    );
    let commas = |line: &str| line.matches(',').count();
    assert!(lines[1..3].iter().all(|line| commas(line) == commas(lines[0])));
    assert_eq!(lines[3], "");
}

#[test]
fn typed_and_json_name_each_value() {
    let rows = collect(&sample(), &Filter { kinds: 1, ..Filter::default() });
    assert_eq!(rows.len(), 1);
    let text = typed(&rows, Describe::No);
    assert!(text.starts_with(
        "F.2.0.0.pxname.1:KNSV:str:f\nF.2.0.1.svname.1:KNSV:str:FRONTEND\nF.2.0.4.scur.1:MGPV:u32:1\n"
    ));
    assert!(text.contains("F.2.0.7.stot.1:MCPP:u64:1\n"));
    assert!(json(&rows).starts_with(
        "[[{\"objType\":\"Frontend\",\"proxyId\":2,\"id\":0,\"field\":{\"pos\":0,\"name\":\"pxname\"},\"processNum\":1,\
         \"tags\":{\"origin\":\"Key\",\"nature\":\"Name\",\"scope\":\"Service\"},\"value\":{\"type\":\"str\",\"value\":\"f\"}}"
    ));
}

#[test]
fn filters_choose_rows() {
    let count = |filter| collect(&sample(), &filter).len();
    assert_eq!(count(Filter { iid: 3, ..Filter::default() }), 1);
    assert_eq!(count(Filter { no_maint: true, ..Filter::default() }), 1);
    assert_eq!(count(Filter { up_only: true, ..Filter::default() }), 1);
    assert_eq!(count(Filter { proxy: Some("b".into()), ..Filter::default() }), 1);
    assert_eq!(count(Filter { kinds: 12, sid: 2, ..Filter::default() }), 0);
}

/// A process with made-up numbers.
pub(crate) fn process(counters: &PerThread<ProcessCounters>) -> ProcessFacts<'_> {
    ProcessFacts {
        name: "HAProxy",
        version: "3.4.0",
        release_date: "2026/06/01",
        threads: 2,
        pid: 77,
        uptime_ms: 93_784_005,
        started_unix_s: 1_700_000_000,
        boot_ms: 12,
        memory_max: 0,
        pool_allocated: 0,
        pool_used: 0,
        files_max: 1024,
        sockets_max: 1024,
        maxconn: 400,
        hard_maxconn: 400,
        maxconn_reached: 0,
        tls_max: 0,
        pipes_max: 0,
        connection_rate_limit: 0,
        session_rate_limit: 0,
        tls_rate_limit: 0,
        comp_rate_limit: 0,
        tasks: 9,
        run_queue: 1,
        idle_percent: 100,
        node: "vm",
        description: None,
        stopping: false,
        jobs: 3,
        unstoppable_jobs: 0,
        listeners: 2,
        active_peers: 0,
        connected_peers: 0,
        warnings: 0,
        patterns_added: 0,
        patterns_freed: 0,
        float: false,
        now_ms: 5000,
        counters,
    }
}

#[test]
fn lines_of_show_info() {
    let counters = PerThread::new(1);
    let text = crate::info::plain(&process(&counters), Describe::No);
    assert!(text.starts_with("Name: HAProxy\nVersion: 3.4.0\nRelease_date: 2026/06/01\nNbthread: 2\n"));
    assert!(text.contains("\nUptime: 1d 2h03m04s\nUptime_sec: 93784\n"));
    assert!(text.contains("\nIdle_pct: 100\n") && text.ends_with("NbThreadGroups: 1\n\n"));
    assert_eq!(text.lines().count(), 80);
    let typed = crate::info::typed(&process(&counters), Describe::No);
    assert!(typed.starts_with("0.Name.1:POSV:str:HAProxy\n"));
    let float = ProcessFacts { float: true, ..process(&counters) };
    assert!(crate::info::plain(&float, Describe::No).contains("Uptime_sec: 93784.005000\n"));
}

#[test]
fn metrics_as_scrapers_know_them() {
    let counters = PerThread::new(1);
    let text = promex::render(&sample(), &process(&counters), &Query::default());
    assert!(text.starts_with(
        "# HELP haproxy_process_nbthread Number of started threads (global.nbthread)\n\
         # TYPE haproxy_process_nbthread gauge\nhaproxy_process_nbthread 2\n"
    ));
    for line in [
        "haproxy_process_build_info{version=\"3.4.0\"} 1",
        "haproxy_process_current_zlib_memory NaN",
        "haproxy_frontend_current_sessions{proxy=\"f\"} 1",
        "haproxy_frontend_http_responses_total{proxy=\"f\",code=\"2xx\"} 1",
        "haproxy_frontend_status{proxy=\"f\",state=\"UP\"} 1",
        "haproxy_server_status{proxy=\"b\",server=\"s\\\"1\",state=\"MAINT\"} 1",
        "haproxy_server_limit_sessions{proxy=\"b\",server=\"s\\\"1\"} NaN",
        "haproxy_server_queue_time_average_seconds{proxy=\"b\",server=\"s\\\"1\"} 0.000000",
        "haproxy_server_last_session_seconds{proxy=\"b\",server=\"s\\\"1\"} -1",
        "# TYPE haproxy_server_sessions_total counter",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}");
    }
    assert!(!text.contains("haproxy_server_check_status") && !text.contains("haproxy_backend_"));
    let order: Vec<usize> = ["haproxy_process_", "haproxy_frontend_", "haproxy_server_"]
        .iter()
        .filter_map(|p| text.find(p))
        .collect();
    assert!(order.is_sorted());
    let only = promex::render(&sample(), &process(&counters), &Query::parse("scope=").unwrap_or_default());
    assert_eq!(only, "");
}
