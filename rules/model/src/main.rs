//! Fits the model of `checks/score` in the engine and writes its table.
//!
//! ```text
//! cargo run --release -p keysieve-model -- TREE... [--check TREE]... [--without] [--write]
//! ```
//!
//! `TREE` are ordinary source trees; `--check` names trees that the fit must not see; `--without` prints
//! what each feature is worth. Nothing of them is kept: the table
//! holds 288 numbers. The same trees give the same table. How it is done, and with what figures, is in `README.md`
//! beside this package.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use keysieve_engine::checks::generic::Wanted;
use keysieve_engine::checks::score;

mod draw;
mod fit;
mod generated;
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
    let mut without = false;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--write") => write = true,
            Some("--without") => without = true,
            Some("--check") => unseen.push(PathBuf::from(
                arguments.next().context("--check needs a tree")?,
            )),
            _ => trees.push(PathBuf::from(argument)),
        }
    }
    if trees.is_empty() {
        bail!("name at least one source tree");
    }

    let mut seen = Harvest::of(&trees)?;
    generated::add(&mut seen, generated::SEED);
    let unseen = Harvest::of(&unseen)?;
    let mut models = Vec::new();
    for wanted in [Wanted::Token, Wanted::Password] {
        let examples = draw::examples(&seen, wanted);
        let (learn, hold): (Vec<_>, Vec<_>) = examples.into_iter().partition(|e: &Example| !e.held);
        let weights = fit::fit(&learn, wanted);
        let bands = fit::bands(wanted);
        report(wanted, "held back", &hold, &weights, bands);
        println!("  loss {:.4}", fit::loss(&hold, wanted, &weights));
        if without {
            losses(wanted, &learn, &hold);
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

/// Prints the loss of fits that see one feature less. The base, which is the last, is none.
fn losses(wanted: Wanted, learn: &[Example], hold: &[Example]) {
    for (feature, name) in score::FEATURES.iter().enumerate().rev().skip(1) {
        let blind = |examples: &[Example]| -> Vec<Example> {
            let blind = |mut e: Example| {
                e.bins[feature] = 0;
                e
            };
            examples.iter().copied().map(blind).collect()
        };
        let weights = fit::fit(&blind(learn), wanted);
        let loss = fit::loss(&blind(hold), wanted, &weights);
        println!("    without {name:10}{loss:.4}");
    }
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
        "  {:10}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}",
        "band", "secret", "ordinary", "usual", "named", "right%", "secrets", "others"
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
            "  {name:10}{:8.2}{:10.2}{:8.2}{:8.2}{:8.1}{:8}{:8}",
            share(tally.secret, all.secret),
            share(tally.ordinary, all.ordinary),
            share(tally.usual, all.usual),
            share(tally.named, all.named),
            100.0 * tally.precision(wanted),
            tally.counts.0,
            tally.counts.1,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table of the engine promises holds on values that it was not fitted on: another seed draws them.
    #[test]
    fn the_bands_keep_their_promises_on_generated_values() {
        let mut harvest = Harvest::of(&[]).expect("the built-in rules compile");
        generated::add(&mut harvest, generated::SEED + 1);
        for wanted in [Wanted::Token, Wanted::Password] {
            let examples = draw::examples(&harvest, wanted);
            let bands = score::bands(wanted);
            let band = |least: i32, below: i32| {
                fit::Tally::of(&examples, wanted, |e| {
                    (least..below).contains(&score::sum(&e.bins, wanted))
                })
            };
            let (high, medium) = (band(bands.high, i32::MAX), band(bands.medium, bands.high));
            assert!(
                high.counts.0 >= 100,
                "{wanted:?}: {} are high",
                high.counts.0
            );
            assert!(medium.counts.0 >= 1000, "{wanted:?}: {}", medium.counts.0);
            let (high, found) = (high.precision(wanted), high.secret + medium.secret);
            assert!(high >= 0.95, "{wanted:?}: {high} of high is true");
            let medium = medium.precision(wanted);
            assert!(medium >= 0.70, "{wanted:?}: {medium} of medium is true");
            assert!(found >= 0.80, "{wanted:?}: {found} of all secrets is found");
        }
    }

    /// A fit on one half of what is generated keeps its promises on the other.
    #[test]
    fn a_fit_holds_for_what_was_held_back() {
        let mut harvest = Harvest::of(&[]).expect("the built-in rules compile");
        generated::add(&mut harvest, generated::SEED);
        let wanted = Wanted::Token;
        let (learn, hold): (Vec<_>, Vec<_>) = draw::examples(&harvest, wanted)
            .into_iter()
            .partition(|e: &Example| !e.held);
        let weights = fit::fit(&learn, wanted);
        let bands = fit::bands(wanted);
        let medium = fit::Tally::of(&hold, wanted, |e| {
            fit::score(&e.bins, &weights) >= bands.medium
        });
        assert!(medium.precision(wanted) >= 0.70);
        assert!(medium.secret >= 0.8, "{} is found", medium.secret);
    }
}
