use super::*;
use std::net::{TcpListener, TcpStream, UdpSocket};

/// Namespaces need root; without it these tests have nothing to say.
fn lab(name: &str) -> Option<Lab> {
    if !allowed() {
        eprintln!("skipped: needs root");
        return None;
    }
    let lab = Lab::new(name).unwrap();
    lab.bridge("br0").unwrap();
    Some(lab)
}

#[test]
fn two_nodes_talk_and_a_pulled_cable_cuts_them() {
    let Some(lab) = lab("talk") else { return };
    let (a, b) = (lab.node("a", &[]).unwrap(), lab.node("b", &[]).unwrap());
    lab.plug(&a, "br0", "eth0", &["10.99.0.1/24", "fd99::1/64"]).unwrap();
    lab.plug(&b, "br0", "eth0", &["10.99.0.2/24"]).unwrap();
    let listener = a.in_net(|| TcpListener::bind("10.99.0.1:0")).unwrap().unwrap();
    let address = listener.local_addr().unwrap();
    b.in_net(|| TcpStream::connect_timeout(&address, Duration::from_secs(2))).unwrap().unwrap();
    assert!(a.holds("10.99.0.1") && a.holds("fd99::1") && !b.holds("10.99.0.1"));
    lab.cable(&a, "eth0", Cable::Out).unwrap();
    assert!(
        a.sh("cat /sys/class/net/eth0/carrier || true").unwrap().trim() != "1"
            || a.sh("ip link show eth0").unwrap().contains("NO-CARRIER")
    );
    assert!(b.in_net(|| TcpStream::connect_timeout(&address, Duration::from_millis(200))).unwrap().is_err());
    lab.cable(&a, "eth0", Cable::In).unwrap();
    assert!(wait_until(Duration::from_secs(5), || {
        b.in_net(|| TcpStream::connect_timeout(&address, Duration::from_millis(200))).unwrap().is_ok()
    }));
    // Nothing of this is seen on the machine itself.
    assert!(UdpSocket::bind("10.99.0.1:0").is_err());
}

#[test]
fn processes_are_apart_reaped_and_gone_with_the_node() {
    let Some(lab) = lab("proc") else { return };
    let (a, b) = (lab.node("a", &["/run"]).unwrap(), lab.node("b", &["/run"]).unwrap());
    let log = std::env::temp_dir().join(format!("netns-test-{}.log", std::process::id()));
    let mut sleeper = a.spawn(&["sleep", "1000"], &log).unwrap();
    // it bears the name once it has become the program
    assert!(wait_until(Duration::from_secs(5), || a.pids("sleep") == [sleeper.pid()]));
    assert!(b.pids("sleep").is_empty());
    assert_eq!(b.sh("ps -C sleep --no-header | wc -l").unwrap().trim(), "0");
    // An orphan that ends must leave no zombie: `ps -C` would count it.
    a.sh("setsid sh -c 'sh -c \"exec -a orphan sleep 0.05\" & exit 0' > /dev/null 2>&1").unwrap();
    assert!(wait_until(Duration::from_secs(5), || a
        .sh("ps -e -o stat= | grep -c Z || true")
        .unwrap()
        .trim()
        == "0"));
    sleeper.signal(Signal::SIGKILL).unwrap();
    assert_eq!(sleeper.wait(Duration::from_secs(5)), Some(137));
    a.write("/run/x/y", "inside").unwrap();
    assert_eq!(a.read("/run/x/y").unwrap(), "inside");
    assert!(!Path::new("/run/x/y").exists() && b.read("/run/x/y").is_err());
    let left = a.spawn(&["sleep", "1000"], &log).unwrap();
    let pid = left.pid();
    drop(a);
    assert!(stat(pid).is_none_or(|stat| stat.state == 'Z'));
    drop(left);
    let _ = fs::remove_file(log);
}
