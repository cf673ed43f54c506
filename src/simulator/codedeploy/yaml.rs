//! As much YAML as AppSpecs use: mappings, sequences and scalars, in blocks or in brackets.
//!
//! Anchors, tags, several documents and scalars of several lines are refused, not misread.

use serde_json::{Map, Value};

/// Nobody nests an AppSpec deeper; a hostile text must not exhaust the stack.
const DEPTH_MAX: usize = 32;

/// Reads a text, or says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let content = without_comment(line).trim_end();
        let indent = content.len() - content.trim_start_matches(' ').len();
        let content = &content[indent..];
        if content.starts_with('\t') {
            return Err(format!("line {}: a tab is no indentation", at + 1));
        }
        let begins = content == "---" && lines.is_empty();
        if !content.is_empty() && !begins {
            lines.push(Line { number: at + 1, indent, text: content.to_owned() });
        }
    }
    let mut reader = Reader { lines, at: 0 };
    let value = reader.block(0)?;
    match reader.lines.get(reader.at) {
        None => Ok(value),
        Some(line) => Err(line.wrong("it does not belong here")),
    }
}

#[derive(Debug)]
struct Line {
    number: usize,
    indent: usize,
    text: String,
}

impl Line {
    fn wrong(&self, why: &str) -> String {
        format!("line {}: {why}", self.number)
    }

    fn is_item(&self) -> bool {
        self.text == "-" || self.text.starts_with("- ")
    }
}

struct Reader {
    lines: Vec<Line>,
    at: usize,
}

impl Reader {
    /// The value that begins in the current line.
    fn block(&mut self, depth: usize) -> Result<Value, String> {
        let Some(line) = self.lines.get(self.at) else { return Ok(Value::Null) };
        if depth > DEPTH_MAX {
            return Err(line.wrong("it is nested too deeply"));
        }
        let indent = line.indent;
        if line.is_item() {
            return self.sequence(indent, depth);
        }
        if split_key(&line.text).is_some() {
            return self.mapping(indent, depth);
        }
        self.at += 1;
        scalar(&self.lines[self.at - 1])
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        while let Some(line) = self.lines.get_mut(self.at) {
            if line.indent != indent || !line.is_item() {
                break;
            }
            let rest = line.text[1..].trim_start();
            if rest.is_empty() {
                self.at += 1;
                items.push(self.below(indent, false, depth)?);
                continue;
            }
            // What follows the dash is as good as a line of its own.
            line.indent += line.text.len() - rest.len();
            line.text = rest.to_owned();
            items.push(self.block(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Result<Value, String> {
        let mut members = Map::new();
        while let Some(line) = self.lines.get(self.at) {
            if line.indent != indent || line.is_item() {
                break;
            }
            let Some((key, rest)) = split_key(&line.text) else {
                return Err(line.wrong("a key is expected"));
            };
            let twice = line.wrong(&format!("{key} is there twice"));
            let value = if rest.is_empty() {
                self.at += 1;
                self.below(indent, true, depth)?
            } else {
                let rest = Line { text: rest, ..*line };
                self.at += 1;
                scalar(&rest)?
            };
            if members.insert(key, value).is_some() {
                return Err(twice);
            }
        }
        Ok(Value::Object(members))
    }

    /// The value of what stands above: indented, or for a key also a list that is not.
    fn below(&mut self, indent: usize, of_key: bool, depth: usize) -> Result<Value, String> {
        match self.lines.get(self.at) {
            Some(line) if line.indent > indent => self.block(depth + 1),
            Some(line) if of_key && line.indent == indent && line.is_item() => {
                self.block(depth + 1)
            }
            _ => Ok(Value::Null),
        }
    }
}

fn scalar(line: &Line) -> Result<Value, String> {
    let mut flow = Flow { rest: &line.text, line };
    let value = flow.value(0, "")?;
    match flow.rest.trim() {
        "" => Ok(value),
        _ => Err(line.wrong("there is more than one value")),
    }
}

/// A value within one line.
struct Flow<'a> {
    rest: &'a str,
    line: &'a Line,
}

impl Flow<'_> {
    /// The value that is next. Outside of brackets a plain one goes on to the end of the line.
    fn value(&mut self, depth: usize, ends: &str) -> Result<Value, String> {
        self.rest = self.rest.trim_start();
        if depth > DEPTH_MAX {
            return Err(self.line.wrong("it is nested too deeply"));
        }
        match self.rest.chars().next() {
            Some('[') => {
                let mut items = Vec::new();
                self.items(']', |flow| {
                    items.push(flow.value(depth + 1, ",]")?);
                    Ok(())
                })?;
                Ok(Value::Array(items))
            }
            Some('{') => {
                let mut members = Map::new();
                self.items('}', |flow| {
                    let Value::String(key) = flow.value(depth + 1, ":,}")? else {
                        return Err(flow.line.wrong("a key must be a text"));
                    };
                    flow.take(':')?;
                    members.insert(key, flow.value(depth + 1, ",}")?);
                    Ok(())
                })?;
                Ok(Value::Object(members))
            }
            Some('"' | '\'') => {
                let (text, rest) = quoted(self.rest).ok_or_else(|| self.line.wrong("a quote"))?;
                self.rest = rest;
                Ok(Value::String(text))
            }
            Some('&' | '*' | '!' | '|' | '>' | '@' | '`' | '%') => {
                Err(self.line.wrong("that is more YAML than is understood"))
            }
            _ => {
                let end = self.rest.find(|sign| ends.contains(sign)).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                Ok(plain(text.trim()))
            }
        }
    }

    /// Reads what stands in brackets, separated by commas.
    fn items(
        &mut self,
        end: char,
        mut item: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.rest = &self.rest[1..];
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with(end) {
                return self.take(end);
            }
            item(self)?;
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with(end) {
                self.take(',')?;
            }
        }
    }

    fn take(&mut self, sign: char) -> Result<(), String> {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.ok_or_else(|| self.line.wrong(&format!("{sign} is expected")))?;
        Ok(())
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match text.parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Value::from(number),
                _ => Value::String(text.to_owned()),
            },
        },
    }
}

