//! The rules. Each returns its offenders as `file:line: why`.

use crate::scan::{Source, Token, Tree, item_end, paths, says};

/// Who may know whom: a module, and the beginnings of the paths that it may name beside its own.
const MAY_SEE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("events", &[]),
    ("metrics", &[]),
    ("progress", &["clock"]),
    ("plan", &["clock", "metrics::Label"]),
    ("aws", &["clock", "metrics", "plan", "progress"]),
    ("announce", &["clock", "metrics", "plan", "aws"]),
    ("store", &["clock", "metrics", "plan", "aws"]),
    ("lease", &["clock", "store"]),
    ("reconciler", &["clock", "metrics", "plan", "progress", "aws", "store", "lease", "announce"]),
    (
        "triggers",
        &[
            "clock",
            "events",
            "metrics",
            "plan",
            "aws",
            "reconciler::Receipt",
            "reconciler::Trigger",
        ],
    ),
    ("http", &["clock", "metrics", "plan", "progress", "reconciler::status"]),
    ("settings", &["clock", "metrics::Label", "plan"]),
    ("iam", &["aws::Operation", "plan", "settings"]),
    ("telemetry", &["clock"]),
    ("simulator", &[]),
    (
        "cli",
        &[
            "clock",
            "events",
            "metrics",
            "plan",
            "progress",
            "aws",
            "announce",
            "store",
            "lease",
            "reconciler",
            "triggers",
            "http",
            "iam",
            "settings",
            "telemetry",
            "simulator",
        ],
    ),
];

const FILE_LINES_MAX: usize = 400;
const TEST_FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

fn offence(source: &Source, line: usize, why: impl std::fmt::Display) -> String {
    format!("{}:{line}: {why}", source.path)
}

pub fn layering(tree: &Tree) -> Vec<String> {
    let mut offenders = Vec::new();
    for source in tree.shipped() {
        let module = source.module();
        let Some(top) = module.first() else { continue };
        let Some((_, allowed)) = MAY_SEE.iter().find(|(name, _)| name == top) else {
            offenders.push(offence(source, 1, format!("{top} has no place in the layering yet")));
            continue;
        };
        for (line, path) in named(source) {
            let path = path.join("::");
            let within =
                |prefix: &&str| path == **prefix || path.starts_with(&format!("{prefix}::"));
            if !allowed.iter().chain([top]).any(within) {
                offenders.push(offence(source, line, format!("{top} must not know {path}")));
            }
        }
    }
    offenders
}

/// Every path in shipped code that leads into the crate, from its root.
fn named(source: &Source) -> Vec<(usize, Vec<String>)> {
    let module = source.module();
    let mut found = paths(&source.shipped, "crate");
    for (line, path) in paths(&source.shipped, "super") {
        let up = 1 + path.iter().take_while(|part| *part == "super").count();
        if up >= module.len() {
            found.push((line, path[up - 1..].to_vec()));
        }
    }
    found
}

pub fn file_length(tree: &Tree) -> Vec<String> {
    let check = |source: &Source| {
        let (lines, most) = match tree.is_test(source) {
            true => (source.lines, TEST_FILE_LINES_MAX),
            false => (source.lines_before_tests, FILE_LINES_MAX),
        };
        (lines > most).then(|| offence(source, lines, format!("{lines} lines, {most} at most")))
    };
    tree.sources.iter().filter_map(check).collect()
}

pub fn function_length(tree: &Tree) -> Vec<String> {
    each(tree, |tokens, at| {
        let is_function = tokens[at].text == "fn"
            && tokens.get(at + 1).is_some_and(|name| name.text.starts_with(char::is_alphabetic));
        let last = item_end(tokens, at).checked_sub(1).filter(|_| is_function)?;
        let lines = tokens[last].line - tokens[at].line + 1;
        let name = &tokens[at + 1].text;
        (lines > FUNCTION_LINES_MAX)
            .then(|| format!("{name} has {lines} lines, {FUNCTION_LINES_MAX} at most"))
    })
}

