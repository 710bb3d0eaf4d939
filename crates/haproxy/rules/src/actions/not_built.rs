//! Actions of features that are not built: known by name, refused with the reason.

use crate::action::ActionRow;
use crate::family::Families;

const TABLES: &str = "stick tables are not built yet";
const WITH_TABLES: Families = Families::ALL;
const MESSAGES: Families = Families::REQUEST.and(Families::RESPONSE);
const STREAMS: Families = Families::CONTENT.and(Families::TCP_RESPONSE).and(MESSAGES);
const TRACKS: Families = Families::TCP_REQUEST.and(MESSAGES);

/// Rows of this file.
pub const ACTIONS: &[ActionRow] = &[
    ActionRow::not_built("track-sc*", TRACKS, "<key> [ table <table> ]", TABLES),
    ActionRow::not_built("sc-add-gpc*", WITH_TABLES, "(<idx>,<sc-id>) { <int> | <expr> }", TABLES),
    ActionRow::not_built("sc-inc-gpc*", WITH_TABLES, "(<idx>,<sc-id>)", TABLES),
    ActionRow::not_built("sc-inc-gpc0*", WITH_TABLES, "(<sc-id>)", TABLES),
    ActionRow::not_built("sc-inc-gpc1*", WITH_TABLES, "(<sc-id>)", TABLES),
    ActionRow::not_built("sc-set-gpt*", WITH_TABLES, "(<idx>,<sc-id>) { <int> | <expr> }", TABLES),
    ActionRow::not_built("sc-set-gpt0*", WITH_TABLES, "(<sc-id>) { <int> | <expr> }", TABLES),
    ActionRow::not_built(
        "do-resolve*",
        Families::CONTENT.and(Families::REQUEST),
        "(<var>,<resolvers>[,ipv4|ipv6]) <expr>",
        "resolvers are not built yet",
    ),
    ActionRow::not_built("send-spoe-group", STREAMS, "<engine-name> <group-name>", "SPOE is not built yet"),
    ActionRow::not_built(
        "attach-srv",
        Families::SESSION,
        "<srv> [ name <expr> ]",
        "reverse HTTP is not built yet",
    ),
];
