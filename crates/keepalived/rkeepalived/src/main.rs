//! `rkeepalived`: takes keepalived's place.

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    rkeepalived::main(&words)
}
