//! `make bench`: ours beside the original and nginx.
//!
//! Environment: `SUBJECT`, `BENCH` (part of a scenario's name), `ROUNDS` (5), `SECS` for a measurement (2). The tables
//! are also kept in `.results/bench`.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use integration::bench::load::{self, Load, Sample};
use integration::bench::program::{Cores, Language, Program, Running};
use integration::bench::report::{Series, table};
use integration::bench::scenario::{SCENARIOS, Scenario, backend, page};
use integration::bench::{idle, loading};
use integration::ports::free_port;
use integration::subject;

const ORIGINAL: &str = "haproxy";

struct Bench {
    cores: Cores,
    programs: Vec<Program>,
    rounds: usize,
    seconds: u32,
    dir: PathBuf,
    report: String,
}

fn main() -> Result<()> {
    let narrow = std::env::var("BENCH").unwrap_or_default();
    let mut bench = Bench {
        cores: Cores::find()?,
        programs: programs()?,
        rounds: number("ROUNDS").unwrap_or(5),
        seconds: number("SECS").unwrap_or(2),
        dir: std::env::temp_dir().join(format!("bench-{}", std::process::id())),
        report: String::new(),
    };
    if !bench.cores.apart() {
        bench.say("only one core: rates and latencies say little");
    }
    for program in &bench.programs.clone() {
        bench.say(format!("{:<12}{}", program.name, program.path.display()));
    }
    let result = bench.run(&narrow);
    let _ = fs::remove_dir_all(&bench.dir);
    let kept = subject::root().join(".results/bench");
    fs::create_dir_all(&kept)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    fs::write(kept.join(format!("{now}.txt")), &bench.report)?;
    result
}

/// Ours (or `SUBJECT`), the original, nginx.
fn programs() -> Result<Vec<Program>> {
    let ours = match std::env::var_os("SUBJECT") {
        Some(path) => fs::canonicalize(&path).with_context(|| format!("SUBJECT={}", path.display()))?,
        None => subject::ours("rhaproxy")?,
    };
    let program = |name: &str, path: PathBuf, language| Program { name: name.to_owned(), path, language };
    Ok(vec![
        program("ours", ours, Language::Haproxy),
        program(ORIGINAL, subject::original("haproxy")?, Language::Haproxy),
        program("nginx", subject::original("nginx")?, Language::Nginx),
    ])
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Bench {
    fn say(&mut self, line: impl Display) {
        println!("{line}");
        self.report += &format!("{line}\n");
    }

    fn run(&mut self, narrow: &str) -> Result<()> {
        let wanted = |name: &str| name.contains(narrow);
        let files = self.dir.join("files");
        fs::create_dir_all(&files)?;
        fs::write(files.join("10k"), [b'x'; 10_000])?;
        fs::write(files.join("page.html"), page(100_000))?;
        fs::write(files.join("1m"), vec![b'x'; 1 << 20])?;
        let port = free_port()?;
        let nginx =
            Program { name: "backend".into(), path: subject::original("nginx")?, language: Language::Nginx };
        let _backend = nginx.start(
            &self.dir.join("backend"),
            &backend(port, &files.display().to_string()),
            &self.cores.load,
            &[port],
        )?;
        for scenario in SCENARIOS.iter().filter(|s| wanted(s.name)) {
            self.under_load(scenario, port)?;
        }
        if wanted("idle-memory") {
            self.idle_memory(port)?;
        }
        if wanted("load-config") {
            self.load_config()?;
        }
        Ok(())
    }

    fn start(&self, scenario: &Scenario, backend: u16) -> Result<Vec<(Program, Running, u16)>> {
        let mut all = Vec::new();
        for program in &self.programs {
            let port = free_port()?;
            if let Some(config) = scenario.config(program.language, port, backend) {
                let running =
                    program.start(&self.dir.join(&program.name), &config, &self.cores.subject, &[port])?;
                all.push((program.clone(), running, port));
            }
        }
        Ok(all)
    }

    fn under_load(&mut self, scenario: &Scenario, backend: u16) -> Result<()> {
        let programs = self.start(scenario, backend)?;
        for (program, _, port) in &programs {
            let bytes = load::answer_bytes(*port, scenario.path, scenario.headers)?;
            self.say(format!("{:<12}{:<16}{bytes} bytes an answer", scenario.name, program.name));
        }
        let load = |port: u16, seconds: u32| Load {
            url: format!("http://127.0.0.1:{port}{}", scenario.path),
            connections: scenario.connections,
            headers: scenario.headers.iter().map(|h| (*h).to_owned()).collect(),
            seconds,
        };
        let mut series: Vec<Series> = programs
            .iter()
            .map(|(program, _, _)| Series { program: program.name.clone(), rounds: Vec::new() })
            .collect();
        let mut idle = Vec::new();
        for (_, running, port) in &programs {
            load(*port, 1).run(&self.cores, running, 0.0)?;
            idle.push(idle_share(running));
        }
        for _ in 0..self.rounds {
            for (n, (program, running, port)) in programs.iter().enumerate() {
                let sample = load(*port, self.seconds).run(&self.cores, running, idle[n]);
                let Sample { rate, cpu_us, p50_us, p99_us } =
                    sample.with_context(|| format!("{} {}", scenario.name, program.name))?;
                series[n].rounds.push(vec![rate, cpu_us, p50_us, p99_us]);
            }
        }
        self.say(table(scenario.name, &["requests/s", "CPU us/req", "p50 us", "p99 us"], ORIGINAL, &series));
        Ok(())
    }

    fn idle_memory(&mut self, backend: u16) -> Result<()> {
        let scenario = &SCENARIOS[0];
        let mut series: Vec<Series> = Vec::new();
        // Fresh processes each round: memory that was used once stays with a process.
        for round in 0..self.rounds.min(3) {
            for (n, (program, running, port)) in self.start(scenario, backend)?.into_iter().enumerate() {
                let bytes = idle::bytes_per_connection(port, &running).context(program.name.clone())?;
                if round == 0 {
                    series.push(Series { program: program.name.clone(), rounds: Vec::new() });
                }
                series[n].rounds.push(vec![bytes]);
            }
        }
        self.say(table("idle-memory", &["B/connection"], ORIGINAL, &series));
        Ok(())
    }

    fn load_config(&mut self) -> Result<()> {
        let file = self.dir.join("big.cfg");
        fs::write(&file, loading::config(5000))?;
        let programs: Vec<Program> =
            self.programs.iter().filter(|p| p.language == Language::Haproxy).cloned().collect();
        let mut series: Vec<Series> =
            programs.iter().map(|p| Series { program: p.name.clone(), rounds: Vec::new() }).collect();
        for _ in 0..self.rounds {
            for (n, program) in programs.iter().enumerate() {
                let loaded = loading::check(&program.path, Path::new(&file), &self.cores.subject)?;
                series[n].rounds.push(vec![loaded.wall_s, loaded.cpu_s, loaded.peak as f64 / 1e6]);
            }
        }
        self.say(table(
            "load-config (5,000 backends, 25,000 servers)",
            &["wall s", "CPU s", "peak MB"],
            ORIGINAL,
            &series,
        ));
        Ok(())
    }
}

/// What the program uses with nothing to do, as a share of a core.
fn idle_share(program: &Running) -> f64 {
    let time = Duration::from_millis(500);
    let before = program.cpu_ns();
    thread::sleep(time);
    program.cpu_ns().saturating_sub(before) as f64 / time.as_nanos() as f64
}
