//! Compiles `builtin/*.toml` into `static` rules, so that the program parses nothing when it starts.
//!
//! A rule that the engine's compiler refuses stops the build with its reason.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use keysieve_engine::prefilter::{Fast, Prefilter as _};
use keysieve_engine::rule::{
    Builtin, Op, Rule, RuleFile, RuleIndex, RuleSet, Shape, Text, Tier, Use, compile,
};

fn main() {
    let folder =
        Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("builtin");
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of rules is there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut rules: Vec<(Rule, &str)> = files.iter().flat_map(|path| read(path)).collect();
    rules.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let (rules, providers): (Vec<Rule>, Vec<&str>) = rules.into_iter().unzip();

    let set = RuleSet::new(&Builtin::NONE, rules).unwrap_or_else(|e| panic!("{e}"));

    let mut code = String::from("use std::borrow::Cow::Borrowed;\n");
    emit_set(&set, &mut code).expect("a String takes all that is written");
    writeln!(
        code,
        "/// The name of each rule's file, in the order of the rules.\n\
         pub(super) static PROVIDERS: [&str; {}] = {providers:?};",
        providers.len()
    )
    .expect("a String takes all that is written");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("builtin.rs");
    fs::write(out, code).expect("the build folder can be written");
}

/// The rules of a file, each with the file's name. What the compiler refuses becomes an error of the build.
fn read(path: &Path) -> Vec<(Rule, &str)> {
    let provider = path
        .file_stem()
        .and_then(OsStr::to_str)
        .expect("files of rules have plain names");
    let refuse =
        |problem: &dyn std::fmt::Display| println!("cargo::error={}: {problem}", path.display());
    let text = fs::read_to_string(path).expect("the file was listed a moment ago");
    let file = RuleFile::parse(&text)
        .map_err(|e| refuse(&e))
        .unwrap_or_default();
    file.rules
        .into_iter()
        .filter_map(|spec| compile(spec).map_err(|e| refuse(&e)).ok())
        .map(|rule| (rule, provider))
        .collect()
}

/// Writes the whole set as the static `BUILTIN`.
fn emit_set(set: &RuleSet, code: &mut String) -> std::fmt::Result {
    let mut table = String::new();
    for (i, rule) in set.rules().enumerate() {
        emit(i, rule, code, &mut table)?;
    }
    writeln!(code, "static RULES: [Rule; {}] = [\n{table}];", set.len())?;

    let mut literals = String::new();
    for (i, literal) in set.literals().iter().enumerate() {
        let used = |u: &Use| {
            let (rule, role, text) = (u.rule.get(), u.role, bytes(&u.text));
            format!("Use {{ rule: RuleIndex::new({rule}), role: Role::{role:?}, text: {text} }}")
        };
        let uses: Vec<String> = literal.uses.iter().map(used).collect();
        writeln!(
            code,
            "static USES_{i}: [Use; {}] = [{}];",
            uses.len(),
            uses.join(", ")
        )?;
        writeln!(
            literals,
            "Literal {{ text: {}, uses: Borrowed(&USES_{i}) }},",
            bytes(&literal.text)
        )?;
    }
    writeln!(
        code,
        "static LITERALS: [Literal; {}] = [\n{literals}];",
        set.literals().len()
    )?;

    let index =
        |other: &Option<RuleIndex>| option(other.map(|i| format!("RuleIndex::new({})", i.get())));
    let requires: Vec<String> = set.requires().iter().map(index).collect();
    writeln!(
        code,
        "static REQUIRES: [Option<RuleIndex>; {}] = [{}];",
        requires.len(),
        requires.join(", ")
    )?;

    let fast = Fast::new(set).to_words();
    writeln!(code, "static FAST: [u32; {}] = {fast:?};", fast.len())?;
    writeln!(
        code,
        "/// The built-in rules as a set.\npub(super) static BUILTIN: Builtin = \
         Builtin {{ rules: &RULES, literals: &LITERALS, requires: &REQUIRES, fast: &FAST }};"
    )
}

/// Bytes as a borrowed byte string.
fn bytes(bytes: &[u8]) -> String {
    format!("Borrowed(b\"{}\")", bytes.escape_ascii())
}