/// A quoted text, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    if let Some(inner) = text.strip_prefix('\'') {
        let mut signs = inner.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            if sign == '\'' && signs.next_if(|(_, next)| *next == '\'').is_none() {
                return Some((inner[..at].replace("''", "'"), &inner[at + 1..]));
            }
        }
        return None;
    }
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, sign)| {
        let ends = *sign == '"' && !escaped;
        escaped = *sign == '\\' && !escaped;
        ends
    })?;
    let (inside, rest) = text.split_at(end.0 + 1);
    Some((serde_json::from_str(inside).ok()?, rest))
}

/// A key and what follows its colon, if the line begins with one.
fn split_key(text: &str) -> Option<(String, String)> {
    let (key, rest) = match text.chars().next()? {
        '"' | '\'' => quoted(text)?,
        '[' | '{' => return None,
        _ => {
            let end = text.find(": ").or_else(|| text.ends_with(':').then(|| text.len() - 1))?;
            (text[..end].trim_end().to_owned(), &text[end..])
        }
    };
    let rest = rest.strip_prefix(':')?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| (key, rest.trim().to_owned()))
}

/// A `#` begins a comment at the beginning of a line or behind a blank, but not in quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, sign) in line.char_indices() {
        match (quote, sign) {
            (Some(open), _) if sign == open && before != '\\' => quote = None,
            (None, '"' | '\'') if " [{,:".contains(before) => quote = Some(sign),
            (None, '#') if before == ' ' => return &line[..at],
            _ => {}
        }
        before = sign;
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_appspecs_use_is_read() {
        for (text, expected) in [
            ("a: 1\nb: x y\n", json!({ "a": 1, "b": "x y" })),
            ("a:\n  b: 0.5\n  c:\nd: ~\n", json!({ "a": { "b": 0.5, "c": null }, "d": null })),
            ("a:\n- 1\n- b: 2\n  c: 3\n", json!({ "a": [1, { "b": 2, "c": 3 }] })),
            ("-\n  - 1\n- - 2\n  - 3\n", json!([[1], [2, 3]])),
            ("a: [1, \"b, c\", {d: 'e''f'}, ]", json!({ "a": [1, "b, c", { "d": "e'f" }] })),
            ("\"a: b\": \"c # d\" # e\n'f': g", json!({ "a: b": "c # d", "f": "g" })),
            ("---\na: AWS::ECS::Service\n", json!({ "a": "AWS::ECS::Service" })),
            ("# only\n\n", Value::Null),
            ("a: \"\\u00e9\\n\"", json!({ "a": "é\n" })),
            ("a: x#y", json!({ "a": "x#y" })),
            ("a: it's # so", json!({ "a": "it's" })),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let deep = "- ".repeat(100) + "1";
        let brackets = "[".repeat(100_000);
        for text in [
            "a: 1\na: 2",
            "a: 1\n  b: 2",
            "a: &x 1",
            "a: |\n  b",
            "\ta: 1",
            "a: [1",
            "a: \"b",
            "a: 'b",
            "a: \"b\" c",
            "a: 1\nb",
            "a: {b}",
            "a: 1\n---\nb: 2",
            &deep,
            &brackets,
        ] {
            assert!(parse(text).is_err(), "{:?}", &text[..text.len().min(40)]);
        }
    }
}