pub fn biased_selects(tree: &Tree) -> Vec<String> {
    each(tree, |tokens, at| {
        let is_select = says(tokens, at, &["select", "!"]) && tokens.len() > at + 2;
        (is_select && !says(tokens, at + 3, &["biased", ";"]))
            .then(|| "a select! that does not start with biased; is decided by chance".to_owned())
    })
}

pub fn nothing_left_undone(tree: &Tree) -> Vec<String> {
    let mut offenders = each(tree, |tokens, at| {
        let unfinished = ["todo", "unimplemented", "dbg"]
            .into_iter()
            .find(|name| says(tokens, at, &[name, "!"]))
            .map(|name| format!("{name}! is for unfinished code"));
        let ignored = says(tokens, at, &["#", "[", "ignore"]);
        unfinished.or(ignored.then(|| "an ignored test tests nothing".to_owned()))
    });
    for source in &tree.sources {
        for (line, text) in &source.comments {
            let mut words = text.split(|sign: char| !sign.is_alphanumeric());
            if let Some(word) = words.find(|word| ["TODO", "FIXME", "XXX"].contains(word)) {
                offenders.push(offence(source, *line, format!("{word}: do it or leave it")));
            }
        }
    }
    offenders
}

pub fn printing(tree: &Tree) -> Vec<String> {
    shipped(tree, |source, tokens, at| {
        let speaks = matches!(source.module().first(), None | Some(&"cli"));
        ["println", "eprintln", "print", "eprint"]
            .into_iter()
            .find(|name| !speaks && says(tokens, at, &[name, "!"]))
            .map(|name| format!("{name}! outside cli: log it, or return it"))
    })
}

pub fn pure_plan(tree: &Tree) -> Vec<String> {
    let in_plan = |source: &Source| source.module().first() == Some(&"plan");
    let mut offenders = shipped(tree, |source, tokens, at| {
        let word = tokens[at].text.as_str();
        let impure = ["async", "await", "tokio"].contains(&word) && in_plan(source);
        impure.then(|| format!("plan is pure, and {word} is not"))
    });
    for source in tree.shipped().filter(|source| in_plan(source)) {
        let std = paths(&source.shipped, "std").into_iter().map(|(line, path)| {
            let impure = ["fs", "net", "process", "env", "thread"].contains(&path[0].as_str());
            impure.then(|| offence(source, line, format!("plan is pure: no std::{}", path[0])))
        });
        offenders.extend(std.flatten());
        for (line, path) in named(source) {
            if path == ["clock", "Clock"] {
                offenders.push(offence(source, line, "plan takes the time as an argument"));
            }
        }
    }
    offenders
}

pub fn sdk_types(tree: &Tree) -> Vec<String> {
    shipped(tree, |source, tokens, at| {
        let outside = source.module().first() != Some(&"aws");
        (outside && tokens[at].text.starts_with("aws_sdk_"))
            .then(|| format!("{} outside aws: SDK types stop there", tokens[at].text))
    })
}

/// What `check` says about any token of any file.
fn each(tree: &Tree, check: impl Fn(&[Token], usize) -> Option<String>) -> Vec<String> {
    let mut offenders = Vec::new();
    for source in &tree.sources {
        let tokens = &source.all;
        let said = (0..tokens.len()).filter_map(|at| Some((tokens[at].line, check(tokens, at)?)));
        offenders.extend(said.map(|(line, why)| offence(source, line, why)));
    }
    offenders
}

/// What `check` says about any token that ships.
fn shipped(tree: &Tree, check: impl Fn(&Source, &[Token], usize) -> Option<String>) -> Vec<String> {
    let mut offenders = Vec::new();
    for source in tree.shipped() {
        let tokens = &source.shipped;
        let said =
            (0..tokens.len()).filter_map(|at| Some((tokens[at].line, check(source, tokens, at)?)));
        offenders.extend(said.map(|(line, why)| offence(source, line, why)));
    }
    offenders
}
