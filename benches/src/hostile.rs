//! What somebody would write to make a scan slow.
//!
//! Each input aims at one part of the engine: many candidates, long windows, a verifier that fails late, work that
//! grows with the line or with the findings. Secrets are put together here, so that none stands in this file.

use std::fmt::Write as _;

use keysieve_rules::sample::{self, Template};

use crate::Random;
use crate::data::synthetic::uuid;
use crate::random::{BASE62, BASE64};

/// One hostile input.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The name in results and of its file.
    pub name: &'static str,
    /// What it aims at.
    pub aim: &'static str,
    make: fn(&mut Maker),
}

impl Input {
    /// Exactly `length` bytes of it, the same on every machine.
    pub fn text(&self, length: usize) -> Vec<u8> {
        let mut maker = Maker {
            random: Random::new(7),
            text: String::with_capacity(length + (64 << 10)),
            round: 0,
        };
        while maker.text.len() < length {
            (self.make)(&mut maker);
            maker.round += 1;
        }
        let mut text = maker.text.into_bytes();
        text.truncate(length);
        text
    }
}

/// Appends to a text, round after round.
struct Maker {
    random: Random,
    text: String,
    round: usize,
}

impl Maker {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn base62(&mut self, count: usize) -> String {
        self.random.word(BASE62, count)
    }
}

/// Prefixes of tokens, which are no tokens by themselves.
const GITHUB: &str = "ghp_";
const AWS: &str = "AKIA";
const JWT: &str = "eyJ";

/// A line with one secret that a generic rule finds.
pub fn finding() -> String {
    format!("SECRET_KEY={}\n", Random::new(9).word(BASE62, 32))
}

fn pem_header() -> String {
    ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" ")
}

