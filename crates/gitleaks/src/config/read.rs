//! The tables of a configuration, read as leniently as gitleaks reads them.

use std::sync::Arc;

use toml::{Table, Value};

use super::allowlist::{Allowlist, Written as WrittenAllowlist};
use super::{Error, Required, Rule, lower};
use crate::pattern::Pattern;

/// A configuration as it is written.
pub(super) struct Written {
    pub(super) title: String,
    pub(super) rules: Vec<Rule>,
    /// With the rules that each is for; none for all.
    pub(super) allowlists: Vec<(Vec<String>, Allowlist)>,
    pub(super) extend: Extend,
}

/// `[extend]`.
#[derive(Default)]
pub(super) struct Extend {
    pub(super) path: Option<String>,
    pub(super) use_default: bool,
    pub(super) disabled: Vec<String>,
}

impl Written {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let table: Table = text
            .parse()
            .map_err(|e: toml::de::Error| Error(e.to_string()))?;
        let table = Fields::new(table, "");
        let mut rules = Vec::new();
        for rule in table.tables("rules")? {
            rules.push(read_rule(&rule)?);
        }
        let mut lists = table.tables("allowlists")?;
        if let Some(old) = table.table("allowlist")? {
            if !lists.is_empty() {
                return Err(Error(
                    "[allowlist] cannot stand beside [[allowlists]]".into(),
                ));
            }
            lists.push(old);
        }
        let mut allowlists = Vec::new();
        for list in lists {
            let allowlist =
                read_allowlist(&list).map_err(|e| Error(format!("[[allowlists]]: {e}")))?;
            allowlists.push((list.strings("targetrules")?, allowlist));
        }
        let extend = match table.table("extend")? {
            None => Extend::default(),
            Some(extend) => Extend {
                path: Some(extend.string("path")?).filter(|path| !path.is_empty()),
                use_default: extend.truth("usedefault")?,
                disabled: extend.strings("disabledrules")?,
            },
        };
        Ok(Self {
            title: table.string("title")?,
            rules,
            allowlists,
            extend,
        })
    }
}

fn read_rule(rule: &Fields) -> Result<Rule, Error> {
    let id = rule.string("id")?;
    let of_rule = |e: String| Error(format!("rule `{id}`: {e}"));
    let pattern = |name: &str| -> Result<Option<Arc<Pattern>>, Error> {
        let pattern = rule.string(name)?;
        if pattern.is_empty() {
            return Ok(None);
        }
        let pattern = Pattern::new(&pattern).map_err(|e| of_rule(format!("{name}: {e}")))?;
        Ok(Some(Arc::new(pattern)))
    };
    let mut lists = rule.tables("allowlists")?;
    if let Some(old) = rule.table("allowlist")? {
        if !lists.is_empty() {
            return Err(of_rule(
                "[rules.allowlist] cannot stand beside [[rules.allowlists]]".into(),
            ));
        }
        lists.push(old);
    }
    let mut allowlists = Vec::new();
    for list in &lists {
        let allowlist = read_allowlist(list).map_err(|e| of_rule(format!("allowlists: {e}")))?;
        allowlists.push(Arc::new(allowlist));
    }
    let mut required = Vec::new();
    for other in rule.tables("required")? {
        let other = Required {
            rule: other.string("id")?,
            within_lines: other.number("withinlines")?.map(|n| n as i64),
            within_columns: other.number("withincolumns")?.map(|n| n as i64),
        };
        if other.rule.is_empty() {
            return Err(of_rule("a required rule has no id".into()));
        }
        required.push(other);
    }
    Ok(Rule {
        description: rule.string("description")?,
        regex: pattern("regex")?,
        path: pattern("path")?,
        secret_group: rule.number("secretgroup")?.unwrap_or(0.0).max(0.0) as usize,
        entropy: rule.number("entropy")?.unwrap_or(0.0),
        keywords: rule
            .strings("keywords")?
            .iter()
            .map(|keyword| lower(keyword))
            .collect(),
        tags: rule.strings("tags")?,
        allowlists,
        required,
        skip_report: rule.truth("skipreport")?,
        id,
    })
}

