//! Logistic regression on one-hot features, and where the bands begin.

use keysieve_engine::checks::generic::Wanted;
use keysieve_engine::checks::score::{BINS, Bands, FEATURES, UNIT, Weights};

use crate::harvest::Bins;

/// Where an example comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Drawn.
    Secret,
    /// A value under an ordinary name, given the name of a secret.
    Ordinary,
    /// What programs and documents say under such names, as `generated.rs` writes it.
    Usual,
    /// A value that stands under the name of a secret in an ordinary tree. A few of them are secrets: this makes the fit
    /// rather too careful than too bold.
    Named,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example {
    pub(crate) bins: Bins,
    pub(crate) source: Source,
    /// Whether it is kept back from the fit, to see how good the fit is.
    pub(crate) held: bool,
}

/// Of the values that the model is asked about, so many are no secret for each that is one: counted by eye in the trees
/// that the project is tried on. Names of passwords stand before anything that people write; what stands behind names of
/// tokens and has 16 characters in a row is code, which never gets here, or as good as a token.
const fn others(wanted: Wanted) -> f64 {
    match wanted {
        Wanted::Token => 2.0,
        Wanted::Password => 4.0,
    }
}

/// How much of the weight of all that is no secret comes from the trees' own values under names of secrets, and from what
/// is generated; the rest is that of ordinary values. Of those that the trees have under names of tokens a third is of the
/// form of a real one, so they count for little.
const fn shares(wanted: Wanted) -> (f64, f64) {
    match wanted {
        Wanted::Token => (0.1, 0.4),
        Wanted::Password => (0.1, 0.6),
    }
}

/// The sums of weights of a set: of secrets 1, of others 1.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) secret: f64,
    pub(crate) ordinary: f64,
    pub(crate) usual: f64,
    pub(crate) named: f64,
    /// Examples: secrets, others.
    pub(crate) counts: (usize, usize),
}

impl Tally {
    /// The sums over those of `examples` that `wanted` accepts.
    pub(crate) fn of(
        examples: &[Example],
        wanted: Wanted,
        counted: impl Fn(&Example) -> bool,
    ) -> Self {
        let mut tally = Self::default();
        let weight = weights(examples, wanted);
        for example in examples.iter().filter(|e| counted(e)) {
            let weight = weight(example.source);
            match example.source {
                Source::Secret => tally.secret += weight,
                Source::Ordinary => tally.ordinary += weight,
                Source::Usual => tally.usual += weight,
                Source::Named => tally.named += weight,
            }
            match example.source {
                Source::Secret => tally.counts.0 += 1,
                Source::Ordinary | Source::Usual | Source::Named => tally.counts.1 += 1,
            }
        }
        tally
    }

    /// The share of secrets.
    pub(crate) fn precision(&self, wanted: Wanted) -> f64 {
        let others = others(wanted) * (self.ordinary + self.usual + self.named);
        self.secret / (self.secret + others).max(1e-12)
    }
}

/// What an example of each source weighs: secrets 1 in all, others 1 in all.
fn weights(examples: &[Example], wanted: Wanted) -> impl Fn(Source) -> f64 + use<> {
    let count = |source| examples.iter().filter(|e| e.source == source).count() as f64;
    let (named, usual) = shares(wanted);
    let others = [
        (Source::Ordinary, 1.0 - named - usual),
        (Source::Usual, usual),
        (Source::Named, named),
    ]
    .map(|(source, share)| {
        let examples = count(source);
        (examples, if examples > 0.0 { share } else { 0.0 })
    });
    // What there is none of leaves its share to the rest.
    let all: f64 = others.iter().map(|(_, share)| share).sum();
    let [ordinary, usual, named] =
        others.map(|(examples, share)| share / all.max(1e-9) / examples.max(1.0));
    let secret = 1.0 / count(Source::Secret).max(1.0);
    move |source| match source {
        Source::Secret => secret,
        Source::Ordinary => ordinary,
        Source::Usual => usual,
        Source::Named => named,
    }
}

/// The sum of the weights of `bins`.
pub(crate) fn score(bins: &Bins, weights: &Weights) -> i32 {
    bins.iter()
        .zip(weights)
        .map(|(&bin, weights)| i32::from(weights[bin]))
        .sum()
}

