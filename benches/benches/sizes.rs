//! What does a file cost by its length, from 200 bytes to 64 MiB? The small ones show what each file costs by itself.

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use keysieve_benches::data::Kind;
use keysieve_benches::{Engine, Random, origin, push};

const SIZES: &[usize] = &[
    0,
    200,
    2 << 10,
    8 << 10,
    64 << 10,
    1 << 20,
    8 << 20,
    64 << 20,
];

fn sizes(criterion: &mut Criterion) {
    let engine = Engine::new();
    let session = engine.session();
    let origin = origin(Kind::Code.path());
    let text = Kind::Code.text(&mut Random::new(1), SIZES[SIZES.len() - 1]);
    let mut group = criterion.benchmark_group("sizes");
    for &size in SIZES {
        if size >= 8 << 20 {
            group.sample_size(10).sampling_mode(SamplingMode::Flat);
        }
        group.throughput(Throughput::Bytes(size as u64));
        let mut scan = session.scan();
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| push(&mut scan, &text[..size], &origin));
        });
    }
    group.finish();
}

criterion_group!(benches, sizes);
criterion_main!(benches);
