//! DescribePullThroughCacheRules: which repositories are filled from elsewhere.

use super::pass::Pass;
use super::registry::Registry;
use crate::plan::surroundings::{Known, PullThrough};

/// An account has at most 50 rules (Amazon ECR user guide, Service quotas): a listing that goes on after
/// so many pages does not end.
const PAGES_MAX: usize = 5;

pub(super) async fn read(registry: &Registry, pass: Pass) -> Known<PullThrough> {
    let mut answer = registry.prefixes(None, pass).await;
    let (read_at, mut prefixes) = (answer.at, Vec::new());
    for page in 1..=PAGES_MAX {
        let read = match answer.result {
            Ok(read) => read,
            Err(fault) => return Known { read_at, value: Err(fault.problem) },
        };
        prefixes.extend(read.items.into_iter().map(Into::into));
        if read.next.is_none() || page == PAGES_MAX {
            break;
        }
        answer = registry.prefixes(read.next, pass).await;
    }
    Known { read_at, value: Ok(PullThrough { prefixes }) }
}
