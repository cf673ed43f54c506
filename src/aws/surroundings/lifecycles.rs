//! GetLifecyclePolicy: what a repository does with its images, and how many images a rule counts.

use std::collections::BTreeMap;

use super::pass::{Answer, Pass};
use super::policy_text::parse;
use super::registry::{NO_POLICY, Registry};
use crate::aws::operation::Operation;
use crate::aws::pool::Pool;
use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::preflight::selects;
use crate::plan::surroundings::{
    Image, ImageStatus, Known, Lifecycle, LifecycleLimit, LifecycleRule, Repository, TagSelection,
};

/// So many repositories are asked about at once.
const REPOSITORIES_AT_ONCE: usize = 4;

/// So many pages of a thousand images are counted. What has more of them is not known to be kept.
const PAGES_MAX: usize = 5;

type Read = BTreeMap<Repository, Known<Lifecycle>>;

/// Reads lifecycle policies: each repository may be allowed or denied by itself.
pub(super) async fn read(registry: &Registry, repositories: &[Repository], pass: Pass) -> Read {
    let (mut pool, mut read) = (Pool::new(REPOSITORIES_AT_ONCE), Read::new());
    for repository in repositories.iter().cloned() {
        let registry = registry.clone();
        let reading = async move {
            let known = read_one(&registry, &repository, pass).await;
            (repository, known)
        };
        read.extend(pool.start(reading).await);
    }
    while let Some(one) = pool.next().await {
        read.extend([one]);
    }
    read
}

async fn read_one(registry: &Registry, repository: &Repository, pass: Pass) -> Known<Lifecycle> {
    let Answer { at, result } = registry.lifecycle_text(repository, pass).await;
    let text = match result {
        Ok(Some(text)) => text,
        Ok(None) => return Known { read_at: at, value: Ok(Lifecycle::default()) },
        Err(fault) if fault.is(NO_POLICY) => {
            return Known { read_at: at, value: Ok(Lifecycle::default()) };
        }
        Err(fault) => return Known { read_at: at, value: Err(fault.problem) },
    };
    let mut rules = match parse(&text) {
        Ok(rules) => rules,
        Err(why) => return Known { read_at: at, value: Err(garbage(why, at)) },
    };
    if rules.iter().any(counts)
        && let Err((at, problem)) = count(registry, repository, &mut rules, pass).await
    {
        return Known { read_at: at, value: Err(problem) };
    }
    Known { read_at: at, value: Ok(Lifecycle { rules }) }
}

fn garbage(why: String, at: Time) -> Problem {
    let operation = Operation::GetLifecyclePolicy.name().to_owned();
    Problem { operation, class: ProblemClass::Invalid, message: why, at }
}

fn counts(rule: &LifecycleRule) -> bool {
    let known = !matches!(rule.selects, TagSelection::Unknown(_));
    known && matches!(rule.limit, LifecycleLimit::CountMoreThan(_))
}

/// Lists the repository once, for all rules that count. Where it has more images than are listed nothing
/// is known of any of them.
///
/// # Errors
/// When a page could not be read, and when that was tried.
async fn count(
    registry: &Registry,
    repository: &Repository,
    rules: &mut [LifecycleRule],
    pass: Pass,
) -> Result<(), (Time, Problem)> {
    let mut counted: Vec<_> = rules.iter().map(|rule| counts(rule).then(Vec::new)).collect();
    let mut token = None;
    for page in 1..=PAGES_MAX {
        let Answer { at, result } = registry.page(repository, token, pass).await;
        let images = result.map_err(|fault| (at, fault.problem))?;
        for (rule, counted) in rules.iter().zip(&mut counted) {
            take(rule, &images.items, counted);
        }
        token = images.next;
        match token {
            None => break,
            Some(_) if page == PAGES_MAX => return Ok(()),
            Some(_) => {}
        }
    }
    for (rule, mut counted) in rules.iter_mut().zip(counted) {
        if let Some(times) = &mut counted {
            times.sort_unstable_by(|one, other| other.cmp(one));
        }
        rule.counted = counted;
    }
    Ok(())
}

/// Adds what the rule is about. One of it that has no time makes the whole worthless: it may be newer
/// than all others.
fn take(rule: &LifecycleRule, images: &[Image], counted: &mut Option<Vec<Time>>) {
    let active = images.iter().filter(|image| image.status == ImageStatus::Active);
    for image in active.filter(|image| selects(&rule.selects, &image.tags)) {
        let Some(times) = counted else { return };
        match image.pushed_at {
            Some(pushed_at) => times.push(pushed_at),
            None => *counted = None,
        }
    }
}
