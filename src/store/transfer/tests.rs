//! That what is moved arrives whole, or not at all.

use std::path::Path;

use super::super::contract::{
    at, evidence, page, page_about, record, record_with_tasks, retirements, service,
};
use super::*;
use crate::store::{FileStore, MemoryStore, Store};
use std::sync::Arc;

/// Something of everything.
fn contents() -> Contents {
    let mut ledger = Ledger::default();
    let full = Record { retirements: retirements(2), ..record_with_tasks("first", 500) };
    ledger.records.insert(service("api"), full);
    ledger.records.insert(service("夜間 \u{0}\n\"\\"), record("原因\n"));
    ledger.records.insert(service("web"), Record::default());
    ledger.notices.extend([page_about("a", "api"), page_about("b", "web"), page("c", Vec::new())]);
    let attempts = [("web", 0, 2), ("api", 1, 3), ("api", 0, 1), ("gone", 7, 4)];
    let history = attempts.map(|(name, number, hours)| evidence(&service(name), number, hours));
    Contents { ledger, history: history.into() }
}

fn written(contents: &Contents) -> String {
    let mut out = Vec::new();
    contents.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn read(text: &str) -> Result<Contents, Vec<String>> {
    Contents::read(&mut text.as_bytes()).unwrap()
}

async fn file(path: &Path) -> Arc<dyn Store> {
    Arc::new(FileStore::open(path).await.unwrap())
}

#[tokio::test]
async fn what_goes_from_store_to_store_arrives_whole() {
    let directory = tempfile::tempdir().unwrap();
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
    contents().fill(&memory).await.unwrap();
    let first = Contents::of(&*memory).await.unwrap();
    assert_eq!(first.ledger, contents().ledger);
    assert_eq!(first.history.len(), contents().history.len());
    let (one, other) = (directory.path().join("1"), directory.path().join("2"));
    let whole = FileStore::open(&one).await.unwrap();
    whole.fill(&read(&written(&first)).unwrap()).await.unwrap();
    let second = Contents::of(&whole).await.unwrap();
    assert_eq!(second, first, "in one transaction");
    let (memory, piecemeal) =
        (Arc::new(MemoryStore::default()) as Arc<dyn Store>, file(&other).await);
    for store in [memory, piecemeal] {
        read(&written(&second)).unwrap().fill(&store).await.unwrap();
        assert_eq!(Contents::of(&*store).await.unwrap(), first, "item by item");
    }
}

#[tokio::test]
async fn an_empty_ledger_can_be_moved_too() {
    assert_eq!(read(&written(&Contents::default())), Ok(Contents::default()));
    let tally = contents().tally();
    assert_eq!(tally, Tally { records: 3, pages: 3, history: 4 });
}

#[tokio::test]
async fn of_more_history_than_fits_the_newest_stays() {
    let attempts = (0..60).rev().map(|n| evidence(&service("api"), n, n as i64));
    let contents = Contents { history: attempts.collect(), ..Contents::default() };
    let directory = tempfile::tempdir().unwrap();
    let whole = FileStore::open(&directory.path().join("ledger.redb")).await.unwrap();
    whole.fill(&contents).await.unwrap();
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
    contents.fill(&memory).await.unwrap();
    for store in [&whole as &dyn Store, &*memory] {
        let told = store.history(None, None).await.unwrap();
        let numbers: Vec<u64> = told.iter().map(|one| one.number).collect();
        assert_eq!(numbers, (10..60).rev().collect::<Vec<u64>>());
        assert_eq!(told.last().unwrap().finished.finished_at, at(10 * 3_600));
    }
}

#[test]
fn every_bad_line_is_named() {
    let text = written(&contents());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[1] = "nonsense".to_owned();
    lines[2] = lines[2].replace("ap-northeast-1/", "");
    lines[4] = lines[5].clone();
    lines[7] = "{\"lease\":{}}".to_owned();
    lines[8] = format!("\"{}\"", "x".repeat(lines::BYTES_MAX));
    let problems = read(&(lines.join("\n") + "\n")).unwrap_err();
    let expected = [
        "line 2: expected value, at column 1",
        "line 3: \"123456789012/prd/",
        "line 6: the retirement notice 123456789012/",
        "line 8: unknown variant `lease`",
        "line 9: it has more than 400000 bytes",
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn what_is_cut_short_is_never_taken_for_the_whole() {
    let text = written(&contents());
    let lines: Vec<&str> = text.lines().collect();
    for kept in 1..lines.len() {
        let problems = read(&lines[..kept].join("\n")).unwrap_err();
        assert_eq!(problems, ["the last line is missing: the export was cut short"], "{kept}");
        let mut without = lines.clone();
        without.remove(kept);
        assert!(read(&without.join("\n")).is_err(), "without line {}", kept + 1);
    }
    let problems = read(&format!("{text}{}", lines[1])).unwrap_err();
    assert_eq!(problems, [format!("line {}: there is more after the end", lines.len() + 1)]);
}

#[test]
fn another_form_is_refused() {
    let text = written(&Contents::default());
    let newer = text.replace("\"version\":2", "\"version\":3");
    let none = text.replace("\"version\":2", "\"version\":0");
    for (text, expected) in [
        (newer.as_str(), "line 1: it is of form 3, written by ecs-refresh \"0."),
        (&none, "line 1: it is of form 0"),
        ("", "line 1: it does not say"),
        ("{\"form\":\"recipe\",\"version\":2}\n", "line 1: it does not say"),
        ("{\"version\":2}\n", "line 1: it does not say"),
    ] {
        let problems = read(text).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:?}");
    }
}

#[test]
fn very_many_problems_are_counted() {
    let text = written(&Contents::default());
    let (head, _) = text.split_once('\n').unwrap();
    let problems = read(&format!("{head}\n{}", "{}\n".repeat(70))).unwrap_err();
    assert_eq!(problems.len(), PROBLEMS_MAX + 1);
    assert_eq!(problems.last().unwrap(), "and 21 more");
}
