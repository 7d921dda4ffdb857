//! Values without a format, told by what they are assigned to and by how they look.
//!
//! The rule has found `password = ...` or `api_key: ...`; most of what stands there in real trees is code, a word, a
//! stand-in or an identifier. What has the form of one of these (`form.rs`) or a name that promises something else
//! (`name.rs`) is dropped for that reason. The rest is a matter of odds: the model of [`super::score`] gives the band.

use super::score::{self, Candidate};
use super::{Opinion, Subject, entropy, words};
use crate::rule::{CheckName, Rule};
use crate::verify::{Assignment, Operator};
use crate::{Evidence, FileKind, Reason};

mod form;
pub(super) mod name;

/// What kind of value the name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A key or token: made by a machine.
    Token,
    /// A password: perhaps made by a person.
    Password,
}

/// Looks at a value that is assigned to a name of a generic rule.
pub fn judge(subject: Subject<'_>, wanted: Wanted) -> Option<Opinion> {
    let candidate = match weigh(subject, wanted)? {
        Ok(candidate) => candidate,
        Err(opinion) => return Some(opinion),
    };
    let score = score::score(&candidate, wanted);
    let bands = score::bands(wanted);
    let bits = Evidence::Entropy(entropy::shannon(candidate.value));
    let reason = if words::advantage(candidate.value) < 0.0 {
        Reason::Wordlike
    } else {
        Reason::LowEntropy
    };
    Some(if score >= bands.high {
        Opinion::Sure(bits)
    } else if score >= bands.medium {
        Opinion::For(bits)
    } else if score >= bands.low || is_word(subject, wanted) {
        Opinion::Doubt(reason)
    } else {
        Opinion::Against(reason)
    })
}

/// Whether a password, or what is called a secret, may be a word that a person chose: the model gives it little, and yet it
/// opens a door. It is quoted, or stands where settings do; it is no other name for what it is assigned to.
fn is_word(subject: Subject<'_>, wanted: Wanted) -> bool {
    let value = subject.value();
    let Some(assignment) = subject.matched.assignment else {
        return false;
    };
    let name = &subject.text[assignment.name.range()];
    let is_setting =
        assignment.quoted || subject.kind == FileKind::Config || is_variable(name, assignment);
    let is_chosen = wanted == Wanted::Password || name::ends_in(name, b"secret");
    let is_assigned = matches!(
        assignment.operator,
        Operator::Equals | Operator::Colon | Operator::Compare | Operator::Close
    );
    is_setting
        && is_chosen
        && is_assigned
        && name::ends_in_secret(name)
        && value.iter().all(u8::is_ascii_graphic)
        && !name::parts(name).any(|part| part.eq_ignore_ascii_case(value))
        && !name.eq_ignore_ascii_case(value)
}

/// How the score came about, where the model decided.
pub(super) fn explain(rule: &Rule, subject: Subject<'_>) -> Option<Opinion> {
    let wanted = rule.checks.iter().find_map(|check| match check {
        CheckName::Generic => Some(Wanted::Token),
        CheckName::Password => Some(Wanted::Password),
        _ => None,
    })?;
    let candidate = weigh(subject, wanted)?.ok()?;
    Some(Opinion::For(score::explain(&candidate, wanted)))
}

/// Whether a variable of the environment is set: `DB_PASS=v`, in whatever file.
fn is_variable(name: &[u8], assignment: Assignment) -> bool {
    assignment.operator == Operator::Equals
        && assignment.value.start == assignment.name.end + 1
        && name.contains(&b'_')
        && !name.iter().any(u8::is_ascii_lowercase)
}

