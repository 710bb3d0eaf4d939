use super::*;
use crate::chain::Chain;

fn through(settings: Settings, body: &[u8]) -> (Vec<u8>, usize) {
    let mut chain = Chain::default();
    let silent: Tell = |_| {};
    chain.push(Box::new(Trace::new(Arc::new(settings), String::new(), "REQUEST", 7, silent)));
    chain.feed(body, 0);
    chain.finish(0);
    let mut turns = 2;
    while !chain.is_over() {
        assert_eq!(chain.again_ms(), Some(0));
        chain.resume(0);
        turns += 1;
    }
    (chain.out, turns)
}

#[test]
fn random_pieces_lose_nothing() {
    let body: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    let (out, turns) = through(Settings { quiet: true, random: true, ..Settings::default() }, &body);
    assert!(out == body);
    assert!(turns > 2);
}

#[test]
fn pieces_have_their_largest_size() {
    let settings = Settings { quiet: true, forward_max: 10, ..Settings::default() };
    let (out, turns) = through(settings, &[b'x'; 95]);
    assert_eq!((out.len(), turns), (95, 10));
}

#[test]
fn bytes_are_shown_as_numbers_and_text() {
    let mut text = String::new();
    hexdump(&mut text, b"0123456789");
    assert_eq!(text, "\n\t0x000000: 30 31 32 33 34 35 36 37   38 39                     |0123456789|");
}
