use super::*;

#[test]
fn rate_slides_over_two_periods() {
    let rate = Rate::default();
    for i in 0..10 {
        rate.update(5000 + i * 100, 1);
    }
    assert_eq!(rate.read(5900), 10);
    assert_eq!(rate.read(6400), 6);
    assert_eq!(rate.read(6900), 1);
    assert_eq!(rate.read(7000), 0);
    assert_eq!(rate.max(), 10);
}

#[test]
fn a_single_event_stays_for_two_periods() {
    let rate = Rate::default();
    rate.update(5000, 1);
    assert_eq!(rate.read(5999), 1);
    assert_eq!(rate.read(6999), 1);
    assert_eq!(rate.read(7000), 0);
}

#[test]
fn averages_of_threads_are_weighted() {
    let per = PerThread::<Average>::new(2);
    (0..3).for_each(|_| per.at(0).add(10));
    per.at(1).add(30);
    assert_eq!(per.average(|a| a), 15);
    assert_eq!(per.max(Average::max), 30);
    (0..5000).for_each(|_| per.at(0).add(100));
    assert!((98..=100).contains(&per.average(|a| a)));
}

#[test]
fn levels_of_threads_cancel_out() {
    let per = PerThread::<Level>::new(2);
    per.at(0).add(3);
    per.at(1).dec();
    assert_eq!(per.level(Level::load), 2);
    assert_eq!(std::mem::size_of::<Padded<Level>>(), 128);
}
