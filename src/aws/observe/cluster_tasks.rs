//! The tasks of a whole cluster: DescribeTasks runs behind ListTasks, for unknown tasks only.

use std::collections::BTreeSet;

use super::{CALLS_UNDER_WAY, Observer};
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::ecs::{DESCRIBE_TASKS_MAX, DescribedTasks, ListTasks, PAGES_MAX, SeenTask};
use crate::aws::operation::Operation;
use crate::aws::pool::Pool;
use crate::plan::fleet::{ClusterTasks, Problem, ProblemClass, TaskId};
use crate::plan::key::ClusterKey;

/// Tasks being described, and what went wrong with any of them.
struct Describing {
    ecs: Ecs,
    cluster: ClusterKey,
    waiting: Vec<TaskId>,
    pool: Pool<Result<DescribedTasks<SeenTask>, Problem>>,
    read: Vec<SeenTask>,
    problem: Option<Problem>,
}

impl Observer {
    /// The tasks of the cluster's services, and the first thing that went wrong. No tasks at all
    /// when not even the first page could be listed.
    pub(super) async fn cluster_tasks(
        &self,
        cluster: &ClusterKey,
    ) -> (Option<ClusterTasks>, Option<Problem>) {
        let mut describing = Describing::new(self.ecs.clone(), cluster.clone());
        let mut listed = BTreeSet::new();
        let mut listed_at = None;
        let mut token = None;
        let mut listing = Err(self.endless(Operation::ListTasks));
        for _ in 0..PAGES_MAX {
            let what = ListTasks::Cluster(cluster);
            let sent = self.ecs.list_tasks_page(what, token, Priority::Look).await;
            match sent.result {
                Err(problem) => {
                    listing = Err(problem);
                    break;
                }
                Ok(page) => {
                    listed_at.get_or_insert(sent.at);
                    // A task may slip from one page to the next while pages are read.
                    let new: Vec<_> =
                        page.items.into_iter().filter(|id| listed.insert(*id)).collect();
                    describing.add(self.tasks.unknown(cluster, &new)).await;
                    token = page.next;
                }
            }
            if token.is_none() {
                listing = Ok(());
                break;
            }
        }
        let described = describing.finish().await;
        let problem = listing.clone().err().or(described.1);
        let Some(listed_at) = listed_at else {
            if problem.as_ref().is_some_and(|problem| problem.class == ProblemClass::NotFound) {
                self.tasks.forget(cluster);
            }
            return (None, problem);
        };
        let (by_service, running) =
            self.tasks.settle(cluster, &listed, described.0, listing.is_ok());
        let complete = problem.is_none();
        (Some(ClusterTasks { listed_at, complete, by_service, running }), problem)
    }
}

impl Describing {
    fn new(ecs: Ecs, cluster: ClusterKey) -> Self {
        Self {
            ecs,
            cluster,
            waiting: Vec::new(),
            pool: Pool::new(CALLS_UNDER_WAY),
            read: Vec::new(),
            problem: None,
        }
    }

    async fn add(&mut self, ids: Vec<TaskId>) {
        self.waiting.extend(ids);
        while self.waiting.len() >= DESCRIBE_TASKS_MAX {
            let batch = self.waiting.drain(..DESCRIBE_TASKS_MAX).collect();
            self.start(batch).await;
        }
    }

    async fn finish(mut self) -> (Vec<SeenTask>, Option<Problem>) {
        let rest = std::mem::take(&mut self.waiting);
        if !rest.is_empty() {
            self.start(rest).await;
        }
        while let Some(done) = self.pool.next().await {
            self.absorb(done);
        }
        (self.read, self.problem)
    }

    async fn start(&mut self, batch: Vec<TaskId>) {
        let ecs = self.ecs.clone();
        let cluster = self.cluster.clone();
        let work = async move { ecs.describe_tasks(&cluster, &batch, Priority::Look).await };
        if let Some(done) = self.pool.start(work).await {
            self.absorb(done);
        }
    }

    fn absorb(&mut self, done: Result<DescribedTasks<SeenTask>, Problem>) {
        match done {
            Ok(described) => {
                self.read.extend(described.tasks);
                self.problem = self.problem.take().or(described.problem);
            }
            Err(problem) => self.problem = self.problem.take().or(Some(problem)),
        }
    }
}