/// What the model is asked about, or the opinion on a value that its form or its name decides on. `None` for a match
/// without a name. The program that fits the model asks this, too, so that it learns from what is left to the model.
pub fn weigh(subject: Subject<'_>, wanted: Wanted) -> Option<Result<Candidate<'_>, Opinion>> {
    let assignment = subject.matched.assignment?;
    Some(match form::judge(subject, assignment, wanted) {
        Some(opinion) => Err(opinion),
        None => Ok(Candidate {
            name: &subject.text[assignment.name.range()],
            operator: assignment.operator,
            value: subject.value(),
            quoted: assignment.quoted,
            kind: subject.kind,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;
    use crate::checks::draw;
    use crate::verify::Match;

    fn of(
        wanted: Wanted,
        name: &str,
        value: &str,
        quoted: bool,
        kind: FileKind,
    ) -> Option<Opinion> {
        let text = format!("{name}={value}");
        let secret = Span::new(name.len() + 1, text.len());
        let assignment = Assignment {
            name: Span::new(0, name.len()),
            operator: Operator::Equals,
            value: secret,
            quoted,
        };
        let matched = Match {
            whole: Span::new(0, text.len()),
            secret,
            assignment: Some(assignment),
        };
        judge(
            Subject {
                text: text.as_bytes(),
                matched,
                kind,
            },
            wanted,
        )
    }

    fn is_for(opinion: Option<Opinion>) -> bool {
        matches!(opinion, Some(Opinion::For(_) | Opinion::Sure(_)))
    }

    #[test]
    fn random_values_pass() {
        let value = ["k3Vq8zW1", "xT9bLm2R", "y7Qd"].concat();
        assert!(is_for(of(
            Wanted::Token,
            "api_key",
            &value,
            true,
            FileKind::Source
        )));
        assert!(is_for(of(
            Wanted::Token,
            "API_KEY",
            &value,
            false,
            FileKind::Config
        )));
        assert!(is_for(of(
            Wanted::Password,
            "password",
            &value[..9],
            true,
            FileKind::Source
        )));
    }

    /// A mean likeness to words lost one in 17 of them.
    #[test]
    fn drawn_values_are_not_lost_for_looking_like_words() {
        let base62: Vec<u8> = (b'0'..=b'9')
            .chain(b'A'..=b'Z')
            .chain(b'a'..=b'z')
            .collect();
        for (wanted, name, lengths) in [
            (Wanted::Password, "DB_PASSWORD", [16, 24, 32]),
            (Wanted::Token, "API_KEY", [24, 32, 64]),
        ] {
            for len in lengths {
                let mut seed = len as u64;
                let found = (0..2000)
                    .filter(|_| {
                        let value = draw(&mut seed, &base62, len);
                        is_for(of(wanted, name, &value, false, FileKind::Config))
                    })
                    .count();
                assert!(found >= 1940, "{found} of 2000 of {len} under {name}");
            }
        }
    }

    #[test]
    fn passwords_of_people_are_found_where_they_are_quoted() {
        for value in ["hunter2!", "Tr0ub4dor&3", "Winter2024!", "s3rv1ce-P4ss"] {
            let opinion = of(Wanted::Password, "password", value, true, FileKind::Source);
            assert!(is_for(opinion.clone()), "{value}: {opinion:?}");
        }
    }

    #[test]
    fn words_as_passwords_are_doubted_where_they_are_values() {
        use FileKind::{Config, Source};
        let doubted = |opinion| matches!(opinion, Some(Opinion::Doubt(_)));
        for (name, value, quoted, kind) in [
            ("password", "whiteduke", true, Source),
            ("DB_PASSWORD", "whiteduke", false, Config),
            ("APP_PASS", "whiteduke", false, Source),
            ("password", "open-sesame", true, Config),
        ] {
            let opinion = of(Wanted::Password, name, value, quoted, kind);
            assert!(doubted(opinion.clone()), "{name}={value}: {opinion:?}");
        }
        for (name, value, quoted, kind) in [
            ("password", "whiteduke", false, Source),
            ("password_hint", "whiteduke", true, Config),
            ("wrongPassword", "whiteduke", true, Config),
            ("password", "duke", true, Config),
            ("password", "String", false, Config),
        ] {
            let opinion = of(Wanted::Password, name, value, quoted, kind);
            assert!(
                matches!(opinion, Some(Opinion::Against(_))),
                "{name}={value}: {opinion:?}"
            );
        }
    }

    #[test]
    fn what_is_no_secret_is_dropped_for_its_reason() {
        use FileKind::Source;
        use Reason::{Code, Digest, Identifier, Prose, Wordlike};
        for (wanted, name, value, quoted, reason) in [
            (Wanted::Token, "token", "this is only a label", true, Prose),
            (
                Wanted::Token,
                "token_id",
                "k3Vq8zW1xT9bLm2R",
                true,
                Identifier,
            ),
            (
                Wanted::Token,
                "secretName",
                "k3Vq8zW1xT9bLm2R",
                true,
                Identifier,
            ),
            (Wanted::Token, "token", "next_item_value", false, Code),
            (Wanted::Token, "token", "user_session_token", true, Wordlike),
            (
                Wanted::Token,
                "key_sha1",
                &"0123456789abcdef0123"[..].repeat(2),
                true,
                Digest,
            ),
            (Wanted::Password, "password", "form.password", true, Code),
        ] {
            assert_eq!(
                of(wanted, name, value, quoted, Source),
                Some(Opinion::Against(reason)),
                "{name}={value}"
            );
        }
    }
}
