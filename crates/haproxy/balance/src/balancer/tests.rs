use super::*;
use crate::algorithm::UriPart;
use crate::server::{Admin, ServerConf};
use common_base::hash::HashFunction;

fn servers(weights: &[u32]) -> Vec<Arc<Server>> {
    let conf = |(i, &weight): (usize, &u32)| ServerConf {
        name: format!("s{}", i + 1).into(),
        puid: i as u32 + 1,
        weight,
        ..ServerConf::default()
    };
    weights.iter().enumerate().map(|each| Arc::new(Server::new(conf(each), 1))).collect()
}

fn balancer(algorithm: Algorithm, hash_type: HashType, weights: &[u32]) -> Balancer {
    Balancer::new(BalancerConf { algorithm, hash_type, ..BalancerConf::default() }, servers(weights))
}

fn picks<'a>(balancer: &Balancer, keys: impl Iterator<Item = PickKey<'a>>) -> String {
    keys.map(|key| balancer.pick(Some(key), 0, None).map_or('-', |i| char::from(b'1' + i as u8))).collect()
}

/// Observed on HAProxy 2.6.12 with weights 3, 1, 1, 5 and targets of this form.
const BY_URI: &[(HashMethod, HashFunction, bool, &str)] = &[
    (HashMethod::MapBased, HashFunction::Sdbm, false, "344443444444444144444144443441"),
    (HashMethod::MapBased, HashFunction::Sdbm, true, "441124444411244414124144124411"),
    (HashMethod::MapBased, HashFunction::Djb2, false, "411124211211313411321411124114"),
    (HashMethod::MapBased, HashFunction::Djb2, true, "111133431443312444211323144142"),
    (HashMethod::MapBased, HashFunction::Wt6, false, "441314114224111442443213411121"),
    (HashMethod::MapBased, HashFunction::Wt6, true, "424441214444144414444144443311"),
    (HashMethod::MapBased, HashFunction::Crc32, false, "434411412442444414132212214434"),
    (HashMethod::MapBased, HashFunction::Crc32, true, "443244323333314411344344444124"),
    (HashMethod::Consistent, HashFunction::Sdbm, false, "424444124411111112442441214112"),
    (HashMethod::Consistent, HashFunction::Sdbm, true, "413212341121411341444131114441"),
    (HashMethod::Consistent, HashFunction::Djb2, false, "431111114412441434441441444143"),
    (HashMethod::Consistent, HashFunction::Djb2, true, "414243443411342122112421211411"),
    (HashMethod::Consistent, HashFunction::Wt6, false, "444414144241434144421444411214"),
    (HashMethod::Consistent, HashFunction::Wt6, true, "111414434244443444411344333241"),
    (HashMethod::Consistent, HashFunction::Crc32, false, "144311444112434413414114141341"),
    (HashMethod::Consistent, HashFunction::Crc32, true, "141412421444444143114444441234"),
];

fn targets() -> Vec<String> {
    (0..30).map(|i| format!("/path/{}/abc{i}?q={i}", i * 7919)).collect()
}

#[test]
fn hashes_of_targets_choose_as_the_original() {
    let (part, targets) = (UriPart::default(), targets());
    for &(method, function, avalanche, expected) in BY_URI {
        let hash_type = HashType { method, function: Some(function), avalanche };
        let balancer = balancer(Algorithm::Uri(part.clone()), hash_type, &[3, 1, 1, 5]);
        let keys = targets.iter().map(|target| PickKey::Bytes(part.cut(target.as_bytes())));
        assert_eq!(picks(&balancer, keys), expected, "{hash_type:?}");
    }
}

#[test]
fn parts_of_targets_choose_as_the_original() {
    let check = |part: UriPart, expected: &str| {
        let balancer = balancer(Algorithm::Uri(part.clone()), HashType::default(), &[3, 1, 1, 5]);
        let targets = targets();
        let keys = targets.iter().map(|target| PickKey::Bytes(part.cut(target.as_bytes())));
        assert_eq!(picks(&balancer, keys), expected, "{part:?}");
    };
    check(UriPart { whole: true, ..UriPart::default() }, "443431141441424441413114144411");
    check(UriPart { depth: 2, ..UriPart::default() }, "441431341441434441413214244431");
    check(UriPart { length: 9, ..UriPart::default() }, "414441444414414434244143421431");
    check(UriPart { path_only: true, ..UriPart::default() }, "344443444444444144444144443441");
    let header = balancer(Algorithm::Hash(String::new()), HashType::default(), &[3, 1, 1, 5]);
    let values: Vec<String> = (0..30).map(|i| format!("v{}", i * 31)).collect();
    assert_eq!(
        picks(&header, values.iter().map(|value| PickKey::Bytes(value.as_bytes()))),
        "131144421313144441121214442131"
    );
}

