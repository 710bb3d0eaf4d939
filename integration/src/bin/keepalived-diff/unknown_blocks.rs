//! Blocks without a known head. The original reads the inside of such a block as if it belonged to the outer one, whose
//! end its brace then is; ours skips it whole. So ours must say of the file what the original says of the same file
//! without those blocks, and name the heads besides.

use std::collections::BTreeSet;

use crate::Answer;

/// What both say at the head of such a block, after the place.
const HEADS: [&str; 2] = ["Unexpected '{' - ignoring", "Unknown keyword '"];

/// Whether there is such a block at all.
pub fn is_there(original: &Answer, ours: &Answer) -> bool {
    !braces(original).is_empty() && !braces(ours).is_empty()
}

/// The file without the blocks that ours skipped: their lines are empty, so that the others keep their numbers.
pub fn without(text: &str, ours: &Answer) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for number in braces(ours) {
        let mut depth = 0;
        let heads = heads_of(ours, number);
        for line in heads.iter().filter(|line| **line < number) {
            blank(&mut lines, *line);
        }
        for at in number - 1..lines.len() {
            for letter in code(&lines[at]) {
                depth += match letter {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
            }
            blank(&mut lines, at + 1);
            if depth <= 0 {
                break;
            }
        }
    }
    lines.join("\n") + "\n"
}

/// Whether ours says what the original says of the file without the blocks, and names their heads besides.
pub fn agrees(ours: &Answer, repaired: &Answer) -> bool {
    let mut heads = BTreeSet::new();
    for number in braces(ours) {
        heads.extend(heads_of(ours, number));
    }
    let is_head = |line: &str| {
        place(line).is_some_and(|number| heads.contains(&number))
            && HEADS.iter().any(|head| line.contains(head))
    };
    // Where such a block has no end, its missing brace goes with it.
    let is_balance = |line: &str| line.starts_with("There are ") && !repaired.messages.contains(line);
    let rest: BTreeSet<&String> =
        ours.messages.iter().filter(|line| !is_head(line) && !is_balance(line)).collect();
    // An unknown keyword is rank 5 whatever else is said.
    (ours.code == repaired.code || ours.code == repaired.code.max(5))
        && rest == repaired.messages.iter().collect()
}

/// Whether both end with the same code, and say the same of every line before the first such block: all that can be
/// asked where a brace is missing or too many, because then nobody knows what belongs to what.
pub fn agrees_before(text: &str, original: &Answer, ours: &Answer) -> bool {
    let balance: i32 =
        text.lines().flat_map(code).map(|letter| i32::from(letter == '{') - i32::from(letter == '}')).sum();
    let first = braces(ours).first().copied().unwrap_or(0);
    let before = |answer: &Answer| -> BTreeSet<String> {
        let early = |line: &&String| place(line).is_some_and(|number| number + 1 < first);
        answer.messages.iter().filter(early).cloned().collect()
    };
    balance != 0 && original.code == ours.code && before(original) == before(ours)
}

/// Numbers of the lines with a brace that was not expected.
fn braces(answer: &Answer) -> BTreeSet<usize> {
    answer.messages.iter().filter(|line| line.ends_with(HEADS[0])).filter_map(|line| place(line)).collect()
}

/// The line of a brace and, where the head stands on a line before it, that of the head.
fn heads_of(answer: &Answer, number: usize) -> Vec<usize> {
    let unknown: BTreeSet<usize> = answer
        .messages
        .iter()
        .filter(|line| line.contains(HEADS[1]))
        .filter_map(|line| place(line))
        .collect();
    let head = unknown.range(..=number).next_back().copied();
    head.filter(|head| *head + 1 >= number).into_iter().chain([number]).collect()
}

/// The number in `(Line 5)` or `(/file: Line 5)`.
fn place(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("Line ")?;
    rest.split(')').next()?.parse().ok()
}

fn blank(lines: &mut [String], number: usize) {
    if let Some(line) = number.checked_sub(1).and_then(|at| lines.get_mut(at)) {
        line.clear();
    }
}

/// The letters of a line outside comments and quotes.
fn code(line: &str) -> impl Iterator<Item = char> {
    let mut quoted = false;
    line.chars().take_while(|letter| !matches!(letter, '#' | '!')).filter(move |letter| {
        quoted ^= *letter == '"';
        !quoted
    })
}
