//! What time it is, for what must say so.

use jiff::Timestamp;

/// The second that `SOURCE_DATE_EPOCH` names, which is the custom of builds that give the same bytes twice, or else
/// what the clock says. A value that is no number of seconds counts for nothing, as an unset one.
pub(crate) fn now() -> Timestamp {
    let named = std::env::var("SOURCE_DATE_EPOCH").ok();
    named
        .as_deref()
        .and_then(parse)
        .unwrap_or_else(Timestamp::now)
}

fn parse(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read() {
        assert_eq!(parse("86400").unwrap().to_string(), "1970-01-02T00:00:00Z");
        for wrong in ["", "yesterday", "1.5", "99999999999999999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
