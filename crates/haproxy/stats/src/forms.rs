//! Rows as text: CSV, typed and JSON (manual of the statistics, 9.1 and 9.2).

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::fields;
use crate::row::StatRow;
use crate::value::Value;

/// CSV with its header: lines end with a comma, an empty line ends the table.
pub fn csv(rows: &[StatRow]) -> String {
    let mut out = String::from("# ");
    for field in fields::all() {
        out.push_str(field.name);
        out.push(',');
    }
    out.push('\n');
    for row in rows {
        for value in &row.values {
            push_cell(&mut out, value);
            out.push(',');
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

/// A cell; text with a quote, comma or line end is quoted.
fn push_cell(out: &mut String, value: &Value) {
    match value {
        Value::Str(text) if text.contains(['"', ',', '\n', '\r']) => {
            let _ = write!(out, "\"{}\"", text.replace('"', "\"\""));
        }
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}

/// Whether each value's meaning follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Describe {
    /// `desc` was asked for.
    Yes,
    /// Values only.
    No,
}

/// One value a line, with its place and type; an empty line ends each object.
pub fn typed(rows: &[StatRow], describe: Describe) -> String {
    let mut out = String::new();
    for row in rows {
        for (at, field) in fields::all().enumerate() {
            let value = &row.values[at];
            if value.is_empty() || field.name == "-" {
                continue;
            }
            let (letter, iid, sid) = (row.kind.letter(), row.iid, row.sid);
            let _ = write!(
                out,
                "{letter}.{iid}.{sid}.{at}.{}.1:{}:{}:{value}",
                field.name,
                field.tag,
                value.type_name()
            );
            if describe == Describe::Yes {
                let _ = write!(out, ":\"{}\"", field.doc);
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

/// A list of objects, each a list of its values.
pub fn json(rows: &[StatRow]) -> String {
    let objects: Vec<Json> = rows.iter().map(json_row).collect();
    Json::Array(objects).to_string() + "\n"
}

fn json_row(row: &StatRow) -> Json {
    let values = fields::all().zip(&row.values).enumerate();
    let shown = values.filter(|(_, (field, value))| !value.is_empty() && field.name != "-");
    let each = shown.map(|(at, (field, value))| {
        json!({
            "objType": row.kind.word(),
            "proxyId": row.iid,
            "id": row.sid,
            "field": { "pos": at, "name": field.name },
            "processNum": 1,
            "tags": json_tags(field.tag),
            "value": json_value(value),
        })
    });
    Json::Array(each.collect())
}

/// Letters of a tag and the words JSON has for them.
const TAG_WORDS: [&[(u8, &str)]; 3] = [
    &[(b'M', "Metric"), (b'S', "Status"), (b'K', "Key"), (b'C', "Config"), (b'P', "Product")],
    &[
        (b'A', "Age"),
        (b'a', "Avg"),
        (b'C', "Counter"),
        (b'D', "Duration"),
        (b'G', "Gauge"),
        (b'L', "Limit"),
        (b'M', "Max"),
        (b'm', "Min"),
        (b'N', "Name"),
        (b'O', "Output"),
        (b'R', "Rate"),
        (b'T', "Time"),
    ],
    &[(b'C', "Cluster"), (b'P', "Process"), (b'S', "Service"), (b's', "System")],
];

/// A tag in words.
pub(crate) fn json_tags(tag: &str) -> Json {
    let word = |at: usize| {
        let letter = tag.as_bytes().get(at).copied().unwrap_or(b' ');
        TAG_WORDS[at].iter().find(|(byte, _)| *byte == letter).map_or("Unknown", |(_, word)| word)
    };
    json!({ "origin": word(0), "nature": word(1), "scope": word(2) })
}

/// A value with its type.
pub(crate) fn json_value(value: &Value) -> Json {
    let inner = match value {
        Value::Empty => Json::Null,
        Value::U32(n) => json!(n),
        Value::U64(n) => json!(n),
        Value::S32(n) => json!(n),
        Value::Float(n) => json!(n),
        Value::Str(text) => json!(text),
    };
    json!({ "type": value.type_name(), "value": inner })
}

#[cfg(test)]
mod tests;
