//! DescribeServices behind a listing: full batches as soon as there are enough names for one.

use std::collections::{BTreeMap, BTreeSet};

use super::CALLS_UNDER_WAY;
use super::denied::{Ask, Denied};
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::ecs::{DESCRIBE_SERVICES_MAX, ServiceReading};
use crate::aws::pool::Pool;
use crate::plan::fleet::{ProblemClass, Reading};
use crate::plan::key::{ClusterKey, ServiceKey};

/// Describes the services that are added to it. Calls run while more are being added.
pub(super) struct Describing<'a> {
    ecs: &'a Ecs,
    denied: &'a Denied,
    priority: Priority,
    closely: bool,
    added: BTreeSet<ServiceKey>,
    waiting: BTreeMap<ClusterKey, Vec<ServiceKey>>,
    pool: Pool<Vec<ServiceReading>>,
    read: Vec<ServiceReading>,
}

impl<'a> Describing<'a> {
    pub(super) fn new(ecs: &'a Ecs, denied: &'a Denied, priority: Priority) -> Self {
        Self {
            ecs,
            denied,
            priority,
            closely: false,
            added: BTreeSet::new(),
            waiting: BTreeMap::new(),
            pool: Pool::new(CALLS_UNDER_WAY),
            read: Vec::new(),
        }
    }

    /// For services that were asked for by name. Keeps their events too, which a look at thousands
    /// has no room for, and takes no remembered denial for an answer: a refresh under way must be
    /// seen again as soon as it may be, and an old answer would be asked for again at once.
    pub(super) fn closely(mut self) -> Self {
        self.closely = true;
        self
    }

    /// Adds a service, unless it was added before.
    pub(super) async fn add(&mut self, key: ServiceKey) {
        if !self.added.insert(key.clone()) {
            return;
        }
        match self.denied.how_to_ask(&key, self.ecs.clock().now()) {
            Ask::Not(problem) if !self.closely => {
                let reading = Reading::Failed(problem);
                self.read.push(ServiceReading { key, reading, events: Vec::new() });
            }
            Ask::Not(_) | Ask::Alone => self.start(vec![key]).await,
            Ask::Together => {
                let waiting = self.waiting.entry(key.cluster().clone()).or_default();
                waiting.push(key);
                if waiting.len() == DESCRIBE_SERVICES_MAX {
                    let batch = std::mem::take(waiting);
                    self.start(batch).await;
                }
            }
        }
    }

    /// Waits for the rest. There is one reading for each service that was added, in no order.
    pub(super) async fn finish(mut self) -> Vec<ServiceReading> {
        for batch in std::mem::take(&mut self.waiting).into_values().filter(|b| !b.is_empty()) {
            self.start(batch).await;
        }
        while let Some(done) = self.pool.next().await {
            self.absorb(done);
        }
        self.read
    }

    async fn start(&mut self, batch: Vec<ServiceKey>) {
        let work = describe(self.ecs.clone(), batch, self.priority);
        if let Some(done) = self.pool.start(work).await {
            self.absorb(done);
        }
    }

    fn absorb(&mut self, done: Vec<ServiceReading>) {
        for mut one in done {
            self.denied.learn(&one.key, &one.reading);
            if !self.closely {
                one.events = Vec::new();
            }
            self.read.push(one);
        }
    }
}

/// Describes services of one cluster. What may be the fault of one of them makes each be asked
/// about alone, so that it hides no other.
async fn describe(ecs: Ecs, batch: Vec<ServiceKey>, priority: Priority) -> Vec<ServiceReading> {
    let Some(cluster) = batch.first().map(|key| key.cluster().clone()) else { return Vec::new() };
    let sent = ecs.describe_services(&cluster, &batch, priority).await;
    let problem = match sent.result {
        Ok(readings) => return readings,
        Err(problem) => problem,
    };
    if batch.len() > 1 && may_concern_one(problem.class) {
        let mut readings = Vec::with_capacity(batch.len());
        for key in batch {
            readings.extend(Box::pin(describe(ecs.clone(), vec![key], priority)).await);
        }
        return readings;
    }
    let reading = match problem.class {
        ProblemClass::NotFound => Reading::Gone(sent.at),
        _ => Reading::Failed(problem),
    };
    let failed = |key| ServiceReading { key, reading: reading.clone(), events: Vec::new() };
    batch.into_iter().map(failed).collect()
}

fn may_concern_one(class: ProblemClass) -> bool {
    matches!(class, ProblemClass::Denied | ProblemClass::Invalid | ProblemClass::NotFound)
}
