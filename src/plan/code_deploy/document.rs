//! A YAML document with the places where its texts stand. JSON is read as the YAML that it is.

use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

/// So deep a document may be. An AppSpec needs eight levels.
const DEPTH_MAX: usize = 32;

/// So many values a document may have. An AppSpec has some dozens.
const NODES_MAX: usize = 20_000;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
    /// What was named before under this number.
    Alias(usize),
}

/// A text, a number or anything else without parts.
#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    /// Whether it is written on one line, with or without quotes.
    inline: bool,
    quoted: bool,
    tag: Option<String>,
    anchor: usize,
    /// Where it stands, in bytes.
    pub place: Range<usize>,
    /// Characters before it on its line.
    pub column: usize,
}

/// Keys and values, in their order.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Whether it is written in braces.
    pub flow: bool,
    anchor: usize,
    pub entries: Vec<(Node, Node)>,
}

/// What a document says, wherever it says it. Texts in quotes and without differ: `80` is a number.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.quoted, &self.tag, self.anchor)
            == (&other.text, other.quoted, &other.tag, other.anchor)
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        (self.anchor, &self.entries) == (other.anchor, &other.entries)
    }
}

impl Scalar {
    /// A text in quotes that stands nowhere yet.
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            inline: true,
            quoted: true,
            tag: None,
            anchor: 0,
            place: 0..0,
            column: 0,
        }
    }

    /// The same without quotes.
    pub fn plain(text: &str) -> Self {
        Self { quoted: false, ..Self::of(text) }
    }

    /// Whether another text can be put in its place without a change elsewhere.
    pub fn is_replaceable(&self) -> bool {
        self.inline && self.anchor == 0 && self.tag.is_none() && !self.place.is_empty()
    }
}

impl Node {
    /// Reads a text that holds one document.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let mut reader = Reader { text, bytes, open: Vec::new(), root: None, nodes: 0 };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| error.to_string())?;
            reader.take(event, span)?;
        }
        reader.root.ok_or_else(|| "it is empty".to_owned())
    }

    /// The value of the only key that reads so but for the case of its letters.
    ///
    /// # Errors
    /// When there are several, or this is no mapping.
    pub fn get(&self, name: &str) -> Result<Option<&(Node, Node)>, String> {
        let Self::Mapping(mapping) = self else { return Err(format!("{name} has no place")) };
        let mut found = mapping.entries.iter().filter(|(key, _)| key.reads(name));
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(format!("{name} is there twice")),
            (found, None) => Ok(found),
        }
    }

    /// Whether it is a text that reads so but for the case of its letters: the AWS CLI takes
    /// `taskDefinition` for `TaskDefinition` as well.
    fn reads(&self, name: &str) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar.text.eq_ignore_ascii_case(name))
    }
}

/// The bytes of a text in quotes at the beginning of `text`, if there is one.
fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = rest.next() {
        if quote == '"' && character == '\\' {
            rest.next();
        } else if character == quote {
            let doubled = quote == '\'' && rest.peek().is_some_and(|(_, next)| *next == quote);
            if !doubled {
                return Some(at + 1);
            }
            rest.next();
        }
    }
    None
}

/// A collection that is not at its end yet.
struct Open {
    flow: bool,
    anchor: usize,
    mapping: bool,
    items: Vec<Node>,
}

struct Reader<'a> {
    text: &'a str,
    /// Where each character begins.
    bytes: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let inline = !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let place = self.place(span);
                self.add(Node::Scalar(Scalar {
                    text: text.into_owned(),
                    inline: inline && !self.text[place.clone()].contains('\n'),
                    quoted: style != ScalarStyle::Plain,
                    tag: tag.map(|tag| tag.to_string()),
                    anchor,
                    place,
                    column: span.start.col(),
                }))
            }
            Event::Alias(number) => self.add(Node::Alias(number)),
            Event::MappingStart(anchor, _) => self.begin(true, anchor, span),
            Event::SequenceStart(anchor, _) => self.begin(false, anchor, span),
            Event::MappingEnd | Event::SequenceEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, mapping: bool, anchor: usize, span: Span) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("it is deeper than {DEPTH_MAX} levels"));
        }
        let flow = self.text[self.byte(span.start)..].starts_with(['{', '[']) && !span.is_empty();
        self.open.push(Open { flow, anchor, mapping, items: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Open { flow, anchor, mapping, items }) = self.open.pop() else {
            return Err("it ends what it did not begin".to_owned());
        };
        if !mapping {
            return self.add(Node::Sequence(items));
        }
        let mut entries = Vec::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        self.add(Node::Mapping(Mapping { flow, anchor, entries }))
    }

    fn add(&mut self, node: Node) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(format!("it has more than {NODES_MAX} values"));
        }
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None if self.root.is_some() => return Err("it holds several documents".to_owned()),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// What is behind a text on its line, blanks and comments, is not part of it.
    fn place(&self, span: Span) -> Range<usize> {
        let (start, end) = (self.byte(span.start), self.byte(span.end));
        let text = &self.text[start..end.max(start)];
        start..start + quoted_length(text).unwrap_or(text.trim_end().len())
    }

    fn byte(&self, marker: Marker) -> usize {
        self.bytes.get(marker.index()).copied().unwrap_or(self.text.len())
    }
}
