//! Several replicas on one table: the leader is killed or told to end, and the others go on.

use std::collections::BTreeSet;
use std::net::TcpListener;

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::store::{DynamoStore, Retention, Store};
use serde_json::{Value, json};

use crate::cases;
use crate::harness::World;
use crate::harness::aws;
use crate::harness::binary::{Daemon, Place, policy, run};
use crate::harness::dynamodb::{DynamoDb, block_on, table};
use crate::harness::http;
use crate::harness::simulated::Simulated;
use crate::harness::wait::eventually;

cases![Python: [
    twenty_killed_leaders_refresh_every_service_once,
    a_leader_that_is_told_to_end_is_succeeded_at_once,
], Nothing: [
    who_waits_for_the_table_ends_when_told_to,
]];

const CLUSTER: &str = "prd";
const CONCURRENCY: usize = 4;
/// So many services are too old at first.
const WAVE: usize = 20;
const KILLS: usize = 20;

/// A call whose fate nobody knows keeps its slot for two minutes, and a busy machine takes its time.
const PATIENCE_SECONDS: u64 = 300;

/// A fleet, a table, and a place for replicas that share both.
struct Stage<'a> {
    simulated: Simulated,
    dynamodb: &'a DynamoDb,
    table: String,
    place: Place,
    /// The names of the services that were too old once.
    services: Vec<String>,
}

impl<'a> Stage<'a> {
    fn new(world: &'a World, case: &str) -> Self {
        let dynamodb = world.moto_dynamodb();
        let (simulated, table) = (Simulated::serve(), dynamodb.create(case));
        let place = Place::at(simulated.address);
        let weekly = format!("max_task_age = \"7d\"\nconcurrency = {CONCURRENCY}");
        place.configure_store(
            &format!("kind = \"dynamodb\"\ntable = {table:?}\nlease_duration = \"2s\""),
            &format!("resync = \"1s\"\napi_share = 1.0\n{}", policy("weekly", CLUSTER, &weekly)),
        );
        Self { simulated, dynamodb, table, place, services: Vec::new() }
    }

    /// More services with tasks that are too old.
    fn add(&mut self, count: usize) {
        for _ in 0..count {
            let name = format!("s{:03}", self.services.len());
            self.simulated.service(CLUSTER, &name, 1);
            self.services.push(name);
        }
    }

    /// One more replica, which listens already.
    fn replica(&self) -> Daemon {
        let mut command = self.place.command(&run(&self.place.path("ecs-refresh.toml")));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", self.dynamodb.address));
        Daemon::listening(self.place.spawn(&mut command))
    }

    /// Waits until one of the replicas leads, and says which.
    #[track_caller]
    fn leader(&self, replicas: &mut [Daemon]) -> usize {
        eventually(PATIENCE_SECONDS, "one replica leads", || {
            replicas.iter_mut().position(|replica| {
                assert!(replica.process.is_alive(), "it ended: {}", replica.process);
                status(replica).is_some_and(|seen| seen["leader"] == true)
            })
        })
    }

    /// How many refreshes were started so far. Never are more under way than the policy allows.
    fn started(&self) -> usize {
        let rolling = |name: &&String| {
            let service = self.simulated.aws.service(CLUSTER, name);
            service.deployments.iter().any(|seen| seen.rollout_state == "IN_PROGRESS")
        };
        let under_way: Vec<_> = self.services.iter().filter(rolling).collect();
        assert!(under_way.len() <= CONCURRENCY, "{under_way:?}");
        self.simulated.aws.count("UpdateService")
    }

    /// Whether every refresh that is under way has reached ECS. One that was stored and not sent keeps
    /// its slot for two minutes, which is for tests that need not wait for them.
    fn sent_all(&self, status: &Value) -> bool {
        let services = status["services"].as_array().expect("a list");
        let mut ours = services.iter().filter(|one| one["reason"] == "our_rollout");
        ours.all(|one| {
            let name = one["service"].as_str().expect("a name");
            self.simulated.aws.started_deployments(CLUSTER, name) > 0
        })
    }

    /// Waits until the leader has nothing left to do.
    #[track_caller]
    fn finish(&self, leader: &mut Daemon) {
        leader.told(PATIENCE_SECONDS, "every service is fresh", |seen| {
            self.started();
            let services = seen["services"].as_array()?;
            let fresh = services.iter().filter(|one| one["verdict"] == "fresh").count();
            (fresh == self.services.len()).then_some(())
        });
    }

    /// Nothing twice, and nothing lost: as ECS tells it over the wire, and as it is remembered.
    fn assert_done(&self) {
        assert_eq!(self.simulated.aws.count("UpdateService"), self.services.len());
        let ecs = |operation, input: &Value| aws::ecs(self.simulated.address, operation, input);
        for name in &self.services {
            assert_eq!(self.simulated.aws.started_deployments(CLUSTER, name), 1, "{name}");
            let about = json!({ "cluster": CLUSTER, "service": name });
            let deployments = ecs("ListServiceDeployments", &about);
            let deployments = deployments["serviceDeployments"].as_array().expect("a list");
            let began = |seen: &Value| seen["createdAt"].as_f64().expect("a time");
            let newest = deployments.iter().map(began).reduce(f64::max).expect("there is one");
            let listed =
                ecs("ListTasks", &json!({ "cluster": CLUSTER, "serviceName": name }))["taskArns"]
                    .clone();
            let tasks = ecs("DescribeTasks", &json!({ "cluster": CLUSTER, "tasks": listed }));
            let tasks = tasks["tasks"].as_array().expect("a list");
            assert_eq!(tasks.len(), 2, "{name}");
            for task in tasks {
                assert!(task["createdAt"].as_f64() >= Some(newest), "{name}: {task:#}");
            }
        }
        let history = block_on(async {
            let table = table(self.dynamodb.address, &self.table).await;
            let store = DynamoStore::open(table, Retention::default()).await.expect("a ledger");
            store.history(None, None).await.expect("it can be read")
        });
        let told: BTreeSet<_> = history
            .iter()
            .filter(|told| told.finished.outcome == Outcome::Succeeded)
            .map(|told| told.finished.attempt.service.name().to_owned())
            .collect();
        assert_eq!(told, self.services.iter().cloned().collect());
        assert_eq!(history.len(), self.services.len(), "each is told once");
    }
}

