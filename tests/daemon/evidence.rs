//! What is kept of a refresh that has ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use ecs_refresh::plan::evidence::TaskList;
use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::simulator::{Behaviour, ServiceSpec};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{DAY, HOUR, MINUTE, Setup, clock, policies, service, simulator, weekly};

fn ids(list: &TaskList) -> BTreeSet<String> {
    list.tasks.iter().map(|(id, _)| id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_refresh_leaves_what_was_replaced_by_what() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
    let before: BTreeSet<String> =
        sim.service("prd", "api").tasks.into_iter().map(|task| task.id).collect();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let daemon = Setup::new(policies([weekly()])).store(Arc::clone(&store)).resync(10 * MINUTE);
    let mut daemon = daemon.start(&sim, &clock).await;
    daemon.run_for(HOUR).await;
    sim.set_behaviour("prd", "api", Behaviour::StaysPending);
    daemon.run_for(8 * DAY).await;

    let history = store.history(Some(&service("api")), None).await.unwrap();
    let [second, first] = &history[..] else { panic!("{history:#?}") };
    assert_eq!((first.number, first.finished.outcome), (0, Outcome::Succeeded));
    assert_eq!((ids(&first.before), first.before.count), (before.clone(), 3));
    assert_eq!(first.after.count, 3);
    assert!(ids(&first.after).is_disjoint(&before));
    let attempt = &first.finished.attempt;
    let created = |list: &TaskList| list.tasks.iter().map(|(_, at)| at.unwrap()).max().unwrap();
    assert!(
        created(&first.before) < attempt.intent_at && attempt.intent_at < created(&first.after)
    );
    let digests: Vec<_> = first.image_digests.values().collect();
    assert!(digests.iter().all(|digest| digest.starts_with("sha256:")) && digests.len() == 1);

    assert_eq!((second.number, second.finished.outcome), (1, Outcome::TimedOut));
    assert_eq!(ids(&second.before), ids(&first.after));
    assert!(second.finished.diagnosis.contains("when the time was up"));
    let since = Some(first.finished.finished_at + chrono::TimeDelta::seconds(1));
    assert_eq!(store.history(None, since).await.unwrap(), std::slice::from_ref(second));
}