/// Writes the lists of a rule as statics into `code` and the rule itself as an element of `table`.
fn emit(i: usize, rule: &Rule, code: &mut String, table: &mut String) -> std::fmt::Result {
    for (name, texts) in [
        ("PREFIXES", &rule.prefixes),
        ("KEYWORDS", &rule.keywords),
        ("PATH", &rule.path),
        ("TAGS", &rule.tags),
        ("ALIASES", &rule.aliases),
        ("SAMPLES", &rule.samples),
        ("NEAR_MISSES", &rule.near_misses),
    ] {
        let items: Vec<String> = texts.iter().map(|t| format!("Borrowed({t:?})")).collect();
        writeln!(
            code,
            "static {name}_{i}: [Text; {}] = [{}];",
            texts.len(),
            items.join(", ")
        )?;
    }
    let checks: Vec<String> = rule
        .checks
        .iter()
        .map(|c| format!("CheckName::{c:?}").replace('(', "(Scheme::"))
        .collect();
    writeln!(
        code,
        "static CHECKS_{i}: [CheckName; {}] = [{}];",
        checks.len(),
        checks.join(", ")
    )?;
    let kinds: Vec<String> = rule
        .kinds
        .iter()
        .map(|k| {
            let severity = option(k.severity.map(|s| format!("Severity::{s:?}")));
            let confidence = option(k.confidence.map(|c| format!("Confidence::{c:?}")));
            format!("KindRank {{ kind: FileKind::{:?}, severity: {severity}, confidence: {confidence} }}", k.kind)
        })
        .collect();
    writeln!(
        code,
        "static KINDS_{i}: [KindRank; {}] = [{}];",
        kinds.len(),
        kinds.join(", ")
    )?;

    let shape = match rule.shape {
        Shape::Around { least, most, lead } => {
            let lead = lead.0;
            format!("Shape::Around {{ least: {least}, most: {most}, lead: ByteSet({lead:?}) }}")
        }
        other => format!("Shape::{other:?}"),
    };
    let program: Vec<String> = rule.program.iter().map(op).collect();
    writeln!(
        code,
        "static PROGRAM_{i}: [Op; {}] = [{}];",
        program.len(),
        program.join(", ")
    )?;
    let tier = match rule.tier {
        Tier::Full(why) => format!("Tier::Full(Why::{why:?})"),
        other => format!("Tier::{other:?}"),
    };
    let requires = option(rule.requires.as_ref().map(|r| {
        let (id, lines, missing) = (&r.rule, r.lines, r.missing);
        format!(
            "Requires {{ rule: Borrowed({id:?}), lines: {lines}, missing: Missing::{missing:?} }}"
        )
    }));
    let text = |text: &Text| format!("Borrowed({text:?})");
    writeln!(
        table,
        "Rule {{ id: {}, name: {}, description: {}, severity: Severity::{:?}, confidence: Confidence::{:?}, \
         prefixes: Borrowed(&PREFIXES_{i}), keywords: Borrowed(&KEYWORDS_{i}), pattern: {}, shape: {shape}, tier: {tier}, program: Borrowed(&PROGRAM_{i}), \
         min_len: {}, max_len: {}, has_group: {}, boundary: Boundary::{:?}, head: ByteSet({:?}), tail: ByteSet({:?}), path: Borrowed(&PATH_{i}), \
         min_entropy: {:?}, checks: Borrowed(&CHECKS_{i}), requires: {requires}, kinds: Borrowed(&KINDS_{i}), \
         docs: {}, remediation: {}, tags: Borrowed(&TAGS_{i}), aliases: Borrowed(&ALIASES_{i}), samples: Borrowed(&SAMPLES_{i}), \
         near_misses: Borrowed(&NEAR_MISSES_{i}), lazy: Lazy::new() }},",
        text(&rule.id),
        text(&rule.name),
        text(&rule.description),
        rule.severity,
        rule.confidence,
        text(&rule.pattern),
        rule.min_len,
        rule.max_len,
        rule.has_group,
        rule.boundary,
        rule.head.0,
        rule.tail.0,
        rule.min_entropy,
        option(rule.docs.as_ref().map(text)),
        text(&rule.remediation),
    )
}

fn op(op: &Op) -> String {
    match op {
        Op::Literal(text) => format!("Op::Literal({})", bytes(text)),
        Op::Folded(text) => format!("Op::Folded({})", bytes(text)),
        Op::Run {
            set,
            min,
            max,
            take,
        } => {
            let set = set.0;
            format!(
                "Op::Run {{ set: ByteSet({set:?}), min: {min}, max: {max}, take: Take::{take:?} }}"
            )
        }
        other => format!("Op::{other:?}"),
    }
}

fn option(value: Option<String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}
