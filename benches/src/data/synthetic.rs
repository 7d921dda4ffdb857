//! Text made here, the same on every machine.
//!
//! It need not read well. What counts is what the prefilter meets: how long the runs of token characters are, how often
//! a word of the rules stands there, how many values are assigned, and how long the lines are.

use crate::Random;
use crate::random::{BASE62, BASE64, HEX};

/// The kinds of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Source code as a person writes it.
    Code,
    /// One long line of short names.
    Minified,
    /// Records with ids, dates, addresses and texts.
    Json,
    /// Lines full of request ids: 9000 UUIDs and hexadecimal ids in a megabyte.
    Log,
    /// Lines of base64, as in mail and certificates.
    Base64,
    /// What an executable looks like: zeros, random bytes, names.
    Binary,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Code,
        Self::Minified,
        Self::Json,
        Self::Log,
        Self::Base64,
        Self::Binary,
    ];

    /// The name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Minified => "minified",
            Self::Json => "json",
            Self::Log => "log",
            Self::Base64 => "base64",
            Self::Binary => "binary",
        }
    }

    /// The name of a file of this kind.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Code => "src/code.rs",
            Self::Minified => "static/bundle.min.js",
            Self::Json => "data/records.json",
            Self::Log => "log/server.log",
            Self::Base64 => "data/attachment.txt",
            Self::Binary => "data/program.bin",
        }
    }

    /// Exactly `length` bytes of it.
    pub fn text(self, random: &mut Random, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 4096);
        while out.len() < length {
            match self {
                Self::Code => function(random, &mut out),
                Self::Minified => fill(random.pick(MINIFIED), random, &mut out),
                Self::Json => fill(RECORD, random, &mut out),
                Self::Log => fill(ENTRY, random, &mut out),
                Self::Base64 => {
                    random.characters(BASE64, 76, &mut out);
                    out.push(b'\n');
                }
                Self::Binary => section(random, &mut out),
            }
        }
        out.truncate(length);
        out
    }
}

/// Names that say nothing.
const NOUNS: &[&str] = &[
    "user",
    "request",
    "buffer",
    "config",
    "session",
    "path",
    "header",
    "account",
    "message",
    "index",
    "handle",
    "result",
    "length",
    "attribute",
    "connection",
    "response",
    "client",
    "license",
    "worker",
    "state",
    "node",
    "option",
    "visitor",
    "offset",
    "builder",
    "entry",
];
/// Names that are words of the rules: one in [`RARE`] names. Real code has some 500 of them in a megabyte.
const SENSITIVE: &[&str] = &[
    "key",
    "token",
    "password",
    "secret",
    "public_key",
    "auth_token",
];
const RARE: usize = 48;
const VERBS: &[&str] = &[
    "read", "parse", "send", "open", "merge", "update", "check", "render", "collect", "load",
];
const TYPES: &[&str] = &[
    "u64",
    "String",
    "&str",
    "Option<usize>",
    "Vec<u8>",
    "Result<Self, Error>",
    "HashMap<K, V>",
];
const PLACES: &[&str] = &[
    "https://docs.example.org/guide/",
    "crates/server/src/",
    "/usr/share/example/",
    "../assets/",
];
const WORDS: &[&str] = &[
    "the",
    "value",
    "is",
    "kept",
    "until",
    "its",
    "owner",
    "returns",
    "an",
    "error",
    "when",
    "a",
    "that",
    "fails",
    "of",
    "internationalization",
    "caller",
    "must",
    "not",
    "github",
    "see",
    "application",
    "also",
    "it",
    "here",
    "for",
    "which",
    "never",
    "two",
    "in",
];

const SIGNATURE: &str = "/// $w.\npub fn $v_$n(&mut self, $n: $t) -> $t {\n";
const LINES: &[&str] = &[
    "    let $n = self.$v_$n($n, $d)?;\n",
    "    if $n.$n.is_empty() {\n        return None;\n    }\n",
    "    // $w\n",
    "    $n.push(\"$w\");\n",
    "    const PAGE: &str = \"$p$n/$v_$n.html\";\n",
    "    $n.$v_with_$n(&mut buffer[..$d]);\n",
    "    $n: $n.$v().unwrap_or_default(),\n",
    "    assert_eq!($v($n), 0x$d);\n",
];

