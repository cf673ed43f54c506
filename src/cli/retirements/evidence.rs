//! The evidence of what became of a notice, in the form in which it goes out.

use serde::Serialize;

use crate::http::Stamp;
use crate::metrics::Label;
use crate::plan::fleet::TaskId;
use crate::plan::notice::{Ended, Raised, Retirement, TaskSample};

/// What is remembered of one notice for one service.
#[derive(Debug, Serialize)]
pub struct EvidenceView {
    noticed_at: Stamp,
    before: SampleView,
    raised: Option<RaisedView>,
    ended: Option<EndedView>,
}

#[derive(Debug, Serialize)]
struct RaisedView {
    cutoff: Stamp,
    task: TaskId,
    stopped_at: Stamp,
}

#[derive(Debug, Serialize)]
struct EndedView {
    by: &'static str,
    at: Stamp,
    after: SampleView,
}

/// Not all tasks of a large service are named: `count` says how many there were.
#[derive(Debug, Serialize)]
struct SampleView {
    count: u32,
    tasks: Vec<SampledTask>,
}

#[derive(Debug, Serialize)]
struct SampledTask {
    task: TaskId,
    created_at: Stamp,
}

impl EvidenceView {
    pub fn new(known: &Retirement) -> Self {
        let raised = |raised: &Raised| RaisedView {
            cutoff: Stamp(raised.cutoff),
            task: raised.task,
            stopped_at: Stamp(raised.stopped_at),
        };
        let ended = |ended: &Ended| EndedView {
            by: ended.by.label(),
            at: Stamp(ended.at),
            after: SampleView::new(&ended.after),
        };
        Self {
            noticed_at: Stamp(known.noticed_at),
            before: SampleView::new(&known.before),
            raised: known.raised.as_ref().map(raised),
            ended: known.ended.as_ref().map(ended),
        }
    }
}

impl SampleView {
    fn new(sample: &TaskSample) -> Self {
        let task = |(task, created_at): &(TaskId, _)| SampledTask {
            task: *task,
            created_at: Stamp(*created_at),
        };
        Self { count: sample.count, tasks: sample.tasks.iter().map(task).collect() }
    }
}
