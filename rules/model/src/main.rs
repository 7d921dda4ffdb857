//! Fits the model of `checks/score` in the engine and writes its table.
//!
//! ```text
//! cargo run --release -p keysieve-model -- TREE... [--check TREE]... [--write]
//! ```
//!
//! `TREE` are ordinary source trees; `--check` names trees that the fit must not see. Nothing of them is kept: the table
//! holds 216 numbers. The same trees give the same table. How it is done, and with what figures, is in `README.md`
//! beside this package.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use keysieve_engine::checks::generic::Wanted;
use keysieve_engine::checks::score;

mod draw;
mod fit;
mod harvest;
mod table;

use fit::Example;
use harvest::Harvest;

/// The file that is written, from the root of the repository.
const TABLE: &str = "crates/engine/src/checks/score/table.rs";

fn main() -> Result<()> {
    let mut trees = Vec::new();
    let mut unseen = Vec::new();
    let mut write = false;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--write") => write = true,
            Some("--check") => unseen.push(PathBuf::from(
                arguments.next().context("--check needs a tree")?,
            )),
            _ => trees.push(PathBuf::from(argument)),
        }
    }
    if trees.is_empty() {
        bail!("name at least one source tree");
    }

    let seen = Harvest::of(&trees)?;
    let unseen = Harvest::of(&unseen)?;
    let mut models = Vec::new();
    for wanted in [Wanted::Token, Wanted::Password] {
        let examples = draw::examples(&seen, wanted);
        let (learn, hold): (Vec<_>, Vec<_>) = examples.into_iter().partition(|e: &Example| !e.held);
        let weights = fit::fit(&learn, wanted);
        let bands = fit::bands(wanted, &hold, &weights);
        report(wanted, "held back", &hold, &weights, bands);
        println!("  loss {:.4}; without", fit::loss(&hold, wanted, &weights));
        for (feature, name) in score::FEATURES.iter().enumerate() {
            let blind = |examples: &[Example]| -> Vec<Example> {
                let blind = |mut e: Example| {
                    e.bins[feature] = 0;
                    e
                };
                examples.iter().copied().map(blind).collect()
            };
            let weights = fit::fit(&blind(&learn), wanted);
            println!(
                "    {name:10}{:.4}",
                fit::loss(&blind(&hold), wanted, &weights)
            );
        }
        if !unseen.frames.is_empty() {
            let examples = draw::examples(&unseen, wanted);
            report(wanted, "trees not seen", &examples, &weights, bands);
        }
        models.push((weights, bands));
    }
    if write {
        std::fs::write(TABLE, table::render(&models))
            .with_context(|| format!("writing {TABLE}"))?;
        println!("wrote {TABLE}");
    }
    Ok(())
}

/// Prints how often each band is right, and how the kinds of examples fall.
fn report(
    wanted: Wanted,
    which: &str,
    examples: &[Example],
    weights: &score::Weights,
    bands: score::Bands,
) {
    println!(
        "\n{wanted:?}, {which}: share of each kind in a band, and how many of the band are secrets"
    );
    println!(
        "  {:10}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}",
        "band", "secret", "ordinary", "named", "right%", "secrets", "others"
    );
    let all = fit::Tally::of(examples, wanted, |_| true);
    let mut above = i32::MAX;
    for (name, least) in [
        ("high", bands.high),
        ("medium", bands.medium),
        ("low", bands.low),
        ("dropped", i32::MIN),
    ] {
        let tally = fit::Tally::of(examples, wanted, |e| {
            (least..above).contains(&fit::score(&e.bins, weights))
        });
        above = least;
        let share = |n: f64, of: f64| 100.0 * n / of.max(1e-9);
        println!(
            "  {name:10}{:8.2}{:10.2}{:8.2}{:8.1}{:8}{:8}",
            share(tally.secret, all.secret),
            share(tally.ordinary, all.ordinary),
            share(tally.named, all.named),
            100.0 * tally.precision(wanted),
            tally.counts.0,
            tally.counts.1,
        );
    }
}
