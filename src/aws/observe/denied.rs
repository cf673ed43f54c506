//! Services that the identity may not describe.
//!
//! AWS authorizes DescribeServices per service, and one that is denied costs the whole call its
//! answer. So such a service is asked about alone and seldom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass, Reading};
use crate::plan::key::{ClusterKey, ServiceKey};

/// How long a denial is believed before AWS is asked again.
const BELIEVED_FOR: TimeDelta = TimeDelta::hours(1);

/// The denials met so far.
#[derive(Debug, Default)]
pub(super) struct Denied(Mutex<BTreeMap<ServiceKey, Problem>>);

/// How to ask about a service.
pub(super) enum Ask {
    /// Together with others.
    Together,
    /// In a call of its own.
    Alone,
    /// Not now: this is still the answer.
    Not(Problem),
}

impl Denied {
    pub(super) fn how_to_ask(&self, key: &ServiceKey, now: Time) -> Ask {
        match self.lock().get(key) {
            None => Ask::Together,
            Some(problem) if now - problem.at < BELIEVED_FOR => Ask::Not(problem.clone()),
            Some(_) => Ask::Alone,
        }
    }

    /// Takes in what came of a call about this service alone, or of one that denied nothing.
    pub(super) fn learn(&self, key: &ServiceKey, reading: &Reading) {
        match reading {
            Reading::Failed(problem) if problem.class == ProblemClass::Denied => {
                self.lock().insert(key.clone(), problem.clone());
            }
            Reading::Failed(_) => {}
            Reading::Described(_) | Reading::Gone(_) => {
                self.lock().remove(key);
            }
        }
    }

    /// Forgets services of a cluster that are not among all those `listed`.
    pub(super) fn retain_listed(&self, cluster: &ClusterKey, listed: &BTreeSet<ServiceKey>) {
        self.lock().retain(|key, _| key.cluster() != cluster || listed.contains(key));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServiceKey, Problem>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
