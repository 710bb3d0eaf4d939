//! What a master wants to know of a configuration: the `global` section and the programs. Everything else, its mistakes
//! included, is its worker's business.

use std::sync::Arc;

use haproxy_conf::{
    Context, Diagnostics, Environment, FileProvider, Flow, Line, LineSink, Reader, Sections, expand_sources,
};
use haproxy_expr::Load;
use haproxy_model::draft::Draft;
use haproxy_model::global::Global;
use haproxy_model::parse::{NEGATABLE, SECTIONS, Sink};

use crate::args::Args;
use crate::load::Lasting;
use crate::version::facts;

/// Sections a master reads.
const OWN: Sections = Sections::GLOBAL.and(Sections::PROGRAM);

/// Passes on the lines of a master's sections.
struct Filter {
    sink: Sink,
    open: bool,
}

impl LineSink for Filter {
    fn section(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow {
        self.open = Sections::of_keyword(line.words[0].as_str()).is_some_and(|kind| OWN.contains(kind));
        if self.open { self.sink.section(cx, line) } else { Flow::Continue }
    }

    fn line(&mut self, cx: &mut Context<'_>, line: &Line) -> Flow {
        if self.open { self.sink.line(cx, line) } else { Flow::Continue }
    }

    fn section_end(&mut self, cx: &mut Context<'_>) -> Flow {
        if self.open { self.sink.section_end(cx) } else { Flow::Continue }
    }
}

/// Reads the global settings, as far as they can be read.
pub fn global(args: &Args, env: &mut Environment, files: Arc<dyn FileProvider + Send + Sync>) -> Global {
    // the worker reads the same lines and tells what is wrong with them
    let mut unheard = Diagnostics::new();
    let mut sink = Filter {
        sink: Sink::new(Draft::new(Load::new(Arc::clone(&Lasting::default().vars)), Arc::clone(&files))),
        open: false,
    };
    let facts = facts(&args.switches);
    let reader = Reader { sections: SECTIONS, negatable: NEGATABLE, facts: &facts, provider: &*files };
    if let Ok(sources) = expand_sources(&args.sources, &*files) {
        reader.read(&sources, env, &mut unheard, &mut sink);
    }
    let mut global = sink.sink.draft.global;
    if let Some(pidfile) = &args.pidfile {
        global.pidfile = Some(pidfile.into());
    }
    global
}

#[cfg(test)]
mod tests {
    use haproxy_conf::{MemFiles, Source};

    use super::*;

    #[test]
    fn only_the_masters_sections_are_read() {
        let text = "global\n mworker-max-reloads 7\n nonsense\nfrontend f\n bind :1\n mworker-max-reloads 8\n\
                    program p\n command sleep 1\n no option start-on-reload\nnonsense\n";
        let args = Args { sources: vec![Source::new("a.cfg")], ..Args::default() };
        let files = Arc::new(MemFiles::single("a.cfg", text));
        let global = global(&args, &mut Environment::new(), files);
        assert_eq!((global.max_reloads, global.exit_on_failure), (7, true));
        assert_eq!(global.programs[0].command, ["sleep", "1"]);
        assert!(!global.programs[0].start_on_reload);
    }
}
