//! All that is wrong with a configuration that can be parsed, each with its line and column.

use std::collections::HashSet;

use keysieve_engine::policy::IgnoredPaths;
use keysieve_engine::policy::exception::{Exception, ExceptionSpec, ExceptionTerms};
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
        pointer: Pointer::new(text, name),
        problems: Vec::new(),
    };
    check.paths();
    check.baseline();
    let known = check.rules(select);
    check.exceptions(known.as_ref());
    check.problems
}

/// Says where in a configuration something is that is to be told of.
pub(crate) struct Pointer<'a> {
    places: Places<'a>,
    name: &'a str,
}

impl<'a> Pointer<'a> {
    /// Into `text`, which is called `name`.
    pub(crate) fn new(text: &'a str, name: &'a str) -> Self {
        let places = Places::new(text);
        Self { places, name }
    }

    /// What is said of the value that `steps` lead to, after its place.
    pub(crate) fn say(&self, steps: &[Step<'_>], said: impl std::fmt::Display) -> String {
        let name = self.name;
        match self.places.of(steps) {
            Some((line, column)) => format!("{name}:{line}:{column}: {said}"),
            None => format!("{name}: {said}"),
        }
    }

    /// As [`Pointer::say`], of a table of a list. The message begins with its id; with the first key of the table that
    /// it goes on to name, if it names one, the value of that is the place.
    fn say_of_table(&self, list: &str, at: usize, problem: &str) -> String {
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

    /// What is wrong with the exception `spec`, which has `at` others before it. `ids` are those of the others, and it
    /// adds its own.
    ///
    /// # Errors
    ///
    /// All of that, one line each.
    pub(crate) fn exception<'s>(
        &self,
        at: usize,
        spec: &'s ExceptionSpec,
        terms: &ExceptionTerms,
        ids: &mut HashSet<&'s str>,
    ) -> Result<Exception, Vec<String>> {
        let made = Exception::new(spec.clone(), terms);
        let broken = made.as_ref().err();
        let broken = broken.map(|e| self.say_of_table("exception", at, &e.to_string()));
        let twice = (!ids.insert(&spec.id)).then(|| {
            let steps = [Key("exception"), Item(at), Key("id")];
            self.say(&steps, format_args!("two exceptions are `{}`", spec.id))
        });
        match made {
            Ok(exception) if twice.is_none() => Ok(exception),
            _ => Err(broken.into_iter().chain(twice).collect()),
        }
    }
}

struct Check<'a> {
    settings: &'a Settings,
    pointer: Pointer<'a>,
    problems: Vec<String>,
}

impl Check<'_> {
    /// Notes a problem with the value that `steps` lead to.
    fn say(&mut self, steps: &[Step<'_>], problem: impl std::fmt::Display) {
        self.problems.push(self.pointer.say(steps, problem));
    }

    /// Notes a problem with a table of a list.
    fn say_of_table(&mut self, list: &str, at: usize, problem: &str) {
        let said = self.pointer.say_of_table(list, at, problem);
        self.problems.push(said);
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
            if let Err(wrong) = self.pointer.exception(at, spec, &terms, &mut ids) {
                self.problems.extend(wrong);
            }
            if let (Some(rules), Some(rule)) = (rules, &spec.rule)
                && !rules.contains(rule)
            {
                let problem = format!("exception `{}`: no rule that runs is `{rule}`", spec.id);
                self.say(&[Key("exception"), Item(at), Key("rule")], problem);
            }
        }
    }
}