const MINIFIED: &[&str] = &[
    "function $c(e,t,n){return e&&t.$n?$c.$v(n):null}",
    "var $c=n($d),$c=i(r);",
    "t.exports={$n:$c,$v:function(e){this.$n=e},$c$c:!0},",
    "\"string\"==typeof $c.$n&&($c=$c.$n.$v($d)),",
    "case $d:return $c($c,\"$n-$v-container\");",
    "M$d.$dl$d-$dz",
    "$c.prototype.$v=function(){for(var e=0;e<this.$n.length;e++)$c(e)},",
    "{key:\"$v\",value:function(){var e=this.props.$n;return e}},",
    "throw new Error(\"$n $v failed: \"+$c.message);",
    "$c=($c<<$d|$c>>>$d)&4294967295,",
];

const RECORD: &str = r#"  {
    "id": "$u",
    "$n": $d,
    "created_at": "$T",
    "$ved": true,
    "url": "https://api.example.org/v2/$ns/$h",
    "sha256": "$h$h$h$h",
    "message": "$w $w $w $w",
    "size": $d,
    "name": "$v-$n",
    "position": [$d, $d, $d, $d],
    "tags": ["$n", "$v"],
    "email": null
  },
"#;

const ENTRY: &str = "$T INFO  server::http::$n: $w request_id=$u $w user=$u trace=$h$h method=GET \
                     path=/v1/$n/$d status=200 ms=$d\n";

/// A function with a comment, calls, assignments and texts.
fn function(random: &mut Random, out: &mut Vec<u8>) {
    fill(SIGNATURE, random, out);
    for _ in 0..3 + random.below(12) {
        fill(random.pick(LINES), random, out);
    }
    out.extend(b"}\n\n");
}

fn section(random: &mut Random, out: &mut Vec<u8>) {
    match random.below(4) {
        0 => out.resize(out.len() + random.below(600), 0),
        1 => fill("_ZN$d$nE\0$v\0", random, out),
        _ => (0..64).for_each(|_| out.extend(random.bits().to_le_bytes())),
    }
}

/// Appends a template. `$` and a letter stand for something random: a **v**erb, a **n**oun, a **t**ype, a **p**lace,
/// eight **w**ords, a **c**haracter, **d**igits, 16 **h**exadecimal digits, a **u**UID, a **T**ime.
fn fill(template: &str, random: &mut Random, out: &mut Vec<u8>) {
    let mut parts = template.split('$');
    out.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let (what, rest) = part.split_at(1);
        match what {
            "v" => out.extend(random.pick(VERBS).bytes()),
            "n" => {
                let rare = random.below(RARE) == 0;
                out.extend(random.pick(if rare { SENSITIVE } else { NOUNS }).bytes());
            }
            "t" => out.extend(random.pick(TYPES).bytes()),
            "p" => out.extend(random.pick(PLACES).bytes()),
            "w" => words(random, out),
            "c" => random.characters(&BASE62[..52], 1, out),
            "d" => out.extend(random.below(5000).to_string().bytes()),
            "h" => random.characters(HEX, 16, out),
            "u" => out.extend(uuid(random).bytes()),
            "T" => out.extend(time(random).bytes()),
            _ => unreachable!("${what} is no part of a template"),
        }
        out.extend(rest.bytes());
    }
}

fn words(random: &mut Random, out: &mut Vec<u8>) {
    out.extend(random.pick(WORDS).bytes());
    for _ in 1..8 {
        out.push(b' ');
        out.extend(random.pick(WORDS).bytes());
    }
}

/// A random UUID (version 4).
pub(crate) fn uuid(random: &mut Random) -> String {
    let hex = random.word(HEX, 32);
    let [a, b, c, d, e] = [
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..],
    ];
    format!("{a}-{b}-4{c}-a{d}-{e}")
}

fn time(random: &mut Random) -> String {
    let (month, day) = (1 + random.below(12), 1 + random.below(28));
    let (hour, minute, millis) = (random.below(24), random.below(60), random.below(60_000));
    let (second, millis) = (millis / 1000, millis % 1000);
    format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_repeat() {
        for kind in Kind::ALL {
            for length in [0, 1, 10_000] {
                let text = kind.text(&mut Random::new(5), length);
                assert_eq!(text.len(), length, "{kind:?}");
                assert_eq!(text, kind.text(&mut Random::new(5), length), "{kind:?}");
            }
        }
    }

    /// The share of bytes that stand in runs of 16 or more token characters: real code has 0.28 (measured on 121 MB).
    #[test]
    fn code_has_as_many_long_runs_as_real_code() {
        let text = Kind::Code.text(&mut Random::new(6), 1 << 20);
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/.".contains(byte);
        let runs = text.split(|byte| !token(byte)).map(<[u8]>::len);
        let share = runs.filter(|&run| run >= 16).sum::<usize>() as f64 / text.len() as f64;
        assert!((0.2..0.36).contains(&share), "{share}");
    }
}
