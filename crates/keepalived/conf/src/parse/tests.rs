use crate::check::{Options, load};
use crate::model::*;
use crate::provider::Memory;
use crate::role::Roles;

fn config(text: &str) -> Config {
    load(&Memory::with_file("/k.conf", text), "/k.conf", &Options::default(), Roles::ALL).config
}

/// An instance with more lines.
fn instance(lines: &str) -> VrrpInstance {
    let text = format!(
        "vrrp_instance VI {{\ninterface eth0\nvirtual_router_id 5\nvirtual_ipaddress {{\n192.0.2.100\n}}\n{lines}\n}}\n"
    );
    config(&text).instances.remove(0)
}

#[test]
fn defaults_are_the_original_ones() {
    let vi = instance("");
    assert_eq!((vi.priority, vi.version, vi.advert_int_us, vi.down_timer_adverts), (100, 2, 1_000_000, 3));
    assert_eq!((vi.accept, vi.nopreempt, vi.unicast, vi.state_master), (true, false, false, false));
    assert_eq!(vi.mcast_dst_ip.to_string(), "224.0.0.18");
    assert_eq!(vi.garp, Garp::default());
    assert_eq!(instance("state MASTER").priority, 255);
    assert_eq!(instance("version 3\nadvert_int 0.1").advert_int_us, 100_000);
}

#[test]
fn ipv6_addresses_make_version_three() {
    let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 6\nvirtual_ipaddress {\nfe80::1/64\n2001:db8::1\n}\n}";
    let vi = config(text).instances.remove(0);
    assert_eq!(
        (vi.version, vi.family, vi.mcast_dst_ip.to_string()),
        (3, Family::Inet6, String::from("ff02::12"))
    );
    assert_eq!(vi.virtual_ipaddress[1].prefix, 128);
}

#[test]
fn global_defaults_reach_the_instance() {
    let text = "global_defs {\nvrrp_garp_master_repeat 2\nvrrp_garp_master_delay 7\nvrrp_version 3\nvrrp_skip_check_adv_addr\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 6\ngarp_master_delay 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}";
    let vi = config(text).instances.remove(0);
    assert_eq!((vi.garp.master_repeat, vi.garp.master_delay_s, vi.version), (2, 1, 3));
    assert_eq!((vi.garp.lower_prio_repeat, vi.garp.lower_prio_delay_s), (2, 7));
    assert!(vi.skip_check_adv_addr);
}

#[test]
fn skip_check_adv_addr_off_is_off() {
    let text = "global_defs {\nvrrp_skip_check_adv_addr off\n}\n";
    assert!(!config(text).global.vrrp.skip_check_adv_addr);
}

#[test]
fn address_options_are_read() {
    let vi = instance(
        "virtual_ipaddress_excluded {\n198.51.100.9/24 brd + dev eth1 scope link label eth1:x home noprefixroute no_track preferred_lft 60\n}",
    );
    let address = &vi.virtual_ipaddress_excluded[0];
    assert_eq!(address.broadcast.unwrap().to_string(), "198.51.100.255");
    assert_eq!((address.prefix, address.scope, address.dev.as_deref()), (24, 253, Some("eth1")));
    assert_eq!(address.label.as_deref(), Some("eth1:x"));
    assert!(address.home && address.noprefixroute && address.no_track && !address.dad);
    assert_eq!(address.preferred_lft, PreferredLifetime::Seconds(60));
}