fn read_allowlist(list: &Fields) -> Result<Allowlist, String> {
    let strings = |name| list.strings(name).map_err(|e| e.0);
    let string = |name| list.string(name).map_err(|e| e.0);
    Allowlist::new(WrittenAllowlist {
        description: string("description")?,
        condition: string("condition")?,
        commits: strings("commits")?,
        paths: strings("paths")?,
        target: string("regextarget")?,
        regexes: strings("regexes")?,
        stop_words: strings("stopwords")?,
    })
}

/// A table whose names are in lower case, and where it stands.
struct Fields {
    table: Table,
    place: String,
}

impl Fields {
    fn new(table: Table, place: &str) -> Self {
        Self {
            table: table
                .into_iter()
                .map(|(name, value)| (lower(&name), value))
                .collect(),
            place: place.to_owned(),
        }
    }

    fn wrong(&self, name: &str, wanted: &str, value: &Value) -> Error {
        let found = value.type_str();
        Error(format!(
            "{}{name} must be {wanted} and is a {found}",
            self.place
        ))
    }

    fn string(&self, name: &str) -> Result<String, Error> {
        match self.table.get(name) {
            None => Ok(String::new()),
            Some(value) => scalar(value).ok_or_else(|| self.wrong(name, "a string", value)),
        }
    }

    fn strings(&self, name: &str) -> Result<Vec<String>, Error> {
        match self.table.get(name) {
            None => Ok(Vec::new()),
            Some(Value::String(one)) if one.is_empty() => Ok(Vec::new()),
            Some(Value::String(many)) => Ok(many.split(',').map(str::to_owned).collect()),
            Some(value @ Value::Array(all)) => all
                .iter()
                .map(|one| scalar(one).ok_or_else(|| self.wrong(name, "a list of strings", value)))
                .collect(),
            Some(value) => Err(self.wrong(name, "a list of strings", value)),
        }
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.table.get(name) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number as f64)),
            Some(Value::Float(number)) => Ok(Some(*number)),
            Some(Value::Boolean(truth)) => Ok(Some(f64::from(u8::from(*truth)))),
            Some(value @ Value::String(text)) => match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(self.wrong(name, "a number", value)),
            },
            Some(value) => Err(self.wrong(name, "a number", value)),
        }
    }

    fn truth(&self, name: &str) -> Result<bool, Error> {
        match self.table.get(name) {
            None => Ok(false),
            Some(Value::Boolean(truth)) => Ok(*truth),
            Some(Value::Integer(number)) => Ok(*number != 0),
            Some(value @ Value::String(text)) => match text.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                _ => Err(self.wrong(name, "true or false", value)),
            },
            Some(value) => Err(self.wrong(name, "true or false", value)),
        }
    }

    fn table(&self, name: &str) -> Result<Option<Self>, Error> {
        match self.table.get(name) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(self.inner(name, table))),
            // One table written as a list of one.
            Some(Value::Array(list)) if matches!(list.as_slice(), [Value::Table(_)]) => {
                Ok(list[0].as_table().map(|table| self.inner(name, table)))
            }
            Some(value) => Err(self.wrong(name, "a table", value)),
        }
    }

    fn tables(&self, name: &str) -> Result<Vec<Self>, Error> {
        match self.table.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Table(table)) => Ok(vec![self.inner(name, table)]),
            Some(value @ Value::Array(list)) => list
                .iter()
                .map(|one| match one {
                    Value::Table(table) => Ok(self.inner(name, table)),
                    _ => Err(self.wrong(name, "a list of tables", value)),
                })
                .collect(),
            Some(value) => Err(self.wrong(name, "a list of tables", value)),
        }
    }

    fn inner(&self, name: &str, table: &Table) -> Self {
        Self::new(table.clone(), &format!("{}{name}.", self.place))
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(u8::from(*truth).to_string()),
        _ => None,
    }
}
