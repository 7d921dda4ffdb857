//! How long until the first byte is scanned, and how long does the whole program take for one tiny file?

use std::hint::black_box;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use criterion::{Criterion, criterion_group, criterion_main};
use keysieve_benches::hostile::finding;
use keysieve_benches::{Engine, origin, push};

/// The rules, the scanner, the scratch of one thread, and the scan of nothing.
fn scanner(criterion: &mut Criterion) {
    let origin = origin("empty.txt");
    criterion.bench_function("startup/scanner", |bencher| {
        bencher.iter(|| {
            let engine = Engine::new();
            push(&mut engine.session().scan(), black_box(b""), &origin);
        });
    });
}

/// The program, started anew for a file without and a file with a finding: the second one compiles what verifies it.
fn process(criterion: &mut Criterion) {
    let program = program();
    if !program.is_file() {
        eprintln!(
            "startup/process is left out: no {}; build it, or set KEYSIEVE",
            program.display()
        );
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, text) in [
        ("clean", "let answer = 42;\n".to_owned()),
        ("finding", finding()),
    ] {
        let file = folder.path().join(format!("{name}.txt"));
        fs::write(&file, text).expect("the temporary folder can be written");
        criterion.bench_function(&format!("startup/process-{name}"), |bencher| {
            bencher.iter(|| {
                Command::new(&program)
                    .args(["scan", "--exit-zero", "--"])
                    .arg(&file)
                    .current_dir(folder.path())
                    .stdout(Stdio::null())
                    .status()
                    .expect("the program starts")
            });
        });
    }
}

/// `KEYSIEVE`, or the program that was built beside this bench.
fn program() -> PathBuf {
    env::var_os("KEYSIEVE").map_or_else(
        || {
            let mut path = env::current_exe().expect("the system knows this program");
            path.pop(); // target/release/deps
            path.with_file_name("keysieve")
        },
        PathBuf::from,
    )
}

criterion_group!(benches, scanner, process);
criterion_main!(benches);
