//! The JSON schema of `keysieve.toml`, for editors that complete and check while somebody types.

use keysieve_engine::policy::inline::Field;
use keysieve_engine::{Confidence, FileKind, Severity};
use serde_json::{Map, Value, json};

/// A key of a table: its name, the schema of its value, what it is.
type Key = (&'static str, Value, &'static str);

const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];
const SEVERITIES: [Severity; 4] = [
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

/// The schema.
pub(crate) fn schema() -> Value {
    let mut schema = table(top(), &[]);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("keysieve.toml");
    schema
}

fn top() -> Vec<Key> {
    let kinds: Map<String, Value> = FileKind::ALL
        .iter()
        .map(|kind| (kind.as_str().to_owned(), table(kind_keys(), &[])))
        .collect();
    let kinds = json!({ "type": "object", "additionalProperties": false, "properties": kinds });
    vec![
        (
            "scan",
            table(scan(), &[]),
            "What the flags of the same names say.",
        ),
        (
            "paths",
            table(
                vec![("ignore", texts(), "Globs over paths that are not scanned.")],
                &[],
            ),
            "What is scanned.",
        ),
        (
            "rules",
            table(
                vec![
                    (
                        "files",
                        texts(),
                        "Rule files, from the folder of this file.",
                    ),
                    ("only", texts(), "Run only these rules."),
                    ("exclude", texts(), "Do not run these rules."),
                ],
                &[],
            ),
            "Which rules run.",
        ),
        ("inline", table(inline(), &[]), "Comments in scanned files."),
        (
            "peers",
            table(
                vec![(
                    "forbid",
                    flag(),
                    "Ignore files of other scanners do not suppress.",
                )],
                &[],
            ),
            "What other scanners were told.",
        ),
        (
            "baseline",
            table(
                vec![("file", text(), "The file, from the folder of this one.")],
                &[],
            ),
            "Known findings.",
        ),
        (
            "exceptions",
            table(exceptions(), &[]),
            "What every exception must keep to.",
        ),
        (
            "exception",
            list(table(exception(), &["id", "reason", "owner", "expires"])),
            "Findings that somebody answers for until a day.",
        ),
        (
            "audit",
            table(
                vec![
                    ("file", text(), "The log, from the folder of this file."),
                    (
                        "format",
                        choice(["jsonl", "ocsf"]),
                        "How an event is written.",
                    ),
                ],
                &[],
            ),
            "The log of what was found, allowed and taken back.",
        ),
        ("kinds", kinds, "Settings by kind of file."),
        (
            "rule",
            list(table(
                rule(),
                &[
                    "id",
                    "name",
                    "description",
                    "severity",
                    "confidence",
                    "remediation",
                    "samples",
                ],
            )),
            "Rules of your own.",
        ),
    ]
}

fn scan() -> Vec<Key> {
    vec![
        (
            "min_confidence",
            confidence(),
            "Report findings of at least this confidence.",
        ),
        (
            "min_severity",
            severity(),
            "Report findings of at least this severity.",
        ),
        ("max_file_size", number(0), "Pass over files of more bytes."),
        (
            "decode_depth",
            number(0),
            "How many encodings are opened inside each other.",
        ),
        ("threads", number(0), "Threads; 0 is one for each core."),
    ]
}

fn inline() -> Vec<Key> {
    vec![
        ("forbid", flag(), "Comments do not suppress."),
        (
            "require",
            list(choice(Field::ALL.map(Field::as_str))),
            "What a comment must say to suppress.",
        ),
    ]
}

fn exceptions() -> Vec<Key> {
    vec![
        ("max_days", number(0), "The most days that one may last."),
        (
            "require_approval",
            flag(),
            "Somebody other than the owner must have agreed.",
        ),
        ("require_ticket", flag(), "A ticket must be named."),
        (
            "warn_days",
            number(0),
            "So many days before its last one, an exception is told.",
        ),
    ]
}

fn exception() -> Vec<Key> {
    let day = || json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" });
    let fingerprint = json!({ "type": "string", "pattern": "^ks1:[0-9a-f]{32}$" });
    vec![
        ("id", text(), "Its name in reports and in the audit log."),
        ("rule", text(), "Findings of this rule."),
        (
            "path",
            text(),
            "Findings in files of this glob, from the top of the repository.",
        ),
        ("fingerprint", fingerprint, "Findings of this secret."),
        ("reason", text(), "Why it is right not to report them."),
        ("owner", text(), "Who answers for it."),
        ("created", day(), "The day when it was written."),
        ("expires", day(), "The last day when it holds."),
        ("ticket", text(), "Where it was discussed."),
        ("approved_by", text(), "Who agreed."),
    ]
}

fn kind_keys() -> Vec<Key> {
    vec![
        ("severity", severity(), "Findings there have this severity."),
        (
            "confidence",
            confidence(),
            "Findings there have this confidence.",
        ),
        ("silence", flag(), "Findings there are suppressed."),
    ]
}

fn rule() -> Vec<Key> {
    let requires = vec![
        ("rule", text(), "The rule of the other half."),
        ("lines", number(0), "How many lines away it may stand."),
        (
            "missing",
            choice(["keep", "lower", "drop"]),
            "What becomes of a finding without it.",
        ),
    ];
    let rank = vec![
        (
            "kind",
            choice(FileKind::ALL.map(FileKind::as_str)),
            "The kind of file.",
        ),
        ("severity", severity(), "Severity there."),
        ("confidence", confidence(), "Confidence there."),
    ];
    vec![
        ("id", text(), "`provider-kind`, stable for ever."),
        ("name", text(), "What the credential is called."),
        ("description", text(), "What it gives access to."),
        ("severity", severity(), "How bad a leak is."),
        ("confidence", confidence(), "How sure a match is."),
        (
            "prefixes",
            texts(),
            "Literals that matches of `pattern` begin with.",
        ),
        (
            "keywords",
            texts(),
            "Literals in matches, or in names that a `value` is assigned to.",
        ),
        (
            "pattern",
            text(),
            "Regular expression of the token and what stands around it.",
        ),
        (
            "value",
            text(),
            "Regular expression of a whole assigned value.",
        ),
        (
            "boundary",
            choice(["token", "none"]),
            "Where a match may begin and end.",
        ),
        (
            "path",
            texts(),
            "Globs; the rule looks only at these files.",
        ),
        (
            "min_entropy",
            json!({ "type": "number" }),
            "Least entropy, in bits a character.",
        ),
        ("checks", texts(), "Named checks of the value."),
        (
            "requires",
            table(requires, &["rule", "lines"]),
            "The other half of the credential.",
        ),
        (
            "kinds",
            list(table(rank, &["kind"])),
            "Ranks by kind of file.",
        ),
        ("docs", text(), "The vendor's page about the credential."),
        ("remediation", text(), "What to do now."),
        ("tags", texts(), "Further tags."),
        (
            "samples",
            texts(),
            "Templates in which the rule finds its secret.",
        ),
        (
            "near_misses",
            texts(),
            "Templates in which it must find nothing.",
        ),
        (
            "aliases",
            texts(),
            "Other programs' ids for the same credential.",
        ),
    ]
}

fn table(keys: Vec<Key>, required: &[&str]) -> Value {
    let key = |(name, mut schema, description): Key| {
        schema["description"] = json!(description);
        (name.to_owned(), schema)
    };
    let properties: Map<String, Value> = keys.into_iter().map(key).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    list(text())
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn number(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least })
}

