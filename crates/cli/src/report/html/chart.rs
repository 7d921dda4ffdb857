//! Charts, drawn as SVG in the page. Numbers stand beside the bars or in their titles, so nothing is told by colour or
//! length alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::markup::text;

/// The most bars of a chart of names; the rest is one bar more.
const BARS: usize = 12;
/// The most bars over time: each stands for as many days as it takes.
const DAYS: i64 = 120;
/// The most characters of a name.
const NAME: usize = 34;
const DAY: i64 = 86_400;

/// A bar of a chart of names: its name, its number, and its class in the style sheet.
pub(super) type Bar<'a> = (&'a str, u64, &'a str);

/// Lying bars with their names before and their numbers behind, in the given order.
pub(super) fn of_names(caption: &str, bars: &[Bar<'_>]) -> String {
    let shown = if bars.len() > BARS + 1 {
        BARS
    } else {
        bars.len()
    };
    let (bars, rest) = bars.split_at(shown);
    let mut bars = bars.to_vec();
    let others = format!("{} others", rest.len());
    if !rest.is_empty() {
        bars.push((&others, rest.iter().map(|(_, n, _)| n).sum(), ""));
    }
    let most = bars.iter().map(|(_, n, _)| *n).max().unwrap_or(0).max(1);
    let height = 22 * bars.len();
    let mut svg = open(caption, "", 480, height);
    for (i, (name, n, class)) in bars.iter().enumerate() {
        let (y, width) = (22 * i, 200 * n / most);
        let cut: String = name.chars().take(NAME).collect();
        let more = if cut.len() < name.len() {
            "\u{2026}"
        } else {
            ""
        };
        let (name, cut, base) = (text(name), text(&cut), y + 15);
        writeln!(
            svg,
            "<g><title>{name}: {n}</title><text x=\"0\" y=\"{base}\">{cut}{more}</text>\
             <rect class=\"{class}\" x=\"220\" y=\"{}\" width=\"{width}\" height=\"14\"/>\
             <text class=\"number\" x=\"480\" y=\"{base}\">{n}</text></g>",
            y + 4
        )
        .expect("a String takes any text");
    }
    svg + "</svg></figure>\n"
}

/// Standing bars over time: how many of `seconds` since 1970 fall on each day in UTC, or on as many days as one bar
/// must stand for.
pub(super) fn over_time(caption: &str, seconds: impl Iterator<Item = i64>) -> Option<String> {
    let range = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let mut days: BTreeMap<i64, u64> = BTreeMap::new();
    for second in seconds {
        *days
            .entry(second.clamp(range.0, range.1).div_euclid(DAY))
            .or_default() += 1;
    }
    let (&first, _) = days.first_key_value()?;
    let (&last, _) = days.last_key_value()?;
    let each = (last - first) / DAYS + 1;
    let mut bars: BTreeMap<i64, u64> = BTreeMap::new();
    for (day, n) in days {
        *bars.entry((day - first) / each).or_default() += n;
    }
    let most = bars.values().copied().max().unwrap_or(1);
    let slots = (last - first) / each + 1;
    let step = (960 / slots).clamp(1, 24);
    let mut svg = open(caption, "wide", 1000, 150);
    for (slot, n) in bars {
        let from = first + slot * each;
        let until = (from + each - 1).min(last);
        let dates = if from == until {
            date(from)
        } else {
            format!("{} to {}", date(from), date(until))
        };
        // At least two units, or a single finding beside many could not be seen.
        let height = (110 * n / most).max(2);
        writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{height}\"><title>{dates}: {n}</title></rect>",
            40 + slot * step,
            120 - height,
            (step - 1).max(1)
        )
        .expect("a String takes any text");
    }
    let end = 40 + slots * step;
    write!(
        svg,
        "<path class=\"axis\" d=\"M40 120H{end}\"/><text class=\"number\" x=\"34\" y=\"18\">{most}</text>\
         <text x=\"40\" y=\"138\">{}</text>",
        date(first)
    )
    .expect("a String takes any text");
    if first != last {
        let x = end.max(200);
        let last = date(last);
        write!(
            svg,
            "<text class=\"number\" x=\"{x}\" y=\"138\">{last}</text>"
        )
        .expect("a String takes any text");
    }
    Some(svg + "</svg></figure>\n")
}

fn date(day: i64) -> String {
    let time = Timestamp::from_second(day * DAY).map_or_else(|_| String::new(), |t| t.to_string());
    // The first day that has a form began before the first second that has one.
    time.split('T').next().unwrap_or_default().to_owned()
}

fn open(caption: &str, class: &str, width: usize, height: usize) -> String {
    let caption = text(caption);
    format!(
        "<figure class=\"{class}\"><figcaption>{caption}</figcaption>\n\
         <svg role=\"img\" aria-label=\"{caption}\" viewBox=\"0 0 {width} {height}\">\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_bar_is_in_the_last() {
        let names: Vec<_> = (0..20).map(|i| format!("rule-{i:02}")).collect();
        let bars: Vec<_> = names.iter().map(|name| (&**name, 3, "")).collect();
        let svg = of_names("by rule", &bars);
        assert_eq!(svg.matches("<rect").count(), BARS + 1);
        assert!(svg.contains("<title>8 others: 24</title>"), "{svg}");
        let all = of_names("by rule", &bars[..BARS + 1]);
        assert!(all.matches("<rect").count() == BARS + 1 && !all.contains("others"));
        assert!(!of_names("none", &[]).contains("<rect"));
    }

    #[test]
    fn days_share_bars_where_there_are_many() {
        let chart = |seconds: &[i64]| over_time("over time", seconds.iter().copied());
        assert_eq!(chart(&[]), None);
        let one = chart(&[0, 5, DAY - 1]).unwrap();
        assert!(one.contains("<title>1970-01-01: 3</title>"), "{one}");
        let two = chart(&[-1, 0, DAY]).unwrap();
        for title in ["1969-12-31: 1", "1970-01-01: 1", "1970-01-02: 1"] {
            assert!(two.contains(&format!("<title>{title}</title>")), "{two}");
        }
        let many: Vec<_> = (0..1000).map(|day| day * DAY).collect();
        let many = chart(&many).unwrap();
        assert!(many.matches("<rect").count() <= DAYS as usize);
        assert!(
            many.contains("<title>1970-01-01 to 1970-01-09: 9</title>"),
            "{many}"
        );
        // Dates that nobody can have are no error.
        let wild = chart(&[i64::MIN, 0, i64::MAX]).unwrap();
        assert_eq!(wild.matches("<rect").count(), 3);
    }
}
