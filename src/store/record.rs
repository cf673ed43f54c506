//! The stored form of a record, of a notice's page and of an attempt's evidence: JSON, of bounded
//! size.
//!
//! With 500 tasks in its open attempt and 500 in its last one, a record takes about 23 kB, nearly
//! all of it task ids.

use super::StoreError;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Record;
use crate::plan::notice::NoticePage;

/// The largest record or page that any store takes, in bytes of JSON.
///
/// A DynamoDB item ends at 400 KB with its keys ("Quotas in Amazon DynamoDB"), and what one store
/// accepts the others must accept. Two attempts with the 5,000 tasks that a service may have
/// ("Amazon ECS service quotas") stay far below it, with what became of the last notices beside them.
pub const RECORD_BYTES_MAX: usize = 390_000;

/// The bytes to store for `record`.
pub(super) fn encode(service: &ServiceKey, record: &Record) -> Result<Vec<u8>, StoreError> {
    let bytes = serde_json::to_vec(record).map_err(|source| StoreError::Unwritable {
        service: service.clone(),
        reason: source.to_string(),
    })?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(StoreError::RecordTooLarge { service: service.clone(), bytes: bytes.len() });
    }
    Ok(bytes)
}

/// The bytes to store for `page`.
pub(super) fn encode_page(page: &NoticePage) -> Result<Vec<u8>, StoreError> {
    let name = page.key.to_path();
    let bytes = serde_json::to_vec(page).map_err(|source| StoreError::PageUnwritable {
        page: name.clone(),
        reason: source.to_string(),
    })?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(StoreError::PageTooLarge { page: name, bytes: bytes.len() });
    }
    Ok(bytes)
}

