use super::*;

fn sent(program: &Program) -> String {
    let bytes = program.steps.iter().filter_map(|step| match &step.action {
        StepAction::Send(text) => Some(text.source().escape_ascii().to_string()),
        _ => None,
    });
    bytes.collect::<Vec<_>>().join(" ")
}

/// Captured from the original.
#[test]
fn bytes_sent() {
    assert_eq!(sent(&redis()), r"*1\r\n$4\r\nPING\r\n");
    assert_eq!(sent(&ldap()), r"0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\x80\x00");
    assert_eq!(sent(&pgsql("pg")), r"\x00\x00\x00\x11\x00\x03\x00\x00user\x00pg\x00\x00");
    assert_eq!(
        sent(&spop()),
        r"\x00\x00\x00N\x01\x00\x00\x00\x01\x00\x00\x12supported-versions\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\x00\x0bhealthcheck\x11"
    );
    assert_eq!(
        sent(&mysql(Some(("haproxy", MysqlLogin::Pre41)))),
        r"\x0e\x00\x00\x01\x00\x80\x00\x00\x01haproxy\x00\x00\x01\x00\x00\x00\x01"
    );
    let filler = r"\x00".repeat(23);
    assert_eq!(
        sent(&mysql(Some(("haproxy", MysqlLogin::Post41)))),
        format!(r")\x00\x00\x01\x00\x82\x00\x00\x00\x80\x00\x01!{filler}haproxy\x00\x00\x01\x00\x00\x00\x01")
    );
    let hello = sent(&ssl_hello(0x01020304));
    assert!(hello.starts_with(
        r"\x16\x03\x00\x00y\x01\x00\x00u\x03\x00\x01\x02\x03\x04HAPROXYSSLCHK\nHAPROXYSSLCHK\n\x00\x00N\x00\x01"
    ));
    assert!(hello.ends_with(r"\x008\x009\x00:\x01\x00"));
}
