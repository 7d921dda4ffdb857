//! How many bytes a second does the engine pass over where somebody wants it to be slow?
//!
//! One content of 4 MiB each. That the time stays linear beyond is seen by `compare.py hostile`, on files of 32 MiB.

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use keysieve_benches::hostile::INPUTS;
use keysieve_benches::{Engine, origin, push};

const LENGTH: usize = 4 << 20;

fn hostile(criterion: &mut Criterion) {
    let engine = Engine::new();
    let session = engine.session();
    let origin = origin("config/settings.txt");
    let mut group = criterion.benchmark_group("hostile");
    group.throughput(Throughput::Bytes(LENGTH as u64));
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for input in INPUTS {
        let text = input.text(LENGTH);
        let mut scan = session.scan();
        group.bench_function(input.name, |bencher| {
            bencher.iter(|| push(&mut scan, &text, &origin))
        });
    }
    group.finish();
}

criterion_group!(benches, hostile);
criterion_main!(benches);
