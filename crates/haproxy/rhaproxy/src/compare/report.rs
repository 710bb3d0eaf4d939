//! The comparison as a text for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::Side;
use super::names::Names;
use super::said::{Level, Message};

/// Words of the notice for a keyword that is taken and does nothing.
const NO_EFFECT: &str = "no effect";

/// The text, and whether something the configuration asks for would not be done.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// The text.
    pub text: String,
    /// True if the configuration would be refused, or if a keyword would have no effect.
    pub loses: bool,
}

/// The report on two programs.
pub fn report(original: &Path, theirs: &Side, ours: &Side) -> Report {
    let mut text = String::new();
    let _ = writeln!(text, "there: {} ({})", theirs.version, original.display());
    let _ = writeln!(text, "here:  {}\n", ours.version);
    let _ = writeln!(text, "The configuration is {} there and {} here.\n", state(theirs), state(ours));
    let own = |wanted: fn(&Message) -> bool| -> Vec<&Message> {
        ours.said.messages.iter().filter(|message| wanted(message)).collect()
    };
    let refused = own(|message| message.level == Level::Alert);
    let idle = own(|message| message.level < Level::Alert && message.text.contains(NO_EFFECT));
    let loses = ours.said.code == 1 && theirs.said.code != 1 || !idle.is_empty();
    section(&mut text, "Refused here", &unknown_to(&refused, &theirs.said.messages));
    section(&mut text, "Without effect here", &idle);
    let warned = own(|message| message.level == Level::Warning && !message.text.contains(NO_EFFECT));
    section(&mut text, "Said here and not there", &unknown_to(&warned, &theirs.said.messages));
    let told: Vec<&Message> =
        theirs.said.messages.iter().filter(|message| message.level > Level::Notice).collect();
    section(&mut text, "Said there and not here", &unknown_to(&told, &ours.said.messages));
    worded(&mut text, &theirs.said.messages, &ours.said.messages);
    match (&theirs.names, &ours.names) {
        (Ok(theirs), Ok(ours)) => statistics(&mut text, theirs, ours),
        (Err(why), _) => {
            let _ = writeln!(text, "Statistics there could not be read: {why}");
        }
        (_, Err(why)) => {
            let _ = writeln!(text, "Statistics here could not be read: {why}");
        }
    }
    Report { text, loses }
}

fn state(side: &Side) -> &'static str {
    match side.said.code {
        0 => "valid",
        2 => "valid but without a listener",
        _ => "refused",
    }
}

/// Messages the other side has no counterpart for: the same text, or one of that weight at the same place.
fn unknown_to<'m>(messages: &[&'m Message], others: &[Message]) -> Vec<&'m Message> {
    let known = |message: &Message| {
        others.iter().any(|other| {
            other.text == message.text
                || (!message.place.is_empty() && other.place == message.place && other.level == message.level)
        })
    };
    messages.iter().copied().filter(|message| !known(message)).collect()
}

fn section(text: &mut String, title: &str, messages: &[&Message]) {
    if messages.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title} ({}):", messages.len());
    for message in messages {
        let place = if message.place.is_empty() { String::new() } else { format!("{}: ", message.place) };
        let _ = writeln!(text, "  {place}{}", message.text);
    }
    text.push('\n');
}

/// Messages about the same line in other words: who reads logs of checks by machine wants to know.
fn worded(text: &mut String, theirs: &[Message], ours: &[Message]) {
    let placed = theirs.iter().filter(|message| !message.place.is_empty());
    let pairs: Vec<(&Message, &Message)> = placed
        .filter(|message| !ours.iter().any(|own| own.text == message.text && own.place == message.place))
        .filter_map(|message| {
            let same = ours.iter().find(|own| own.place == message.place && own.level == message.level)?;
            Some((message, same))
        })
        .collect();
    if pairs.is_empty() {
        return;
    }
    let _ = writeln!(text, "Said in other words ({}):", pairs.len());
    for (theirs, ours) in pairs {
        let _ = writeln!(text, "  {}\n    there: {}\n    here:  {}", theirs.place, theirs.text, ours.text);
    }
    text.push('\n');
}

fn statistics(text: &mut String, theirs: &Names, ours: &Names) {
    let columns = |names: &Names| names.columns.iter().cloned().collect::<BTreeSet<_>>();
    text.push_str("Statistics:\n");
    vanishing(text, "columns of show stat", &columns(theirs), &columns(ours));
    let moved = theirs.columns.iter().zip(&ours.columns).position(|(there, here)| there != here);
    let _ = match moved {
        Some(at) => writeln!(text, "    the first {at} columns stand at the same place"),
        None => writeln!(text, "    all stand at the same place"),
    };
    vanishing(text, "fields of show info", &theirs.info, &ours.info);
    vanishing(text, "Prometheus metrics", &theirs.metrics, &ours.metrics);
}

fn vanishing(text: &mut String, what: &str, theirs: &BTreeSet<String>, ours: &BTreeSet<String>) {
    let gone: Vec<&str> = theirs.difference(ours).map(String::as_str).collect();
    let _ = write!(text, "  {what}: {} there, {} here", theirs.len(), ours.len());
    let _ = match gone.is_empty() {
        true => writeln!(text, ", none would vanish"),
        false => writeln!(text, "; these would vanish: {}", gone.join(", ")),
    };
}

#[cfg(test)]
mod tests;
