use super::*;

fn read(line: &str) -> Result<Args, String> {
    parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn as_getopt_reads() {
    let args = read("-nlDD -f a.conf stray -Pp x.pid --log-fac=local3 --sign DATA -- -v").unwrap();
    assert!(args.foreground && args.console && args.wanted.vrrp_only);
    assert_eq!((args.detail, args.file.as_deref()), (2, Some("a.conf")));
    assert_eq!(args.pid, Some(PathBuf::from("x.pid")));
    assert_eq!(args.facility, Facility::local(3));
    assert_eq!(args.action, Action::Signum(10));
    assert_eq!(args.stray, ["stray", "-v"]);
}

#[test]
fn mistakes() {
    for (line, text) in [
        ("--foo", "Unknown option --foo"),
        ("-Z", "Unknown option -Z"),
        ("-f", "Missing parameter for option -f"),
        ("--signum=FOO", "Unknown sigfunc FOO"),
        ("--no", "Unknown option --no"),
    ] {
        assert_eq!(read(line).unwrap_err(), text);
    }
    assert_eq!(read("-S 9").unwrap().complaints, ["Invalid log facility '9'"]);
    assert_eq!(read("-u xx").unwrap().complaints, ["Invalid --umask option xx"]);
    assert_eq!(read("-u 022").unwrap().umask, Some(0o22));
}

#[test]
fn test_with_and_without_a_file() {
    assert_eq!(read("-t").unwrap().action, Action::Test(None));
    assert_eq!(read("-tout.log").unwrap().action, Action::Test(Some(PathBuf::from("out.log"))));
    assert_eq!(read("--config-test=x").unwrap().action, Action::Test(Some(PathBuf::from("x"))));
}