/// The bytes to store for `evidence`.
pub(super) fn encode_evidence(evidence: &Evidence) -> Result<Vec<u8>, StoreError> {
    let attempt = &evidence.finished.attempt.id;
    let bytes = serde_json::to_vec(evidence).map_err(|source| StoreError::EvidenceUnwritable {
        attempt: attempt.clone(),
        reason: source.to_string(),
    })?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(StoreError::EvidenceTooLarge { attempt: attempt.clone(), bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Reads one piece of history back; in words, what is wrong with it otherwise.
pub(super) fn decode_evidence(path: &str, bytes: &[u8]) -> Result<Evidence, String> {
    let evidence: Evidence = serde_json::from_slice(bytes)
        .map_err(|error| format!("the history of {path} cannot be read: {error}"))?;
    match evidence.finished.attempt.service.to_path() == path {
        true => Ok(evidence),
        false => Err(format!("the history of {path} is about another service")),
    }
}

/// Reads one stored page back; in words, what is wrong with it otherwise.
pub(super) fn decode_page(path: &str, bytes: &[u8]) -> Result<NoticePage, String> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(format!("the notice {path} has {} bytes", bytes.len()));
    }
    let page: NoticePage = serde_json::from_slice(bytes)
        .map_err(|error| format!("the notice {path} cannot be read: {error}"))?;
    match page.key.to_path() == path {
        true => Ok(page),
        false => Err(format!("the notice {path} calls itself {}", page.key.to_path())),
    }
}

/// Reads one stored item back; in words, what is wrong with it otherwise.
pub(super) fn decode(path: &str, bytes: &[u8]) -> Result<(ServiceKey, Record), String> {
    let service = ServiceKey::from_path(path)
        .ok_or_else(|| format!("{path:?} is not the name of a service"))?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(format!("the record of {path} has {} bytes", bytes.len()));
    }
    let record = serde_json::from_slice(bytes)
        .map_err(|error| format!("the record of {path} cannot be read: {error}"))?;
    Ok((service, record))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::contract::{page, page_about, record_with_tasks, retirements, service};
    use super::*;
    use crate::plan::evidence::TaskList;
    use crate::plan::fleet::TaskId;
    use crate::plan::notice::{Entity, Owner, Retirement};

    /// The same record as form 1 had it: without what came later.
    pub fn as_form_1(mut record: Record) -> Record {
        record.ended = 0;
        if let Some(last) = &mut record.last {
            (last.finding, last.attempt.rescue) = (None, None);
        }
        if let Some(open) = &mut record.open {
            open.rescue = None;
        }
        record
    }

    #[test]
    fn a_record_with_500_tasks_stays_small() {
        let record = record_with_tasks("first", 500);
        let bytes = encode(&service("api"), &record).unwrap();
        assert!((21_000..25_000).contains(&bytes.len()), "{}", bytes.len());
        assert_eq!(decode(&service("api").to_path(), &bytes), Ok((service("api"), record)));
    }

    #[test]
    fn the_largest_service_that_ecs_allows_fits() {
        let mut record = record_with_tasks("first", 5_000);
        record.retirements = retirements(Retirement::KEPT_MAX);
        // Three reasons and three events, each of the longest text that is kept of AWS's.
        let why = "x".repeat(6 * 330);
        record.open.as_mut().unwrap().rescue.as_mut().unwrap().why = why.clone();
        record.last.as_mut().unwrap().diagnosis = why;
        let bytes = encode(&service("api"), &record).unwrap();
        assert!(bytes.len() < 270_000, "{}", bytes.len());

        let finished = record.last.unwrap();
        let tasks = vec![(TaskId::plain(u128::MAX), Some(finished.finished_at)); 5_000];
        let list = || TaskList { count: 5_000, tasks: tasks.clone() };
        let evidence = Evidence::new(0, finished, list(), list(), BTreeMap::new());
        let bytes = encode_evidence(&evidence).unwrap();
        assert!(bytes.len() < 160_000, "{}", bytes.len());
    }

    #[test]
    fn a_record_of_before_ids_were_packed_is_read() {
        let text = include_str!("../../tests/contract/record-form-1.json");
        let (_, read) = decode(&service("api").to_path(), text.as_bytes()).unwrap();
        let full = Record { retirements: retirements(1), ..record_with_tasks("first", 3) };
        let expected = as_form_1(full);
        assert_eq!(read, expected);
        assert!(encode(&service("api"), &read).unwrap().len() < text.len());
    }

    #[test]
    fn the_longest_names_that_ecs_allows_fit_into_a_page() {
        let longest = |len: usize| -> Arc<str> { "x".repeat(len).into() };
        let (name, id) = (longest(255), TaskId::parse(&"f-".repeat(32)).unwrap());
        let task = |owner| Entity::Task { cluster: Some(name.clone()), id, owner: Some(owner) };
        for entity in [
            Entity::Service(name.clone(), name.clone()),
            task(Owner::Service(name.clone())),
            task(Owner::Standalone {
                started_by: Some(longest(Owner::STARTED_BY_MAX)),
                group: Some(longest(Owner::GROUP_MAX)),
            }),
        ] {
            let mut page = page("first", vec![entity; NoticePage::ENTITIES_MAX]);
            page.key.event.arn = longest(1_600);
            page.not_understood = vec!["y".repeat(1_000); 50];
            let bytes = encode_page(&page).unwrap();
            assert_eq!(decode_page(&page.key.to_path(), &bytes), Ok(page));
        }
    }

    #[test]
    fn what_is_not_a_page_says_so() {
        let page = page_about("first", "api");
        let (path, bytes) = (page.key.to_path(), encode_page(&page).unwrap());
        for (path, bytes) in [
            (path.as_str(), b"nonsense".as_slice()),
            (path.as_str(), b"{}"),
            ("1/first/0/arn:other", &bytes),
            (path.as_str(), &vec![b' '; RECORD_BYTES_MAX + 1]),
        ] {
            let error = decode_page(path, bytes).unwrap_err();
            assert!(error.contains(&format!("the notice {path}")), "{error}");
        }
    }

    #[test]
    fn an_absurd_record_is_neither_written_nor_read() {
        let record = record_with_tasks("first", 50_000);
        let error = encode(&service("api"), &record).unwrap_err();
        assert!(matches!(error, StoreError::RecordTooLarge { .. }), "{error}");

        let bytes = serde_json::to_vec(&record).unwrap();
        assert!(decode(&service("api").to_path(), &bytes).unwrap_err().contains("bytes"));
    }

    #[test]
    fn what_is_not_a_record_says_so() {
        for (path, bytes) in [("api", "{}"), ("r/a/c/api", "nonsense"), ("r/a/c/api", "{}")] {
            assert!(decode(path, bytes.as_bytes()).unwrap_err().contains("api"), "{path} {bytes}");
        }
    }
}