/// What a replica says of itself, unless it is just ending.
fn status(replica: &Daemon) -> Option<Value> {
    let answer = http::get(replica.address, "/api/v1/status").ok()?;
    serde_json::from_str(&answer.body).ok()
}

/// How many refreshes it counted, by their outcome.
fn counted(replica: &mut Daemon, outcome: &str) -> usize {
    let metrics = replica.get("/metrics").body;
    let of = |line: &str| {
        let series = line.strip_prefix("ecs_refresh_refreshes_total{")?;
        let (labels, value) = series.rsplit_once(' ')?;
        labels.contains(&format!("outcome=\"{outcome}\"")).then(|| value.parse::<usize>().ok())?
    };
    metrics.lines().filter_map(of).sum()
}

fn twenty_killed_leaders_refresh_every_service_once(world: &World) {
    let mut stage = Stage::new(world, "killed");
    stage.add(WAVE);
    let mut replicas = vec![stage.replica(), stage.replica()];
    let mut told = 0;
    for kill in 0..KILLS {
        // The wave is never over before the leader is gone.
        if stage.started() == stage.services.len() {
            stage.add(CONCURRENCY);
        }
        let before = stage.started();
        let leader = stage.leader(&mut replicas);
        // At once, or as its calls have just arrived, and mostly are not answered yet.
        eventually(PATIENCE_SECONDS, "the leader is far enough to be killed", || {
            let far_enough = kill % 2 == 0 || stage.started() > before;
            (far_enough && stage.sent_all(&status(&replicas[leader])?)).then_some(())
        });
        let mut gone = replicas.remove(leader);
        if kill % 4 == 1 {
            told += counted(&mut gone, "succeeded");
        }
        gone.process.signal("KILL");
        let ended = gone.process.wait(30);
        assert_eq!(ended.code, None, "{ended}");
        assert!(!ended.stderr.contains("panicked"), "{ended}");
        replicas.push(stage.replica());
    }
    let all = stage.services.len();
    let leader = stage.leader(&mut replicas);
    stage.finish(&mut replicas[leader]);
    stage.assert_done();
    for replica in &mut replicas {
        told += counted(replica, "succeeded");
        for outcome in ["failed", "rolled_back", "superseded", "timed_out"] {
            assert_eq!(counted(replica, outcome), 0, "{outcome}: {}", replica.process);
        }
    }
    assert!((1..=all).contains(&told), "{told} of {all}");
    for replica in replicas {
        replica.stop().code(0);
    }
}

fn a_leader_that_is_told_to_end_is_succeeded_at_once(world: &World) {
    let mut stage = Stage::new(world, "ended");
    stage.add(WAVE);
    let mut replicas = vec![stage.replica(), stage.replica()];
    let leader = stage.leader(&mut replicas);
    let first = replicas.remove(leader);
    let mut second = replicas.remove(0);
    let holder = |seen: &Value| seen["lease"]["holder"].as_str().map(str::to_owned);
    let name = holder(&status(&first).expect("it answers")).expect("it holds the lease");

    // Who stands by shows what there is, and who acts.
    second.ready();
    let why = "who stands by names the holder";
    second.told(60, why, |seen| (holder(seen).as_ref() == Some(&name)).then_some(()));
    assert_eq!(second.metric("ecs_refresh_leader"), Some(0.0));
    eventually(PATIENCE_SECONDS, "the wave is under way", || {
        (stage.started() >= CONCURRENCY).then_some(())
    });

    let ended = first.stop().code(0);
    assert!(ended.stderr.contains("the lease is given up"), "{ended}");
    let why = "the other leads";
    let next = second.told(60, why, |seen| holder(seen).filter(|_| seen["leader"] == true));
    assert_ne!(next, name);
    second.metric("ecs_refresh_leader").filter(|leads| *leads == 1.0).expect("it leads");
    stage.finish(&mut second);
    stage.assert_done();
    second.stop().code(0);
}

fn who_waits_for_the_table_ends_when_told_to(_: &World) {
    // It takes connections, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = Place::at(silent.local_addr().expect("it is bound"));
    let weekly = policy("weekly", CLUSTER, "max_task_age = \"7d\"");
    place.configure_store("kind = \"dynamodb\"\ntable = \"silent\"", &weekly);
    let mut daemon = place.daemon();
    let readyz = daemon.get("/readyz");
    assert_eq!(readyz.status, 503, "{readyz:?}");
    assert_eq!(daemon.metric("ecs_refresh_leader"), Some(0.0));
    daemon.process.signal("TERM");
    let ended = daemon.process.wait(10).code(0);
    assert!(ended.stderr.contains("stopped before the ledger was opened"), "{ended}");
}
