//! Single items, written under the condition that they are as this handle knows them.
//!
//! Each write has a name of its own, which the item keeps. A refused write is told by it: when the
//! item has the name of that very write, its reply was lost and it was sent again; when it has the
//! name of an earlier one whose fate nobody knew, that fate is known now and the write is repeated on
//! top of it; any other name is somebody else's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::TableError;
use super::layout::{VERSION, WRITER, number, text};
use crate::aws::{Attribute, Attributes, Condition, ItemKey, Table, WriteResult};
use crate::store::StoreError;

/// So many writes of one item may be in doubt at a time. After so many failures the oldest is
/// forgotten: should it be the one that counted, it is taken for somebody else's, and the ledger is
/// loaded again.
const DOUBTS_MAX: usize = 64;

/// What this handle knows of the items.
#[derive(Debug, Default)]
pub struct Known {
    items: Mutex<HashMap<ItemKey, Slot>>,
}

/// What is known of one item. Held while it is written: two writes of one item are one after another.
type Slot = Arc<tokio::sync::Mutex<State>>;

#[derive(Debug, Default)]
pub struct State {
    /// The name of the write that made the item, empty where the item has none; absent where there
    /// is no item.
    writer: Option<String>,
    version: i64,
    /// The names of writes whose fate is not known.
    doubts: Vec<String>,
    /// Whether there is a removal whose fate is not known.
    is_removal_in_doubt: bool,
}

impl Known {
    fn items(&self) -> MutexGuard<'_, HashMap<ItemKey, Slot>> {
        // Nothing that holds the lock leaves the map half changed.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of one item.
    pub fn slot(&self, key: &ItemKey) -> Slot {
        Arc::clone(self.items().entry(key.clone()).or_default())
    }

    /// Forgets everything for what was loaded. A write that is still under way belongs to what was
    /// known before: if it is carried out after the load, the next write is in conflict with it.
    pub fn replace(&self, loaded: impl IntoIterator<Item = (ItemKey, State)>) {
        let slots =
            loaded.into_iter().map(|(key, state)| (key, Arc::new(tokio::sync::Mutex::new(state))));
        *self.items() = slots.collect();
    }
}

impl State {
    /// What an item says of itself.
    pub fn of(attributes: &Attributes) -> Self {
        Self {
            // An item that was made by hand has none.
            writer: Some(text(attributes, WRITER).unwrap_or_default().to_owned()),
            version: number(attributes, VERSION).unwrap_or_default(),
            ..Self::default()
        }
    }

    fn condition(&self) -> Condition {
        match &self.writer {
            Some(writer) => {
                let named = Some(writer).filter(|writer| !writer.is_empty());
                Condition::Has(vec![(WRITER, named.cloned().map(Attribute::Text))])
            }
            None => Condition::Absent,
        }
    }

    fn doubt(&mut self, writer: String) {
        if self.doubts.len() == DOUBTS_MAX {
            self.doubts.remove(0);
        }
        self.doubts.push(writer);
    }

    /// Whether what is there now is the work of a write or removal in doubt; then that is settled.
    fn settle(&mut self, there: Option<&Attributes>) -> bool {
        let found = there.map(Self::of).unwrap_or_default();
        let is_ours = match &found.writer {
            Some(writer) => self.doubts.contains(writer),
            None => self.is_removal_in_doubt && self.writer.is_some(),
        };
        if is_ours {
            self.doubts.retain(|doubt| Some(doubt) != found.writer.as_ref());
            (self.writer, self.version) = (found.writer, found.version);
        }
        is_ours
    }
}

/// Replaces one item.
pub async fn put(
    table: &Table,
    key: &ItemKey,
    slot: Slot,
    mut attributes: Attributes,
    name: String,
) -> Result<(), StoreError> {
    let mut state = slot.lock_owned().await;
    let writer = format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
    attributes.insert(WRITER.to_owned(), Attribute::Text(writer.clone()));
    loop {
        let version = state.version.saturating_add(1);
        attributes.insert(VERSION.to_owned(), Attribute::Number(version));
        let there = match table.put(key, &attributes, &state.condition()).await {
            Ok(WriteResult::Done) => None,
            Ok(WriteResult::Refused(there)) => Some(there),
            Err(problem) => {
                state.doubt(writer);
                return Err(TableError::from_problem(table, problem));
            }
        };
        let is_done = there.as_ref().is_none_or(|there| {
            there.as_ref().and_then(|there| text(there, WRITER)) == Some(writer.as_str())
        });
        if is_done {
            *state = State { writer: Some(writer), version, ..State::default() };
            return Ok(());
        }
        // Each round settles one doubt, so that this ends.
        if !state.settle(there.flatten().as_ref()) {
            return Err(StoreError::Conflict { item: name });
        }
    }
}

/// Removes one item; it may be gone already.
pub async fn remove(
    table: &Table,
    key: &ItemKey,
    slot: Slot,
    name: String,
) -> Result<(), StoreError> {
    let mut state = slot.lock_owned().await;
    loop {
        match table.delete(key, &state.condition()).await {
            Ok(WriteResult::Done | WriteResult::Refused(None)) => {
                *state = State::default();
                return Ok(());
            }
            Ok(WriteResult::Refused(there)) if state.settle(there.as_ref()) => {}
            Ok(WriteResult::Refused(_)) => return Err(StoreError::Conflict { item: name }),
            Err(problem) => {
                state.is_removal_in_doubt = true;
                return Err(TableError::from_problem(table, problem));
            }
        }
    }
}
