//! Every action of HAProxy 3.5 by rule set has a row: what is not built is refused by name.

use crate::family::Family;
use crate::table;

/// Actions by the words of their family; a `*` stands for arguments in parentheses or a number.
const KNOWN: &[(&str, &str)] = &[
    (
        "tcp-request connection",
        "accept do-log expect-netscaler-cip expect-proxy reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop track-sc* unset-var*",
    ),
    (
        "tcp-request session",
        "accept attach-srv do-log reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop track-sc* unset-var*",
    ),
    (
        "tcp-request content",
        "accept capture do-log do-resolve* reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-bc-mark set-bc-tos set-dst set-dst-port set-fc-mark set-fc-tos set-log-level set-mark set-nice set-priority-class set-priority-offset set-retries set-src set-src-port set-tos set-var* set-var-fmt* silent-drop switch-mode track-sc* unset-var* use-service",
    ),
    (
        "tcp-response content",
        "accept close do-log reject sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-fc-mark set-fc-tos set-log-level set-mark set-nice set-tos set-var* set-var-fmt* silent-drop unset-var*",
    ),
    (
        "http-request",
        "add-acl* add-header add-headers-bin allow auth cache-use capture del-acl* del-header del-headers-bin del-map* deny disable-l7-retry do-log do-resolve* early-hint normalize-uri pause redirect reject replace-header replace-path replace-pathq replace-uri replace-value return sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-bc-mark set-bc-tos set-dst set-dst-port set-fc-mark set-fc-tos set-header set-headers-bin set-log-level set-map* set-mark set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-retries set-src set-src-port set-timeout set-tos set-uri set-var* set-var-fmt* silent-drop strict-mode tarpit track-sc* unset-var* use-service wait-for-body wait-for-handshake",
    ),
    (
        "http-response",
        "add-acl* add-header add-headers-bin allow cache-store capture del-acl* del-header del-headers-bin del-map* deny do-log pause redirect replace-header replace-value return sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-bandwidth-limit set-fc-mark set-fc-tos set-header set-headers-bin set-log-level set-map* set-mark set-nice set-status set-timeout set-tos set-var* set-var-fmt* silent-drop strict-mode track-sc* unset-var* wait-for-body",
    ),
    (
        "http-after-response",
        "add-header add-headers-bin allow capture del-acl* del-header del-headers-bin del-map* do-log replace-header replace-value sc-add-gpc* sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-header set-headers-bin set-log-level set-map* set-status set-var* set-var-fmt* strict-mode unset-var*",
    ),
];

#[test]
fn every_action_has_its_row() {
    let mut missing = Vec::new();
    for (family, names) in KNOWN {
        let family = Family::ALL.into_iter().find(|known| known.keyword() == *family).unwrap();
        for name in names.split(' ') {
            if !table::of(family).any(|row| row.name == name) {
                missing.push(format!("{} {name}", family.keyword()));
            }
        }
    }
    assert!(missing.is_empty(), "no row for: {}", missing.join(", "));
}

#[test]
fn no_row_is_invented() {
    for family in Family::ALL {
        let names = KNOWN.iter().find(|(known, _)| *known == family.keyword()).unwrap().1;
        for row in table::of(family) {
            assert!(names.split(' ').any(|name| name == row.name), "{} {}", family.keyword(), row.name);
        }
    }
}

#[test]
fn listings_are_sorted() {
    let listing = table::listing(Family::HttpAfterResponse);
    assert!(listing.starts_with("\thttp-after-response add-header\n"), "{listing}");
}
