//! The registry holds every keyword of the reference list, each in its block.

use std::collections::BTreeSet;

use keepalived_conf::registry::{self, Status};

/// Where the list's block names lie in the registry.
const BLOCKS: &[(&str, &[&str])] = &[
    ("(root)", &["(root)"]),
    ("checker(common)", &["virtual_server/real_server/TCP_CHECK"]),
    ("TCP_CHECK", &["virtual_server/real_server"]),
    ("PING_CHECK", &["virtual_server/real_server"]),
    ("UDP_CHECK", &["virtual_server/real_server"]),
    ("UDP_CHECK/UDP_CHECK", &["virtual_server/real_server/UDP_CHECK"]),
    ("SMTP_CHECK", &["virtual_server/real_server"]),
    ("SMTP_CHECK/SMTP_CHECK", &["virtual_server/real_server/SMTP_CHECK"]),
    ("DNS_CHECK", &["virtual_server/real_server"]),
    ("DNS_CHECK/DNS_CHECK", &["virtual_server/real_server/DNS_CHECK"]),
    ("MISC_CHECK", &["virtual_server/real_server"]),
    ("MISC_CHECK/MISC_CHECK", &["virtual_server/real_server/MISC_CHECK"]),
    ("FILE_CHECK", &["virtual_server/real_server"]),
    ("FILE_CHECK/FILE_CHECK", &["virtual_server/real_server/FILE_CHECK"]),
    ("BFD_CHECK", &["virtual_server/real_server"]),
    ("BFD_CHECK/BFD_CHECK", &["virtual_server/real_server/BFD_CHECK"]),
    ("HTTP_GET|SSL_GET", &["virtual_server/real_server/HTTP_GET", "virtual_server/real_server/SSL_GET"]),
    (
        "HTTP_GET|SSL_GET/url",
        &["virtual_server/real_server/HTTP_GET/url", "virtual_server/real_server/SSL_GET/url"],
    ),
];

#[test]
fn every_keyword_of_the_reference_list_is_in_the_registry() {
    let known: BTreeSet<(String, &str)> =
        registry::all().into_iter().map(|row| (row.block, row.name)).collect();
    let list = include_str!("data/keywords.tsv");
    let mut missing = Vec::new();
    let mut count = 0;
    for line in list.lines().skip(1) {
        let (block, name) = line.split_once('\t').unwrap();
        let blocks = BLOCKS.iter().find(|(listed, _)| *listed == block).map(|(_, blocks)| blocks.to_vec());
        for block in blocks.unwrap_or_else(|| vec![block]) {
            count += 1;
            if !known.contains(&(block.to_owned(), name)) {
                missing.push(format!("{block} {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "missing: {missing:#?}");
    assert!(count > 400, "the list has {count} rows");
}

#[test]
fn every_row_explains_itself_once() {
    let mut seen = BTreeSet::new();
    for row in registry::all() {
        assert!(!row.doc.is_empty(), "{} {} has no text", row.block, row.name);
        assert!(seen.insert((row.block.clone(), row.name)), "{} {} stands twice", row.block, row.name);
        if let Status::Accepted(why) | Status::Refused(why) = row.status {
            assert!(!why.is_empty(), "{} {} gives no reason", row.block, row.name);
        }
    }
}

#[test]
fn the_dump_has_a_line_per_keyword() {
    let dump = keepalived_conf::dump_keywords();
    assert_eq!(dump.lines().count(), registry::all().len());
    assert!(dump.contains("vrrp_instance\tadvert_int SECONDS\tsupported\t"));
    assert!(dump.contains("accepted without effect: there is no SNMP agent"));
}
