//! Maps: loading, order among matches, values, and changes while running.

use super::{MemFiles, REQUEST, Stage, load, with_cx};
use crate::logformat::{LogFormat, Style};

fn files() -> MemFiles {
    let mut files = MemFiles::new();
    files.insert(
        "mb",
        "/a first\n/a second\n/a/b third\n/ root\nc.png  png value  \n.png dotpng\nb mid\n/A upper\n",
    );
    files.insert("mi", "1 one\n5:9 range\n7 seven\n100: big\n");
    files.insert(
        "mip",
        "10.0.0.0/8 ten\n10.1.0.0/16 tenone\n0.0.0.0/0 all\n2001:db8::/32 v6\n::ffff:10.2.0.0/112 mapped\n",
    );
    files.insert("mr", "^/a/(.)/(.*)$ \\2-\\1\nb hit\n");
    files.insert("md", "example www\ncom tld\nexample.com dom\n");
    files.insert("mn", "x 5\ny -7\n");
    files.insert("mip2", "x 1.2.3.4\ny ::1\n");
    files
}

fn look_up(stage: &Stage, expression: &str) -> String {
    let text = format!("%[{expression}]");
    match with_cx(&mut load(), &files(), |cx| LogFormat::parse(&text, Style::Http, cx)) {
        Ok(format) => {
            let mut out = Vec::new();
            format.write(&stage.cx(), &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
        Err(fault) => format!("ERR {fault}"),
    }
}

#[test]
fn values_are_the_originals() {
    let stage = Stage::request(REQUEST);
    let table = [
        ("path,map(mb)", ""),
        ("str(/a),map(mb)", "first"),
        ("str(/A),map(mb)", "upper"),
        ("path,map_beg(mb)", "third"),
        ("str(/zzz),map_beg(mb)", "root"),
        ("str(zzz),map_beg(mb,dflt)", "dflt"),
        ("str(zzz),map_beg(mb)", ""),
        ("path,map_end(mb)", "png value"),
        ("path,map_dir(mb)", "first"),
        ("str(x/b/y),map_dir(mb)", "mid"),
        ("path,map_reg(mr)", "\\2-\\1"),
        ("path,map_regm(mr)", "c.png-b"),
        ("str(xby),map_regm(mr)", "hit"),
        ("int(1),map_int(mi)", "one"),
        ("int(7),map_int(mi)", "range"),
        ("int(8),map_int(mi)", "range"),
        ("int(1000),map_int(mi)", "big"),
        ("int(50),map_int(mi,none)", "none"),
        ("ipv4(10.1.2.3),map_ip(mip)", "tenone"),
        ("ipv4(10.9.2.3),map_ip(mip)", "ten"),
        ("ipv4(11.9.2.3),map_ip(mip)", "all"),
        ("ipv6(2001:db8::1),map_ip(mip)", "v6"),
        ("ipv6(::ffff:10.1.2.3),map_ip(mip)", "tenone"),
        ("ipv6(2001:db9::1),map_ip(mip)", ""),
        ("ipv4(10.2.2.3),map_ip(mip)", "ten"),
        ("str(www.example.com),map_dom(md)", "www"),
        ("str(example),map_dom(md)", "www"),
        ("str(x),map_str_int(mn)", "5"),
        ("str(y),map_str_int(mn),add(1)", "-6"),
        ("str(z),map_str_int(mn,9)", "9"),
        ("str(x),map_str_ip(mip2)", "1.2.3.4"),
        ("str(y),map_str_ip(mip2)", "::1"),
        ("str(z),map_str_ip(mip2,1.1.1.1)", "1.1.1.1"),
        (
            "str(z),map_str_ip(mip2,x)",
            "ERR failed to parse sample expression <str(z),map_str_ip(mip2,x)]> : invalid args in converter 'map_str_ip' : map: cannot parse default ip <x>",
        ),
        ("str(c.png),map(mb),length", "9"),
    ];
    let wrong: Vec<_> = table
        .iter()
        .map(|(expression, expected)| (expression, expected, look_up(&stage, expression)))
        .filter(|(_, expected, found)| found != *expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One load whose lists are then changed as the command line interface does.
#[test]
fn lists_change_while_they_are_read() {
    let stage = Stage::request(REQUEST);
    let mut load = load();
    let format =
        with_cx(&mut load, &files(), |cx| LogFormat::parse("%[path,map_beg(mb,none)]", Style::Http, cx))
            .unwrap();
    let list = load.patterns.named("mb").unwrap().clone();
    let read = || {
        let mut out = Vec::new();
        format.write(&stage.cx(), &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(read(), "third");
    list.add(b"/a/b/c", b"longer", None).unwrap();
    assert_eq!(read(), "longer");
    assert_eq!(list.set(b"/a/b/c", b"changed"), 1);
    assert_eq!(read(), "changed");
    assert_eq!(list.delete(b"/a/b/c"), 1);
    assert_eq!(read(), "third");
    let version = list.prepare();
    list.add(b"/a", b"new", Some(version)).unwrap();
    assert_eq!(read(), "third");
    list.commit(version).unwrap();
    assert_eq!(read(), "new");
    assert_eq!(list.len(), 1);
    list.clear(None);
    assert_eq!(read(), "none");
    assert!(list.commit(version).is_err());
}

#[test]
fn changes_are_checked_before_they_are_made() {
    let mut load = load();
    with_cx(&mut load, &files(), |cx| LogFormat::parse("%[src,map_ip(mip)]", Style::Http, cx)).unwrap();
    let list = load.patterns.named("mip").unwrap();
    let fault = list.add(b"nonsense", b"x", None).unwrap_err();
    assert_eq!(fault.to_string(), "'nonsense' is not a valid IPv4 or IPv6 address");
    assert_eq!(list.len(), 5);
}

/// Values that change all the time and entries that come and go must not make a list grow.
#[test]
fn churn_leaves_nothing_behind() {
    let mut load = load();
    let format =
        with_cx(&mut load, &files(), |cx| LogFormat::parse("%[str(k7),map(mb,none)]", Style::Http, cx))
            .unwrap();
    let list = load.patterns.named("mb").unwrap();
    let before = list.len();
    for round in 0..4000 {
        let (key, value) = (format!("k{}", round % 50), format!("{round:0200}"));
        list.add(key.as_bytes(), b"first", None).unwrap();
        assert_eq!(list.set(key.as_bytes(), value.as_bytes()), 1);
        if round % 50 != 7 || round < 3950 {
            assert_eq!(list.delete(key.as_bytes()), 1);
        }
    }
    assert_eq!(list.len(), before + 1);
    let stage = Stage::request(REQUEST);
    let mut out = Vec::new();
    format.write(&stage.cx(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{:0200}", 3957));
}

/// How long a large map takes to load, to be looked up and to be changed; run with `--ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_million_entries() {
    use std::fmt::Write;
    use std::time::Instant;

    let mut text = String::new();
    for number in 0..1_000_000u32 {
        writeln!(text, "host-{number}.example.com backend-{}", number % 97).unwrap();
    }
    let mut nets = String::new();
    for number in 0..1_000_000u32 {
        let [_, a, b, c] = number.to_be_bytes();
        writeln!(nets, "{}.{a}.{b}.{c} c{}", 10 + number % 50, number % 97).unwrap();
    }
    let mut files = MemFiles::new();
    files.insert("big", text).insert("nets", nets);
    let mut load = load();
    for expression in [
        "str(host-777.example.com),map(big,none)",
        "ipv4(10.0.0.0),map_ip(nets,none)",
        "str(host-777.example.com),map_beg(big,none)",
    ] {
        let begun = Instant::now();
        let format =
            with_cx(&mut load, &files, |cx| LogFormat::parse(&format!("%[{expression}]"), Style::Http, cx))
                .unwrap();
        let loaded = begun.elapsed();
        let stage = Stage::request(REQUEST);
        let cx = stage.cx();
        let begun = Instant::now();
        let mut out = Vec::new();
        for _ in 0..1_000_000 {
            out.clear();
            format.write(&cx, &mut out);
        }
        println!(
            "{expression}: loaded in {loaded:?}, {:?} a look-up, {}",
            begun.elapsed() / 1_000_000,
            String::from_utf8_lossy(&out)
        );
    }
    let list = load.patterns.named("big").unwrap();
    let begun = Instant::now();
    assert_eq!(list.set(b"host-1.example.com", b"x"), 1);
    println!("first change {:?}", begun.elapsed());
    let begun = Instant::now();
    for number in 0..1000 {
        list.add(format!("new-{number}").as_bytes(), b"x", None).unwrap();
        assert_eq!(list.set(format!("host-{number}.example.com").as_bytes(), b"y"), 1);
    }
    println!("2000 changes {:?}", begun.elapsed());
    let begun = Instant::now();
    for number in 0..20 {
        assert_eq!(list.delete(format!("host-{number}.example.com").as_bytes()), 1);
    }
    println!("20 removals {:?}", begun.elapsed());
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    println!(
        "{}",
        memory
            .lines()
            .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"))
            .collect::<Vec<_>>()
            .join(" ")
    );
}
