//! Logs and settings, told from the first lines of a file whose name says nothing.
//!
//! Lines are looked at as bytes, so that text of any encoding that extends ASCII is read as it is.

use memchr::memmem;

/// How many lines are looked at to tell logs and settings.
const LINES: usize = 12;

/// The first lines of text that are not empty.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(LINES)
}

/// Whether half of the first lines, and three of them where there are as many, begin as lines of a log do.
pub(super) fn is_log(head: &[u8]) -> bool {
    if head.starts_with(b"#!") {
        return false;
    }
    let (mut all, mut logged) = (0, 0);
    for line in lines(head) {
        all += 1;
        logged += usize::from(is_log_line(&line[..line.len().min(256)]));
    }
    logged > 0 && logged * 2 >= all && (logged >= 3 || logged == all)
}

/// How lines begin with a time: `d` is a digit, `a` a letter, `?` any character.
const TIMES: [&[u8]; 11] = [
    b"dddd-dd-dd?dd:dd",
    b"dddd/dd/dd?dd:dd",
    b"dd/aaa/dddd:dd:dd",
    b"dd-aaa-dddd?dd:dd",
    b"dd.dd.dddd?dd:dd",
    b"dd/dd/dddd?dd:dd",
    b"dd:dd:dd",
    b"aaa ?d dd:dd:dd",
    b"aaa aaa ?d dd:dd:dd",
    b"adddd dd:dd:dd",
    b"dddddddddd.ddd",
];
/// What logs call the weight of a line.
const LEVELS: [&[u8]; 9] = [
    b"TRACE",
    b"DEBUG",
    b"INFO",
    b"NOTICE",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"CRITICAL",
    b"FATAL",
];

fn is_log_line(line: &[u8]) -> bool {
    let has = |keys: &[&[u8]]| keys.iter().any(|key| memmem::find(line, key).is_some());
    if line.starts_with(b"{") {
        return has(&[b"\"level\"", b"\"severity\"", b"\"lvl\""])
            && has(&[
                b"\"time\"",
                b"\"ts\"",
                b"\"timestamp\"",
                b"\"@timestamp\"",
                b"\"msg\"",
                b"\"message\"",
            ]);
    }
    // A web server writes the address first, and the time in brackets.
    let bracket = line
        .iter()
        .take(100)
        .position(|&b| b == b'[')
        .map_or(&b""[..], |at| &line[at + 1..]);
    let text = line.trim_ascii_start().strip_prefix(b"[").unwrap_or(line);
    let level = text.iter().take_while(|b| b.is_ascii_uppercase()).count();
    TIMES
        .iter()
        .any(|time| matches(time, text) || matches(time, bracket))
        || LEVELS.contains(&&text[..level])
            && text
                .get(level)
                .is_some_and(|b| !b.is_ascii_alphanumeric() && *b != b'_')
        || has(&[b"level="]) && has(&[b"msg=", b"time=", b"ts="])
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    text.len() >= pattern.len()
        && pattern.iter().zip(text).all(|(pattern, b)| match pattern {
            b'd' => b.is_ascii_digit(),
            b'a' => b.is_ascii_alphabetic(),
            b'?' => true,
            _ => pattern == b,
        })
}

/// Whether it is JSON or XML, or all of the first lines are comments, sections or settings (`NAME=value`,
/// `name: value`), and at least one is a setting: what `env`, a `.env` file or a mounted secret looks like without its
/// name.
pub(super) fn is_settings(head: &[u8]) -> bool {
    let start = head.trim_ascii_start();
    if start.starts_with(b"<?xml")
        || start
            .strip_prefix(b"{")
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
    {
        return true;
    }
    let mut settings = 0;
    for line in lines(head) {
        if is_setting(line) {
            settings += 1;
        } else if !matches!(line[0], b'#' | b';' | b'[') && line != b"---"
            || line.starts_with(b"#!")
        {
            return false;
        }
    }
    settings > 0
}

fn is_setting(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let len = line
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        .count();
    let value = match &line[len..] {
        [b'=', value @ ..] => value,
        // A setting of YAML has a space after the colon, a label of a program does not.
        [b':', rest @ ..] if rest.is_empty() || rest.starts_with(b" ") => rest,
        _ => return false,
    };
    // An expression or a statement of a program.
    len > 0
        && !value.starts_with(b"=")
        && !value.ends_with(b";")
        && !value.ends_with(b"{")
        && !value.ends_with(b"(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_told_by_times_and_levels() {
        for line in [
            "2026-01-31T10:00:00Z INFO started",
            "[2026-01-31 10:00:00,123] started",
            "2026/01/31 10:00:00 started",
            "Jan 31 10:00:00 host app[1]: started",
            "Jan  1 10:00:00 host app[1]: started",
            "192.0.2.1 - - [31/Jan/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1",
            "I0131 10:00:00.000000 1 main.go:1] started",
            "[INFO] started",
            "ERROR: failed",
            "time=\"2026-01-31T10:00:00Z\" level=info msg=started",
            "{\"level\":\"info\",\"ts\":1,\"msg\":\"started\"}",
            "10:00:00.123 started",
        ] {
            assert!(is_log(line.as_bytes()), "{line}");
            assert!(
                is_log(format!("{line}\n  at frame\n{line}\n{line}\n").as_bytes()),
                "{line}"
            );
        }
        for text in [
            "",
            "INFORMATION about it",
            "2026-01-31 A. Person <a@example.org>",
            "ERROR_CODE = 1",
            "plain\ntext\n[INFO] x",
            "[2026]",
        ] {
            assert!(!is_log(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn settings_are_told_line_by_line() {
        for text in [
            "A=1",
            "# comment\nDB_PASS=x\nexport PATH=/bin\n",
            "[main]\nuser.name=x\n",
            "---\nuser: x\npassword: y\nnested:\n  a: b",
            "{\n \"a\": 1}",
            "<?xml?>",
        ] {
            assert!(is_settings(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "# comment",
            "#!/bin/sh\nA=1",
            "a=1\nprint(a)",
            "a = b(c);",
            "x == y",
            "if x:\n  return 1",
            "int main() {",
        ] {
            assert!(!is_settings(text.as_bytes()), "{text}");
        }
    }
}