/// All weights in a row.
const WEIGHTS: usize = BINS * FEATURES.len();
/// How strongly weights are drawn to 0, in examples of the total weight of 1: bins that hardly occur say nothing.
const RIDGE: f64 = 1e-3;
/// Steps of Newton's method; it stands still after seven.
const STEPS: usize = 12;

/// The weights that make the examples most likely.
pub(crate) fn fit(examples: &[Example], wanted: Wanted) -> Weights {
    let weight = weights(examples, wanted);
    let mut found = vec![0.0; WEIGHTS];
    for _ in 0..STEPS {
        let mut slope: Vec<f64> = found.iter().map(|w| -RIDGE * w).collect();
        let mut curve = vec![vec![0.0; WEIGHTS]; WEIGHTS];
        for (i, row) in curve.iter_mut().enumerate() {
            row[i] = RIDGE;
        }
        for example in examples {
            let active: [usize; FEATURES.len()] =
                std::array::from_fn(|feature| feature * BINS + example.bins[feature]);
            let sum: f64 = active.iter().map(|&i| found[i]).sum();
            let chance = 1.0 / (1.0 + (-sum).exp());
            let truth = f64::from(u8::from(example.source == Source::Secret));
            let weight = weight(example.source);
            for &i in &active {
                slope[i] += weight * (truth - chance);
                for &j in &active {
                    curve[i][j] += weight * chance * (1.0 - chance);
                }
            }
        }
        for (weight, step) in found.iter_mut().zip(solve(curve, slope)) {
            *weight += step;
        }
    }
    centre(&mut found, examples, &weight);
    let unit = f64::from(UNIT);
    std::array::from_fn(|feature| {
        std::array::from_fn(|bin| {
            (found[feature * BINS + bin] * unit)
                .round()
                .clamp(-999.0, 999.0) as i16
        })
    })
}

/// Moves the mean of each feature over the examples into the base, which is the last one: no score changes.
fn centre(found: &mut [f64], examples: &[Example], weight: &impl Fn(Source) -> f64) {
    let base = (FEATURES.len() - 1) * BINS;
    for feature in 0..FEATURES.len() - 1 {
        let mut all = 0.0;
        let mut sum = 0.0;
        for example in examples {
            let weight = weight(example.source);
            all += weight;
            sum += weight * found[feature * BINS + example.bins[feature]];
        }
        let mean = sum / f64::max(all, 1e-12);
        for bin in &mut found[feature * BINS..][..BINS] {
            *bin -= mean;
        }
        found[base] += mean;
    }
}

/// The mean cost of the truth, in nats an example: what the fit makes small.
pub(crate) fn loss(examples: &[Example], wanted: Wanted, weights: &Weights) -> f64 {
    let weight = self::weights(examples, wanted);
    let cost = |e: &Example| {
        let score = f64::from(score(&e.bins, weights)) / f64::from(UNIT);
        let sign = if e.source == Source::Secret {
            -1.0
        } else {
            1.0
        };
        weight(e.source) * (sign * score).exp().ln_1p()
    };
    examples.iter().map(cost).sum::<f64>() / 2.0
}

/// Solves a symmetric positive system by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        let (above, below) = matrix.split_at_mut(i + 1);
        let pivot = &above[i];
        for (k, row) in below.iter_mut().enumerate() {
            let factor = row[i] / pivot[i];
            if factor != 0.0 {
                for (cell, p) in row[i..].iter_mut().zip(&pivot[i..]) {
                    *cell -= factor * p;
                }
                right[i + 1 + k] -= factor * right[i];
            }
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}

/// The chances at which the bands begin: that a value there is a secret. Every other value of a band is surer, so that the
/// bands are right more often than this: `main.rs` prints how often, and its tests ask for 95 and 70 of 100.
const HIGH: f64 = 0.9;
const MEDIUM: f64 = 0.35;
/// The chance at which a value is worth a look.
const LOW: f64 = 0.1;

/// The least scores of the bands. The fit gives secrets and others the same weight, so a score is what the value adds to
/// the odds that the name alone leaves.
pub(crate) fn bands(wanted: Wanted) -> Bands {
    let least = |chance: f64| {
        let odds = chance / (1.0 - chance) * others(wanted);
        (odds.ln() * f64::from(UNIT)).round() as i32
    };
    Bands {
        high: least(HIGH),
        medium: least(MEDIUM),
        low: least(LOW),
    }
}
