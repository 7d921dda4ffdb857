//! All that is wrong with a configuration that can be parsed, each with its line and column.

use std::collections::HashSet;

use keysieve_engine::policy::IgnoredPaths;
use keysieve_engine::policy::exception::Exception;
use keysieve_engine::rule::compile;

use crate::args::SelectArgs;
use crate::config_text::{Places, Step};
use crate::settings::{Settings, unknown_rule};

use Step::{Item, Key};

/// What is wrong with the configuration of `settings`, whose text is `text` and which is called `name`.
pub(crate) fn problems(
    settings: &Settings,
    select: &SelectArgs,
    text: &str,
    name: &str,
) -> Vec<String> {
    let mut check = Check {
        settings,
        places: Places::new(text),
        name,
        problems: Vec::new(),
    };
    check.paths();
    check.baseline();
    let known = check.rules(select);
    check.exceptions(known.as_ref());
    check.problems
}

struct Check<'a> {
    settings: &'a Settings,
    places: Places<'a>,
    name: &'a str,
    problems: Vec<String>,
}

impl Check<'_> {
    /// Notes a problem with the value that `steps` lead to.
    fn say(&mut self, steps: &[Step<'_>], problem: impl std::fmt::Display) {
        let name = self.name;
        self.problems.push(match self.places.of(steps) {
            Some((line, column)) => format!("{name}:{line}:{column}: {problem}"),
            None => format!("{name}: {problem}"),
        });
    }

    /// Notes a problem with a table of a list. The message begins with its id; with the first key of the table that it
    /// goes on to name, if it names one, the value of that is the place.
    fn say_of_table(&mut self, list: &str, at: usize, problem: &str) {
        let table = [Key(list), Item(at)];
        let of_table = self.places.of(&table);
        let (_, said) = problem.split_once(": ").unwrap_or(("", problem));
        let names = said.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
        let names = names.filter(|name| !name.is_empty());
        let mut places = names.map(|key| [table[0], table[1], Key(key)]);
        let key = places.find(|steps| self.places.of(steps) != of_table);
        match key {
            Some(steps) => self.say(&steps, problem),
            None => self.say(&table, problem),
        }
    }

    fn paths(&mut self) {
        let settings = self.settings;
        for (at, glob) in settings.config().paths.ignore.iter().enumerate() {
            if let Err(error) = IgnoredPaths::new([&**glob]) {
                let steps = [Key("paths"), Key("ignore"), Item(at)];
                self.say(&steps, format_args!("`paths.ignore`: {error}"));
            }
        }
    }

    fn baseline(&mut self) {
        if let Some(Err(path)) = self.settings.configured_baseline() {
            let problem = format!("the baseline {} is not there", path.display());
            self.say(&[Key("baseline"), Key("file")], problem);
        }
    }

    /// Gives the ids of the rules that run, unless something is wrong with the rules.
    fn rules(&mut self, select: &SelectArgs) -> Option<HashSet<String>> {
        let settings = self.settings;
        let config = settings.config();
        let before = self.problems.len();
        let mut ids: Vec<String> = keysieve_rules::builtin()
            .rules
            .iter()
            .map(|rule| rule.id.to_string())
            .collect();
        for (at, file) in config.rules.files.iter().enumerate() {
            match settings.rule_file(file) {
                Ok(rules) => ids.extend(rules.iter().map(|rule| rule.id.to_string())),
                Err(error) => {
                    let steps = [Key("rules"), Key("files"), Item(at)];
                    self.say(&steps, format_args!("{error:#}"));
                }
            }
        }
        for (at, spec) in config.rule.iter().enumerate() {
            ids.push(spec.id.clone());
            if let Err(error) = compile(spec.clone()) {
                self.say_of_table("rule", at, &error.to_string());
            }
        }
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        for (key, chosen) in [
            ("only", &config.rules.only),
            ("exclude", &config.rules.exclude),
        ] {
            for (at, id) in chosen.iter().enumerate() {
                if !known.contains(&&**id) {
                    let steps = [Key("rules"), Key(key), Item(at)];
                    self.say(&steps, unknown_rule(id, &known));
                }
            }
        }
        if self.problems.len() > before {
            return None;
        }
        match settings.rules(select) {
            Ok(rules) => Some(rules.rules().map(|rule| rule.id.to_string()).collect()),
            // What is wrong with rules together names one of them.
            Err(error) => {
                let problem = format!("{error:#}");
                let is_named = |id: &str| problem.contains(&format!("`{id}`"));
                match config.rule.iter().rposition(|spec| is_named(&spec.id)) {
                    Some(at) => self.say_of_table("rule", at, &problem),
                    None => self.say(&[Key("rules")], problem),
                }
                None
            }
        }
    }

    /// `rules` are the ids of those that run, if that is known.
    fn exceptions(&mut self, rules: Option<&HashSet<String>>) {
        let settings = self.settings;
        let terms = settings.terms();
        let mut ids = HashSet::new();
        for (at, spec) in settings.config().exception.iter().enumerate() {
            let key = |key| [Key("exception"), Item(at), Key(key)];
            let id = &spec.id;
            if let Err(error) = Exception::new(spec.clone(), &terms) {
                self.say_of_table("exception", at, &error.to_string());
            }
            if !ids.insert(id) {
                self.say(&key("id"), format_args!("two exceptions are `{id}`"));
            }
            if let (Some(rules), Some(rule)) = (rules, &spec.rule)
                && !rules.contains(rule)
            {
                let problem = format!("exception `{id}`: no rule that runs is `{rule}`");
                self.say(&key("rule"), problem);
            }
        }
    }
}