/// All of them.
pub const INPUTS: &[Input] = &[
    Input {
        name: "prefix-run",
        aim: "one prefix repeated without end: a literal at every fourth byte, one token start",
        make: |m| m.push(AWS),
    },
    Input {
        name: "prefix-failing",
        aim: "a prefix with one character too few after it: each is verified and none found",
        make: |m| {
            let value = m.base62(35);
            m.push(&format!("{GITHUB}{value}\n"));
        },
    },
    Input {
        name: "prefix-cut",
        aim: "a prefix at every fifth byte, each the start of a token",
        make: |m| m.push(&format!("{GITHUB} ")),
    },
    Input {
        name: "prefixes-all",
        aim: "every prefix of the rules with a random value: all verifiers in turn",
        make: |m| {
            for rule in keysieve_rules::builtin().rules {
                for prefix in rule.prefixes.iter() {
                    let value = m.base62(40);
                    m.push(&format!("{prefix}{value}\n"));
                }
            }
        },
    },
    Input {
        name: "keywords-all",
        aim: "every keyword of the rules beside a random value: all verifiers in turn",
        make: |m| {
            for rule in keysieve_rules::builtin().rules {
                for keyword in rule.keywords.iter() {
                    let value = m.base62(32);
                    m.push(&format!("{keyword} = \"{value}\"\n"));
                }
            }
        },
    },
    Input {
        name: "samples-all",
        aim: "true secrets of every rule: most work for each byte",
        make: samples,
    },
    Input {
        name: "assign-empty",
        aim: "keyword and operator without a value",
        make: |m| m.push("password=\n"),
    },
    Input {
        name: "assign-words",
        aim: "one line of keywords that are assigned to each other, too short to be values",
        make: |m| m.push("key:token,secret=api_key;"),
    },
    Input {
        name: "assign-chain",
        aim: "each value is the keyword of the next one",
        make: |m| m.push("secret_access_key_1="),
    },
    Input {
        name: "assign-found",
        aim: "every line is a finding of a generic rule",
        make: |m| {
            let value = m.base62(32);
            m.push(&format!("secret_key = \"{value}\"\n"));
        },
    },
    Input {
        name: "assign-same",
        aim: "the same finding on every line",
        make: |m| {
            let value = Random::new(8).word(BASE62, 32);
            m.push(&format!("secret_key = \"{value}\"\n"));
        },
    },
    Input {
        name: "assign-one-line",
        aim: "findings that all stand on one line: work that grows with the length of the line",
        make: |m| {
            let value = m.base62(32);
            m.push(&format!("\"secret_key\":\"{value}\","));
        },
    },
    Input {
        name: "assign-escaped",
        aim: "JSON within JSON within JSON on one line: operators and quotes behind backslashes",
        make: |m| {
            let value = m.base62(32);
            m.push(&format!(r#"\\\"secret_key\\\":\\\"{value}\\\","#));
        },
    },
    Input {
        name: "assign-letters",
        aim: "values without a digit, which nothing rules out before the checks",
        make: |m| {
            let value = m.random.word(&BASE62[..52], 24);
            m.push(&format!("token: {value}\n"));
        },
    },
    Input {
        name: "assign-ids",
        aim: "a UUID on every line, none with a keyword: the worst of a log",
        make: |m| {
            let id = uuid(&mut m.random);
            m.push(&format!("id={id}\n"));
        },
    },
    Input {
        name: "assign-allowed",
        aim: "every finding is allowed by a comment of its line",
        make: |m| {
            let value = m.base62(32);
            m.push(&format!(
                "secret_key = \"{value}\" # keysieve:allow generic-api-key reason=\"none\"\n"
            ));
        },
    },
    Input {
        name: "value-long",
        aim: "unquoted values of 4 KiB: the longest match that is looked for",
        make: |m| {
            let value = m.base62(4096);
            m.push(&format!("api_key={value}\n"));
        },
    },
    Input {
        name: "value-late",
        aim: "a keyword, an operator and a long run of blanks before the value",
        make: |m| {
            let value = m.base62(20);
            m.push(&format!("secret ={}{value}\n", " ".repeat(4096)));
        },
    },
    Input {
        name: "value-never",
        aim: "keywords and operators with nothing but blanks between them",
        make: |m| m.push("password =        "),
    },
    Input {
        name: "keywords-left",
        aim: "10,000 keywords left of each value",
        make: |m| {
            let value = m.base62(32);
            m.push(&"secret_token_key_".repeat(3334));
            m.push(&format!("= \"{value}\"\n"));
        },
    },
    Input {
        name: "quotes-nested",
        aim: "quotes in quotes after every keyword",
        make: |m| m.push(r#"password = "'"'"'"'`"'"'"'"'`"'"'"'"'` "#),
    },
    Input {
        name: "quotes-open",
        aim: "quotes that are never closed",
        make: |m| m.push("token: \"a1 secret: 'b2 "),
    },
    Input {
        name: "url-user",
        aim: "URLs with a user and no host",
        make: |m| m.push("://a:"),
    },
    Input {
        name: "url-user-long",
        aim: "URLs with users and passwords of 2 KiB and no host",
        make: |m| {
            let (user, password) = (m.base62(2048), m.base62(2048));
            m.push(&format!("https://{user}:{password}/ "));
        },
    },
    Input {
        name: "curl-user",
        aim: "the flag for a user without one",
        make: |m| m.push("curl -u a: "),
    },
    Input {
        name: "jwt-run",
        aim: "the start of a JWT repeated without end",
        make: |m| m.push(JWT),
    },
    Input {
        name: "jwt-dots",
        aim: "JWTs of which each part begins another",
        make: |m| {
            let part = m.base62(16);
            m.push(&format!("{JWT}{part}."));
        },
    },
    Input {
        name: "pem-headers",
        aim: "the header of a private key again and again: a body is searched after each",
        make: |m| m.push(&format!("{}\n", pem_header())),
    },
    Input {
        name: "pem-open",
        aim: "keys that never end",
        make: |m| {
            m.push(&format!("{}\n", pem_header()));
            for _ in 0..64 {
                let line = m.random.word(BASE64, 64);
                m.push(&format!("{line}\n"));
            }
        },
    },
    Input {
        name: "pair-halves",
        aim: "first halves of a pair with no second one near",
        make: |m| {
            let id = m.random.word(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
            m.push(&format!("{AWS}{id}\n"));
        },
    },
    Input {
        name: "base64-line",
        aim: "random base64 on one line: token starts after every + and /",
        make: |m| {
            let text = m.random.word(BASE64, 4096);
            m.push(&text);
        },
    },
    Input {
        name: "dashes",
        aim: "a character of tokens that never ends one: every byte is a token start",
        make: |m| m.push("-"),
    },
    Input {
        name: "short-parts",
        aim: "a token start at every second byte of one run",
        make: |m| m.push("a_b-c.d/1+"),
    },
    Input {
        name: "operators",
        aim: "operators after operators",
        make: |m| m.push("=:=>=:|,"),
    },
    Input {
        name: "backslashes",
        aim: "an escape that never ends, before a keyword",
        make: |m| m.push(r"\\\\\\\\token\\\\\\\\="),
    },
];

/// A sample of one rule after the other.
fn samples(m: &mut Maker) {
    let rules = keysieve_rules::builtin().rules;
    let rule = &rules[m.round % rules.len()];
    let prefixes: Vec<String> = rule.prefixes.iter().map(ToString::to_string).collect();
    for template in rule.samples.iter() {
        let template = Template::parse(template).expect("the trial of rules parses every sample");
        let mut random = sample::Random::with_seed(m.round as u64);
        writeln!(m.text, "{}", template.expand(&mut random, &prefixes))
            .expect("a String takes all that is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn inputs_have_names_of_their_own_and_the_length_asked_for() {
        let mut names = HashSet::new();
        for input in INPUTS {
            assert!(names.insert(input.name), "{} is there twice", input.name);
            for length in [0, 1, 100_000] {
                assert_eq!(input.text(length).len(), length, "{}", input.name);
            }
        }
    }

    #[test]
    fn inputs_repeat() {
        for input in INPUTS {
            assert!(input.text(20_000) == input.text(20_000), "{}", input.name);
        }
    }
}
