//! What a process cannot change while it runs, because it is done once, at its start, or with rights that are gone.

use haproxy_model::global::Global;

/// One such setting: its keyword, and its value as text.
struct Fixed {
    keyword: &'static str,
    value: fn(&Global) -> String,
}

const FIXED: &[Fixed] = &[
    Fixed { keyword: "nbthread", value: |global| global.threads.to_string() },
    Fixed { keyword: "user", value: |global| number(global.uid) },
    Fixed { keyword: "group", value: |global| number(global.gid) },
    Fixed {
        keyword: "chroot",
        value: |global| global.chroot.as_ref().map_or_else(String::new, |path| path.display().to_string()),
    },
    Fixed { keyword: "cpu-map", value: |global| format!("{:?}", global.cpu_map) },
    Fixed {
        keyword: "set-dumpable",
        value: |global| if global.set_dumpable { "on" } else { "off" }.to_owned(),
    },
];

fn number(id: Option<u32>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}

/// Keywords and values of a configuration.
pub fn list(global: &Global) -> Vec<(String, String)> {
    FIXED.iter().map(|fixed| (fixed.keyword.to_owned(), (fixed.value)(global))).collect()
}

/// The first difference between what is in force and what is wanted, in words.
pub fn difference(now: &[(String, String)], wanted: &[(String, String)]) -> Option<String> {
    let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
    wanted.iter().find_map(|(keyword, value)| {
        let before = now.iter().find(|(known, _)| known == keyword).map_or("", |(_, value)| value);
        let changes = before != value;
        changes.then(|| format!("'{keyword}' changes from {} to {}", shown(before), shown(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_named() {
        let now = Global { threads: 2, ..Global::default() };
        let same = Global { maxconn: Some(5), ..now.clone() };
        assert_eq!(difference(&list(&now), &list(&same)), None);
        let more = Global { threads: 4, ..now.clone() };
        assert_eq!(difference(&list(&now), &list(&more)).unwrap(), "'nbthread' changes from 2 to 4");
        let jail = Global { chroot: Some("/var/empty".into()), ..now.clone() };
        assert_eq!(
            difference(&list(&now), &list(&jail)).unwrap(),
            "'chroot' changes from none to /var/empty"
        );
    }
}
