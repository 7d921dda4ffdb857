//! How many bytes a second does the engine pass over, by what the text is and by how many rules there are?

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keysieve_benches::data::{Corpus, corpora};
use keysieve_benches::{Engine, origin, push};

fn by_corpus(criterion: &mut Criterion) {
    let engine = Engine::new();
    let mut group = criterion.benchmark_group("corpus");
    for corpus in corpora() {
        let name = format!(
            "{}{}",
            corpus.name,
            if corpus.real { "" } else { "-synthetic" }
        );
        group.throughput(Throughput::Bytes(corpus.bytes()));
        group.bench_function(&name, |bencher| bencher.iter(pass(&engine, &corpus)));
    }
    group.finish();
}

fn by_rules(criterion: &mut Criterion) {
    let corpora = corpora();
    let mut group = criterion.benchmark_group("rules");
    for count in [Some(100), Some(300), None] {
        let engine = count.map_or_else(Engine::new, Engine::with_rules);
        for corpus in corpora
            .iter()
            .filter(|corpus| ["code", "log"].contains(&corpus.name))
        {
            group.throughput(Throughput::Bytes(corpus.bytes()));
            let id = BenchmarkId::new(corpus.name, engine.rules());
            group.bench_function(id, |bencher| bencher.iter(pass(&engine, corpus)));
        }
    }
    group.finish();
}

/// One scan of all pieces.
fn pass<'a>(engine: &'a Engine, corpus: &'a Corpus) -> impl FnMut() {
    let session = engine.session();
    let origin = origin(corpus.path);
    move || {
        // A thread's scratch is made once for many files: here, once for all pieces.
        let mut scan = session.scan();
        for piece in &corpus.pieces {
            push(&mut scan, piece, &origin);
        }
    }
}

criterion_group!(benches, by_corpus, by_rules);
criterion_main!(benches);
