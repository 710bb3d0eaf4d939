use super::*;
use crate::diagnostics::FileId;

fn line(text: &str) -> Line {
    let words = text.split(' ').map(|word| Word::new(if word == "''" { "" } else { word })).collect();
    Line { file: FileId(0), number: 1, words, negation: Negation::None, text: text.into() }
}

fn duration(text: &str) -> Result<u32, String> {
    Cursor::new(&line(text), 2).duration_ms().map_err(|error| error.message)
}

#[test]
fn durations_have_the_wording_of_timeouts() {
    assert_eq!(duration("timeout client 5s"), Ok(5000));
    assert_eq!(duration("timeout client 5S"), Err("unexpected character 'S' in 'timeout client'".into()));
    assert_eq!(
        duration("timeout client"),
        Err("'timeout client' expects an integer value (in milliseconds)".into())
    );
    assert_eq!(
        duration("timeout client 25d"),
        Err("timer overflow in argument '25d' to 'timeout client' (maximum value is 2147483647 ms or ~24.8 days)"
            .into())
    );
}

#[test]
fn an_empty_word_ends_the_arguments() {
    let line = line("acl a '' b");
    let mut cursor = Cursor::new(&line, 1);
    assert_eq!(cursor.next_word().map(Word::as_str), Some("a"));
    assert!(cursor.at_end() && cursor.rest().is_empty() && cursor.finish().is_ok());
}

#[test]
fn numbers_fill_their_word() {
    assert_eq!(Cursor::new(&line("maxconn 10"), 1).integer::<u32>(), Ok(10));
    for text in ["maxconn", "maxconn 10x", "maxconn 1.5", "maxconn 99999999999"] {
        let error = Cursor::new(&line(text), 1).integer::<u32>().unwrap_err();
        assert_eq!(error.message, "'maxconn' expects an integer argument.");
    }
    assert_eq!(Cursor::new(&line("size 10k"), 1).size(), Ok(10240));
}
