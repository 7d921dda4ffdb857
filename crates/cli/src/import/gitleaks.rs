//! gitleaks' JSON report, which is its baseline as well: a list of findings.

use serde::Deserialize;

use super::{Claim, Value, json_error};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Leak {
    file: String,
    start_line: u64,
    #[serde(default)]
    secret: String,
}

pub(super) fn read(text: &str) -> Result<Vec<Claim>, String> {
    let leaks: Option<Vec<Leak>> = serde_json::from_str(text).map_err(|e| json_error(&e))?;
    Ok(leaks.unwrap_or_default().into_iter().map(claim).collect())
}

fn claim(leak: Leak) -> Claim {
    // `--redact` leaves the word, `--redact=N` the beginning and dots.
    let is_redacted =
        leak.secret.is_empty() || leak.secret == "REDACTED" || leak.secret.ends_with("...");
    // What lies in an archive is `outer!inner`, and stands on a line of the inner file.
    let (path, line) = match leak.file.split_once('!') {
        Some((outer, _)) => (outer.to_owned(), 1),
        None => (leak.file, leak.start_line),
    };
    Claim {
        path,
        line: Some(line),
        value: match is_redacted {
            true => Value::Hidden,
            false => Value::Plain(vec![leak.secret]),
        },
    }
}
