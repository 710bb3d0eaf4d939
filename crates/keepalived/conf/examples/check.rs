//! Prints what `-t` says of each file named: an exit code line, then the messages.

use keepalived_conf::{Options, check, provider::System};

fn main() {
    for path in std::env::args().skip(1) {
        let outcome = check(&System, &path, &Options::default());
        println!("== {path} {}", outcome.exit_code);
        for message in outcome.messages {
            println!("{message}");
        }
    }
}
