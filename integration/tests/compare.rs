//! `rhaproxy --compare` beside the installed original.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use integration::subject;

/// The report on a configuration, and the exit code.
fn compared(name: &str, configuration: &str, program: &Path) -> Result<(String, Option<i32>)> {
    let file = std::env::temp_dir().join(format!("compare-{}-{name}.cfg", std::process::id()));
    fs::write(&file, configuration)?;
    let output = Command::new(subject::ours("rhaproxy")?)
        .arg("--compare")
        .arg(program)
        .arg("-f")
        .arg(&file)
        .output()?;
    fs::remove_file(&file)?;
    let text = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&text).replace(&file.display().to_string(), "FILE"), output.status.code()))
}

const WEB: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n\
                   frontend f\n bind 127.0.0.1:8000\n default_backend b\nbackend b\n server s 127.0.0.1:80 check\n";

#[test]
fn what_both_take_goes_on_as_before() {
    let (text, code) = compared("web", WEB, &subject::original("haproxy").unwrap()).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("valid there and valid here"), "{text}");
    // dashboards and exporters find what they found
    for names in ["columns of show stat", "Prometheus metrics"] {
        let line = text.lines().find(|line| line.contains(names)).unwrap_or_default();
        assert!(line.contains("none would vanish"), "{text}");
    }
    assert!(text.contains("the first 103 columns stand at the same place"), "{text}");
}

#[test]
fn what_would_be_lost_is_said() {
    let configuration = WEB.replace("bind 127.0.0.1:8000", "bind 127.0.0.1:8000 nice 5");
    let (text, code) = compared("lost", &configuration, &subject::original("haproxy").unwrap()).unwrap();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("Without effect here (1):\n  FILE:7: "), "{text}");
}

#[test]
fn both_words_stand_beside_each_other_and_old_words_are_no_loss() {
    let configuration = WEB.replace("timeout connect 1s", "contimeout 1s");
    let (text, code) = compared("old", &configuration, &subject::original("haproxy").unwrap()).unwrap();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("refused there and valid here"), "{text}");
    assert!(text.contains("Said here and not there (1):\n  FILE:5: 'contimeout'"), "{text}");
    assert!(text.contains("Said there and not here (1):\n  FILE:5: "), "{text}");
}

#[test]
fn it_does_not_compare_itself() {
    let (text, code) = compared("self", WEB, &subject::ours("rhaproxy").unwrap()).unwrap();
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("is this program"), "{text}");
}
