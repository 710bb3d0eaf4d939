//! Deterministic mutations of a configuration: the mistakes people make, and some they do not.

/// A small repeatable generator.
pub struct Random(u64);

impl Random {
    /// Begins at a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit.max(1) as u64).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Values that limits are made of.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "5",
    "100",
    "254",
    "255",
    "256",
    "1.5",
    "0.01",
    "65535",
    "65536",
    "4294967295",
    "99999999999",
    "abc",
    "on",
    "off",
    "MASTER",
    "BACKUP",
    "PASS",
    "AH",
    "TCP",
    "UDP",
    "NAT",
    "DR",
    "TUN",
    "rr",
    "wlc",
    "eth0",
    "eth1",
    "lo",
    "192.0.2.9",
    "192.0.2.9/24",
    "2001:db8::9/64",
    "fe80::9",
    "\"a b\"",
    "nope",
    "reverse",
    "weight",
];

/// Lines that fit somewhere.
const LINES: &[&str] = &[
    "priority 255",
    "priority 0",
    "state MASTER",
    "state backup",
    "nopreempt",
    "preempt_delay 5",
    "version 3",
    "advert_int 0.5",
    "advert_int 2",
    "strict_mode on",
    "vrrp_strict",
    "use_vmac",
    "vmac_xmit_base",
    "unicast_src_ip 192.0.2.1",
    "unicast_ttl 5",
    "garp_master_repeat 0",
    "virtual_router_id 51",
    "virtual_router_id 300",
    "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
    "unicast_peer {\n192.0.2.2\n192.0.2.3 min_ttl 255\n}",
    "track_interface {\neth1 weight 5\neth0\n}",
    "virtual_ipaddress {\n10.9.9.9/24 dev eth0 label eth0:1\n}",
    "virtual_routes {\n10.8.0.0/16 via 192.0.2.7 dev eth0\n}",
    "virtual_rules {\nfrom 10.8.0.0/16 table 100 preference 5\n}",
    "notify_master /bin/true",
    "notify \"/bin/true a b\"",
    "enable_script_security",
    "script_user root",
    "smtp_alert",
    "smtp_alert maybe",
    "lvs_sched rr",
    "lvs_method DR",
    "protocol TCP",
    "quorum 5",
    "hysteresis 3",
    "alpha",
    "omega",
    "delay_loop 0",
    "retry 0",
    "persistence_timeout 50",
    "sorry_server 192.0.2.200 80",
    "weight 0",
    "inhibit_on_failure",
    "TCP_CHECK {\nconnect_timeout 3\nconnect_port 80\n}",
    "PING_CHECK {\n}",
    "MISC_CHECK {\nmisc_path /bin/true\n}",
    "nb_get_retry 3",
    "connect_timeout 3",
    "vrrp_garp_interval 0",
    "vrrp_version 3",
    "router_id",
    "net_mask 255.255.255.0",
    "$X=5",
    "priority $X",
    "~SEQ(Y,1,3) 10.7.0.${Y}",
    "@nohost priority 3",
    "# comment { brace",
    "}",
];

/// One to three mutations of a text.
pub fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        mutate(&mut lines, random);
    }
    lines.join("\n") + "\n"
}

fn mutate(lines: &mut Vec<String>, random: &mut Random) {
    let at = random.below(lines.len());
    if lines.is_empty() {
        return;
    }
    match random.below(12) {
        0 => {
            lines.remove(at);
        }
        1 => {
            let line = lines[at].clone();
            lines.insert(at, line);
        }
        2..=4 => lines.insert(at, (*random.pick(LINES)).to_owned()),
        5..=7 => replace_word(&mut lines[at], random),
        8 => {
            let mut words: Vec<&str> = lines[at].split(' ').collect();
            words.remove(random.below(words.len()));
            lines[at] = words.join(" ");
        }
        9 => lines[at].push_str(&format!(" {}", random.pick(VALUES))),
        10 => typo(&mut lines[at], random),
        _ => {
            let other = random.below(lines.len());
            lines.swap(at, other);
        }
    }
}

fn replace_word(line: &mut String, random: &mut Random) {
    let mut words: Vec<String> = line.split_ascii_whitespace().map(str::to_owned).collect();
    if words.len() < 2 {
        return;
    }
    let index = 1 + random.below(words.len() - 1);
    if words[index] == "{" {
        return;
    }
    words[index] = (*random.pick(VALUES)).to_owned();
    *line = words.join(" ");
}

fn typo(line: &mut String, random: &mut Random) {
    let mut letters: Vec<char> = line.chars().collect();
    if letters.is_empty() {
        return;
    }
    let at = random.below(letters.len());
    if random.below(2) == 0 {
        letters.remove(at);
    } else {
        let letter = letters[at];
        letters.insert(at, letter);
    }
    *line = letters.into_iter().collect();
}
