//! detect-secrets' `.secrets.baseline`: for each file the SHA-1 of each secret. `--slim` leaves the lines out.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;

use super::{Claim, Value, json_error};

#[derive(Deserialize)]
struct Baseline {
    results: BTreeMap<String, Vec<Secret>>,
}

#[derive(Deserialize)]
struct Secret {
    hashed_secret: String,
    line_number: Option<u64>,
}

pub(super) fn read(text: &str) -> Result<Vec<Claim>, String> {
    let baseline: Baseline = serde_json::from_str(text).map_err(|e| json_error(&e))?;
    let mut claims = Vec::new();
    for (path, secrets) in baseline.results {
        for secret in secrets {
            let hash = HEXLOWER_PERMISSIVE.decode(secret.hashed_secret.as_bytes());
            let hash = hash.ok().and_then(|hash| hash.try_into().ok());
            claims.push(Claim {
                path: path.clone(),
                line: secret.line_number,
                value: Value::Sha1(hash.ok_or("a `hashed_secret` is no SHA-1")?),
            });
        }
    }
    Ok(claims)
}
