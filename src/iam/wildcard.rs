//! Patterns over names as IAM writes them: `*` and `?`, and nothing else.

use crate::plan::selector::Pattern;

/// So many alternatives of one pattern are written out; of more, none.
const ALTERNATIVES_MAX: usize = 64;

/// What IAM can say of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// Together they stand for every name that the pattern matches.
    pub patterns: Vec<String>,
    /// Whether they stand for others too.
    pub is_wider: bool,
}

/// A pattern in IAM's words. Alternatives are written out; IAM has no classes of characters, for which
/// any character stands.
pub fn translate(pattern: &Pattern) -> Translated {
    let mut reading = Reading { rest: pattern.text(), is_wider: false };
    match reading.sequence(false) {
        Some(patterns) if !patterns.is_empty() => {
            let patterns = patterns.iter().map(|text| without_repeated_stars(text)).collect();
            Translated { patterns, is_wider: reading.is_wider }
        }
        _ => Translated { patterns: vec!["*".to_owned()], is_wider: true },
    }
}

/// Whether `wide` stands for everything that `narrow` stands for. It may be missed, never made up.
pub fn covers(wide: &str, narrow: &str) -> bool {
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    // reached[n]: what was read of `wide` can stand for the first n characters of `narrow`.
    let mut reached: Vec<bool> = (0..=narrow.len()).map(|length| length == 0).collect();
    for sign in wide {
        let mut next = vec![false; narrow.len() + 1];
        for length in 0..=narrow.len() {
            next[length] = match (sign, length.checked_sub(1)) {
                ('*', before) => reached[length] || before.is_some_and(|before| next[before]),
                (_, None) => false,
                ('?', Some(before)) => reached[before] && narrow[before] != '*',
                (sign, Some(before)) => reached[before] && narrow[before] == sign,
            };
        }
        reached = next;
    }
    reached[narrow.len()]
}

fn without_repeated_stars(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign != '*' || !kept.ends_with('*') {
            kept.push(sign);
        }
    }
    kept
}

struct Reading<'a> {
    rest: &'a str,
    is_wider: bool,
}

impl Reading<'_> {
    /// What a sequence stands for, up to the end or, inside of braces, to the end of an alternative;
    /// `None` when that is too much to write out.
    fn sequence(&mut self, inside: bool) -> Option<Vec<String>> {
        let mut found = vec![String::new()];
        while let Some(sign) = self.rest.chars().next() {
            if inside && matches!(sign, ',' | '}') {
                break;
            }
            self.rest = &self.rest[sign.len_utf8()..];
            match sign {
                '{' => {
                    let alternatives = self.alternatives()?;
                    if found.len() * alternatives.len() > ALTERNATIVES_MAX {
                        return None;
                    }
                    let with = |start: &String| {
                        let start = start.clone();
                        alternatives.iter().map(move |end| format!("{start}{end}")).collect()
                    };
                    found = found.iter().flat_map(|start| -> Vec<String> { with(start) }).collect();
                }
                '[' => {
                    self.skip_class();
                    self.is_wider = true;
                    found.iter_mut().for_each(|text| text.push('?'));
                }
                sign => found.iter_mut().for_each(|text| text.push(sign)),
            }
        }
        Some(found)
    }

    /// The alternatives of braces that were opened, of which empty ones do not count.
    fn alternatives(&mut self) -> Option<Vec<String>> {
        let mut found = Vec::new();
        loop {
            found.extend(self.sequence(true)?.into_iter().filter(|text| !text.is_empty()));
            let Some(sign) = self.rest.chars().next() else { break };
            self.rest = &self.rest[sign.len_utf8()..];
            if sign == '}' {
                break;
            }
        }
        if found.is_empty() {
            found.push(String::new());
        }
        Some(found)
    }

    /// Passes a class of characters whose bracket was opened. Its first character does not close it.
    fn skip_class(&mut self) {
        let negated = usize::from(self.rest.starts_with('!'));
        let first = negated + usize::from(self.rest[negated..].starts_with(']'));
        let end = self.rest[first..].find(']').map_or(self.rest.len(), |at| first + at + 1);
        self.rest = &self.rest[end..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_is_said_in_the_words_of_iam() {
        for (text, patterns, is_wider) in [
            ("prd", &["prd"][..], false),
            ("prd-*", &["prd-*"], false),
            ("**", &["*"], false),
            ("prd-?", &["prd-?"], false),
            ("{prd,stg}-*", &["prd-*", "stg-*"], false),
            ("{a,b{c,d}}-{e,f}", &["a-e", "a-f", "bc-e", "bc-f", "bd-e", "bd-f"], false),
            ("{,a}b", &["ab"], false),
            ("prd-[a-c]", &["prd-?"], true),
            ("{x[!,},]y,z}", &["x?y", "z"], true),
            ("a[]]b", &["a?b"], true),
            ("{a,b,c,d,e}{a,b,c,d,e}{a,b,c,d,e}", &["*"], true),
        ] {
            let translated = translate(&Pattern::new(text).unwrap());
            assert_eq!(translated.patterns, patterns, "{text}");
            assert_eq!(translated.is_wider, is_wider, "{text}");
        }
    }

    #[test]
    fn one_pattern_stands_for_another_only_where_nothing_is_left_out() {
        for (wide, narrow, expected) in [
            ("*", "", true),
            ("*", "a*b?", true),
            ("a*", "a*b", true),
            ("a*b", "ab", true),
            ("a*b", "a*", false),
            ("a?", "a*", false),
            ("a?", "a?", true),
            ("a?", "ab", true),
            ("ab", "a?", false),
            ("", "", true),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
    }

    proptest! {
        #[test]
        fn no_name_that_a_pattern_matches_is_left_out(
            text in "[ab]{0,2}(\\*|\\?|\\[ab\\]|\\[!a\\]|\\{a,b\\*\\}|\\{b,\\{a,ab\\}\\})?[ab]{0,2}(\\*|\\{ab,b\\}|[ab])",
            name in "[ab]{0,6}",
        ) {
            let pattern = Pattern::new(&text).unwrap();
            let translated = translate(&pattern);
            let stands = translated.patterns.iter().any(|wide| covers(wide, &name));
            if translated.is_wider {
                prop_assert!(stands || !pattern.matches(&name), "{text} {name}");
            } else {
                prop_assert_eq!(stands, pattern.matches(&name), "{} {}", text, name);
            }
        }
    }
}
