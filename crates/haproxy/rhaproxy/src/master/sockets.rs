//! The master's own socket: `-S <bind>[,bind options...]`, words separated by commas.

use std::sync::Arc;

use haproxy_conf::{Diagnostics, Environment, MemFiles, Severity, Source};
use haproxy_engine::listen::{self, Sharing};
use haproxy_model::settings::BindSettings;
use socket2::Socket;

use super::voice::Voice;
use crate::args::{Args, MasterWorker};
use crate::load::{self, Lasting};
use crate::sockets::{os_text, shown};

/// The name of the text in messages.
const NAME: &str = "master-socket";

/// Length of the accept queue.
const BACKLOG: i32 = 128;

/// Reads the text of `-S` and opens its sockets.
pub fn open(text: &str, env: &Environment, voice: &Voice) -> Result<Vec<(BindSettings, Socket)>, String> {
    let binds = match parse(text, env) {
        Ok(binds) => binds,
        Err(faults) => {
            for fault in faults {
                voice.say(Severity::Alert, &format!("config : {fault}"));
            }
            return Err("config : Can't create the master's CLI.".to_owned());
        }
    };
    let mut sockets = Vec::new();
    for bind in binds {
        match listen::open(&bind, BACKLOG, Sharing::Exclusive) {
            Ok(socket) => sockets.push((bind, socket)),
            Err(error) => {
                let kind = if bind.address.is_unix() { "UNIX socket" } else { "socket" };
                let text = format!(
                    "Binding [{NAME}:0] for proxy MASTER: cannot bind {kind} ({}) [{}]",
                    os_text(&error),
                    shown(&bind)
                );
                voice.say(Severity::Alert, &text);
                return Err(
                    "[haproxy.main()] Some protocols failed to start their listeners! Exiting.".to_owned()
                );
            }
        }
    }
    Ok(sockets)
}

fn parse(text: &str, env: &Environment) -> Result<Vec<BindSettings>, Vec<String>> {
    let words = text.replace(',', " ");
    let line = format!("frontend MASTER\n bind {words}\n");
    let args = Args { sources: vec![Source::new(NAME)], master_worker: MasterWorker::On, ..Args::default() };
    let files = Arc::new(MemFiles::single(NAME, line));
    let mut diags = Diagnostics::new();
    let (draft, ..) = load::draft(&args, &mut env.clone(), files, &Lasting::default(), &mut diags);
    let faults: Vec<String> = diags
        .entries()
        .iter()
        .filter(|entry| entry.severity == Severity::Alert && entry.place.span().is_some())
        .map(|entry| entry.message.replace("'bind' : ", &format!("'{words}' : ")))
        .collect();
    let binds = draft.proxies.into_iter().flat_map(|px| px.binds).collect::<Vec<_>>();
    if faults.is_empty() && !binds.is_empty() { Ok(binds) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_behind_commas() {
        let parse = |text| parse(text, &Environment::new());
        let bind = &parse("/tmp/m.sock,level,user,mode,600").unwrap()[0];
        assert_eq!((bind.level, bind.unix_mode), (Some(1), Some(0o600)));
        assert!(bind.address.is_unix());
        assert_eq!(parse("127.0.0.1:9").unwrap().len(), 1);
        for wrong in ["", "foo", "127.0.0.1:9,foo", ","] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
