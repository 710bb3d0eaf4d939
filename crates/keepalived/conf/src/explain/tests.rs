use super::{explain, priority_range, skew_us};
use crate::check::{Options, load};
use crate::model::Config;
use crate::provider::Memory;
use crate::role::Roles;

fn config(text: &str) -> Config {
    let mut machine = Memory::with_file("/k.conf", text);
    machine.add("/bin/true", 0o755, "");
    load(&machine, "/k.conf", &Options::default(), Roles::ALL).config
}

fn instance(lines: &str) -> String {
    format!(
        "vrrp_script c {{\nscript /bin/true\nweight -60\n}}\nvrrp_instance VI {{\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {{\n192.0.2.100/24\n}}\n{lines}\n}}\n"
    )
}

#[track_caller]
fn warns(lines: &str, expected: &str) {
    let text = explain(&config(&instance(lines)));
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_table_shows_the_election() {
    let text = explain(&config(&instance("priority 150\ntrack_script {\nc\n}\ntrack_interface {\neth1\n}")));
    assert_eq!(
        text,
        "VI (VRID 51 on eth0, VRRPv2 IPv4, multicast to 224.0.0.18)
  priority 150, effective 90 to 150
  advert every 1s, skew 0.414s, takes over 3.414s after the last advert
  takes over from a lower priority at once
  tracks interface eth1: FAULT while it is down
  tracks script c: -60 while it is down
  address 192.0.2.100/24
"
    );
}

#[test]
fn skew_is_the_rfc_formula() {
    assert_eq!(skew_us(2, 100, 1_000_000), 609_375);
    assert_eq!(skew_us(3, 100, 200_000), 121_875);
}

#[test]
fn the_owner_does_not_move() {
    let config = config(&instance("state MASTER\ntrack_interface {\neth1 weight 5\n}"));
    assert_eq!(priority_range(&config, &config.instances[0]), (255, 255));
}

#[test]
fn classic_mistakes_are_warned_of() {
    warns(
        "track_interface {\neth1 weight 2\n}",
        "they change the election only if the other router's priority lies in between",
    );
    warns("track_interface {\neth1 weight 1\n}", "they cannot change the election");
    warns("priority 240\ntrack_interface {\neth1 weight 30\n}", "it is cut to 254");
    warns("state MASTER\npriority 150", "state MASTER has no effect below priority 255");
    warns("strict_mode", "vrrp_strict drops all traffic to the virtual addresses");
    warns("check_unicast_src", "adverts go to the multicast group");
    warns("authentication {\nauth_type PASS\nauth_pass 1111\n}", "auth_pass 1111");
}

#[test]
fn no_instance_is_said() {
    assert_eq!(explain(&Config::default()), "No VRRP instance.\n");
}
