//! The example configurations load, with the warnings they are meant to show and no others.

use haproxy_conf::{Environment, Severity, Source};
use rhaproxy::args::Args;
use rhaproxy::load::{Lasting, load, machine_files};

fn messages(file: &str) -> (bool, Vec<String>) {
    let path = format!("{}/../../../conf-examples/haproxy/{file}", env!("CARGO_MANIFEST_DIR"));
    let args = Args { sources: vec![Source::new(path)], ..Args::default() };
    let mut env = Environment::new();
    let loaded = load(&args, &mut env, machine_files(), &Lasting::default(), None);
    let texts = loaded
        .diags
        .entries()
        .iter()
        .filter(|entry| entry.severity >= Severity::Warning)
        .map(|entry| entry.message.clone())
        .collect();
    (loaded.snapshot.is_some(), texts)
}

/// Examples of old files, which are meant to be warned about.
const OLD: &str = "rabbitmq-centos7.cfg";

#[test]
fn modern_examples_load_without_a_warning() {
    let dir = format!("{}/../../../conf-examples/haproxy", env!("CARGO_MANIFEST_DIR"));
    let names =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.ends_with(".cfg") && name != OLD).collect();
    assert!(names.len() > 8, "{names:?}");
    for file in &names {
        let (loaded, texts) = messages(file);
        assert!(loaded && texts.is_empty(), "{file}: {texts:#?}");
    }
}

#[test]
fn old_words_load_with_one_warning_each() {
    let (loaded, texts) = messages(OLD);
    assert!(loaded, "{texts:#?}");
    for word in ["nbproc", "contimeout", "clitimeout", "srvtimeout", "127.0.0.1:5672", "127.0.0.1:8888"] {
        assert_eq!(texts.iter().filter(|text| text.contains(word)).count(), 1, "{word}: {texts:#?}");
    }
    assert_eq!(texts.len(), 6, "{texts:#?}");
}
