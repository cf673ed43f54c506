//! What was not understood, kept so that people can look at it: bounded, and harmless in a log.

use std::fmt;
use std::io;

use serde_json::Value;

use super::Fragment;

/// The longest text that is kept of one fragment, in characters. Every form that AWS is known to
/// use is shorter.
const RAW_CHARS_MAX: usize = 200;

/// So many fragments are kept of one page. When a page has more of them, its form is new, and more
/// examples of it would tell nothing more.
const FRAGMENTS_MAX: usize = 20;

impl Fragment {
    /// `place` held `raw` where something else was expected.
    pub fn of_text(place: &str, expected: &str, raw: &str) -> Self {
        let what = harmless(&format!("{place}: {expected} was expected"));
        Self { what, raw: harmless(raw) }
    }

    /// The same of any value. A text stands for itself, anything else is shown as JSON.
    pub fn of_value(place: &str, expected: &str, value: Option<&Value>) -> Self {
        match value {
            None => Self::of_text(place, expected, ""),
            Some(Value::String(text)) => Self::of_text(place, expected, text),
            Some(value) => Self::of_text(place, expected, &beginning(value)),
        }
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.raw.as_str() {
            "" => write!(f, "{}, found nothing", self.what),
            raw => write!(f, "{}, found {raw:?}", self.what),
        }
    }
}

/// `text` without what could break out of a line of a log or turn it around, and cut when it is
/// too long.
pub fn harmless(text: &str) -> String {
    let mut signs = text.chars().map(|sign| if is_harmful(sign) { '\u{fffd}' } else { sign });
    let mut kept: String = signs.by_ref().take(RAW_CHARS_MAX).collect();
    if signs.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Control characters, line ends of Unicode, and the signs that are not seen or that change the
/// direction of what follows.
fn is_harmful(sign: char) -> bool {
    let unseen = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}'];
    sign.is_control() || sign == '\u{feff}' || unseen.iter().any(|range| range.contains(&sign))
}

/// The beginning of a value's JSON. A value may be as long as a message, so it is not written out.
fn beginning(value: &Value) -> String {
    /// Takes bytes until it has more than can be shown.
    struct Page(Vec<u8>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() > RAW_CHARS_MAX * 4 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            // One piece may be a whole text: what is over the limit is not copied.
            self.0.extend(bytes.iter().take(RAW_CHARS_MAX * 4 + 1));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut page = Page(Vec::new());
    // It fails when the page is full, which is how it ends early.
    let _ = serde_json::to_writer(&mut page, value);
    String::from_utf8_lossy(&page.0).into_owned()
}

/// Collects the fragments of one page.
#[derive(Default)]
pub struct Fragments {
    kept: Vec<Fragment>,
    more: usize,
}

impl Fragments {
    pub fn push(&mut self, fragment: Fragment) {
        if self.kept.len() < FRAGMENTS_MAX {
            self.kept.push(fragment);
        } else {
            self.more += 1;
        }
    }

    /// What was understood, if it was; the fragment is kept if not.
    pub fn keep<T: Default>(&mut self, understood: Result<T, Fragment>) -> T {
        understood.unwrap_or_else(|fragment| {
            self.push(fragment);
            T::default()
        })
    }

    /// At most [`FRAGMENTS_MAX`]; when there were more, the last one counts the others.
    pub fn finish(mut self) -> Vec<Fragment> {
        if self.more > 0 {
            self.kept.pop();
            let what = format!("{} more parts were not understood", self.more + 1);
            self.kept.push(Fragment { what, raw: String::new() });
        }
        self.kept
    }
}
