//! The share of the token buckets of ECS's API that this program may use, and of those of Elastic Load
//! Balancing and Amazon ECR.
//!
//! AWS keeps one bucket per category, account and region, and everything in the account draws from
//! it: deployments, consoles, other tools. Every call asks here first. Owns who may send next and
//! when; must not know what is sent.

mod bucket;
mod pace;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub use bucket::Limit;

use bucket::Bucket;

/// One of AWS's token buckets (Amazon ECS API reference, Request throttling; Elastic Load Balancing user
/// guide, Request throttling for the ELB API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    ServiceModify,
    ServiceRead,
    ServiceDeployment,
    ClusterResourceRead,
    ClusterRead,
    TaskProtection,
    TaskDefinitionRead,
    /// What Elastic Load Balancing reads.
    LoadBalancingRead,
    /// What Amazon ECR is asked about images.
    ImageRead,
}

impl Category {
    /// Every category.
    pub const ALL: &'static [Self] = &[
        Self::ServiceModify,
        Self::ServiceRead,
        Self::ServiceDeployment,
        Self::ClusterResourceRead,
        Self::ClusterRead,
        Self::TaskProtection,
        Self::TaskDefinitionRead,
        Self::LoadBalancingRead,
        Self::ImageRead,
    ];

    /// AWS's own figures for an account in one region.
    pub fn limit(self) -> Limit {
        match self {
            Self::ServiceModify => Limit { burst: 50.0, per_second: 5.0 },
            Self::ServiceRead | Self::ClusterResourceRead => {
                Limit { burst: 100.0, per_second: 20.0 }
            }
            Self::TaskProtection => Limit { burst: 200.0, per_second: 80.0 },
            Self::ServiceDeployment | Self::ClusterRead | Self::TaskDefinitionRead => {
                Limit { burst: 50.0, per_second: 20.0 }
            }
            Self::LoadBalancingRead => Limit { burst: 40.0, per_second: 10.0 },
            // Amazon ECR states no rate for what is read here; builds and deployments draw from it too.
            Self::ImageRead => Limit { burst: 40.0, per_second: 20.0 },
        }
    }
}

/// Who goes first when both wait for the same bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Reads before a start, proofs, and calls that change something.
    Urgent,
    /// The look at whole clusters.
    Look,
}

/// Hands out the right to send a call. Within a priority, first come, first served.
#[derive(Debug)]
pub struct Budget {
    started: Instant,
    share: Mutex<f64>,
    lanes: BTreeMap<Category, Mutex<Lane>>,
}

#[derive(Debug)]
struct Lane {
    bucket: Bucket,
    /// Who waits, in the order in which they will go; only the first may take a token.
    waiting: BTreeMap<(Priority, u64), Arc<Notify>>,
    next: u64,
}

impl Budget {
    /// Full buckets at `share` (above 0, at most 1) of what AWS allows.
    pub fn new(share: f64) -> Self {
        let lanes = Category::ALL.iter().map(|category| {
            let bucket = Bucket::new(category.limit(), share, Duration::ZERO);
            (*category, Mutex::new(Lane { bucket, waiting: BTreeMap::new(), next: 0 }))
        });
        Self { started: Instant::now(), share: Mutex::new(share), lanes: lanes.collect() }
    }

    /// Waits until one call may be sent. Giving up by dropping the future costs no token.
    pub async fn acquire(&self, category: Category, priority: Priority) {
        let turn = Turn::join(self, category, priority);
        loop {
            match turn.try_take() {
                Grant::Taken => return,
                Grant::NotFirst => turn.wake.notified().await,
                Grant::Wait(span) => tokio::select! {
                    biased;
                    () = turn.wake.notified() => {}
                    () = tokio::time::sleep(span) => {}
                },
            }
        }
    }

    /// Charges for a call that the SDK sent again by itself.
    pub fn debit(&self, category: Category) {
        let now = self.now();
        self.lane(category).bucket.debit(1.0, now);
    }

    /// Slows a category down because AWS throttled one of its calls.
    pub fn throttled(&self, category: Category) {
        let now = self.now();
        self.lane(category).bucket.throttled(now, fastrand::f64());
    }

    /// The share of what AWS allows that may be used.
    pub fn share(&self) -> f64 {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the share of every bucket from now on.
    pub fn set_share(&self, share: f64) {
        let now = self.now();
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) = share;
        for category in Category::ALL {
            let mut lane = self.lane(*category);
            lane.bucket.set_share(share, now);
            lane.wake_first();
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn lane(&self, category: Category) -> MutexGuard<'_, Lane> {
        let lane = self.lanes.get(&category).expect("every category has its lane");
        lane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn wake_first(&self) {
        if let Some(wake) = self.waiting.values().next() {
            wake.notify_one();
        }
    }
}

enum Grant {
    Taken,
    NotFirst,
    Wait(Duration),
}

/// A place in a lane. Leaving it, served or not, wakes whoever is first then.
struct Turn<'a> {
    budget: &'a Budget,
    category: Category,
    place: (Priority, u64),
    wake: Arc<Notify>,
}

impl<'a> Turn<'a> {
    fn join(budget: &'a Budget, category: Category, priority: Priority) -> Self {
        let mut lane = budget.lane(category);
        let place = (priority, lane.next);
        let wake = Arc::new(Notify::new());
        lane.next += 1;
        lane.waiting.insert(place, Arc::clone(&wake));
        Self { budget, category, place, wake }
    }

    fn try_take(&self) -> Grant {
        let now = self.budget.now();
        let mut lane = self.budget.lane(self.category);
        if lane.waiting.keys().next() != Some(&self.place) {
            return Grant::NotFirst;
        }
        match lane.bucket.take(1.0, now) {
            Ok(()) => Grant::Taken,
            Err(span) => Grant::Wait(span),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut lane = self.budget.lane(self.category);
        lane.waiting.remove(&self.place);
        lane.wake_first();
    }
}

#[cfg(test)]
mod tests;
