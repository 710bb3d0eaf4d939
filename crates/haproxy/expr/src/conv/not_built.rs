//! Converters whose features are not built: known by name, refused at load with the reason.

use crate::arg::ArgKind;
use crate::row::{Converter, opt, req};
use crate::value::Type;

const TABLES: &str = "stick tables are not built yet";
const TLS: &str = "it needs TLS certificates and keys, which are not built yet";

/// Rows of this family.
pub const CONVERTERS: &[Converter] = &[
    Converter::not_built("in_table", &[req(ArgKind::Table)], Type::Any, Type::Bool, TABLES),
    Converter::not_built("jwt_decrypt_cert", &[req(ArgKind::Str)], Type::Bin, Type::Bin, TLS),
    Converter::not_built("jwt_decrypt_jwk", &[req(ArgKind::Str)], Type::Bin, Type::Bin, TLS),
    Converter::not_built("jwt_decrypt_secret", &[req(ArgKind::Str)], Type::Bin, Type::Bin, TLS),
    Converter::not_built(
        "jwt_verify_cert",
        &[req(ArgKind::Str), req(ArgKind::Str)],
        Type::Bin,
        Type::Sint,
        TLS,
    ),
    Converter::not_built("table_bytes_in_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_bytes_out_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built(
        "table_clr_gpc",
        &[req(ArgKind::Int), req(ArgKind::Table)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built("table_clr_gpc0", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_clr_gpc1", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_conn_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_conn_cur", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_conn_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built(
        "table_expire",
        &[req(ArgKind::Table), opt(ArgKind::Int)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built("table_glitch_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_glitch_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built(
        "table_gpc",
        &[req(ArgKind::Int), req(ArgKind::Table)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built("table_gpc0", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_gpc0_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_gpc1", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_gpc1_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built(
        "table_gpc_rate",
        &[req(ArgKind::Int), req(ArgKind::Table)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built(
        "table_gpt",
        &[req(ArgKind::Int), req(ArgKind::Table)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built("table_gpt0", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_err_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_err_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_fail_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_fail_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_req_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_http_req_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built(
        "table_idle",
        &[req(ArgKind::Table), opt(ArgKind::Int)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built(
        "table_inc_gpc",
        &[req(ArgKind::Int), req(ArgKind::Table)],
        Type::Any,
        Type::Sint,
        TABLES,
    ),
    Converter::not_built("table_inc_gpc0", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_inc_gpc1", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_kbytes_in", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_kbytes_out", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_server_id", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_sess_cnt", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_sess_rate", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("table_trackers", &[req(ArgKind::Table)], Type::Any, Type::Sint, TABLES),
    Converter::not_built("x509_v_err_str", &[], Type::Sint, Type::Str, TLS),
];
