//! Days of the calendar: what an exception lasts until.

use std::fmt;
use std::str::FromStr;

/// A day in UTC, written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// A text is no day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoDay;

impl fmt::Display for NoDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a day is written YYYY-MM-DD")
    }
}

impl std::error::Error for NoDay {}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('-');
        let mut part = |len: usize| {
            let part = parts.next().filter(|p| p.len() == len && is_digits(p));
            part.and_then(|p| p.parse::<u16>().ok()).ok_or(NoDay)
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let is_one = parts.next().is_none()
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day);
        is_one
            .then_some(Self {
                year,
                month: month as u8,
                day: day as u8,
            })
            .ok_or(NoDay)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Day {
    /// How many days `self` is after `other`; negative where it is before.
    pub fn since(self, other: Self) -> i64 {
        self.number() - other.number()
    }

    /// Days since the first day of the year 0.
    fn number(self) -> i64 {
        let year = i64::from(self.year);
        let leap_days = |year: i64| (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
        let months: u16 = (1..u16::from(self.month))
            .map(|month| days_of(self.year, month))
            .sum();
        year * 365 + leap_days(year) + i64::from(months) + i64::from(self.day) - 1
    }
}

fn days_of(year: u16, month: u16) -> u16 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u16::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().expect(text)
    }

    #[test]
    fn days_are_read_and_written() {
        assert_eq!(day("2026-11-03").to_string(), "2026-11-03");
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-3",
            "2026-13-01",
            "2026-00-01",
            "2026-02-29",
            "1900-02-29",
            "2026-11-31",
            "2026-11-00",
            "2026-11-03-",
            "26-11-03",
            "2026-11-0x",
            "+026-11-03",
            "2026-11-03T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Day>(), Err(NoDay), "{text}");
        }
        assert!("2000-02-29".parse::<Day>().is_ok() && "2028-02-29".parse::<Day>().is_ok());
    }

    #[test]
    fn days_are_counted_over_months_and_leap_years() {
        for (later, earlier, days) in [
            ("2026-11-03", "2026-11-03", 0),
            ("2026-12-01", "2026-11-30", 1),
            ("2027-01-01", "2026-01-01", 365),
            ("2029-01-01", "2028-01-01", 366),
            ("2101-01-01", "2100-01-01", 365),
            ("2001-01-01", "2000-01-01", 366),
            ("2028-03-01", "2028-02-28", 2),
            ("1970-01-01", "0000-01-01", 719_528),
        ] {
            assert_eq!(day(later).since(day(earlier)), days, "{later}");
            assert_eq!(day(earlier).since(day(later)), -days, "{later}");
        }
    }
}
