//! How many bytes a second does the engine pass over where somebody wants it to be slow?
//!
//! One content of 4 MiB each, or of what is done in half a second where that is less: `benches/table` says how long.
//! That the time stays linear beyond is seen by `compare.sh --hostile`, on files of 32 MiB.

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use keysieve_benches::hostile::{INPUTS, Input};
use keysieve_benches::{Engine, origin, push};

const LENGTH: usize = 4 << 20;

/// What one pass over an input may take.
const PATIENCE: Duration = Duration::from_millis(500);

fn hostile(criterion: &mut Criterion) {
    let engine = Engine::new();
    let session = engine.session();
    let origin = origin("config/settings.txt");
    let mut group = criterion.benchmark_group("hostile");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for input in INPUTS {
        let mut scan = session.scan();
        let text = affordable(input, |text| push(&mut scan, text, &origin));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(input.name, |bencher| {
            bencher.iter(|| push(&mut scan, &text, &origin))
        });
    }
    group.finish();
}

/// As much of an input as is scanned within [`PATIENCE`], up to [`LENGTH`]: one that is slow must not take minutes to
/// say so.
fn affordable(input: &Input, mut scan: impl FnMut(&[u8])) -> Vec<u8> {
    let mut length = 4 << 10;
    loop {
        let text = input.text(length);
        let start = Instant::now();
        scan(&text);
        if length == LENGTH || start.elapsed() > PATIENCE / 4 {
            return text;
        }
        length *= 4;
    }
}

criterion_group!(benches, hostile);
criterion_main!(benches);
