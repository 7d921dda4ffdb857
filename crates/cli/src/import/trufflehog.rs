//! trufflehog's JSON: one object a line, of which some are its log.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Claim, Value, json_error};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    /// Only findings have it.
    source_metadata: Option<Metadata>,
    #[serde(default)]
    raw: String,
    #[serde(default)]
    raw_v2: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// By the kind of source: `Git`, `Filesystem`.
    data: BTreeMap<String, Place>,
}

#[derive(Deserialize)]
struct Place {
    file: Option<String>,
    line: Option<u64>,
}

pub(super) fn read(text: &str) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    let lines = text.lines().enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|e| format!("line {}: {}", number + 1, json_error(&e)))?;
        let Some(metadata) = line.source_metadata else {
            continue;
        };
        let values: Vec<String> = [line.raw, line.raw_v2]
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect();
        let place = metadata
            .data
            .into_values()
            .find(|place| place.file.is_some());
        claims.push(Claim {
            // What stands in no file names no finding, and is counted as such.
            path: place
                .as_ref()
                .and_then(|p| p.file.clone())
                .unwrap_or_default(),
            line: place.and_then(|place| place.line),
            value: match values.is_empty() {
                true => Value::Hidden,
                false => Value::Plain(values),
            },
        });
    }
    Ok(claims)
}
