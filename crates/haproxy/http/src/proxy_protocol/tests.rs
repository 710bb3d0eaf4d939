use super::*;

fn ends(source: &str, destination: &str) -> Endpoints {
    Endpoints::Inet { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

/// Every shorter piece of a header wants more; with anything behind it the same header comes out.
fn check(raw: &[u8], endpoints: &Endpoints) -> Header {
    for end in 0..raw.len() {
        assert_eq!(decode(&raw[..end]), Ok(Decoded::Partial), "after {end} bytes");
    }
    let mut longer = raw.to_vec();
    longer.extend_from_slice(b"GET / HTTP/1.1\r\n");
    match decode(&longer) {
        Ok(Decoded::Complete { header, length }) => {
            assert_eq!(length, raw.len());
            assert_eq!(&header.endpoints, endpoints);
            header
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn version_1() {
    check(
        b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
        &ends("192.168.0.1:56324", "192.168.0.11:443"),
    );
    check(b"PROXY TCP6 ::1 fe80::2 1 0\r\n", &ends("[::1]:1", "[fe80::2]:0"));
    check(b"PROXY UNKNOWN\r\n", &Endpoints::Unknown);
    check(b"PROXY UNKNOWN whatever is told\r\n", &Endpoints::Unknown);
    for bad in [
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 70000\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 +2\r\n",
        "PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
    ] {
        assert_eq!(decode(bad.as_bytes()), Err(ProxyError::Line), "{bad}");
    }
    let mut endless = b"PROXY UNKNOWN ".to_vec();
    endless.resize(107, b'x');
    assert_eq!(decode(&endless), Err(ProxyError::Line));
    assert_eq!(decode(b"GET / HTTP/1.1\r\n"), Err(ProxyError::NotAHeader));
    let mut out = Vec::new();
    write_v1(Some(("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap())), &mut out);
    write_v1(Some(("10.0.0.1:1".parse().unwrap(), "[::2]:2".parse().unwrap())), &mut out);
    write_v1(None, &mut out);
    let lines = "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nPROXY TCP6 ::ffff:10.0.0.1 ::2 1 2\r\nPROXY UNKNOWN\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), lines);
}

fn v2(command: Command, endpoints: &Endpoints, tlvs: &TlvsOut, checksum: bool) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(encode_v2(&V2 { command, endpoints, tlvs, checksum }, &mut out));
    out
}

#[test]
fn version_2_both_ways() {
    let none = TlvsOut::default();
    let inet = ends("1.2.3.4:5", "6.7.8.9:10");
    let raw = v2(Command::Proxy, &inet, &none, false);
    assert_eq!(raw[12..], [0x21, 0x11, 0, 12, 1, 2, 3, 4, 6, 7, 8, 9, 0, 5, 0, 10]);
    check(&raw, &inet);
    check(&v2(Command::Proxy, &ends("[::1]:5", "[::2]:10"), &none, true), &ends("[::1]:5", "[::2]:10"));
    let unix = Endpoints::Unix { source: b"/run/a".to_vec(), destination: b"\0abstract".to_vec() };
    check(&v2(Command::Proxy, &unix, &none, false), &unix);
    let mut short = Vec::new();
    write_v2(Some(("1.2.3.4:5".parse().unwrap(), "6.7.8.9:10".parse().unwrap())), &[], false, &mut short);
    assert_eq!(short, raw);
    let local = v2(Command::Local, &inet, &none, false);
    assert_eq!(local[12..], [0x20, 0, 0, 0]);
    assert_eq!(check(&local, &Endpoints::Unknown).command, Command::Local);
}

#[test]
fn extensions() {
    let mut parts = TlvsOut::default();
    parts.push(TlvType::SSL_VERSION, b"TLSv1.3");
    parts.push(TlvType::SSL_CN, b"me");
    let mut tlvs = TlvsOut::default();
    tlvs.push(TlvType::AUTHORITY, b"example.com");
    tlvs.push(TlvType::UNIQUE_ID, b"id-1");
    tlvs.push_ssl(3, 0, &parts);
    let inet = ends("1.2.3.4:5", "6.7.8.9:10");
    let raw = v2(Command::Proxy, &inet, &tlvs, true);
    let header = check(&raw, &inet);
    assert_eq!(header.tlvs.first(TlvType::AUTHORITY), Some(&b"example.com"[..]));
    assert_eq!(header.tlvs.first(TlvType::NETNS), None);
    let ssl = header.tlvs.ssl().unwrap();
    assert_eq!((ssl.client, ssl.verify), (3, 0));
    assert_eq!(ssl.first(TlvType::SSL_CN), Some(&b"me"[..]));
    let mut broken = raw.clone();
    broken[20] ^= 1;
    assert_eq!(decode(&broken), Err(ProxyError::Checksum));
    let mut short = raw;
    short[15] -= 1;
    assert_eq!(decode(&short), Err(ProxyError::Length));
}

#[test]
fn version_2_faults() {
    let inet = ends("1.2.3.4:5", "6.7.8.9:10");
    let raw = v2(Command::Proxy, &inet, &TlvsOut::default(), false);
    let with = |at: usize, byte: u8| {
        let mut copy = raw.clone();
        copy[at] = byte;
        decode(&copy)
    };
    assert_eq!(with(12, 0x11), Err(ProxyError::Command));
    assert_eq!(with(12, 0x22), Err(ProxyError::Command));
    assert_eq!(with(15, 11), Err(ProxyError::Length));
    assert_eq!(with(0, b'x'), Err(ProxyError::NotAHeader));
}

#[test]
fn netscaler_both_forms() {
    let mut ip = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    ip.extend_from_slice(&[0x30, 0x39, 0x00, 0x50]);
    ip.resize(40, 0);
    let mut legacy = 0x1122_3344u32.to_be_bytes().to_vec();
    legacy.extend_from_slice(&40u32.to_be_bytes());
    legacy.extend_from_slice(&ip);
    let mut standard = 0x1122_3344u32.to_be_bytes().to_vec();
    standard.extend_from_slice(&52u32.to_be_bytes());
    standard.extend_from_slice(&[0, 1, 0, 40]);
    standard.extend_from_slice(&ip);
    for raw in [legacy, standard] {
        for end in 0..raw.len() {
            assert_eq!(netscaler::decode(&raw[..end], 0x1122_3344), Ok(Decoded::Partial), "after {end}");
        }
        match netscaler::decode(&raw, 0x1122_3344) {
            Ok(Decoded::Complete { header, length }) => {
                assert_eq!(length, raw.len());
                assert_eq!(header.endpoints, ends("10.0.0.1:12345", "10.0.0.2:80"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(netscaler::decode(&raw, 1), Err(ProxyError::Netscaler));
    }
}

proptest::proptest! {
    #[test]
    fn no_input_panics(raw: Vec<u8>) {
        let _ = decode(&raw);
        let _ = netscaler::decode(&raw, 0);
        let mut marked = V2_SIGNATURE.to_vec();
        marked.extend_from_slice(&[0x21, 0x11, 0]);
        marked.extend_from_slice(&raw);
        let _ = decode(&marked);
        let _ = netscaler::decode(&[&[0, 0, 0, 1][..], &raw].concat(), 1);
    }
}
