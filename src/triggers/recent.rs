//! What was seen lately, bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Remembers something about the newest names, and forgets the oldest ones.
#[derive(Debug)]
pub(super) struct Recent<T> {
    known: BTreeMap<Arc<str>, T>,
    /// In the order in which they came.
    order: VecDeque<Arc<str>>,
    limit: usize,
}

impl<T> Recent<T> {
    /// At most `limit` names.
    pub(super) fn new(limit: usize) -> Self {
        Self { known: BTreeMap::new(), order: VecDeque::new(), limit }
    }

    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.known.get(name)
    }

    /// Remembers `value` of `name` in place of what was known. Whether the name is new.
    pub(super) fn insert(&mut self, name: &str, value: T) -> bool {
        if let Some(known) = self.known.get_mut(name) {
            *known = value;
            return false;
        }
        if self.order.len() >= self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let name: Arc<str> = name.into();
        self.order.push_back(Arc::clone(&name));
        self.known.insert(name, value);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_name_is_forgotten_first() {
        let mut recent = Recent::new(2);
        assert!(recent.insert("a", 1));
        assert!(recent.insert("b", 1));
        assert!(!recent.insert("a", 2));
        assert!(recent.insert("c", 1));
        assert_eq!((recent.get("a"), recent.get("b"), recent.get("c")), (None, Some(&1), Some(&1)));
        assert_eq!((recent.known.len(), recent.order.len()), (2, 2));
    }
}
