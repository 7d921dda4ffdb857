//! Runs one scenario over fixed data, for a tool that counts instructions: see the script `benches/instructions`.
//!
//! ```text
//! instructions           prints the names of all scenarios
//! instructions NAME      runs it
//! ```
//!
//! Only what runs below [`counted_region`] is to be counted: the making of the data is not what is measured, and the
//! first pass, which compiles what is compiled on first use, is a scenario of its own.

use std::hint::black_box;

use keysieve_benches::data::{Corpus, Kind};
use keysieve_benches::hostile::{INPUTS, finding};
use keysieve_benches::{Engine, Random, origin, push};

/// Bytes of each corpus: enough that the cost of a file does not show.
const CORPUS: usize = 512 << 10;

/// Bytes of each hostile input: the slowest takes seconds under a simulator.
const HOSTILE: usize = 64 << 10;

/// Work that is the same in every run.
struct Scenario {
    name: String,
    run: Box<dyn Fn()>,
}

fn main() -> Result<(), String> {
    let scenarios = scenarios();
    let Some(name) = std::env::args().nth(1) else {
        for scenario in scenarios {
            println!("{}", scenario.name);
        }
        return Ok(());
    };
    let scenario = scenarios.iter().find(|scenario| scenario.name == name);
    let scenario = scenario.ok_or_else(|| format!("no scenario is called {name}"))?;
    (scenario.run)();
    Ok(())
}

fn scenarios() -> Vec<Scenario> {
    let scenario = |name: &str, run: Box<dyn Fn()>| Scenario {
        name: name.to_owned(),
        run,
    };
    let mut scenarios = vec![
        scenario("start", Box::new(start)),
        scenario("first-finding", Box::new(first_finding)),
        scenario("files-200-bytes", Box::new(|| files(200, 1000))),
        scenario("files-8-kilobytes", Box::new(|| files(8 << 10, 64))),
    ];
    for kind in Kind::ALL {
        let run = move || scan(kind.path(), &Corpus::synthetic(kind, CORPUS).pieces);
        scenarios.push(scenario(&format!("corpus-{}", kind.name()), Box::new(run)));
    }
    for input in INPUTS {
        let run = move || scan("config/settings.txt", &[input.text(HOSTILE)]);
        scenarios.push(scenario(&format!("hostile-{}", input.name), Box::new(run)));
    }
    scenarios
}

/// What is counted. Never inlined, so that its name is there to be found.
#[inline(never)]
fn counted_region(work: &mut dyn FnMut()) {
    work();
}

/// The rules, the scanner and the scratch of one thread.
fn start() {
    counted_region(&mut || {
        let engine = Engine::new();
        black_box(engine.session().scan());
    });
}

/// The first finding of a process: it pays for what is compiled on first use.
fn first_finding() {
    let (engine, text, origin) = (Engine::new(), finding(), origin("settings.env"));
    let session = engine.session();
    let mut scan = session.scan();
    counted_region(&mut || push(&mut scan, text.as_bytes(), &origin));
    assert_eq!(engine.findings(), 1, "one secret was put in");
}

fn files(length: usize, count: usize) {
    let mut random = Random::new(4);
    let files: Vec<_> = (0..count)
        .map(|_| Kind::Code.text(&mut random, length))
        .collect();
    scan(Kind::Code.path(), &files);
}

/// Scans twice and counts the second time.
fn scan(path: &str, pieces: &[Vec<u8>]) {
    let (engine, origin) = (Engine::new(), origin(path));
    let session = engine.session();
    let mut scan = session.scan();
    let mut pass = || {
        pieces
            .iter()
            .for_each(|piece| push(&mut scan, piece, &origin))
    };
    pass();
    counted_region(&mut pass);
}
