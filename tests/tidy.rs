//! The house rules that a machine can check, over the whole source tree.
//!
//! Each rule is a function over the tree (`tidy/rules.rs`) and is tried on small bad snippets here,
//! so that none of them can pass by seeing nothing.

#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/scan.rs"]
mod scan;

use std::path::Path;

use scan::{Source, Tree};

type Rule = fn(&Tree) -> Vec<String>;

/// Holds the source tree to a rule.
fn hold(rule: Rule) {
    let offenders = rule(&Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))));
    assert!(offenders.is_empty(), "{} offenders:\n{}", offenders.len(), offenders.join("\n"));
}

/// What a rule says about files that are not in the tree.
fn say(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    rule(&Tree::of(files.iter().map(|(path, text)| Source::new(path, text)).collect()))
}

/// A rule must report exactly these lines of a snippet, and nothing about the good one.
fn check(rule: Rule, path: &str, bad: &str, lines: &[usize], good: &str) {
    let said = say(rule, &[(path, bad)]);
    let expected: Vec<_> = lines.iter().map(|line| format!("{path}:{line}: ")).collect();
    let fits = said.iter().zip(&expected).all(|(said, expected)| said.starts_with(expected));
    assert!(fits && said.len() == expected.len(), "{said:#?} for lines {lines:?} of:\n{bad}");
    assert_eq!(say(rule, &[(path, good)]), [""; 0], "{good}");
}

#[test]
fn the_whole_tree_is_read() {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let found = |path: &str| tree.sources.iter().find(|source| source.path == path);
    for path in ["src/lib.rs", "src/clock.rs", "src/plan/key.rs", "tests/tidy/scan.rs"] {
        assert!(found(path).is_some_and(|source| source.all.len() > 20), "{path}");
    }
    let testing = found("src/aws/testing.rs").expect("it is there");
    assert!(tree.is_test(testing), "a module behind cfg(test) ships nothing");
    assert!(!tree.is_test(found("src/store/mod.rs").expect("it is there")));
}

#[test]
fn modules_know_only_what_is_below_them() {
    hold(rules::layering);
}

#[test]
fn files_are_short() {
    hold(rules::file_length);
}

#[test]
fn functions_are_short() {
    hold(rules::function_length);
}

#[test]
fn every_select_is_biased() {
    hold(rules::biased_selects);
}

#[test]
fn nothing_is_left_undone() {
    hold(rules::nothing_left_undone);
}

#[test]
fn only_the_command_line_prints() {
    hold(rules::printing);
}

#[test]
fn the_plan_is_pure() {
    hold(rules::pure_plan);
}

#[test]
fn sdk_types_stay_in_aws() {
    hold(rules::sdk_types);
}

#[test]
fn a_path_upwards_is_seen_however_it_is_written() {
    let bad = "use crate::store::Store;\nuse crate::{clock::Time, http};\n\
               use crate::{\n    plan::key,\n    aws::{self, budget},\n};\n\
               use super::reconciler;\nuse super::super::telemetry::init;\n\
               fn f() { crate::cli::run() }\nuse crate::metrics::{Label, Metrics};\n";
    let good = "use crate::clock::Time; use super::ledger::Record; use crate::metrics::Label;\n\
                // crate::store\nconst A: &str = \"crate::store\";\n\
                #[cfg(test)]\nmod tests { use crate::store::Store; }\n";
    let lines = [1, 2, 5, 5, 9, 10, 8];
    check(rules::layering, "src/plan/key.rs", bad, &lines, good);
    check(rules::layering, "src/plan/mod.rs", "use super::store;\n", &[1], "use super::clock;");
    check(
        rules::layering,
        "src/simulator/ecs/mod.rs",
        "use crate::clock;",
        &[1],
        "use super::sqs;",
    );
    assert_eq!(say(rules::layering, &[("src/utils.rs", "fn f() {}")]).len(), 1);
    let status = "use crate::reconciler::status::Status;";
    check(rules::layering, "src/http/mod.rs", "use crate::reconciler::run;", &[1], status);
}

#[test]
fn a_file_that_only_tests_use_may_know_everything() {
    let files = [
        ("src/plan/mod.rs", "#[cfg(test)]\nmod fixtures;\nuse crate::store;"),
        ("src/plan/fixtures.rs", "use crate::store;"),
        ("src/plan/fixtures/more.rs", "use crate::store;"),
        ("src/plan/fixtures_too.rs", "use crate::store;"),
    ];
    let said = say(rules::layering, &files);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said[0].starts_with("src/plan/mod.rs:3: ") && said[1].contains("fixtures_too"));
}

