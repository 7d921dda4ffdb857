//! The table as Rust source.

use std::fmt::Write as _;

use keysieve_engine::checks::score::{Bands, FEATURES, Weights};

const HEAD: &str = "\
//! The weights of the model, in hundredths of a nat. Written by the program in `rules/model`; do not edit.

use super::{Bands, Weights};
";

/// The source of the table, as rustfmt leaves it.
pub(crate) fn render(models: &[(Weights, Bands)]) -> String {
    let mut text = HEAD.to_owned();
    for (name, (weights, bands)) in ["TOKEN", "PASSWORD"].iter().zip(models) {
        let of = name.to_lowercase();
        let _ = write!(
            text,
            "\n/// Of each bin of each feature, for a value that is named a {of}.\n#[rustfmt::skip]\npub(super) static {name}: Weights = [\n"
        );
        for (row, feature) in weights.iter().zip(FEATURES) {
            let cells: Vec<String> = row.iter().map(|w| format!("{w:5}")).collect();
            let _ = writeln!(text, "    [{}], // {feature}", cells.join(","));
        }
        let _ = write!(
            text,
            "];\n\n/// Where the bands of a {of} begin.\npub(super) const {name}_BANDS: Bands = Bands {{\n    high: {},\n    medium: {},\n    low: {},\n}};\n",
            bands.high, bands.medium, bands.low
        );
    }
    text
}
