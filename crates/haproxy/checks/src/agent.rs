//! The one line an agent answers (manual §5.2, `agent-check`).

/// What an agent asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentReport {
    /// `75%`: weight relative to the configured one, in percent.
    pub weight_percent: Option<u32>,
    /// `maxconn:30`.
    pub maxconn: Option<u32>,
    /// Administrative wish.
    pub admin: Option<AgentAdmin>,
    /// What it says of health.
    pub health: Option<AgentHealth>,
}

/// Administrative wishes of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentAdmin {
    /// `ready`: end drain and maintenance.
    Ready,
    /// `drain`.
    Drain,
    /// `maint`.
    Maint,
}

/// What an agent says of health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentHealth {
    /// `up`.
    Up,
    /// `down`, `fail`, `stopped`.
    Down,
}

/// What an agent's words mean.
#[derive(Clone, Copy)]
enum Word {
    Admin(AgentAdmin),
    Health(AgentHealth),
}

/// Words an agent may say, in any case.
const WORDS: &[(&str, Word)] = &[
    ("up", Word::Health(AgentHealth::Up)),
    ("down", Word::Health(AgentHealth::Down)),
    ("fail", Word::Health(AgentHealth::Down)),
    ("failed", Word::Health(AgentHealth::Down)),
    ("stopped", Word::Health(AgentHealth::Down)),
    ("ready", Word::Admin(AgentAdmin::Ready)),
    ("drain", Word::Admin(AgentAdmin::Drain)),
    ("maint", Word::Admin(AgentAdmin::Maint)),
];

/// Reads the line: what it asks for, and the words for `last_agt`.
pub fn parse(line: &str) -> (AgentReport, String) {
    let line = line.split(['\r', '\n', '\0']).next().unwrap_or("");
    let mut report = AgentReport::default();
    let mut verdict: Option<&str> = None;
    let mut description: Option<&str> = None;
    let mut error: Option<&str> = None;
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        if let Some(text) = rest.strip_prefix('#') {
            description = Some(text.trim());
            break;
        }
        let end = rest.find([' ', '\t', ',']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if let Some(percent) = word.strip_suffix('%').and_then(|n| n.parse().ok()) {
            report.weight_percent = Some(percent);
        } else if let Some(maxconn) = word.strip_prefix("maxconn:").and_then(|n| n.parse().ok()) {
            report.maxconn = Some(maxconn);
        } else {
            match WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                Some((_, Word::Admin(admin))) => report.admin = Some(*admin),
                Some((_, Word::Health(health))) => {
                    report.health = Some(*health);
                    verdict = Some(word);
                    let after = after.trim_start();
                    description = (!after.is_empty() && is_description(after))
                        .then(|| after.trim_start_matches('#').trim())
                        .or(description);
                    if description.is_some() {
                        break;
                    }
                }
                None => error = error.or(Some(word)),
            }
        }
        rest = after;
    }
    let text = match (verdict, description, error) {
        (Some(verdict), Some(description), _) => format!("via agent : {verdict} ({description})"),
        (Some(verdict), None, _) => format!("via agent : {verdict}"),
        (None, _, Some(error)) => format!("agent reports an error : {error}"),
        (None, _, None) => String::new(),
    };
    (report, text)
}

/// True when what follows `up` or `down` describes it instead of asking for more.
fn is_description(after: &str) -> bool {
    let word = after.split([' ', '\t', ',']).next().unwrap_or("");
    let asks = word.ends_with('%')
        || word.starts_with("maxconn:")
        || WORDS.iter().any(|(name, _)| name.eq_ignore_ascii_case(word));
    !asks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_an_agent() {
        let health = |line| (parse(line).0.health, parse(line).1);
        assert_eq!(health("up"), (Some(AgentHealth::Up), "via agent : up".into()));
        assert_eq!(health("UP"), (Some(AgentHealth::Up), "via agent : UP".into()));
        assert_eq!(health("up foo"), (Some(AgentHealth::Up), "via agent : up (foo)".into()));
        assert_eq!(
            health("down #gone fishing"),
            (Some(AgentHealth::Down), "via agent : down (gone fishing)".into())
        );
        assert_eq!(health("fail # f"), (Some(AgentHealth::Down), "via agent : fail (f)".into()));
        assert_eq!(health("foo"), (None, "agent reports an error : foo".into()));
        assert_eq!(health("weight:20%"), (None, "agent reports an error : weight:20%".into()));
        assert_eq!(health("50 %"), (None, "agent reports an error : 50".into()));
        let all = parse("up 30% maxconn:5").0;
        assert_eq!((all.weight_percent, all.maxconn, all.health), (Some(30), Some(5), Some(AgentHealth::Up)));
        assert_eq!(parse("drain 40%").0.admin, Some(AgentAdmin::Drain));
        assert_eq!(parse("ready").1, "");
    }
}
