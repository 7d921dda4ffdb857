//! Exceptions: findings that somebody answers for until a day.
//!
//! ```toml
//! [[exception]]
//! id = "E12"
//! rule = "acme-api-key"                # one of rule, path and fingerprint, or several: all must fit
//! path = "tests/data/**"
//! fingerprint = "ks1:..."
//! reason = "key of the sandbox that the tests talk to"
//! owner = "@team-payments"
//! created = "2026-11-23"
//! expires = "2027-01-31"               # to the end of that day, UTC
//! ticket = "PAY-123"
//! approved_by = "@security"
//! ```
//!
//! An exception that has expired suppresses nothing: its findings are back, and say so.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use super::day::Day;
use super::paths::IgnoredPaths;
use crate::Fingerprint;

/// An exception as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionSpec {
    /// Its name, told in reports and in the audit log.
    pub id: String,
    /// Findings of this rule.
    pub rule: Option<String>,
    /// Findings in files of this glob, from the top of the repository.
    pub path: Option<String>,
    /// Findings of this secret.
    pub fingerprint: Option<String>,
    /// Why it is right not to report them.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The day when it was written.
    pub created: Option<String>,
    /// The last day when it holds.
    pub expires: String,
    /// Where it was discussed.
    pub ticket: Option<String>,
    /// Who agreed.
    pub approved_by: Option<String>,
}

/// What every exception must keep to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExceptionTerms {
    /// The most days between `created` and `expires`.
    pub max_days: Option<u32>,
    /// Whether somebody must have agreed, other than the owner.
    pub require_approval: bool,
    /// Whether a ticket must be named.
    pub require_ticket: bool,
}

/// An exception that keeps to the terms.
#[derive(Clone, Debug)]
pub struct Exception {
    spec: ExceptionSpec,
    path: Option<IgnoredPaths>,
    fingerprint: Option<Fingerprint>,
    created: Option<Day>,
    expires: Day,
}

/// Why an exception is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExceptionError {
    /// The exception.
    pub id: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ExceptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exception `{}`: {}", self.id, self.message)
    }
}

impl std::error::Error for ExceptionError {}

/// Whether an exception holds today.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// For so many more days; 0 on its last one.
    Holds(i64),
    /// It expired so many days ago.
    Expired(i64),
    /// It is of a day to come: a slip of the pen, or the clock of this machine was set back.
    Future,
}

impl Exception {
    /// Takes what is written for an exception.
    ///
    /// # Errors
    ///
    /// What is missing or wrong, or goes beyond the terms.
    pub fn new(spec: ExceptionSpec, terms: &ExceptionTerms) -> Result<Self, ExceptionError> {
        let error = |message: String| ExceptionError {
            id: spec.id.clone(),
            message,
        };
        let day = |name: &str, text: &str| {
            text.parse::<Day>()
                .map_err(|e| error(format!("`{name}`: {e}")))
        };
        for (name, text) in [
            ("id", &spec.id),
            ("reason", &spec.reason),
            ("owner", &spec.owner),
        ] {
            if text.trim().is_empty() {
                return Err(error(format!("`{name}` must say something")));
            }
        }
        if spec.rule.is_none() && spec.path.is_none() && spec.fingerprint.is_none() {
            return Err(error(
                "it must name a `rule`, a `path` or a `fingerprint`".to_owned(),
            ));
        }
        let is_said = |text: &Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
        if terms.require_approval && !is_said(&spec.approved_by) {
            return Err(error("`approved_by` is required".to_owned()));
        }
        if terms.require_approval && spec.approved_by.as_deref() == Some(&spec.owner) {
            return Err(error("`approved_by` is the owner".to_owned()));
        }
        if terms.require_ticket && !is_said(&spec.ticket) {
            return Err(error("`ticket` is required".to_owned()));
        }
        let path = spec.path.as_deref().map(|glob| IgnoredPaths::new([glob]));
        let path = path
            .transpose()
            .map_err(|e| error(format!("`path`: {e}")))?;
        let fingerprint = spec.fingerprint.as_deref().map(str::parse);
        let fingerprint = fingerprint
            .transpose()
            .map_err(|e: crate::NoFingerprint| error(format!("`fingerprint`: {e}")))?;
        let expires = day("expires", &spec.expires)?;
        let created = spec.created.as_deref().map(|text| day("created", text));
        let created = created.transpose()?;
        if let Some(days) = created.map(|created| expires.since(created)) {
            if days < 0 {
                return Err(error("it expires before it was created".to_owned()));
            }
            if let Some(most) = terms.max_days.filter(|most| days > i64::from(*most)) {
                return Err(error(format!(
                    "`expires`: it lasts {days} days, and at most {most} are allowed"
                )));
            }
        } else if terms.max_days.is_some() {
            return Err(error(
                "`created` is required, for the days that it lasts are limited".to_owned(),
            ));
        }
        Ok(Self {
            path,
            fingerprint,
            created,
            expires,
            spec,
        })
    }

    /// As it is written.
    pub fn spec(&self) -> &ExceptionSpec {
        &self.spec
    }

