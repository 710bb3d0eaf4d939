use super::*;
use crate::chain::Chain;

/// Sends a body through a limit: when it is through, the bytes at each second, and how often it went on.
fn through(body: usize, limit: u64, period_ms: u64, min: u64) -> (u64, Vec<usize>, usize) {
    let settings = Settings {
        name: "l".into(),
        id: 0,
        direction: Direction::Out,
        limit_bytes: limit,
        period_ms,
        min_bytes: min,
    };
    let mut chain = Chain::default();
    let start_ms = 5_000;
    chain.push(Box::new(Limiter::new(&settings, None, None, start_ms)));
    let mut now_ms = start_ms;
    let mut seconds = vec![0];
    let mut turns = 0;
    chain.feed(&vec![b'x'; body], now_ms);
    chain.finish(now_ms);
    loop {
        let second = ((now_ms - start_ms) / 1000) as usize;
        seconds.resize(second.max(seconds.len() - 1) + 1, 0);
        seconds[second] += chain.out.len();
        chain.out.clear();
        let Some(again_ms) = chain.again_ms() else { break };
        assert!(again_ms > now_ms, "time goes on");
        now_ms = again_ms;
        turns += 1;
        chain.resume(now_ms);
    }
    assert!(chain.is_over());
    (now_ms - start_ms, seconds, turns)
}

#[test]
fn each_period_gets_its_share() {
    let (took_ms, seconds, turns) = through(10_000, 1000, 1000, 0);
    assert!((10_000..=10_200).contains(&took_ms), "{took_ms}");
    assert!(seconds.iter().all(|bytes| *bytes <= 1000), "{seconds:?}");
    assert_eq!(seconds.iter().sum::<usize>(), 10_000);
    assert!(turns < 700, "{turns}");
}

#[test]
fn long_periods_and_least_sizes() {
    let (took_ms, _, turns) = through(4_000, 1000, 2_000, 100);
    assert!((8_000..=9_000).contains(&took_ms), "{took_ms}");
    assert!(turns <= 40, "{turns}");
}

#[test]
fn a_body_below_the_limit_is_not_slowed() {
    assert_eq!(through(1000, 1000, 1000, 5000).0, 0);
}
