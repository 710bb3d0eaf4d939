use super::*;

/// Lets so many bytes pass each ten milliseconds and marks the end.
#[derive(Debug)]
struct Slow(usize, u64);

impl Filter for Slow {
    fn pass(&mut self, input: &[u8], flow: &mut Flow<'_>) -> Passed {
        let taken = if flow.now_ms >= self.1 { self.0.min(input.len()) } else { 0 };
        flow.out.extend_from_slice(&input[..taken]);
        if taken > 0 {
            self.1 = flow.now_ms + 10;
        }
        Passed { taken, again_ms: (taken < input.len()).then_some(self.1) }
    }

    fn end(&mut self, flow: &mut Flow<'_>) {
        flow.out.push(b'.');
    }
}

/// Keeps everything back until it is told to give it.
#[derive(Debug, Default)]
struct Keeps(Vec<u8>);

impl Filter for Keeps {
    fn pass(&mut self, input: &[u8], _: &mut Flow<'_>) -> Passed {
        self.0.extend_from_slice(input);
        Passed::all(input)
    }

    fn end(&mut self, flow: &mut Flow<'_>) {
        self.flush(flow);
    }

    fn flush(&mut self, flow: &mut Flow<'_>) {
        flow.out.append(&mut self.0);
    }
}

#[test]
fn what_a_slow_filter_leaves_waits_for_its_time() {
    let mut chain = Chain::default();
    chain.push(Box::new(Slow(2, 0)));
    chain.push(Box::new(Slow(100, 0)));
    chain.feed(b"abcde", 0);
    chain.finish(0);
    assert_eq!((&chain.out[..], chain.again_ms(), chain.is_over()), (&b"ab"[..], Some(10), false));
    chain.resume(5);
    assert_eq!((&chain.out[..], chain.again_ms()), (&b"ab"[..], Some(10)));
    chain.resume(10);
    chain.resume(20);
    assert_eq!((&chain.out[..], chain.again_ms(), chain.is_over()), (&b"abcde.."[..], None, true));
}

#[test]
fn a_flush_reaches_the_end_of_the_chain() {
    let mut chain = Chain::default();
    chain.push(Box::new(Keeps::default()));
    chain.push(Box::new(Keeps::default()));
    chain.feed(b"abc", 0);
    assert!(chain.out.is_empty());
    assert!(chain.flush(0));
    assert_eq!(chain.out, b"abc");
    assert!(!chain.flush(0));
    chain.feed(b"d", 0);
    chain.finish(0);
    assert_eq!((&chain.out[..], chain.is_over()), (&b"abcd"[..], true));
}
