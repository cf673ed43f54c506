//! Whose tasks a retirement notice names, and where services are whose cluster it does not name.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use ecs_refresh::clock::Clock;
use ecs_refresh::plan::fleet::TaskId;
use ecs_refresh::plan::notice::{
    Affected, Entity, EventKey, EventStatus, Notice, NoticePage, Owner, PageKey,
};
use ecs_refresh::plan::policy::{Policies, Policy};
use ecs_refresh::reconciler::{Receipt, Trigger};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec, Simulator};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{
    Daemon, MINUTE, Setup, clock, epoch, policies, selector, service, simulator, weekly,
};
use crate::picky::PickyStore;

const SECOND: Duration = Duration::from_secs(1);

/// A page of the only notice that there is.
fn page(communication: &str, entities: impl IntoIterator<Item = Entity>) -> NoticePage {
    let event = EventKey { account: "123456789012".into(), arn: "arn:aws:health:event/1".into() };
    let affected = |entity| Affected { entity, resolved: false };
    NoticePage {
        key: PageKey { event, communication: communication.into(), part: 0 },
        region: "eu-central-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: None,
        published_at: epoch(),
        updated_at: epoch(),
        received_at: epoch(),
        entities: entities.into_iter().map(affected).collect(),
        not_understood: Vec::new(),
    }
}

fn task(cluster: Option<&str>, id: TaskId) -> Entity {
    Entity::Task { cluster: cluster.map(Into::into), id, owner: None }
}

fn short(name: &str) -> Entity {
    Entity::ShortService(name.into())
}

/// A task that nobody ever started.
fn unheard_of(number: u128) -> TaskId {
    TaskId::plain(u128::MAX - number)
}

/// A task that stopped just now.
fn stopped(sim: &Simulator, cluster: &str, name: &str) -> TaskId {
    TaskId::parse(&sim.kill_task(cluster, name).unwrap()).unwrap()
}

async fn deliver(daemon: &mut Daemon, page: NoticePage) {
    let (answer, receipt) = oneshot::channel();
    daemon.tell(Trigger::Notice { pages: vec![page], answer }).await;
    daemon.run_for(SECOND).await;
    assert_eq!(receipt.await, Ok(Receipt::Stored));
}

fn notice(daemon: &Daemon) -> &Notice {
    daemon.reconciler.notices().iter().next().unwrap()
}

/// The services that the notice names by now.
fn named(daemon: &Daemon) -> Vec<String> {
    notice(daemon).services.keys().map(ToString::to_string).collect()
}

/// The owners of the other tasks that it names.
fn owners(daemon: &Daemon) -> Vec<Option<Owner>> {
    notice(daemon).tasks.values().map(|task| task.owner.clone()).collect()
}

fn everywhere() -> Policies {
    policies([Policy { selector: selector(&["prd", "dev"], &[]), ..weekly() }])
}