fn choice<const N: usize>(names: [&str; N]) -> Value {
    json!({ "type": "string", "enum": names.as_slice() })
}

fn confidence() -> Value {
    choice(CONFIDENCES.map(Confidence::as_str))
}

fn severity() -> Value {
    choice(SEVERITIES.map(Severity::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The keys that the parser of the configuration knows in a table, told by its refusal of another one.
    fn known(header: &str, more: &str) -> Vec<String> {
        let text = format!("{header}\n{more}\nno-such-key = 1\n");
        let error = Config::parse(&text).unwrap_err();
        let (_, list) = error.split_once("unknown field").expect(&error);
        let list = list.lines().next().unwrap();
        let names = list.split('`').skip(1).step_by(2).skip(1);
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    fn keys(schema: &Value) -> Vec<String> {
        let mut keys: Vec<_> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        keys.sort();
        keys
    }

    /// What of a value a schema of this module does not accept.
    fn refused(schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut refused = Vec::new();
        let is_type = match schema["type"].as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64(),
            "number" => value.is_number(),
            other => panic!("{other}"),
        };
        let is_choice = schema
            .get("enum")
            .is_none_or(|e| e.as_array().unwrap().contains(value));
        if !is_type || !is_choice {
            refused.push(at.to_owned());
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(schema) => refused.extend(self::refused(schema, value, &at)),
                None => refused.push(at),
            }
        }
        for (n, value) in value.as_array().into_iter().flatten().enumerate() {
            refused.extend(self::refused(
                &schema["items"],
                value,
                &format!("{at}[{n}]"),
            ));
        }
        refused
    }

    fn of_toml(text: &str) -> Value {
        serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
    }

    #[test]
    fn every_key_of_the_configuration_is_in_it() {
        let schema = schema();
        let properties = &schema["properties"];
        assert_eq!(keys(&schema), known("", ""));
        for name in [
            "scan",
            "paths",
            "rules",
            "inline",
            "peers",
            "baseline",
            "exceptions",
            "audit",
        ] {
            assert_eq!(
                keys(&properties[name]),
                known(&format!("[{name}]"), ""),
                "{name}"
            );
        }
        assert_eq!(
            keys(&properties["exception"]["items"]),
            known("[[exception]]", "")
        );
        let rule = &properties["rule"]["items"];
        assert_eq!(keys(rule), known("[[rule]]", ""));

        let kinds = properties["kinds"]["properties"].as_object().unwrap();
        assert_eq!(kinds.len(), FileKind::ALL.len());
        for (name, schema) in kinds {
            assert_eq!(keys(schema), known(&format!("[kinds.{name}]"), ""));
        }
    }

    #[test]
    fn it_takes_this_repositorys_file_and_refuses_others() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = std::fs::read_to_string(root.join("keysieve.toml")).unwrap();
        assert_eq!(refused(&schema(), &of_toml(&own), ""), [""; 0]);
        let wrong = "[scan]\nthreads = 'x'\nmin_severity = 'no'\n[audit]\nfile = 'a'\nx = 1\n";
        let mut said = refused(&schema(), &of_toml(wrong), "");
        said.sort();
        assert_eq!(said, [".audit.x", ".scan.min_severity", ".scan.threads"]);
    }
}