    /// Whether it speaks of a finding of `rule` with this fingerprint, in the file at `path` from the top of the
    /// repository.
    pub fn covers(&self, rule: &str, path: Option<&Path>, fingerprint: Fingerprint) -> bool {
        let is_in = |globs: &IgnoredPaths| path.is_some_and(|path| globs.contains(path));
        self.spec.rule.as_deref().is_none_or(|r| r == rule)
            && self.fingerprint.is_none_or(|f| f == fingerprint)
            && self.path.as_ref().is_none_or(is_in)
    }

    /// Whether it holds.
    pub fn term(&self, today: Day) -> Term {
        let left = self.expires.since(today);
        if self.created.is_some_and(|created| created > today) {
            Term::Future
        } else if left >= 0 {
            Term::Holds(left)
        } else {
            Term::Expired(-left)
        }
    }

    /// The last day when it holds.
    pub fn expires(&self) -> Day {
        self.expires
    }
}

impl fmt::Display for Exception {
    /// `exception E12 of @team until 2027-01-31: the reason`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExceptionSpec {
            id, owner, reason, ..
        } = &self.spec;
        write!(
            f,
            "exception {id} of {owner} until {}: {reason}",
            self.expires
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut ExceptionSpec);

    fn spec() -> ExceptionSpec {
        ExceptionSpec {
            id: "E1".to_owned(),
            rule: Some("acme-key".to_owned()),
            reason: "a sandbox".to_owned(),
            owner: "@a".to_owned(),
            created: Some("2026-11-01".to_owned()),
            expires: "2026-11-30".to_owned(),
            ..ExceptionSpec::default()
        }
    }

    fn fingerprint(n: u8) -> Fingerprint {
        format!("ks1:{}", format!("{n:02x}").repeat(16))
            .parse()
            .expect("its form")
    }

    fn day(text: &str) -> Day {
        text.parse().expect(text)
    }

    #[test]
    fn all_that_is_named_must_fit() {
        let exception = |change: Change| {
            let mut spec = spec();
            change(&mut spec);
            Exception::new(spec, &ExceptionTerms::default()).expect("it is one")
        };
        let path = Some(Path::new("tests/a/b.py"));
        let by_rule = exception(|_| {});
        assert!(by_rule.covers("acme-key", None, fingerprint(1)));
        assert!(!by_rule.covers("other", path, fingerprint(1)));
        let by_path = exception(|s| s.path = Some("tests/**".to_owned()));
        assert!(by_path.covers("acme-key", path, fingerprint(1)));
        assert!(!by_path.covers("acme-key", Some(Path::new("src/a")), fingerprint(1)));
        assert!(!by_path.covers("acme-key", None, fingerprint(1)));
        let by_secret = exception(|s| s.fingerprint = Some(fingerprint(2).to_string()));
        assert!(by_secret.covers("acme-key", path, fingerprint(2)));
        assert!(!by_secret.covers("acme-key", path, fingerprint(1)));
    }

    #[test]
    fn it_holds_to_the_end_of_its_last_day() {
        let exception = Exception::new(spec(), &ExceptionTerms::default()).expect("it is one");
        for (today, term) in [
            ("2026-10-31", Term::Future),
            ("2026-11-01", Term::Holds(29)),
            ("2026-11-30", Term::Holds(0)),
            ("2026-12-01", Term::Expired(1)),
            ("2027-11-30", Term::Expired(365)),
        ] {
            assert_eq!(exception.term(day(today)), term, "{today}");
        }
    }

    #[test]
    fn what_is_missing_or_too_much_is_refused() {
        let terms = ExceptionTerms {
            max_days: Some(29),
            require_approval: true,
            require_ticket: true,
        };
        let full = || ExceptionSpec {
            ticket: Some("T-1".to_owned()),
            approved_by: Some("@b".to_owned()),
            ..spec()
        };
        assert!(Exception::new(full(), &terms).is_ok());
        let changes: [(Change, &str); 13] = [
            (|s| s.id = " ".to_owned(), "`id`"),
            (|s| s.reason = String::new(), "`reason`"),
            (|s| s.owner = String::new(), "`owner`"),
            (|s| s.rule = None, "must name"),
            (|s| s.expires = "soon".to_owned(), "`expires`"),
            (|s| s.expires = "2026-12-01".to_owned(), "lasts 30 days"),
            (|s| s.expires = "2026-10-01".to_owned(), "before"),
            (|s| s.created = Some("x".to_owned()), "`created`"),
            (|s| s.created = None, "`created` is required"),
            (|s| s.ticket = None, "`ticket`"),
            (|s| s.approved_by = None, "`approved_by`"),
            (|s| s.approved_by = Some("@a".to_owned()), "is the owner"),
            (
                |s| s.fingerprint = Some("ks1:1".to_owned()),
                "`fingerprint`",
            ),
        ];
        for (change, expected) in changes {
            let mut spec = full();
            change(&mut spec);
            let error = Exception::new(spec, &terms).expect_err(expected);
            assert!(error.message.contains(expected), "{error}");
        }
    }
}