#[test]
fn addresses_choose_as_the_original() {
    let addresses = (0..30u32)
        .map(|i| PickKey::Address(IpAddr::from([127, (i * 7) as u8, (i * 13) as u8, (i + 1) as u8])));
    let check = |hash_type, expected: &str| {
        let balancer = balancer(Algorithm::Source, hash_type, &[3, 1, 1, 5]);
        assert_eq!(picks(&balancer, addresses.clone()), expected);
    };
    let stirred = HashType { avalanche: true, ..HashType::default() };
    check(HashType::default(), "414143414241414341424341424141");
    check(stirred, "411214144431142144423441411444");
    check(HashType { method: HashMethod::Consistent, ..stirred }, "412334441314441441431143234444");
}

#[test]
fn turns_skip_full_and_failed_servers() {
    let balancer = balancer(Algorithm::RoundRobin, HashType::default(), &[1, 1, 1]);
    let pick = |avoid| balancer.pick(None, 0, avoid);
    assert_eq!([pick(None), pick(None), pick(None), pick(None)], [Some(0), Some(1), Some(2), Some(0)]);
    assert_eq!(pick(Some(1)), Some(2));
    balancer.servers().iter().for_each(|server| server.set_maxconn(1));
    assert!(balancer.servers()[0].try_slot(1) && balancer.servers()[2].try_slot(1));
    assert_eq!([pick(None), pick(None), pick(Some(1))], [Some(1), Some(1), Some(1)]);
    assert!(balancer.servers()[1].try_slot(1));
    assert_eq!((pick(None), balancer.usable_count()), (None, 3));
}

#[test]
fn least_loaded_by_weight_in_turns() {
    let balancer = balancer(Algorithm::LeastConn, HashType::default(), &[1, 2, 3]);
    let take = || {
        let index = balancer.pick(None, 0, None).unwrap();
        balancer.servers()[index].try_slot(0);
        index + 1
    };
    let taken: Vec<usize> = (0..9).map(|_| take()).collect();
    assert_eq!(&taken[..3], [1, 2, 3]);
    let served: Vec<u32> = balancer.servers().iter().map(|server| server.served()).collect();
    assert_eq!(served, [1, 3, 5]);
}

#[test]
fn backups_step_in_one_by_one_or_all() {
    for (all_backups, expected) in [(false, 1), (true, 2)] {
        let mut all = servers(&[1]);
        for puid in [2, 3] {
            all.push(Arc::new(Server::new(ServerConf { backup: true, puid, ..ServerConf::default() }, 1)));
        }
        let balancer = Balancer::new(BalancerConf { all_backups, ..BalancerConf::default() }, all);
        assert_eq!(balancer.totals(), Totals { active: 1, backup: 2, weight: 16, user_weight: 1 });
        balancer.servers()[0].set_admin(Admin::FORCED_MAINT);
        balancer.refresh(0);
        assert_eq!((balancer.usable_count(), balancer.totals().backup), (expected, 2));
    }
}

#[test]
fn bounded_load_sends_on() {
    let conf = BalancerConf {
        algorithm: Algorithm::Source,
        hash_type: HashType { method: HashMethod::Consistent, ..HashType::default() },
        balance_factor: 125,
        ..BalancerConf::default()
    };
    let balancer = Balancer::new(conf, servers(&[1, 1, 1, 1]));
    let key = Some(PickKey::Address(IpAddr::from([127, 0, 0, 1])));
    for _ in 0..40 {
        let index = balancer.pick(key, 0, None).unwrap();
        balancer.servers()[index].try_slot(0);
    }
    assert!(balancer.servers().iter().all(|server| (1..=13).contains(&server.served())));
}

#[test]
fn weights_rise_during_slow_start() {
    let conf = ServerConf { weight: 100, slowstart_ms: 10_000, ..ServerConf::default() };
    let slow = Arc::new(Server::new(conf, 1));
    let balancer = Balancer::new(BalancerConf::default(), vec![Arc::clone(&slow)]);
    slow.set_state(Operational::Stopped, 1000);
    balancer.refresh(1000);
    assert_eq!(balancer.usable_count(), 0);
    slow.set_state(Operational::Running, 5000);
    let at = |now_ms| {
        let ended = balancer.tick(now_ms).len();
        (slow.shown_weight(), slow.throttle_percent(), ended)
    };
    assert_eq!(at(5500), (7, 6, 0));
    assert_eq!(at(7700), (25, 25, 0));
    assert_eq!(at(10_200), (57, 56, 0));
    assert_eq!(at(15_000), (100, 100, 1));
    assert_eq!(slow.down_ms(20_000), 4000);
}