/// A daemon that has looked at `api` in `prd` and `job` in `dev`, with two tasks each.
async fn watching(sim: &Simulator, clock: &Clock, setup: Setup) -> Daemon {
    sim.add_service(ServiceSpec::new("prd", "api").desired(2));
    sim.add_service(ServiceSpec::new("dev", "job").desired(2));
    let mut daemon = setup.start(sim, clock).await;
    daemon.run_for(5 * SECOND).await;
    sim.clear_calls();
    daemon
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_seen_running_needs_no_call() {
    let clock = clock();
    let sim = simulator(&clock);
    let setup = Setup::new(everywhere());
    let mut daemon = watching(&sim, &clock, setup.clone()).await;
    let seen = daemon.reconciler.fleet().service(&service("api")).unwrap();
    let id = seen.tasks.as_ref().unwrap().tasks[0].id;
    deliver(&mut daemon, page("a", [task(None, id)])).await;
    assert_eq!(named(&daemon), ["prd/api"]);
    assert_eq!(owners(&daemon), []);
    assert_eq!(sim.count("DescribeTasks"), 0);
    assert_eq!(setup.store.load().await.unwrap().notices, *daemon.reconciler.notices());
}

#[tokio::test(start_paused = true)]
async fn other_tasks_are_asked_about_where_they_are_said_to_be() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("elsewhere", "web"));
    let setup = Setup::new(everywhere());
    let mut daemon = watching(&sim, &clock, setup.clone()).await;
    let entities = [
        task(Some("prd"), stopped(&sim, "prd", "api")),
        task(Some("elsewhere"), stopped(&sim, "elsewhere", "web")),
        task(Some("prd"), unheard_of(0)),
        task(Some("never-made"), unheard_of(1)),
    ];
    deliver(&mut daemon, page("a", entities)).await;
    assert_eq!(named(&daemon), ["elsewhere/web", "prd/api"]);
    assert_eq!(owners(&daemon), [Some(Owner::Gone), Some(Owner::Gone)]);
    assert_eq!(sim.count("DescribeTasks"), 3, "one per cluster");
    assert_eq!(setup.store.load().await.unwrap().notices, *daemon.reconciler.notices());
    daemon.run_for(5 * MINUTE).await;

    // Another communication names the same tasks again.
    sim.clear_calls();
    deliver(&mut daemon, page("b", [task(Some("prd"), unheard_of(0))])).await;
    assert_eq!(sim.count("DescribeTasks"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_no_service_keeps_is_nobodys_whatever_its_group_says() {
    let clock = clock();
    let sim = simulator(&clock);
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    let arns = [
        sim.run_task("prd", "report", Some("cron")),
        sim.run_task_in_group("dev", "report", "service:job", None),
    ];
    let ids = arns.each_ref().map(|arn| TaskId::parse(arn).unwrap());
    deliver(&mut daemon, page("a", ids.map(|id| task(None, id)))).await;
    assert_eq!(named(&daemon), [""; 0]);
    let standalone = |started_by: Option<&str>, group: &str| Owner::Standalone {
        started_by: started_by.map(Into::into),
        group: Some(group.into()),
    };
    for (id, cluster, owner) in [
        (ids[0], "prd", standalone(Some("cron"), "family:report")),
        (ids[1], "dev", standalone(None, "service:job")),
    ] {
        let task = &notice(&daemon).tasks[&id];
        assert_eq!((task.cluster.as_deref(), task.owner.as_ref()), (Some(cluster), Some(&owner)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_cluster_is_gone_when_every_cluster_has_said_so() {
    let clock = clock();
    let sim = simulator(&clock);
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    sim.inject(
        FaultRule::new("DescribeTasks", Fault::AccessDenied).on(&format!("dev/{}", unheard_of(0))),
    );
    let bare = [unheard_of(0), stopped(&sim, "prd", "api")].map(|id| task(None, id));
    deliver(&mut daemon, page("a", bare)).await;
    assert_eq!(named(&daemon), ["prd/api"], "what is found is not asked about again");
    assert_eq!(owners(&daemon), [None]);
    let asked = sim.count("DescribeTasks");
    daemon.run_for(50 * SECOND).await;
    assert_eq!(sim.count("DescribeTasks"), asked, "it is tried once a minute");
    sim.heal();
    daemon.run_for(2 * MINUTE).await;
    assert_eq!(owners(&daemon), [Some(Owner::Gone)]);
}

/// A daemon that watches two clusters of several, and knows of a bare task in another one, of one
/// in a watched one, and of one that nobody ever started.
async fn with_tasks_anywhere(sim: &Simulator, clock: &Clock) -> (Daemon, [TaskId; 3]) {
    sim.add_service(ServiceSpec::new("elsewhere", "web"));
    for number in 0..10 {
        sim.add_cluster(&format!("other-{number}"));
    }
    let mut daemon = watching(sim, clock, Setup::new(everywhere())).await;
    let arn = sim.run_task("elsewhere", "report", Some("cron"));
    let ids = [TaskId::parse(&arn).unwrap(), stopped(sim, "prd", "api"), unheard_of(0)];
    deliver(&mut daemon, page("a", ids.map(|id| task(None, id)))).await;
    (daemon, ids)
}

/// How often anybody asked about a task.
fn asked(sim: &Simulator, id: TaskId) -> usize {
    let id = id.to_string();
    let calls = sim.calls().into_iter().filter(|call| call.operation == "DescribeTasks");
    calls.filter(|call| call.request["tasks"].to_string().contains(&id)).count()
}

fn owner(daemon: &Daemon, id: TaskId) -> Option<Owner> {
    notice(daemon).tasks[&id].owner.clone()
}

#[tokio::test(start_paused = true)]
async fn a_task_may_be_in_a_cluster_that_no_policy_selects() {
    let clock = clock();
    let sim = simulator(&clock);
    let (daemon, [standalone, _, nowhere]) = with_tasks_anywhere(&sim, &clock).await;
    assert_eq!(named(&daemon), ["prd/api"]);
    let group = Some("family:report".into());
    let expected = Owner::Standalone { started_by: Some("cron".into()), group };
    assert_eq!(owner(&daemon, standalone), Some(expected));
    assert_eq!(notice(&daemon).tasks[&standalone].cluster.as_deref(), Some("elsewhere"));
    assert_eq!(owner(&daemon, nowhere), Some(Owner::Gone));
    assert_eq!((sim.count("ListClusters"), sim.count("DescribeTasks")), (1, 13));
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_elsewhere_about_tasks_that_were_found() {
    let clock = clock();
    let sim = simulator(&clock);
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    deliver(&mut daemon, page("a", [task(None, stopped(&sim, "prd", "api"))])).await;
    assert_eq!(named(&daemon), ["prd/api"]);
    assert_eq!(sim.count("ListClusters"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_not_gone_while_other_clusters_may_not_be_asked() {
    for fault in [
        FaultRule::new("ListClusters", Fault::AccessDenied),
        FaultRule::new("DescribeTasks", Fault::AccessDenied)
            .on(&format!("other-7/{}", unheard_of(0))),
    ] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.inject(fault.clone());
        let (mut daemon, [standalone, _, nowhere]) = with_tasks_anywhere(&sim, &clock).await;
        assert_eq!(named(&daemon), ["prd/api"], "{fault:?}");
        assert_eq!(owner(&daemon, nowhere), None, "{fault:?}");
        assert_eq!(
            owner(&daemon, standalone).is_some(),
            asked(&sim, standalone) > 2,
            "one cluster that may not be asked hides no other: {fault:?}"
        );

        // It costs nothing for an hour, and keeps no other task waiting.
        sim.clear_calls();
        daemon.run_for(50 * MINUTE).await;
        assert_eq!((sim.count("ListClusters"), asked(&sim, nowhere)), (0, 0), "{fault:?}");
        let late = stopped(&sim, "dev", "job");
        deliver(&mut daemon, page("b", [task(None, late)])).await;
        daemon.run_for(MINUTE).await;
        assert_eq!(named(&daemon), ["dev/job", "prd/api"], "{fault:?}");
        assert_eq!(sim.count("ListClusters"), 0, "{fault:?}");

        sim.heal();
        daemon.run_for(15 * MINUTE).await;
        assert_eq!(owner(&daemon, nowhere), Some(Owner::Gone), "{fault:?}");
        assert!(owner(&daemon, standalone).is_some(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_is_tried_again_soon() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.inject(FaultRule::new("ListClusters", Fault::ServerError));
    let (mut daemon, [_, _, nowhere]) = with_tasks_anywhere(&sim, &clock).await;
    daemon.run_for(MINUTE).await;
    assert_eq!(owner(&daemon, nowhere), None);
    sim.heal();
    daemon.run_for(2 * MINUTE).await;
    assert_eq!(owner(&daemon, nowhere), Some(Owner::Gone));
}

#[tokio::test(start_paused = true)]
async fn too_many_other_clusters_are_not_asked() {
    let clock = clock();
    let sim = simulator(&clock);
    (0..501).for_each(|number| sim.add_cluster(&format!("many-{number}")));
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    deliver(&mut daemon, page("a", [task(None, unheard_of(0))])).await;
    daemon.run_for(30 * MINUTE).await;
    assert_eq!((owners(&daemon), sim.count("DescribeTasks")), (vec![None], 2));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_may_not_be_asked_keeps_no_other_tasks_waiting() {
    let clock = clock();
    let sim = simulator(&clock);
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    // More than are asked for at once, the first ones in the order of the ids.
    let denied = (1..=1_500).map(TaskId::plain);
    let denied: Vec<_> = denied.map(|id| task(Some("dev"), id)).collect();
    for number in 1..=1_500_u128 {
        let resource = format!("dev/{}", TaskId::plain(number));
        sim.inject(FaultRule::new("DescribeTasks", Fault::AccessDenied).on(&resource));
    }
    deliver(&mut daemon, page("a", denied)).await;
    deliver(&mut daemon, page("b", [task(Some("prd"), unheard_of(0))])).await;
    daemon.run_for(3 * MINUTE).await;
    let told = |daemon: &Daemon| owners(daemon).iter().flatten().count();
    assert_eq!(told(&daemon), 1);
    assert!(sim.count("DescribeTasks") < 12, "{}", sim.count("DescribeTasks"));
    sim.heal();
    daemon.run_for(3 * MINUTE).await;
    assert_eq!(told(&daemon), 1_501);
}

#[tokio::test(start_paused = true)]
async fn many_tasks_are_asked_about_part_by_part_without_a_pause() {
    let clock = clock();
    let sim = simulator(&clock);
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere())).await;
    for (communication, from) in [("a", 0), ("b", 1_250)] {
        let ids = (from..from + 1_250).map(unheard_of);
        deliver(&mut daemon, page(communication, ids.map(|id| task(Some("prd"), id)))).await;
    }
    daemon.run_for(10 * SECOND).await;
    assert!(owners(&daemon).iter().all(|owner| *owner == Some(Owner::Gone)));
    assert_eq!((owners(&daemon).len(), sim.count("DescribeTasks")), (2_500, 26));
}

#[tokio::test(start_paused = true)]
async fn a_service_without_its_cluster_is_found_when_only_one_can_be_meant() {
    let clock = clock();
    let sim = simulator(&clock);
    for (cluster, name, is_short) in [
        ("prd", "old", true),
        ("dev", "old", false),
        ("prd", "twice", true),
        ("dev", "twice", true),
        ("prd", "new", false),
    ] {
        sim.add_service(ServiceSpec::new(cluster, name).short_arn(is_short));
    }
    let setup = Setup::new(everywhere());
    let mut daemon = watching(&sim, &clock, setup.clone()).await;
    let names = ["old", "twice", "new", "unheard-of"];
    deliver(&mut daemon, page("a", names.map(short))).await;
    assert_eq!(named(&daemon), ["prd/old"]);
    let open: Vec<_> = notice(&daemon).short_services.keys().map(|name| &**name).collect();
    assert_eq!(open, ["new", "twice", "unheard-of"]);
    assert_eq!(setup.store.load().await.unwrap().notices, *daemon.reconciler.notices());
    let events = daemon.run_events(10_000, 10 * MINUTE).await;
    assert!(events < 200, "the loop runs hot: {events} events");

    sim.add_service(ServiceSpec::new("dev", "unheard-of").short_arn(true));
    daemon.run_for(3 * MINUTE).await;
    assert_eq!(named(&daemon), ["dev/unheard-of", "prd/old"]);
}

#[tokio::test(start_paused = true)]
async fn what_other_accounts_own_is_not_asked_about() {
    let clock = clock();
    let sim = simulator(&clock);
    let store = Arc::new(MemoryStore::default());
    let mut foreign = page("a", [task(Some("prd"), unheard_of(0))]);
    foreign.key.event.account = "999999999999".into();
    store.save_page(&foreign).await.unwrap();
    let mut daemon = watching(&sim, &clock, Setup::new(everywhere()).store(store)).await;
    daemon.run_for(3 * MINUTE).await;
    assert_eq!(daemon.reconciler.notices().iter().count(), 0, "it is nobody's here");
    assert_eq!(sim.count("DescribeTasks"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_found_out_counts_once_it_is_stored() {
    let clock = clock();
    let sim = simulator(&clock);
    let store = Arc::new(PickyStore::new(|page| {
        let says_more = |one: &Affected| matches!(one.entity, Entity::Task { owner: Some(_), .. });
        page.entities.iter().any(says_more)
    }));
    let setup = Setup::new(everywhere()).store(Arc::clone(&store) as Arc<dyn Store>);
    let mut daemon = watching(&sim, &clock, setup).await;
    deliver(&mut daemon, page("a", [task(Some("prd"), unheard_of(0))])).await;
    daemon.run_for(MINUTE / 2).await;
    assert_eq!((owners(&daemon), sim.count("DescribeTasks")), (vec![None], 1));
    store.heal();
    daemon.run_for(2 * MINUTE).await;
    assert_eq!(owners(&daemon), [Some(Owner::Gone)]);
    assert_eq!(store.load().await.unwrap().notices, *daemon.reconciler.notices());
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_finds_out_and_stores_nothing() {
    let clock = clock();
    let sim = simulator(&clock);
    let store = Arc::new(MemoryStore::default());
    let page = page("a", [task(Some("prd"), unheard_of(0))]);
    store.save_page(&page).await.unwrap();
    let dry = Policies { dry_run: true, ..everywhere() };
    let setup = Setup::new(dry).store(Arc::clone(&store) as Arc<dyn Store>);
    let daemon = watching(&sim, &clock, setup).await;
    assert_eq!(owners(&daemon), [Some(Owner::Gone)]);
    let stored = store.load().await.unwrap().notices;
    assert_eq!(stored.pages().collect::<Vec<_>>(), [&page]);
}
