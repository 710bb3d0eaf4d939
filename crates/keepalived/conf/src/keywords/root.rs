//! Keywords at the root: settings and the heads of all blocks.

use crate::model::Ssl;
use crate::parse::Ctx;
use crate::registry::{
    Block, Body, GO, Keyword, List, Outcome, RootKeyword, Run, accepted, block, done, go, line, list,
};
use crate::role::Roles;
use crate::words::Words;

use super::{
    bfd, global, groups, instance, scripts, static_objects, track_objects, values, virtual_server,
    virtual_server_group,
};

/// The tables, settings first.
pub const TABLES: &[&[RootKeyword]] = &[SETTINGS, STATIC, TRACKED, VRRP, LVS];

const fn parent(keyword: Keyword) -> RootKeyword {
    RootKeyword { keyword, roles: Roles::PARENT, quiet: Roles::ALL }
}

const fn only(roles: Roles, keyword: Keyword) -> RootKeyword {
    RootKeyword { keyword, roles, quiet: Roles::NONE }
}

const fn root_list(name: &'static str, entries: &'static List, doc: &'static str) -> Keyword {
    list(name, entries, doc)
}

const SETTINGS: &[RootKeyword] = &[
    parent(line("net_namespace", "NAME", net_namespace, "network namespace to run in")),
    parent(line(
        "net_namespace_ipvs",
        "[NAME]",
        |c, w| {
            c.draft.config.root.net_namespace_ipvs = Some(w.at(1).unwrap_or_default().to_owned());
            GO
        },
        "network namespace of the IPVS configuration",
    )),
    parent(line(
        "namespace_with_ipsets",
        "",
        |c, _| values::flag(&mut c.draft.config.root.namespace_with_ipsets),
        "ipsets in namespaces of old kernels",
    )),
    parent(line(
        "use_pid_dir",
        "",
        |c, _| values::flag(&mut c.draft.config.root.use_pid_dir),
        "pidfiles in /run/keepalived",
    )),
    parent(line("instance", "NAME", instance_name, "name of this daemon among several")),
    parent(line("child_wait_time", "SECONDS", child_wait_time, "seconds the children may take to stop")),
    only(
        Roles::VRRP,
        accepted(
            line(
                "linkbeat_use_polling",
                "",
                |c, _| values::flag(&mut c.draft.config.root.linkbeat_use_polling),
                "poll the link of all interfaces",
            ),
            NO_POLLING,
        ),
    ),
    parent(block("global_defs", "", &global::GLOBAL_DEFS, go, "global settings")),
];

fn net_namespace(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let target = &mut ctx.draft.config.root.net_namespace;
    match (words.at(1), &target) {
        (None, _) => ctx.config("net_namespace name missing - ignoring"),
        (Some(name), None) => *target = Some(name.to_owned()),
        (Some(name), Some(_)) => ctx
            .sink
            .say(crate::diag::Rank::Note, format!("Duplicate net_namespace definition {name} - ignoring")),
    }
    GO
}

fn instance_name(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    let target = &mut ctx.draft.config.root.instance;
    match (words.at(1), &target) {
        (None, _) => ctx.config("instance name missing - ignoring"),
        (Some(name), None) => *target = Some(name.to_owned()),
        (Some(name), Some(_)) => {
            ctx.sink.say(crate::diag::Rank::Note, format!("Duplicate instance definition {name} - ignoring"));
        }
    }
    GO
}

fn child_wait_time(ctx: &mut Ctx<'_>, words: &Words) -> Outcome {
    if let Some(seconds) =
        values::number(ctx, words, (0, u32::MAX), |word| format!("Invalid child_wait_time {word}"))?
    {
        ctx.draft.config.root.child_wait_time_s = seconds;
    }
    GO
}

/// Why `linkbeat_*` changes nothing.
const NO_POLLING: &str = "links are watched through netlink";