#[test]
fn length_is_counted_up_to_the_tests() {
    let (long, short) = ("fn f() {}\n".repeat(401), "fn f() {}\n".repeat(400));
    let good = format!("{short}#[cfg(test)]\nmod tests {{\n{long}}}\n");
    check(rules::file_length, "src/clock.rs", &long, &[401], &good);
    let (long, short) = ("fn f() {}\n".repeat(801), "fn f() {}\n".repeat(800));
    check(rules::file_length, "tests/daemon.rs", &long, &[801], &short);
}

#[test]
fn a_long_function_is_seen_and_named() {
    let function =
        |lines: usize| format!("\npub fn f(a: [u8; 3]) {{\n{}}}\n", "{ \"}\" }\n".repeat(lines));
    check(rules::function_length, "src/clock.rs", &function(69), &[2], &function(68));
    let in_trait = format!("trait T {{ fn f(&self);\n{} }}\ntype F = fn(u8);", "\n".repeat(80));
    check(rules::function_length, "src/clock.rs", &function(100), &[2], &in_trait);
}

#[test]
fn a_select_without_biased_is_seen() {
    let bad = "async fn f() {\n tokio::select! {\n a = b => {} }\n select! { a = b => {} }\n}";
    let good = "async fn f() { tokio::select! {\n // first\n biased;\n a = b => {} } }";
    check(rules::biased_selects, "src/reconciler/mod.rs", bad, &[2, 4], good);
}

#[test]
fn unfinished_code_is_seen() {
    let word = ["TO", "DO"].concat();
    let bad = format!(
        "fn f() {{ todo!() }}\nfn g() {{ dbg!(1); unimplemented!() }}\n#[ignore = \"slow\"]\n\
         fn h() {{}}\n// {word}: more\n/* a\n {word}(b) */\n"
    );
    let good = "/// The to-do list, and METHODOLOGY.\nfn f() { s(\"todo!()\"); todo() }";
    check(rules::nothing_left_undone, "src/clock.rs", &bad, &[1, 2, 2, 3, 5, 7], good);
}

#[test]
fn printing_is_seen_outside_the_command_line() {
    let bad = "fn f() {\n println!(\"a\");\n std::eprintln!(\"a\");\n}";
    let good =
        "fn f() { writeln!(w, \"println!\"); }\n#[cfg(test)] mod tests { fn f() { println!() } }";
    check(rules::printing, "src/aws/mod.rs", bad, &[2, 3], good);
    assert_eq!(say(rules::printing, &[("src/cli/plan.rs", bad), ("src/main.rs", bad)]), [""; 0]);
}

#[test]
fn an_impure_plan_is_seen() {
    let bad = "async fn f() {\n g()\n  .await;\n tokio::spawn(h);\n}\nuse std::{fs, fmt};\n\
               use crate::clock::{Clock, Time};\n";
    let good = "/// Not async.\nuse std::fmt; use crate::clock::Time; fn asynchronous() {}";
    check(rules::pure_plan, "src/plan/mod.rs", bad, &[1, 3, 4, 6, 7], good);
    assert_eq!(say(rules::pure_plan, &[("src/aws/mod.rs", bad)]), [""; 0]);
}

#[test]
fn sdk_types_are_seen_outside_aws() {
    let bad = "use aws_sdk_ecs::Client;\nfn f(a: aws_sdk_sqs::Client) {}";
    let good = "#[cfg(test)]\nmod tests { use aws_sdk_ecs::Client; }";
    check(rules::sdk_types, "src/simulator/mod.rs", bad, &[1, 2], good);
    assert_eq!(say(rules::sdk_types, &[("src/aws/ecs.rs", bad)]), [""; 0]);
}

#[test]
fn literals_and_comments_are_not_code() {
    for text in [
        "\"todo!()\"",
        "r\"todo!() \\\"",
        "r#\"todo!() \" todo!()\"#",
        "br##\"todo!()\"# todo!()\"##",
        "b\"todo!() \\\" todo!()\"",
        "('\"', \"todo!()\", '\\'', \"todo!()\")",
        "1 // todo!()",
        "1 /* todo!() /* todo!() */ todo!() */",
    ] {
        let good = format!("fn f<'a>(a: &'a str) {{ g({text}\n) }}");
        let bad = format!("fn f<'a>(a: &'a str) {{ g({text}\n); todo!() }}");
        check(rules::nothing_left_undone, "src/clock.rs", &bad, &[2], &good);
    }
}
