use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Budget, Category, Priority};

/// Acquires once per entry, all at the same time, and says who was served and after how many
/// whole seconds.
async fn served(budget: &Arc<Budget>, who: &[(Priority, u32)]) -> Vec<(u32, u64)> {
    let begun = Instant::now();
    let mut set = JoinSet::new();
    for (priority, name) in who.iter().copied() {
        let budget = Arc::clone(budget);
        set.spawn(async move {
            budget.acquire(Category::ServiceModify, priority).await;
            (name, begun.elapsed().as_secs())
        });
    }
    let mut order = Vec::new();
    while let Some(done) = set.join_next().await {
        order.push(done.unwrap());
    }
    order
}

async fn drain(budget: &Budget) {
    for _ in 0..50 {
        budget.debit(Category::ServiceModify);
    }
}

#[tokio::test(start_paused = true)]
async fn urgent_calls_overtake_looks_and_equals_keep_their_order() {
    use Priority::{Look, Urgent};
    let budget = Arc::new(Budget::new(1.0));
    drain(&budget).await;
    let order = served(&budget, &[(Look, 1), (Look, 2), (Urgent, 3), (Urgent, 4)]).await;
    let names: Vec<_> = order.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, [3, 4, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn an_urgent_call_overtakes_a_look_that_already_waits_for_its_token() {
    let budget = Arc::new(Budget::new(0.1));
    drain(&budget).await;
    let look = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move {
            budget.acquire(Category::ServiceModify, Priority::Look).await;
            Instant::now()
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    budget.acquire(Category::ServiceModify, Priority::Urgent).await;
    let urgent_at = Instant::now();
    assert!(look.await.unwrap() > urgent_at);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_costs_no_token_and_blocks_nobody() {
    let budget = Arc::new(Budget::new(0.2));
    drain(&budget).await;
    let first = budget.acquire(Category::ServiceModify, Priority::Urgent);
    assert!(tokio::time::timeout(Duration::from_secs(1), first).await.is_err());
    let begun = Instant::now();
    budget.acquire(Category::ServiceModify, Priority::Look).await;
    // A debt of 40 at one token per second; the token of the one who gave up is still there.
    assert_eq!(begun.elapsed().as_secs(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_larger_share_serves_those_who_wait_sooner() {
    let budget = Arc::new(Budget::new(0.01));
    budget.acquire(Category::ServiceModify, Priority::Look).await;
    let waiter = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { budget.acquire(Category::ServiceModify, Priority::Look).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    budget.set_share(1.0);
    waiter.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn categories_do_not_wait_for_each_other() {
    let budget = Budget::new(1.0);
    drain(&budget).await;
    let begun = Instant::now();
    for category in Category::ALL.iter().filter(|c| **c != Category::ServiceModify) {
        budget.acquire(*category, Priority::Look).await;
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn throttling_slows_its_own_category_only() {
    let budget = Budget::new(1.0);
    budget.throttled(Category::ServiceRead);
    let begun = Instant::now();
    budget.acquire(Category::ClusterRead, Priority::Look).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    budget.acquire(Category::ServiceRead, Priority::Look).await;
    assert!(begun.elapsed() >= Duration::from_millis(250));
}
