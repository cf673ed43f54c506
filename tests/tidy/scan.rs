//! Reads Rust source as far as the rules need it: tokens without comments and literals, which of
//! them are tests, and the paths that they name.

use std::collections::BTreeSet;
use std::path::Path;

/// A word or a single sign of the code, and the line that it stands on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// One source file.
#[derive(Debug)]
pub struct Source {
    /// From the repository's root, such as `src/plan/key.rs`.
    pub path: String,
    /// Everything that is code, tests included.
    pub all: Vec<Token>,
    /// The code without what is only compiled for tests.
    pub shipped: Vec<Token>,
    /// The comments, line by line as they come.
    pub comments: Vec<(usize, String)>,
    /// Lines in all.
    pub lines: usize,
    /// Lines before the inline test module.
    pub lines_before_tests: usize,
    /// Paths without ending of the modules beside it that are only compiled for tests.
    test_modules: Vec<String>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let all = tokens(&code);
        let mut source = Self {
            path: path.to_owned(),
            shipped: Vec::new(),
            comments,
            lines: text.lines().count(),
            lines_before_tests: text.lines().count(),
            test_modules: Vec::new(),
            all,
        };
        source.set_tests_aside();
        source
    }

    /// The modules that the file is in, from the crate's root: `["plan", "key"]`.
    pub fn module(&self) -> Vec<&str> {
        let inner = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        inner.split('/').filter(|part| !["lib", "main"].contains(part)).collect()
    }

    /// Copies what ships, and notes where tests begin and which files they are in.
    fn set_tests_aside(&mut self) {
        let mut at = 0;
        while at < self.all.len() {
            if !self.says(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
                self.shipped.push(self.all[at].clone());
                at += 1;
                continue;
            }
            let end = item_end(&self.all, at);
            let item: Vec<_> = self.all[at..end].iter().map(|token| token.text.as_str()).collect();
            if let Some(module) = item.iter().position(|word| *word == "mod") {
                match item.last() {
                    Some(&";") => {
                        let name = item[module + 1].to_owned();
                        self.test_modules.push(format!("{}{name}", self.directory()));
                    }
                    _ => self.lines_before_tests = self.all[at].line - 1,
                }
            }
            at = end;
        }
    }

    /// Where the files of the modules inside this one are, with a slash at the end.
    fn directory(&self) -> String {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        match stem.rsplit_once('/') {
            Some((parent, "mod" | "lib" | "main")) => format!("{parent}/"),
            _ => format!("{stem}/"),
        }
    }

    /// Whether these words follow each other from token `at` on.
    pub fn says(&self, at: usize, words: &[&str]) -> bool {
        says(&self.all, at, words)
    }
}

/// Whether these words follow each other in `tokens` from `at` on.
pub fn says(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    let found = tokens.iter().skip(at).map(|token| token.text.as_str());
    found.take(words.len()).eq(words.iter().copied())
}

/// The files below `root`'s `src` and `tests`, and which of them are only compiled for tests.
pub struct Tree {
    pub sources: Vec<Source>,
    test_modules: BTreeSet<String>,
}

impl Tree {
    pub fn read(root: &Path) -> Self {
        let mut sources = Vec::new();
        for directory in ["src", "tests"] {
            read_into(&mut sources, root, &root.join(directory));
        }
        sources.sort_by(|one: &Source, other| one.path.cmp(&other.path));
        Self::of(sources)
    }

    pub fn of(sources: Vec<Source>) -> Self {
        let test_modules =
            sources.iter().flat_map(|source| source.test_modules.iter().cloned()).collect();
        Self { sources, test_modules }
    }

    /// Whether a file holds nothing but tests.
    pub fn is_test(&self, source: &Source) -> bool {
        let stem = source.path.strip_suffix(".rs").unwrap_or(&source.path);
        let in_test_module = |module: &String| {
            stem == module
                || stem.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        source.path.starts_with("tests/") || self.test_modules.iter().any(in_test_module)
    }

    /// The files of the crate that are not only compiled for tests.
    pub fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| !self.is_test(source))
    }
}

fn read_into(sources: &mut Vec<Source>, root: &Path, directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.expect("a directory that was opened can be listed").path();
        if path.is_dir() {
            read_into(sources, root, &path);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("source files are UTF-8");
            let name = path.strip_prefix(root).expect("it was found below the root");
            sources.push(Source::new(&name.to_string_lossy().replace('\\', "/"), &text));
        }
    }
}

/// Every path in `tokens` that begins with `root` and `::`, groups taken apart, with its line.
pub fn paths(tokens: &[Token], root: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let begins = at == 0 || tokens[at - 1].text != ":";
        if begins && says(tokens, at, &[root, ":", ":"]) {
            walk(tokens, at + 3, &[], tokens[at].line, &mut found);
        }
    }
    found
}