#[test]
fn route_options_are_read() {
    let vi = instance(
        "virtual_routes {\nsrc 192.0.2.1 to 10.1.0.0/16 via 192.0.2.7 dev eth0 table 100 metric 5 mtu lock 1400 rtt 10ms initcwnd 4\nblackhole 10.2.0.0/16 no_track\n10.3.0.0/16 no_track nexthop via 192.0.2.8 dev eth0 weight 2 nexthop via 192.0.2.9 onlink\n}",
    );
    let route = &vi.virtual_routes[0];
    assert_eq!((route.table, route.metric, route.metrics.initcwnd), (Some(100), Some(5), Some(4)));
    assert_eq!(route.metrics.mtu, Some(Lockable { value: 1400, locked: true }));
    assert_eq!(route.metrics.rtt, Some(Lockable { value: 80, locked: false }));
    assert_eq!(route.destination.len, 16);
    assert_eq!(vi.virtual_routes[1].kind, RouteKind::Blackhole);
    let hops = &vi.virtual_routes[2].nexthops;
    assert_eq!((hops.len(), hops[0].weight, hops[1].onlink), (2, 2, true));
}

#[test]
fn rule_options_are_read() {
    let vi = instance(
        "virtual_rules {\nfrom 10.1.0.0/16 to 10.2.0.0/16 table main preference 39 fwmark 0x10/0xff tos 4 iif eth0 ipproto udp sport 10-20\nto 10.2.0.0/16 table 1\n}",
    );
    let rule = &vi.virtual_rules[0];
    assert_eq!((rule.preference, rule.action), (39, RuleAction::Table(254)));
    assert_eq!(rule.fwmark, Some(Masked { value: 16, mask: 255 }));
    assert_eq!((rule.ip_protocol, rule.sport), (Some(17), Some((10, 20))));
    assert_eq!(vi.virtual_rules[1].preference, 16384);
}

#[test]
fn contradictions_are_resolved_as_the_original_does() {
    assert!(!instance("state MASTER\npriority 150\nnopreempt").nopreempt);
    assert_eq!(instance("nopreempt\npreempt_delay 5").preempt_delay_us, 0);
    assert_eq!(instance("advert_int 1.5").advert_int_us, 2_000_000);
    assert_eq!(instance("unicast_ttl 9").unicast_ttl, None);
    assert!(instance("version 3\nauthentication {\nauth_type PASS\nauth_pass a\n}").authentication.is_none());
    let strict = instance("strict_mode\nauthentication {\nauth_type PASS\nauth_pass a\n}");
    assert!(strict.authentication.is_none() && !strict.accept && strict.lower_prio_no_advert);
    assert!(instance("use_vmac\nunicast_peer {\n192.0.2.9\n}").vmac_xmit_base);
}

#[test]
fn a_password_has_eight_bytes() {
    let auth = instance("authentication {\nauth_type PASS\nauth_pass 1234567890\n}").authentication.unwrap();
    assert_eq!((auth.kind, &auth.password), (AuthKind::Pass, b"12345678"));
}

#[test]
fn peers_have_ttl_bounds() {
    let vi = instance("unicast_peer {\n192.0.2.2\n192.0.2.3 min_ttl 254 max_ttl 255\n}");
    assert!(vi.unicast && vi.check_unicast_src);
    assert_eq!(vi.unicast_peers[1].min_ttl, 254);
    assert_eq!((vi.unicast_peers[0].min_ttl, vi.unicast_peers[0].max_ttl), (0, 255));
}

#[test]
fn excess_addresses_move_to_the_excluded_ones() {
    let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 6\nvirtual_ipaddress {\n~SEQ(X,0,1) ~SEQ(Y,1,200) 10.0.${X}.${Y}\n}\n}";
    let vi = config(text).instances.remove(0);
    assert_eq!((vi.virtual_ipaddress.len(), vi.virtual_ipaddress_excluded.len()), (255, 145));
}

#[test]
fn scripts_are_split_as_a_shell_would() {
    let mut machine = Memory::with_file(
        "/k.conf",
        "vrrp_script c {\nscript \"/bin/x 'a b' \\x41\\102 c\"\ninterval 2\nweight -20 reverse\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 6\nvirtual_ipaddress {\n10.0.0.1\n}\ntrack_script {\nc weight 5\n}\nnotify_master \"/bin/x a b\" nobody\n}",
    );
    machine.add("/bin/x", 0o755, "");
    let config = load(&machine, "/k.conf", &Options::default(), Roles::ALL).config;
    assert_eq!(config.scripts[0].script.argv, ["/bin/x", "a b", "AB", "c"]);
    assert_eq!((config.scripts[0].interval_us, config.scripts[0].weight), (2_000_000, -20));
    let tracked = &config.instances[0].track_scripts[0];
    assert_eq!((tracked.weight, tracked.reverse), (5, false));
    let master = config.instances[0].notify.clone().unwrap().master.unwrap();
    assert_eq!((master.argv.len(), master.user.uid), (3, 65534));
}

