//! Texts of strangers as HTML.

use crate::report::escape;

/// A text as HTML, in an element or in a quoted attribute. Control characters and those that show nothing or turn the
/// direction of text are escaped as in the form for people first.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape::text(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            _ => out.push(c),
        }
    }
    out
}

/// A text in the font of code; nothing for an empty one.
pub(super) fn code(content: &str) -> String {
    match content {
        "" => String::new(),
        content => format!("<code>{}</code>", text(content)),
    }
}

/// A page of a vendor as a link. What is no web address is only text: a link could also run a script.
pub(super) fn link(address: &str) -> String {
    let shown = text(address);
    if address.starts_with("https://") || address.starts_with("http://") {
        format!("<a href=\"{shown}\" rel=\"noopener noreferrer\">{shown}</a>")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            text("</script><img src=x onerror='a(`b`)' \">&amp;\u{1b}\u{202e}"),
            "&lt;/script&gt;&lt;img src=x onerror=&#39;a(&#96;b&#96;)&#39; &quot;&gt;&amp;amp;\\u{1b}\\u{202e}"
        );
        assert_eq!(
            (code(""), code("<")),
            (String::new(), "<code>&lt;</code>".to_owned())
        );
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(
            link("https://docs.example/\"><i>"),
            "<a href=\"https://docs.example/&quot;&gt;&lt;i&gt;\" rel=\"noopener noreferrer\">\
             https://docs.example/&quot;&gt;&lt;i&gt;</a>"
        );
    }
}