/// Follows a path from `at` on, where its next part begins; returns where it ends.
fn walk(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    line: usize,
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    if says(tokens, at, &["{"]) {
        at += 1;
        while at < tokens.len() && tokens[at].text != "}" {
            at = walk(tokens, at, prefix, tokens[at].line, found).max(at + 1);
        }
        return at + 1;
    }
    let Some(part) = tokens.get(at).filter(|token| is_word(&token.text)) else { return at };
    let mut path = prefix.to_vec();
    path.push(part.text.clone());
    let more = tokens.get(at + 3).is_some_and(|next| is_word(&next.text) || next.text == "{");
    if says(tokens, at + 1, &[":", ":"]) && more {
        return walk(tokens, at + 3, &path, line, found);
    }
    found.push((line, path));
    at + 1
}

/// Where the block ends that opens at or after `at`: behind its `}`, or behind a `;` before any.
/// Signs inside parentheses and brackets do not count.
pub fn item_end(tokens: &[Token], at: usize) -> usize {
    let (mut round, mut curly) = (0_usize, 0_usize);
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" => round += 1,
            ")" | "]" => round = round.saturating_sub(1),
            "{" => curly += 1,
            "}" if curly <= 1 => return index + 1,
            "}" => curly -= 1,
            ";" if round == 0 && curly == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words and single signs.
fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut in_word = false;
        for sign in text.chars() {
            let continues = sign.is_alphanumeric() || sign == '_';
            match tokens.last_mut().filter(|_| in_word && continues) {
                Some(word) => word.text.push(sign),
                None if sign.is_whitespace() => {}
                None => tokens.push(Token { text: sign.to_string(), line: index + 1 }),
            }
            in_word = continues;
        }
    }
    tokens
}

/// The code, with comments and the insides of literals blanked; and the comments.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let signs: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    while at < signs.len() {
        let (end, is_comment) = match skipped(&signs, at) {
            Some(end) => (end.min(signs.len()), signs[at] == '/'),
            None => {
                code.push(signs[at]);
                line += usize::from(signs[at] == '\n');
                at += 1;
                continue;
            }
        };
        let part: String = signs[at..end].iter().collect();
        for (index, text) in part.split('\n').enumerate() {
            if index > 0 {
                code.push('\n');
                line += 1;
            }
            if is_comment {
                comments.push((line, text.to_owned()));
            }
        }
        // A literal still parts the words around it.
        code.push(if is_comment { ' ' } else { '"' });
        at = end;
    }
    (code, comments)
}

/// Where the comment or literal that begins at `at` ends; `None` if none does.
fn skipped(signs: &[char], at: usize) -> Option<usize> {
    let starts = |at: usize, with: &str| {
        with.chars().enumerate().all(|(index, sign)| signs.get(at + index) == Some(&sign))
    };
    let within_word =
        at > 0 && signs.get(at - 1).is_some_and(|sign| sign.is_alphanumeric() || *sign == '_');
    if starts(at, "//") {
        return Some((at..signs.len()).find(|at| signs[*at] == '\n').unwrap_or(signs.len()));
    }
    if starts(at, "/*") {
        let (mut depth, mut at) = (1, at + 2);
        while depth > 0 && at < signs.len() {
            let step = if starts(at, "/*") || starts(at, "*/") { 2 } else { 1 };
            depth = if starts(at, "/*") { depth + 1 } else { depth - usize::from(step == 2) };
            at += step;
        }
        return Some(at);
    }
    if signs[at] == '\'' {
        // A lifetime has no closing quote after its first sign.
        let is_character = starts(at + 1, "\\") || signs.get(at + 2) == Some(&'\'');
        return is_character.then(|| closing(signs, at + 1, '\''));
    }
    if signs[at] == '"' {
        return Some(closing(signs, at + 1, '"'));
    }
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| !within_word && starts(at, prefix))?;
    let hashes = signs[at + prefix.len()..].iter().take_while(|sign| **sign == '#').count();
    let open = at + prefix.len() + hashes;
    let close = format!("\"{}", "#".repeat(hashes));
    (signs.get(open) == Some(&'"')).then(|| {
        let end = (open + 1..signs.len()).find(|at| starts(*at, &close));
        end.map_or(signs.len(), |end| end + close.len())
    })
}

/// Behind the closing `quote`, escapes skipped.
fn closing(signs: &[char], mut at: usize, quote: char) -> usize {
    while at < signs.len() && signs[at] != quote {
        at += if signs[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}
