use super::*;
use haproxy_conf::Version;

fn command(line: &str) -> Command {
    parse(line.split_whitespace().map(OsString::from))
}

fn args(line: &str) -> Args {
    match command(line) {
        Command::Run(args) => *args,
        other => panic!("{line}: {other:?}"),
    }
}

fn paths(args: &Args) -> Vec<&str> {
    args.sources.iter().map(|source| source.path.as_str()).collect()
}

#[test]
fn files_keep_their_order() {
    assert_eq!(paths(&args("-f a -f b -C d -- c -f")), ["a", "b", "c", "-f"]);
    assert_eq!(args("-C d -f a").directory.as_deref(), Some("d"));
    assert_eq!(paths(&args("-f a -c --")), ["a"]);
}

#[test]
fn what_debian_and_controllers_say_is_understood() {
    let start = args("-Ws -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid -S /run/haproxy-master.sock");
    assert_eq!(start.master_worker, MasterWorker::Systemd);
    let check = args("-Ws -f /etc/haproxy/haproxy.cfg -c -q -S /run/haproxy-master.sock");
    assert_eq!((check.warnings.len(), check.is_silent()), (0, true));
    let ingress = args("-W -db -m 512 -S /var/run/m.sock,level,admin -f a.cfg -f b.cfg");
    assert_eq!((ingress.memory_mb, ingress.mode), (Some(512), Mode::Foreground));
    assert_eq!(ingress.master_socket.as_deref(), Some("/var/run/m.sock,level,admin"));
}

#[test]
fn answers_come_where_their_flag_stands() {
    assert_eq!(command("-c -f x -v -z"), Command::Version(VersionForm::Short));
    assert_eq!(command("-dM -dI -dW -vv"), Command::Version(VersionForm::Full));
    assert_eq!(command("-vqb"), Command::Version(VersionForm::Branch));
    assert_eq!(command("-cc 1 -f x"), Command::Condition("1".to_owned()));
    assert_eq!(command("-dMhelp"), Command::MemoryHelp);
    assert_eq!(command("-z -v"), Command::Usage(None));
}

#[test]
fn bad_lines_are_refused() {
    for line in
        ["", "foo", "-", "-f a foo", "-z -f a", "--help", "-cc", "-c", "-st 0 -f a", "-dz -f a", "-fa"]
    {
        assert_eq!(command(line), Command::Usage(None), "{line}");
    }
    for (line, alert) in [
        ("-x", "Unix socket path expected with the -x flag\n"),
        ("-x -c -f a", "Unix socket path expected with the -x flag\n"),
        ("-n", "missing argument to option '-n'."),
        ("-c -f", "missing argument to option '-f'."),
    ] {
        assert_eq!(command(line), Command::Usage(Some(alert.to_owned())), "{line}");
    }
    for (line, alert) in [
        ("-sf x -f a", "-sf option: some bytes unconsumed in PID list {x}"),
        ("-n 10x -f a", "-n option: '10x' is not a valid number"),
    ] {
        assert_eq!(command(line), Command::Refuse(alert.to_owned()), "{line}");
    }
}

#[test]
fn process_ids_end_at_the_next_flag() {
    let old = args("-f a -sf 12 13 -D");
    assert_eq!((old.finish.as_slice(), old.mode, old.replaces), (&[12, 13][..], Mode::Daemon, true));
    let none = args("-f a -sf -D");
    assert!(none.finish.is_empty() && none.replaces);
    assert_eq!(args("-f a -st 7").terminate, [7]);
}

#[test]
fn later_flags_do_not_undo_the_foreground() {
    assert_eq!(args("-db -D -f a").mode, Mode::Foreground);
    assert_eq!(args("-d -db -f a").mode, Mode::Debug);
    assert!(!args("-V -q -f a").is_silent());
}

#[test]
fn warnings_and_notices_are_kept() {
    assert_eq!(args("-x a -x b -c -f f").warnings, ["-x option already set, overwriting the value"]);
    assert_eq!(
        args("-S s -c -f f").warnings,
        ["a master CLI socket was defined, but master-worker mode (-W) is not enabled."]
    );
    assert_eq!(args("-de -f f").notices.len(), 1);
    assert_eq!(args("-dKfoo -f f").warnings, ["-dK: unknown keyword class 'foo'"]);
}

#[test]
fn keyword_classes() {
    assert_eq!(
        args("-dKsvc,flt -f f").dump_keywords.unwrap().classes,
        [KeywordClass::Svc, KeywordClass::Flt]
    );
    assert_eq!(args("-dKall -f f").dump_keywords.unwrap().classes.len(), 7);
    assert!(args("-dKhelp -f f").dump_keywords.unwrap().help);
    assert!(
        KeywordClass::help()
            .starts_with("# List of supported keyword classes:\nall: list all keywords\nacl: ")
    );
}

#[test]
fn optional_values() {
    assert!(args("-dt -c -f f").switches.check);
    assert_eq!(args("-dt h1:error -c -f f").notices.len(), 1);
    assert!(args("-dC -f f").dump_configuration && args("-dC0 -f f").dump_configuration);
    assert!(matches!(command("-dC7 -f f"), Command::Refuse(_)));
    assert_eq!(args("-dA/tmp/x.tar -f f").notices.len(), 1);
}

#[test]
fn conditions_give_the_exit_code() {
    let facts = Facts::new(Version::release(3, 4, 0));
    let exit = |text| evaluate_condition(text, &facts, &Environment::new());
    assert_eq!(exit("1"), (0, None));
    assert_eq!(exit("version_before(3.4)"), (1, None));
    assert_eq!(
        exit("foo"),
        (
            2,
            Some("config : Failed to evaluate condition: unparsable conditional expression 'foo'".to_owned())
        )
    );
}

#[test]
fn every_flag_of_the_manual_has_a_row_and_a_line_of_usage() {
    let text = usage("haproxy");
    let manual = "-- -f -C -D -L -N -V -W -Ws -4 -c -cc -d -dA -dC -dD -dF -dG -dI -dK -dL -dM -dR -dS -dT -dV -dW -dZ -db -dc \
                  -de -dk -dp -dr -dt -dv -m -n -p -q -S -sf -st -v -vv -x";
    for name in manual.split_whitespace() {
        assert!(FLAGS.iter().any(|flag| flag.name == name), "{name}");
        assert!(text.contains(&format!("        {name}")), "{name}");
    }
    assert!(text.starts_with("Usage : haproxy [-f <cfgfile|cfgdir>]* [ -vdVD ]"));
}

#[test]
fn the_configurations_daemon_does_not_count_under_a_manager() {
    for (line, configured, background) in [
        ("-f f", true, true),
        ("-W -f f", true, true),
        ("-Ws -f f", true, false),
        ("-Ws -D -f f", false, true),
        ("-db -f f", true, false),
    ] {
        assert_eq!(args(line).goes_to_background(configured), background, "{line}");
    }
}