#[test]
fn a_sync_group_keeps_members_that_exist() {
    let one = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n10.0.0.{vrid}\n}}\ntrack_interface {{\neth1 weight 5\n}}\n}}\n"
        )
    };
    let text = format!("vrrp_sync_group G {{\ngroup {{\nA B\nC\n}}\n}}\n{}{}", one("A", 1), one("B", 2));
    let config = config(&text);
    assert_eq!(config.sync_groups[0].instances, ["A", "B"]);
    assert_eq!(config.instances[0].sync_group.as_deref(), Some("G"));
    // a weight would tear the group apart: the interface is watched without it
    assert_eq!(config.instances[0].track_interfaces[0].weight, 0);
}

#[test]
fn virtual_servers_hand_their_defaults_down() {
    let text = "virtual_server 10.0.0.1 80 {\ndelay_loop 6\nlvs_sched rr\nlvs_method DR\nprotocol TCP\nretry 4\nreal_server 10.0.0.2 80 {\nweight 3\nTCP_CHECK {\nconnect_timeout 3\n}\nHTTP_GET {\nretry 2\nurl {\npath /\nstatus_code 200 300-302\n}\n}\n}\n}";
    let server = config(text).virtual_servers.remove(0);
    assert_eq!(
        (server.scheduler.as_str(), server.method, server.protocol),
        ("rr", LvsMethod::Dr, Some(LvsProtocol::Tcp))
    );
    let real = &server.real_servers[0];
    assert_eq!((real.weight, real.method, real.checkers.len()), (3, LvsMethod::Dr, 2));
    assert_eq!((real.checkers[0].retry, real.checkers[0].delay_loop_us), (4, 6_000_000));
    assert_eq!(real.checkers[0].connection.as_ref().unwrap().connect_timeout_us, 3_000_000);
    assert_eq!(real.checkers[1].retry, 2);
    let CheckerKind::Http(http) = &real.checkers[1].kind else { panic!("an HTTP check") };
    assert_eq!(http.urls[0].status_codes, [(200, 200), (300, 302)]);
}

#[test]
fn keywords_of_24_are_taken() {
    let vi = instance(
        "nopreempt\ntimer_expired_backup\nthread_timer_expired 500\nowner_ignore_adverts\nauth_hmac {\nkey 1 0x0102\nkey 2 secret\nactive_key 2\nmode permissive\n}",
    );
    assert!(vi.timer_expired_backup);
    assert_eq!(vi.thread_timer_expired_ms, Some(500));
    let hmac = vi.auth_hmac.unwrap();
    assert_eq!(
        (hmac.keys[0].secret.as_slice(), hmac.active_key, hmac.mode),
        ([1, 2].as_slice(), 2, HmacMode::Permissive)
    );
}

#[test]
fn an_unknown_block_costs_only_itself() {
    let vi = instance("vurtual_routes {\nfoo\n}\npriority 7");
    assert_eq!(vi.priority, 7);
}

#[test]
fn equal_texts_make_equal_configurations_wherever_their_lines_stand() {
    let a = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 6\nvirtual_ipaddress {\n10.0.0.1\n}\n}";
    let b = "# moved\n\nvrrp_instance V { interface eth0\n virtual_router_id 6 # here\n virtual_ipaddress { 10.0.0.1 }\n}";
    assert_eq!(config(a), config(b));
    assert!(serde_json::to_string(&config(a)).unwrap().contains("\"virtual_router_id\":6"));
}
