//! Orders in which servers get their turns by weight, computed once for each change of weights.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// Longest order kept. Weights whose sum has no shorter form are rounded to fit: 256 kB a backend at most.
const TURNS_MAX: u64 = 65_536;

/// Order of `roundrobin`: a server of weight `w` comes every `total / w` turns; the first time in order of weight,
/// whenever no other is due. Of two due at once, the one with the smaller difference of remainder and weight goes first, then the
/// one that waits longer. `weights` are all above zero; the result holds indexes into it.
pub fn round_robin(weights: &[u32]) -> Vec<u32> {
    let weights = reduced(weights);
    let total: u64 = weights.iter().sum();
    if weights.iter().all(|&weight| weight == 1) {
        return (0..weights.len() as u32).collect();
    }
    let mut fresh: Vec<usize> = (0..weights.len()).collect();
    fresh.sort_by_key(|&i| (weights[i], Reverse(i)));
    let mut due: BinaryHeap<Reverse<Due>> = BinaryHeap::with_capacity(weights.len());
    let mut order = Vec::with_capacity(total as usize);
    for turn in 0..total {
        let is_due = due.peek().is_some_and(|Reverse(next)| next.turn <= turn);
        let begun = || Due { turn, remainder: 0, server: 0, rank: 0, since: turn };
        let mut next = match (is_due, fresh.pop()) {
            (false, Some(server)) => Due { server, ..begun() },
            (true, unused) => {
                fresh.extend(unused);
                due.pop().map_or_else(begun, |Reverse(next)| next)
            }
            (false, None) => due.pop().map_or_else(begun, |Reverse(next)| next),
        };
        order.push(next.server as u32);
        let weight = weights[next.server];
        next.turn += total / weight;
        next.remainder += total % weight;
        if next.remainder >= weight {
            next.remainder -= weight;
            next.turn += 1;
        }
        next.rank = next.remainder as i64 - weight as i64;
        next.since = turn;
        due.push(Reverse(next));
    }
    order
}

/// A server that waits for its turn; ordered by turn, rank, and how long it has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    turn: u64,
    rank: i64,
    since: u64,
    remainder: u64,
    server: usize,
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.turn, self.rank, self.since).cmp(&(other.turn, other.rank, other.since))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Order of `static-rr`, and the table of map-based hashing: at each turn the server that is owed most whole turns,
/// the first declared of several. `weights` are all above zero; the result holds indexes into it.
pub fn static_order(weights: &[u32]) -> Vec<u32> {
    let weights = reduced(weights);
    let total: u64 = weights.iter().sum();
    if weights.iter().all(|&weight| weight == 1) {
        return (0..weights.len() as u32).collect();
    }
    // a server is owed floor(weight * turn / total) + 1 turns, less those it had
    let mut owed = vec![1i64; weights.len()];
    let mut best: BTreeSet<(Reverse<i64>, usize)> = (0..weights.len()).map(|i| (Reverse(1), i)).collect();
    let gain_at = |i: usize, k: u64| (k * total).div_ceil(weights[i]);
    let mut gains: BinaryHeap<Reverse<(u64, usize, u64)>> =
        (0..weights.len()).map(|i| Reverse((gain_at(i, 1), i, 1))).collect();
    let mut order = Vec::with_capacity(total as usize);
    for turn in 1..=total {
        while let Some(&Reverse((at, i, k))) = gains.peek().filter(|Reverse((at, ..))| *at <= turn) {
            debug_assert!(at <= turn);
            gains.pop();
            best.remove(&(Reverse(owed[i]), i));
            owed[i] += 1;
            best.insert((Reverse(owed[i]), i));
            gains.push(Reverse((gain_at(i, k + 1), i, k + 1)));
        }
        let Some((Reverse(most), i)) = best.pop_first() else { break };
        owed[i] = most - 1;
        best.insert((Reverse(owed[i]), i));
        order.push(i as u32);
    }
    order
}

/// Weights without their common divisor, and rounded when their sum is still too large.
fn reduced(weights: &[u32]) -> Vec<u64> {
    let divisor = weights.iter().fold(0, |acc, &weight| gcd(acc, u64::from(weight))).max(1);
    let mut weights: Vec<u64> = weights.iter().map(|&weight| u64::from(weight) / divisor).collect();
    let total: u64 = weights.iter().sum();
    let limit = TURNS_MAX.max(weights.len() as u64);
    if total > limit {
        weights.iter_mut().for_each(|weight| *weight = (*weight * limit / total).max(1));
    }
    weights
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Order of `weights`, servers counted from 1, repeated to 40 turns.
    fn text(order: Vec<u32>) -> String {
        order.iter().cycle().take(40).map(|i| char::from(b'1' + *i as u8)).collect()
    }

    /// Observed on HAProxy 2.6.12 with the servers' `weight` set so.
    #[test]
    fn round_robin_as_the_original() {
        let check =
            |weights: &[u32], expected: &str| assert_eq!(text(round_robin(weights)), expected, "{weights:?}");
        check(&[1, 2, 3], "3231323231323231323231323231323231323231");
        check(&[1, 1, 1], "1231231231231231231231231231231231231231");
        check(&[3, 2, 1], "1213121213121213121213121213121213121213");
        check(&[5, 1, 1], "1112113111211311121131112113111211311121");
        check(&[1, 5, 2], "2232212322322123223221232232212322322123");
        check(&[10, 20], "2212212212212212212212212212212212212212");
        check(&[1, 2, 3, 4], "4342341432434234143243423414324342341432");
        check(&[2, 2, 3], "3132132313213231321323132132313213231321");
        check(&[100, 50, 25], "1121312112131211213121121312112131211213");
        check(&[9, 8, 7], "1213213213212131231231231213213213212131");
        check(&[3, 3, 1], "1212123121212312121231212123121212312121");
    }

    #[test]
    fn static_order_as_the_original() {
        let check = |weights: &[u32], expected: &str| {
            assert_eq!(text(static_order(weights)), expected, "{weights:?}")
        };
        check(&[1, 2, 3], "1323231323231323231323231323231323231323");
        check(&[3, 2, 1], "1121231121231121231121231121231121231121");
        check(&[1, 5, 2], "1223222312232223122322231223222312232223");
        check(&[1, 2, 3, 4], "1243423434124342343412434234341243423434");
        check(&[2, 2, 3], "1231323123132312313231231323123132312313");
        check(&[100, 50, 25], "1121213112121311212131121213112121311212");
        check(&[9, 8, 7], "1213213122312311231231231213213122312311");
        check(&[3, 3, 1], "1212123121212312121231212123121212312121");
    }

    #[test]
    fn every_server_gets_its_share_whatever_the_weights() {
        let weights: Vec<u32> = (0..1000).map(|i| 1 + (i * 7919) % 4096).collect();
        for order in [round_robin(&weights), static_order(&weights)] {
            assert!(order.len() <= 70_000);
            let mut seen = vec![0; weights.len()];
            order.iter().for_each(|&i| seen[i as usize] += 1);
            assert!(seen.iter().all(|&count| count > 0));
        }
        assert_eq!(static_order(&vec![1; 25_000]).len(), 25_000);
    }
}
