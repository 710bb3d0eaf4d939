//! Tables in Markdown.

/// A table; no row, no table.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    text.push_str(&line(head.iter().map(|_| "---".to_owned()).collect()));
    for row in rows {
        text.push_str(&line(row.clone()));
    }
    text.push('\n');
    text
}

/// Text as it is, in a cell.
pub fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('>', "&gt;").replace('*', "\\*")
}

/// Text as code, in a cell.
pub fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_the_table_whole() {
        let text = table(&["a", "b"], &[vec![code("x|y"), plain("<z>")]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| `x\\|y` | &lt;z&gt; |\n\n");
        assert_eq!(table(&["a"], &[]), "");
    }
}
