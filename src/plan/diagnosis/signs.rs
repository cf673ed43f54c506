//! What single tasks that stopped and single events tell.

use super::finding::Finding;
use super::texts;
use crate::clock::Time;
use crate::plan::fleet::{StoppedContainer, StoppedTask};

/// Something that tells of a cause, and when it happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sign {
    pub(super) at: Option<Time>,
    pub(super) finding: Finding,
}

/// SIGTERM and SIGKILL, as containers end that ECS stops because another one has ended.
const STOPPED_BY_ECS: [i32; 2] = [143, 137];

/// Why a task stopped, unless it was told to, or nobody knows.
pub(super) fn of_task(task: &StoppedTask) -> Option<Sign> {
    if is_told_to(task) {
        return None;
    }
    let of_containers = || task.containers.iter().filter_map(|one| one.reason.as_deref());
    let mut texts = task.reason.as_deref().into_iter().chain(of_containers());
    let finding = texts
        .find_map(texts::read)
        .or_else(|| interrupted(task))
        .or_else(|| exited(task).then(|| of_exit(&task.containers)))?;
    Some(Sign { at: task.stopped_at, finding })
}

/// Whether it stopped because the deployment replaced it, or AWS retired it.
pub(super) fn is_told_to(task: &StoppedTask) -> bool {
    let replaced = |reason: &String| reason.to_lowercase().starts_with("scaling activity");
    task.reason.as_ref().is_some_and(replaced) || task.is_retired()
}

fn interrupted(task: &StoppedTask) -> Option<Finding> {
    let said = texts::quote(task.reason.as_deref().unwrap_or("Spot interruption"));
    (task.code.as_deref() == Some("SpotInterruption"))
        .then_some(Finding::NoCapacity { spot: true, said })
}

/// Tasks that the scheduler stops have containers with exit codes too, which say nothing.
fn exited(task: &StoppedTask) -> bool {
    let says = |reason: &str| reason.to_lowercase().contains("essential container in task exited");
    match task.code.as_deref() {
        Some(code) => code == "EssentialContainerExited",
        None => task.reason.as_deref().is_some_and(says),
    }
}

/// Which container is essential is not told here. The one that ended first took the others with it.
fn of_exit(containers: &[StoppedContainer]) -> Finding {
    let rank = |one: &&StoppedContainer| {
        let out_of_memory =
            one.reason.as_ref().is_some_and(|reason| reason.starts_with("OutOfMemory"));
        match one.exit_code {
            _ if out_of_memory => 0,
            Some(code) if code != 0 && !STOPPED_BY_ECS.contains(&code) => 1,
            Some(137) => 2,
            Some(0) => 3,
            Some(_) => 4,
            None => 5,
        }
    };
    let ended = containers.iter().min_by_key(rank);
    Finding::ContainerExit {
        container: ended.map(|one| texts::quote(&one.name)).filter(|name| !name.is_empty()),
        exit_code: ended.and_then(|one| one.exit_code),
        said: ended.and_then(|one| one.reason.as_deref()).map(texts::quote),
    }
}