const STATIC: &[RootKeyword] = &[
    only(
        Roles::VRRP,
        block(
            "track_group",
            "NAME",
            &groups::TRACK_GROUP,
            groups::begin_track,
            "instances that follow static objects",
        ),
    ),
    only(
        Roles::VRRP,
        root_list(
            "static_ipaddress",
            &static_objects::STATIC_ADDRESSES,
            "addresses that stay on this machine",
        ),
    ),
    only(
        Roles::VRRP,
        root_list("static_routes", &static_objects::STATIC_ROUTES, "routes that stay on this machine"),
    ),
    only(
        Roles::VRRP,
        root_list("static_rules", &static_objects::STATIC_RULES, "rules that stay on this machine"),
    ),
    only(
        Roles::VRRP,
        accepted(
            root_list("linkbeat_interfaces", &static_objects::LINKBEAT, "interfaces whose link is polled"),
            NO_POLLING,
        ),
    ),
    only(
        Roles::VRRP,
        root_list(
            "interface_up_down_delays",
            &static_objects::DELAYS,
            "how long an interface must be down or up to count",
        ),
    ),
];

const fn track_file(name: &'static str, doc: &'static str) -> RootKeyword {
    only(
        Roles::VRRP.and(Roles::CHECKER),
        block(name, "NAME", &track_objects::TRACK_FILE, track_objects::begin_file, doc),
    )
}

const TRACKED: &[RootKeyword] = &[
    track_file("track_file", "a file whose number counts"),
    track_file("vrrp_track_file", "old form of track_file"),
    only(
        Roles::VRRP,
        block(
            "vrrp_script",
            "NAME",
            &scripts::VRRP_SCRIPT,
            scripts::begin,
            "a script that is run at intervals",
        ),
    ),
    only(
        Roles::VRRP,
        block(
            "vrrp_track_process",
            "NAME",
            &track_objects::TRACK_PROCESS,
            track_objects::begin_process,
            "processes that must run",
        ),
    ),
    RootKeyword {
        keyword: block("bfd_instance", "NAME", &bfd::BFD_INSTANCE, bfd::begin, "a BFD session"),
        roles: Roles::BFD,
        quiet: Roles::VRRP.and(Roles::CHECKER),
    },
];

const VRRP: &[RootKeyword] = &[
    only(
        Roles::VRRP,
        block("vrrp_instance", "NAME", &instance::VRRP_INSTANCE, instance::begin, "a virtual router"),
    ),
    only(Roles::VRRP, groups::sync_row()),
    only(
        Roles::VRRP,
        block("garp_group", "", &groups::GARP_GROUP, groups::begin_garp, "interfaces with a GARP rate"),
    ),
];

const LVS: &[RootKeyword] = &[
    only(
        Roles::CHECKER,
        Keyword {
            name: "virtual_server_group",
            args: "NAME",
            body: Body::List(&virtual_server_group::GROUP),
            status: crate::registry::Status::Supported,
            run: virtual_server_group::begin as Run,
            doc: "addresses and marks that share real servers",
        },
    ),
    only(
        Roles::CHECKER,
        block(
            "virtual_server",
            "ADDR [PORT] | fwmark N | group NAME",
            &virtual_server::VIRTUAL_SERVER,
            virtual_server::begin,
            "an IPVS service",
        ),
    ),
    only(Roles::CHECKER, block("SSL", "", &SSL, begin_ssl, "keys of SSL_GET")),
];

static SSL: Block = Block {
    name: "SSL",
    tables: &[&[
        line("password", "STRING", |c, w| ssl(c, w, "password", |s| &mut s.password), "password of the key"),
        line("ca", "FILE", |c, w| ssl(c, w, "cafile", |s| &mut s.ca), "certificate authority"),
        line("certificate", "FILE", |c, w| ssl(c, w, "certfile", |s| &mut s.certificate), "own certificate"),
        line("key", "FILE", |c, w| ssl(c, w, "keyfile", |s| &mut s.key), "own key"),
    ]],
    end: done,
};

fn begin_ssl(ctx: &mut Ctx<'_>, _: &Words) -> Outcome {
    ctx.draft.config.ssl = Some(Ssl::default());
    GO
}

fn ssl(ctx: &mut Ctx<'_>, words: &Words, what: &str, which: fn(&mut Ssl) -> &mut Option<String>) -> Outcome {
    let Some(word) = words.at(1) else {
        ctx.config(format!("SSL {what} missing"));
        return GO;
    };
    let Some(ssl) = &mut ctx.draft.config.ssl else { return GO };
    let again = which(ssl).replace(word.to_owned()).is_some();
    if again {
        ctx.config(format!("SSL {what} already specified - replacing"));
    }
    GO
}
