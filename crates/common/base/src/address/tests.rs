use super::*;
use proptest::prelude::*;

fn parse(text: &str, rules: &AddressRules) -> Result<Address, String> {
    parse_address(text, text, rules).map_err(|error| error.to_string())
}

fn bind(text: &str) -> Result<Target, String> {
    parse(text, &AddressRules::BIND).map(|address| address.target)
}

fn server(text: &str) -> Result<Target, String> {
    parse(text, &AddressRules::SERVER).map(|address| address.target)
}

fn ip(text: &str, port: Port) -> Target {
    Target::Ip(Host::Ip(text.parse().unwrap()), port)
}

#[test]
fn listening_addresses() {
    for (text, target) in [
        ("*:80", ip("0.0.0.0", Port::One(80))),
        (":80", ip("0.0.0.0", Port::One(80))),
        ("ipv6@:80", ip("::", Port::One(80))),
        ("ipv6@*:80", ip("::", Port::One(80))),
        ("ipv4@*:80", ip("0.0.0.0", Port::One(80))),
        (":80-90", ip("0.0.0.0", Port::Range(80, 90))),
        (":80-80", ip("0.0.0.0", Port::One(80))),
        ("1.2.3.4:80a", ip("1.2.3.4", Port::One(80))),
        ("::1:80", ip("::1", Port::One(80))),
        ("[::1]:80", ip("::1", Port::One(80))),
        (":::80", ip("::", Port::One(80))),
        ("localhost:80", Target::Ip(Host::Name("localhost".into(), Family::Any), Port::One(80))),
        ("/tmp/x.sock", Target::Unix("/tmp/x.sock".into())),
        ("unix@x", Target::Unix("x".into())),
        ("abns@foo", Target::Abstract { name: "foo".into(), zero_terminated: false }),
        ("abnsz@foo", Target::Abstract { name: "foo".into(), zero_terminated: true }),
        ("fd@7", Target::Fd(7)),
        ("sockpair@3", Target::SockPair(3)),
    ] {
        assert_eq!(bind(text), Ok(target), "{text}");
    }
    for (text, error) in [
        ("80", "missing port specification in '80'"),
        (":", "missing port specification in ':'"),
        ("*", "missing port specification in '*'"),
        ("./x.sock", "missing port specification in './x.sock'"),
        ("", "'' resolves to an empty address (environment variable missing?)"),
        ("*:0", "invalid port '0'"),
        (":90-80", "invalid port range '90-80'"),
        (":80-", "invalid port ''"),
        (":-80", "port offset not permitted here in ':-80'"),
        (":+80", "port offset not permitted here in ':+80'"),
        ("*:70000", "invalid port '70000'"),
        ("[::1:80", "invalid address: '[::1' in '[::1:80'"),
        ("::80", "invalid address: ':' in '::80'"),
        ("udp@:80", "dgram-type address not acceptable in 'udp@:80'"),
        ("fd@7x", "file descriptor '7x' is not a valid integer in 'fd@7x'"),
        ("fd@", "file descriptor '' is not a valid integer in 'fd@'"),
        ("sockpair@x", "file descriptor 'x' is not a valid integer in 'sockpair@x'"),
        ("-127.0.0.1}:80", "invalid address: '-127.0.0.1}' in '-127.0.0.1}:80'"),
    ] {
        assert_eq!(bind(text), Err(error.to_owned()), "{text}");
    }
    let long = format!("/tmp/{}", "a".repeat(100));
    assert_eq!(bind(&long), Err(format!("socket path '{long}' too long (max 97)")));
}

#[test]
fn addresses_of_servers() {
    for (text, target) in [
        ("1.2.3.4", ip("1.2.3.4", Port::None)),
        ("1.2.3.4:", ip("1.2.3.4", Port::None)),
        ("1.2.3.4:0", ip("1.2.3.4", Port::One(0))),
        ("1.2.3.4:+80", ip("1.2.3.4", Port::Offset(80))),
        ("1.2.3.4:-80", ip("1.2.3.4", Port::Offset(-80))),
        (
            "_http._tcp.example.com",
            Target::Ip(Host::Name("_http._tcp.example.com".into(), Family::Any), Port::None),
        ),
    ] {
        assert_eq!(server(text), Ok(target), "{text}");
    }
    for (text, error) in [
        ("1.2.3.4:70000", "invalid port '70000'"),
        ("1.2.3.4:a", "invalid character 'a' in port number 'a' in '1.2.3.4:a'"),
        ("1.2.3.4:80-81", "port range not permitted here in '1.2.3.4:80-81'"),
        ("fd@3", "a file descriptor is not acceptable here in 'fd@3'"),
        ("uxdg@/tmp/x", "dgram-type address not acceptable in 'uxdg@/tmp/x'"),
        ("dgram+ip@1.2.3.4", "dgram-type address not acceptable in 'dgram+ip@1.2.3.4'"),
        ("foo@1.2.3.4:80", "invalid address: 'foo@1.2.3.4' in 'foo@1.2.3.4:80'"),
        ("::1", "invalid address: ':' in '::1'"),
        ("ipv4@::1:80", "invalid address: '::1' in 'ipv4@::1:80'"),
        ("ipv6@1.2.3.4:80", "invalid address: '1.2.3.4' in 'ipv6@1.2.3.4:80'"),
    ] {
        assert_eq!(server(text), Err(error.to_owned()), "{text}");
    }
}

#[test]
fn transports_come_from_prefixes_or_the_place() {
    let transport = |text, rules| parse(text, &rules).map(|address| address.transport);
    assert_eq!(transport("1.2.3.4", AddressRules::LOG), Ok(Transport::Datagram));
    assert_eq!(transport("tcp@1.2.3.4", AddressRules::LOG), Ok(Transport::Stream));
    assert_eq!(transport("stream+fd@1", AddressRules::LOG), Ok(Transport::Stream));
    assert_eq!(transport("/dev/log", AddressRules::LOG), Ok(Transport::Datagram));
    assert_eq!(transport("quic4@:443", AddressRules::BIND), Ok(Transport::Quic));
    assert_eq!(transport("mptcp@:443", AddressRules::BIND), Ok(Transport::Mptcp));
    assert_eq!(
        transport("tcp@:514", AddressRules::DGRAM_BIND),
        Err("stream-type address not acceptable in 'tcp@:514'".to_owned())
    );
    assert_eq!(
        transport("1.2.3.4", AddressRules::NAMESERVER),
        Err("missing port specification in '1.2.3.4'".to_owned())
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        for rules in [AddressRules::BIND, AddressRules::SERVER, AddressRules::LOG] {
            let _ = parse(&text, &rules);
        }
    }
}
