//! What only a file can do: be shared, damaged, cut short, full, or left behind by a killed process.

use std::io::{BufRead, BufReader, Lines, Write};
use std::ops::Bound;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend, TableHandle};
use tempfile::TempDir;

use super::*;
use crate::plan::notice::Entity;
use crate::store::contract::{self, evidence, ledger, page, page_about, record, service};
use crate::store::record::tests::as_form_1;

/// Where the child process of a test keeps its ledger; unset in the tests themselves.
const CHILD_LEDGER: &str = "ECS_REFRESH_TEST_CHILD_LEDGER";

fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.redb");
    (directory, path)
}

/// A closed ledger with two records in it.
async fn closed_ledger() -> (TempDir, PathBuf) {
    let (directory, path) = directory();
    let store = FileStore::open(&path).await.unwrap();
    store.save(&service("api"), &record("first")).await.unwrap();
    store.save(&service("web"), &record("second")).await.unwrap();
    (directory, path)
}

#[tokio::test]
async fn the_file_store_keeps_the_contract() {
    let kept = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::check(|| async {
        count.set(count.get() + 1);
        let path = kept.path().join(format!("{}.redb", count.get()));
        Arc::new(FileStore::open(&path).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_reopened_file_holds_what_was_saved() {
    let (_kept, path) = closed_ledger().await;
    let expected = ledger([(service("api"), record("first")), (service("web"), record("second"))]);
    assert_eq!(FileStore::load_read_only(&path).await.unwrap(), expected);
    for _ in 0..2 {
        assert_eq!(FileStore::open(&path).await.unwrap().load().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_fleet_of_5000_services_is_reopened_whole() {
    let (_kept, path) = directory();
    let names: Vec<_> = (0..5_000).map(|n| service(&format!("service-{n}"))).collect();
    let store = FileStore::open(&path).await.unwrap();
    let keys: Vec<_> = names.iter().map(ServiceKey::to_path).collect();
    store
        .write(move |writing| {
            let mut table = writing.open_table(RECORDS)?;
            for key in &keys {
                let bytes = serde_json::to_vec(&record(key)).unwrap();
                table.insert(key.as_str(), bytes.as_slice())?;
            }
            Ok(())
        })
        .await
        .unwrap();
    store.save(&names[7], &Record::default()).await.unwrap();
    store.remove(&names[8]).await.unwrap();
    drop(store);

    let records = FileStore::open(&path).await.unwrap().load().await.unwrap().records;
    assert_eq!(records.len(), 4_999);
    assert_eq!(records[&names[7]], Record::default());
    assert_eq!(records[&names[9]], record(&names[9].to_path()));
    assert!(!records.contains_key(&names[8]));
}

#[tokio::test]
async fn a_second_writer_is_told_to_wait_for_the_first() {
    let (_kept, path) = closed_ledger().await;
    let first = FileStore::open(&path).await.unwrap();
    let error = FileStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("one file store serves one replica"), "{error}");
    drop(first);
    FileStore::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_reader_sees_each_save_of_the_writer_beside_it() {
    let (_kept, path) = directory();
    let store = FileStore::open(&path).await.unwrap();
    assert_eq!(FileStore::load_read_only(&path).await.unwrap(), Ledger::default());
    for mark in ["first", "second"] {
        store.save(&service("api"), &record(mark)).await.unwrap();
        let seen = FileStore::load_read_only(&path).await.unwrap();
        assert_eq!(seen, ledger([(service("api"), record(mark))]));
    }
}

#[tokio::test]
async fn a_reader_is_told_the_history_beside_the_writer() {
    let (_kept, path) = directory();
    let store = FileStore::open(&path).await.unwrap();
    let retention = Retention::default();
    let told = |since| FileStore::history_read_only(&path, retention, since);
    assert_eq!(told(None).await.unwrap(), []);
    let [old, new] = [(0, 1), (1, 5)].map(|(n, hours)| evidence(&service("api"), n, hours));
    store.append(&old).await.unwrap();
    store.append(&new).await.unwrap();
    assert_eq!(told(None).await.unwrap(), [new.clone(), old]);
    assert_eq!(told(Some(new.finished.finished_at)).await.unwrap(), [new]);
}

#[tokio::test]
async fn reading_makes_no_file() {
    let (_kept, path) = directory();
    let error = FileStore::history_read_only(&path, Retention::default(), None).await.unwrap_err();
    assert!(matches!(error, StoreError::Absent { .. }), "{error}");
    let error = FileStore::load_read_only(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Absent { .. }), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_missing_directory_is_not_made() {
    let (kept, _) = directory();
    let path = kept.path().join("missing/ledger.redb");
    let error = FileStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::NoDirectory { .. }), "{error}");
    assert!(error.to_string().contains("/missing: create it or mount a volume"), "{error}");
    assert!(!kept.path().join("missing").exists());
}

#[tokio::test]
async fn a_directory_is_no_ledger() {
    let (kept, _) = directory();
    for error in [
        FileStore::open(kept.path()).await.unwrap_err(),
        FileStore::load_read_only(kept.path()).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NotAFile { .. }), "{error}");
    }
}

/// Writes `content` where a ledger should be; opening must refuse it and leave it alone.
async fn refused(path: &Path, content: &[u8]) -> StoreError {
    std::fs::write(path, content).unwrap();
    let error = FileStore::open(path).await.unwrap_err();
    assert!(std::fs::read(path).unwrap() == content, "the file was changed: {error}");
    assert!(error.to_string().contains("only the memory of attempts, and of"), "{error}");
    // A reader trusts the file as far as it can follow it; it is the daemon that verifies.
    let _ = FileStore::load_read_only(path).await;
    assert!(std::fs::read(path).unwrap() == content, "the file was changed by reading");
    error
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_as_it_is() {
    let (_kept, path) = closed_ledger().await;
    let sound = std::fs::read(&path).unwrap();
    let garbage: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for content in [b"x".as_slice(), b"[[policy]]\n", &[0; 5_000], &garbage] {
        assert!(matches!(refused(&path, content).await, StoreError::Damaged { .. }));
    }
    for len in [9, 100, 4_096, 10_000, sound.len() / 2, sound.len() - 1] {
        let error = refused(&path, &sound[..len]).await;
        assert!(matches!(error, StoreError::Damaged { .. }), "cut to {len}: {error}");
    }
}

#[tokio::test]
async fn a_flipped_byte_never_changes_what_is_remembered() {
    let (_kept, path) = closed_ledger().await;
    let sound = std::fs::read(&path).unwrap();
    let expected = FileStore::load_read_only(&path).await.unwrap();
    let mark = sound.windows(13).rposition(|bytes| bytes == b"second: the c").unwrap();
    for (at, must_refuse) in [(0, true), (20, true), (mark, true), (sound.len() - 1, false)] {
        let mut content = sound.clone();
        content[at] ^= 0x20;
        std::fs::write(&path, &content).unwrap();
        match FileStore::open(&path).await {
            Ok(store) => {
                assert!(!must_refuse, "byte {at} was believed");
                assert_eq!(store.load().await.unwrap(), expected);
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Damaged { .. }), "byte {at}: {error}");
                assert!(std::fs::read(&path).unwrap() == content, "byte {at}: it was changed");
            }
        }
    }
}

/// A sound redb file after `change`, closed.
async fn altered(
    path: &Path,
    change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send + 'static,
) -> Vec<u8> {
    FileStore::open(path).await.unwrap().write(change).await.unwrap();
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_is() {
    let (_kept, path) = closed_ledger().await;
    let newer = altered(&path, |writing| {
        writing.open_table(META)?.insert(FORMAT_KEY, FORMAT + 1)?;
        Ok(())
    })
    .await;
    let error = refused(&path, &newer).await;
    assert!(error.to_string().contains("format 3, this version knows 2"), "{error}");
}

/// What the file that form 1 wrote says.
fn of_form_1() -> Ledger {
    let full =
        Record { retirements: contract::retirements(1), ..contract::record_with_tasks("first", 3) };
    let (full, second) = (as_form_1(full), as_form_1(record("second")));
    let mut expected = ledger([(service("api"), full), (service("web"), second)]);
    expected.notices.insert(page_about("a", "api"));
    expected
}

fn format_of(path: &Path) -> u64 {
    let database = open::open_read_only(path).unwrap();
    let reading = database.begin_read().unwrap();
    let meta = reading.open_table(META).unwrap();
    meta.get(FORMAT_KEY).unwrap().unwrap().value()
}

#[tokio::test]
async fn a_file_of_an_older_format_is_read_and_becomes_one_of_this_when_it_is_opened() {
    let (_kept, path) = directory();
    std::fs::write(&path, include_bytes!("../../../tests/contract/ledger-form-1.redb")).unwrap();
    assert_eq!(FileStore::load_read_only(&path).await.unwrap(), of_form_1());
    assert_eq!(format_of(&path), 1, "reading changes nothing");

    let store = FileStore::open(&path).await.unwrap();
    let mut expected = of_form_1();
    assert_eq!(store.load().await.unwrap(), expected);
    store.save(&service("web"), &record("third")).await.unwrap();
    expected.records.insert(service("web"), record("third"));
    let finished = evidence(&service("api"), 0, 1);
    store.append(&finished).await.unwrap();
    drop(store);
    assert_eq!(format_of(&path), FORMAT);
    for _ in 0..2 {
        let store = FileStore::open(&path).await.unwrap();
        assert_eq!(store.load().await.unwrap(), expected);
        assert_eq!(store.history(None, None).await.unwrap(), std::slice::from_ref(&finished));
    }
}

#[tokio::test]
async fn history_that_is_too_old_is_dropped() {
    let (_kept, path) = directory();
    let week = Retention { age_max: std::time::Duration::from_secs(7 * 86_400), attempts: 10 };
    let now = contract::at(10 * 86_400);
    let numbers = async |store: &FileStore| {
        let history = store.history(None, None).await.unwrap();
        history.iter().map(|one| one.number).collect::<Vec<_>>()
    };
    let store = FileStore::open(&path).await.unwrap();
    for (name, number, day) in [("api", 0, 1), ("api", 1, 4), ("web", 2, 2)] {
        store.append(&evidence(&service(name), number, day * 24)).await.unwrap();
    }
    assert_eq!(numbers(&store).await, [1, 2, 0]);
    let store = store.keeping(week, now).await;
    assert_eq!(numbers(&store).await, [1], "as it is opened");
    store.append(&evidence(&service("api"), 3, 12 * 24)).await.unwrap();
    assert_eq!(numbers(&store).await, [3], "and as more comes");
}

#[tokio::test]
async fn a_record_that_is_not_understood_is_refused_and_left_as_it_is() {
    let (_kept, path) = closed_ledger().await;
    let odd = altered(&path, |writing| {
        writing.open_table(RECORDS)?.insert("r/a/c/odd", b"{\"open\":7}".as_slice())?;
        Ok(())
    })
    .await;
    assert!(refused(&path, &odd).await.to_string().contains("r/a/c/odd"));
}

#[tokio::test]
async fn a_notice_that_is_not_understood_is_refused_and_left_as_it_is() {
    let (_kept, path) = closed_ledger().await;
    let sound = std::fs::read(&path).unwrap();
    let other = page_about("c-1", "api").key.to_path();
    for (name, content) in [("odd", "{\"key\":7}".to_owned()), (&other, page_json("c-2"))] {
        std::fs::write(&path, &sound).unwrap();
        let at = name.to_owned();
        let odd = altered(&path, move |writing| {
            writing.open_table(NOTICES)?.insert(at.as_str(), content.as_bytes())?;
            Ok(())
        })
        .await;
        let error = refused(&path, &odd).await;
        assert!(error.to_string().contains(&format!("the notice {name} ")), "{error}");
        let error = FileStore::load_read_only(&path).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

fn page_json(communication: &str) -> String {
    serde_json::to_string(&page_about(communication, "api")).unwrap()
}

#[tokio::test]
async fn a_file_from_before_there_were_notices_takes_them() {
    let (_kept, path) = closed_ledger().await;
    let has_notices = |path: &Path| {
        let database = open::open_read_only(path).unwrap();
        let reading = database.begin_read().unwrap();
        reading.list_tables().unwrap().any(|table| table.name() == NOTICES.name())
    };
    assert!(!has_notices(&path), "such a file is what this version makes, too");
    let mut expected =
        ledger([(service("api"), record("first")), (service("web"), record("second"))]);
    assert_eq!(FileStore::load_read_only(&path).await.unwrap(), expected);

    let store = FileStore::open(&path).await.unwrap();
    assert_eq!(store.load().await.unwrap(), expected);
    store.save_page(&page_about("first", "api")).await.unwrap();
    expected.notices.insert(page_about("first", "api"));
    assert_eq!(FileStore::load_read_only(&path).await.unwrap(), expected, "beside the daemon");
    drop(store);
    assert!(has_notices(&path));
    assert_eq!(FileStore::open(&path).await.unwrap().load().await.unwrap(), expected);
}

#[tokio::test]
async fn two_weeks_of_daily_notices_for_5000_services_are_loaded_whole() {
    let (_kept, path) = directory();
    let store = FileStore::open(&path).await.unwrap();
    let names: Vec<_> = (0..5_000).map(|n| format!("service-{n}")).collect();
    let entities = names.iter().map(|name| Entity::Service("prd".into(), name.as_str().into()));
    let entities: Vec<_> = entities.collect();
    let pages: Vec<_> = (0..14)
        .flat_map(|day| {
            let parts = entities.chunks(NoticePage::ENTITIES_MAX).zip(0..);
            parts.map(move |(part, n)| page(&format!("day-{day}-{n}"), part.to_vec()))
        })
        .collect();
    assert_eq!(pages.len(), 14 * 13);
    store
        .write(move |writing| {
            let mut table = writing.open_table(NOTICES)?;
            for page in &pages {
                let bytes = serde_json::to_vec(page).unwrap();
                table.insert(page.key.to_path().as_str(), bytes.as_slice())?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let began = tokio::time::Instant::now();
    let notices = store.load().await.unwrap().notices;
    let took = began.elapsed();
    assert_eq!(notices.iter().map(|notice| notice.services.len()).collect::<Vec<_>>(), [5_000]);
    assert_eq!(notices.about(&service("service-4999")).all().count(), 1);
    // More than ten times what it takes; putting it together again for each page would take longer.
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn somebody_elses_redb_file_is_refused_and_left_as_it_is() {
    let (_kept, path) = directory();
    let database = Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    let theirs: TableDefinition<'_, u64, u64> = TableDefinition::new("theirs");
    writing.open_table(theirs).unwrap().insert(1, 2).unwrap();
    writing.commit().unwrap();
    drop(database);
    let content = std::fs::read(&path).unwrap();
    assert!(matches!(refused(&path, &content).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_file_that_was_made_and_never_filled_becomes_a_ledger() {
    let (_kept, path) = directory();
    for make in [
        |path: &Path| std::fs::write(path, b"").unwrap(),
        |path: &Path| drop(Database::create(path).unwrap()),
    ] {
        make(&path);
        let store = FileStore::open(&path).await.unwrap();
        store.save(&service("api"), &record("first")).await.unwrap();
        assert_eq!(store.load().await.unwrap().records.len(), 1);
    }
}

/// A file on a disk that is full while `full` is set.
#[derive(Debug)]
struct Disk {
    file: FileBackend,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> std::io::Result<()> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(std::io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.room().and_then(|()| self.file.set_len(len))
    }
    fn sync_data(&self) -> std::io::Result<()> {
        self.room().and_then(|()| self.file.sync_data())
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.room().and_then(|()| self.file.write(offset, data))
    }
    fn close(&self) -> std::io::Result<()> {
        self.file.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }
}

#[tokio::test]
async fn a_full_disk_is_reported_and_forgiven_once_there_is_room() {
    let (_kept, path) = closed_ledger().await;
    let full = Arc::new(AtomicBool::new(false));
    let (at, switch) = (path.clone(), Arc::clone(&full));
    let store = FileStore::with(&path, move || {
        let file = std::fs::File::options().read(true).write(true).open(&at).unwrap();
        let disk = Disk { file: FileBackend::new(file).unwrap(), full: Arc::clone(&switch) };
        Builder::new().create_with_backend(disk).map_err(|error| error_at(&at, error.into()))
    })
    .await
    .unwrap();

    full.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let error = store.save(&service("api"), &record("lost")).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
    }
    full.store(false, Ordering::Relaxed);
    store.save(&service("api"), &record("after")).await.unwrap();
    let expected = ledger([(service("api"), record("after")), (service("web"), record("second"))]);
    assert_eq!(store.load().await.unwrap(), expected);
    drop(store);
    assert_eq!(FileStore::open(&path).await.unwrap().load().await.unwrap(), expected);
}

/// The child's part of the test below: saves for ever, and says so after each save.
#[tokio::test]
async fn a_child_process_saves_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD_LEDGER) else { return };
    let store = FileStore::open(Path::new(&path)).await.unwrap();
    for n in 0.. {
        store.save(&service(&format!("service-{n}")), &record("kept")).await.unwrap();
        writeln!(std::io::stdout(), "saved {n}").unwrap();
    }
}

/// This test binary, started anew as the child of the test above; killed when dropped.
struct Saving {
    child: Child,
    /// Kept open: a child that cannot say what it saved would end, and close its file.
    said: Lines<BufReader<ChildStdout>>,
}

impl Saving {
    fn into(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::file::tests::a_child_process_saves_until_it_is_killed"])
            .env(CHILD_LEDGER, path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    fn wait_for(&mut self, count: usize) {
        let saves = self.said.by_ref().map(Result::unwrap).filter(|line| line.contains("saved "));
        assert_eq!(saves.take(count).count(), count, "the child ended early");
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_save_that_it_was_told_of() {
    let (_kept, path) = directory();
    for (round, count) in [20, 45].into_iter().enumerate() {
        let mut saving = Saving::into(&path);
        saving.wait_for(count);
        let seen = FileStore::load_read_only(&path).await.unwrap();
        assert!(seen.records.len() >= count, "round {round}: a reader beside another process");
        let refused = FileStore::open(&path).await.unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }), "round {round}: {refused}");
        drop(saving);

        let left = std::fs::read(&path).unwrap();
        let unclean = FileStore::load_read_only(&path).await.unwrap_err();
        assert!(matches!(unclean, StoreError::Unclean { .. }), "round {round}: {unclean}");
        assert!(std::fs::read(&path).unwrap() == left, "round {round}: reading changed the file");
        let records = FileStore::open(&path).await.unwrap().load().await.unwrap().records;
        for n in 0..count {
            assert_eq!(records[&service(&format!("service-{n}"))], record("kept"), "{round}");
        }
    }
}
