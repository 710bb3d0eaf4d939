//! The words of a rule while an action reads them.

use haproxy_conf::Word;

/// Walks over the words behind `http-request <action>`. The action takes what is its own; a condition stays.
#[derive(Debug)]
pub struct Args<'w> {
    words: &'w [Word],
    at: usize,
    action: &'w str,
}

impl<'w> Args<'w> {
    /// Stands behind the action's name.
    pub fn new(action: &'w str, words: &'w [Word]) -> Args<'w> {
        Args { words, at: 0, action }
    }

    /// The action's name as written, `set-var(txn.a)`.
    pub fn action(&self) -> &'w str {
        self.action
    }

    /// The text between the action's parentheses; None when they are not there or do not end the word.
    pub fn parenthesis(&self) -> Option<&'w str> {
        self.action.split_once('(')?.1.strip_suffix(')')
    }

    /// The next word, which is passed; None at the end.
    pub fn take(&mut self) -> Option<&'w str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// The next word, which stays.
    pub fn peek(&self) -> Option<&'w str> {
        self.peek_at(0)
    }

    /// The word so many behind the next one.
    pub fn peek_at(&self, ahead: usize) -> Option<&'w str> {
        let words = self.words.get(self.at..=self.at + ahead)?;
        // an empty word ends the line
        if words.iter().any(Word::is_empty) { None } else { words.last().map(Word::as_str) }
    }

    /// Passes the next word if it is this one.
    pub fn take_if(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// True when a condition or nothing follows.
    pub fn at_condition_or_end(&self) -> bool {
        matches!(self.peek(), None | Some("if" | "unless"))
    }

    /// The words left, up to an empty one.
    pub fn rest(&self) -> Vec<&'w str> {
        self.words[self.at.min(self.words.len())..]
            .iter()
            .take_while(|word| !word.is_empty())
            .map(Word::as_str)
            .collect()
    }

    /// Passes so many words.
    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// The word that follows, for the caret.
    pub fn word(&self) -> Option<&'w Word> {
        self.words.get(self.at).filter(|word| !word.is_empty())
    }
}
