//! Services that CodeDeploy deploys, and what happens to their deployments: one table.
//!
//! Each row is also tried with a lost reply, with a request that never arrives, with stale reads and with
//! a restart in the middle: none of them may change the outcome or make a second deployment.

use std::sync::Arc;
use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome::{self, Failed, RolledBack, Succeeded, Superseded};
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::{
    Behaviour, CodeDeploySpec, Fault, FaultRule, LifecycleHook, Options, ServiceSpec, Simulator,
    TrafficRouting,
};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, weekly};

/// What somebody or something else does after so long.
type Event = (Duration, fn(&Simulator));

struct Row {
    what: &'static str,
    spec: ServiceSpec,
    events: Vec<Event>,
    outcome: Outcome,
    /// Parts of sentences that are shown on the way.
    says: &'static [&'static str],
    /// A part of the diagnosis.
    why: &'static str,
}

fn row(what: &'static str, group: CodeDeploySpec, outcome: Outcome) -> Row {
    Row {
        what,
        spec: old("api").code_deploy(group),
        events: Vec::new(),
        outcome,
        says: &[],
        why: "",
    }
}

impl Row {
    fn then(mut self, after: Duration, event: fn(&Simulator)) -> Self {
        self.events.push((after, event));
        self
    }

    fn with(mut self, change: fn(ServiceSpec) -> ServiceSpec) -> Self {
        self.spec = change(self.spec);
        self
    }

    fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    fn why(self, why: &'static str) -> Self {
        Self { why, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    LostReply,
    LostRequest,
    StaleReads,
    Restart,
}

/// Two tasks that are too old.
fn old(name: &str) -> ServiceSpec {
    ServiceSpec::new("prd", name).desired(2).task_age(8 * DAY)
}

fn group() -> CodeDeploySpec {
    CodeDeploySpec::new("shop", "api")
}

fn hook(event: &str) -> LifecycleHook {
    LifecycleHook::at(event)
}

fn goes_back() -> CodeDeploySpec {
    group().auto_rollback(&[
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_ALARM",
        "DEPLOYMENT_STOP_ON_REQUEST",
    ])
}

fn goes_on(sim: &Simulator) {
    assert!(sim.continue_code_deploy("prd", "api"), "it waits");
}

fn stops(sim: &Simulator) {
    sim.stop_code_deploy("prd", "api", false).expect("it is under way");
}

fn stops_and_goes_back(sim: &Simulator) {
    sim.stop_code_deploy("prd", "api", true).expect("it is under way");
}

fn deploys_over(sim: &Simulator) {
    stops(sim);
    sim.code_deploy("prd", "api", true);
}

fn alarms(sim: &Simulator) {
    sim.raise_alarm("prd", "api", "5xx");
}

fn deletes_service(sim: &Simulator) {
    sim.delete_service("prd", "api");
}

fn deletes_application(sim: &Simulator) {
    sim.delete_code_deploy_application("shop");
}

fn changes_controller(sim: &Simulator) {
    sim.set_controller("prd", "api", Some("ECS"));
}

fn cannot_start(spec: ServiceSpec) -> ServiceSpec {
    let reason = "CannotPullContainerError: gone".to_owned();
    spec.next_revision(Behaviour::CannotStart { reason })
}

fn that_succeed() -> Vec<Row> {
    let linear = TrafficRouting::Linear { percent: 10, minutes: 3 };
    vec![
        row("alone", group(), Succeeded).says(&["CodeDeploy has d-", "as InProgress"]),
        row("with an AppSpec in YAML", group().yaml(), Succeeded),
        row("that bakes", group().bakes(), Succeeded).says(&["traffic has moved"]),
        row("that moves traffic slowly", group().traffic(linear), Succeeded),
        row(
            "whose hook succeeds",
            group().hook(hook("AfterInstall").takes(10 * MINUTE)),
            Succeeded,
        ),
        row("whose old tasks are kept", group().termination_wait(75), Succeeded)
            .says(&["traffic has moved, 2 old tasks still to go"]),
        row("whose old tasks somebody has stopped", group().termination_wait(180), Succeeded)
            .then(10 * MINUTE, goes_on)
            .says(&["traffic has moved, 2 old tasks still to go"]),
        row("that a person lets go on", group().ready_wait(90), Succeeded)
            .then(75 * MINUTE, goes_on)
            .says(&["is Ready and waits for a person to move traffic, until Mon 2026-11-23 01:3"]),
    ]
}

fn that_fail() -> Vec<Row> {
    let failing = |event| hook(event).fails();
    vec![
        row("whose hook fails", group().hook(failing("AfterInstall")), Failed)
            .why("CodeDeploy gave up on d-"),
        row(
            "whose hook fails, and it goes back",
            goes_back().hook(failing("AfterInstall")),
            RolledBack,
        )
        .why("CodeDeploy rolled d-"),
        row(
            "whose hook fails after traffic has moved",
            goes_back().hook(failing("AfterAllowTraffic")),
            RolledBack,
        ),
        row("that nobody lets go on", group().ready_wait(60), Failed)
            .why("was stopped in CodeDeploy"),
        row("whose tasks cannot start", group(), Failed)
            .with(cannot_start)
            .why("CannotPullContainerError"),
        row("whose tasks cannot start, and it goes back", goes_back(), RolledBack)
            .with(cannot_start),
        row("whose alarm goes off", goes_back().alarms(&["5xx"]), RolledBack)
            .then(2 * MINUTE, alarms),
        row("that somebody stops", group().termination_wait(60), Failed).then(10 * MINUTE, stops),
        row("that somebody takes back", group().termination_wait(60), RolledBack)
            .then(10 * MINUTE, stops_and_goes_back),
        row("that somebody deploys over", group().ready_wait(20), Superseded)
            .then(10 * MINUTE, deploys_over),
        row("whose service is deleted", group().ready_wait(20), Superseded)
            .then(10 * MINUTE, deletes_service),
        row("whose application is deleted", group().ready_wait(20), Failed)
            .then(10 * MINUTE, deletes_application)
            .why("does not know its deployment"),
        row("whose controller is changed", group().ready_wait(20), Superseded)
            .then(10 * MINUTE, changes_controller)
            .why("controller was changed to ECS"),
    ]
}

fn opted_in() -> Policy {
    Policy { allow_pause: true, code_deploy: true, ..weekly() }
}

async fn play(row: &Row, trouble: Trouble) {
    let clock = clock();
    let stale =
        if trouble == Trouble::StaleReads { Duration::from_secs(30) } else { Duration::ZERO };
    let sim =
        Simulator::new(clock.time_source(), Options { stale_reads: stale, ..Options::default() });
    sim.add_service(row.spec.clone());
    match trouble {
        Trouble::LostReply => {
            sim.inject(FaultRule::new("CreateDeployment", Fault::LoseReply).times(1));
        }
        Trouble::LostRequest => {
            sim.inject(FaultRule::new("CreateDeployment", Fault::DropRequest).times(1));
        }
        Trouble::None | Trouble::StaleReads | Trouble::Restart => {}
    }
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let setup = Setup::new(policies([opted_in()])).store(Arc::clone(&store)).resync(10 * MINUTE);
    let mut daemon = setup.start(&sim, &clock).await;
    let (mut said, mut ended) = (Vec::new(), None);
    let mut hear = |daemon: &Daemon| {
        said.push(daemon.says("api"));
        ended = ended.take().or_else(|| daemon.last("api").cloned());
    };
    if trouble == Trouble::LostRequest {
        // Until it is known that nothing was made.
        daemon.run_watched(4 * MINUTE, &mut hear).await;
    }
    let mut passed = Duration::ZERO;
    for (after, event) in &row.events {
        daemon.run_watched(*after - passed, &mut hear).await;
        passed = *after;
        event(&sim);
    }
    if trouble == Trouble::Restart {
        daemon.run_watched(MINUTE, &mut hear).await;
        daemon = setup.start(&sim, &clock).await;
    }
    for _ in 0..12 {
        if daemon.last("api").is_none() {
            daemon.run_watched(HOUR, &mut hear).await;
        }
    }
    let at = format!("{} ({trouble:?})", row.what);
    let last = ended.unwrap_or_else(|| panic!("{at}: {}", daemon.says("api")));
    assert_eq!(last.outcome, row.outcome, "{at}: {}", last.diagnosis);
    assert!(last.diagnosis.contains(row.why), "{at}: {}", last.diagnosis);
    if row.what.contains("deleted") || row.what.contains("changed") {
        return;
    }
    assert_eq!(sim.started_code_deploys("prd", "api"), 1, "{at}");
    assert!(sim.calls().len() < 3_000, "{at}: {} calls", sim.calls().len());
    if trouble == Trouble::None {
        said.dedup();
        for part in row.says {
            assert!(said.iter().any(|says| says.contains(part)), "{at}: {part}: {said:#?}");
        }
    }
}

async fn play_all(trouble: Trouble) {
    for row in that_succeed().into_iter().chain(that_fail()) {
        play(&row, trouble).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_deployment_ends_as_it_should() {
    play_all(Trouble::None).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_changes_no_outcome() {
    play_all(Trouble::LostReply).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_sent_anew_when_it_is_known_that_it_was_lost() {
    play_all(Trouble::LostRequest).await;
}

#[tokio::test(start_paused = true)]
async fn stale_reads_change_no_outcome() {
    play_all(Trouble::StaleReads).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_changes_no_outcome() {
    play_all(Trouble::Restart).await;
}

/// What stands in the way of a service's deployment.
struct Obstacle {
    what: &'static str,
    group: CodeDeploySpec,
    before: fn(&Simulator),
    says: &'static str,
}

fn obstacle(what: &'static str, group: CodeDeploySpec, says: &'static str) -> Obstacle {
    Obstacle { what, group, before: |_| (), says }
}

impl Obstacle {
    fn before(self, before: fn(&Simulator)) -> Self {
        Self { before, ..self }
    }
}

fn denies(sim: &Simulator, operation: &str) {
    sim.inject(FaultRule::new(operation, Fault::AccessDenied).on("shop/api"));
}

fn obstacles() -> Vec<Obstacle> {
    vec![
        obstacle(
            "no AppSpec",
            group().app_spec("<html>not here</html>"),
            "its last AppSpec cannot be used",
        ),
        obstacle("neither JSON nor YAML", group().app_spec("{ a: [ }"), "neither JSON nor YAML"),
        obstacle(
            "an AppSpec of a function",
            group().app_spec("Resources: [{ f: { Type: AWS::Lambda::Function } }]"),
            "its resource is not an ECS service",
        ),
        obstacle("a revision that is gone", group().revision_deleted(), "its last AppSpec is gone"),
        obstacle(
            "a form from before",
            group().raw_string(),
            "its last revision is neither an AppSpec's text nor in Amazon S3",
        ),
        obstacle(
            "an object that may have changed",
            group().s3("specs", "app.yaml"),
            "an object of Amazon S3 that may have changed since",
        ),
        obstacle("never deployed", group().never_deployed(), "CodeDeploy has never deployed it"),
        obstacle(
            "a deleted application",
            group(),
            "no deployment group of CodeDeploy names this service",
        )
        .before(deletes_application),
        obstacle("no right to create", group(), "allow the IAM action codedeploy:CreateDeployment")
            .before(|sim| denies(sim, "CreateDeployment")),
        obstacle(
            "no right to read the group",
            group(),
            "allow the IAM action codedeploy:GetDeploymentGroup",
        )
        .before(|sim| denies(sim, "GetDeploymentGroup")),
        obstacle(
            "no right to read the revision",
            group(),
            "allow the IAM action codedeploy:GetApplicationRevision",
        )
        .before(|sim| {
            sim.inject(FaultRule::new("GetApplicationRevision", Fault::AccessDenied).on("shop"));
        }),
        obstacle("somebody's deployment", group(), "is rolling out, outside of any refresh")
            .before(|sim| {
                sim.code_deploy("prd", "api", true);
            }),
        obstacle(
            "a person that nobody asked for",
            group().ready_wait(60),
            "allow_pause = true in the policy",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_deployed_is_held_with_the_reason_and_holds_nobody_else_up() {
    for Obstacle { what, group, before, says } in obstacles() {
        let clock = clock();
        let sim = Simulator::new(clock.time_source(), Options::default());
        sim.add_service(old("api").code_deploy(group));
        sim.add_service(old("plain").task_age(8 * DAY - HOUR));
        let other = CodeDeploySpec::new("other", "web").termination_wait(0);
        sim.add_service(old("web").task_age(8 * DAY - HOUR).code_deploy(other));
        before(&sim);
        let policy = Policy { allow_pause: false, ..opted_in() };
        let mut daemon = Setup::new(policies([policy])).start(&sim, &clock).await;
        let mut said = Vec::new();
        let all = 40 * MINUTE;
        daemon.run_watched(all, |daemon: &Daemon| said.push(daemon.says("api"))).await;
        said.dedup();
        assert!(said.iter().any(|said| said.contains(says)), "{what}: {said:#?}");
        for name in ["plain", "web"] {
            assert_eq!(daemon.ended(name).outcome, Succeeded, "{what}: {name}");
        }
        if !says.contains("rolling out") {
            let shown = daemon.says("api");
            assert!(shown.starts_with("Hold: ") && shown.contains(says), "{what}: {shown}");
            assert_eq!(sim.started_code_deploys("prd", "api"), 0, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_codedeploy_is_asked_without_opting_in() {
    let clock = clock();
    let sim = Simulator::new(clock.time_source(), Options::default());
    sim.add_service(old("api").code_deploy(group()));
    let mut daemon = Setup::new(policies([weekly()])).start(&sim, &clock).await;
    daemon.run_for(10 * MINUTE).await;
    assert!(daemon.says("api").starts_with("Hold: deployed by CodeDeploy: code_deploy = true"));
    let asked = ["GetDeployment", "GetDeploymentGroup", "ListApplications", "CreateDeployment"];
    assert!(sim.calls().iter().all(|call| !asked.contains(&call.operation.as_str())));
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_one_call_of_what_runs_with_the_owners_hooks() {
    let clock = clock();
    let sim = Simulator::new(clock.time_source(), Options::default());
    let spec = group().yaml().hook(hook("AfterInstall")).hook(hook("BeforeAllowTraffic"));
    sim.add_service(old("api").code_deploy(spec));
    let before = sim.code_deployments("prd", "api");
    let setup = Setup::new(policies([opted_in()])).resync(HOUR);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_until_ended("api", HOUR).await;
    let ended = daemon.ended("api");
    assert_eq!(ended.outcome, Succeeded);
    let after = sim.code_deployments("prd", "api");
    assert_eq!(after.len(), before.len() + 1);
    let made = after.last().unwrap();
    assert_eq!(made.description.as_deref(), Some(&*format!("ecs-refresh {}", ended.attempt.id)));
    // Every week anew, from the AppSpec that we sent ourselves.
    daemon.run_for(8 * DAY).await;
    assert_eq!(sim.code_deployments("prd", "api").len(), before.len() + 2);
    assert_eq!(sim.code_deployments("prd", "api").last().unwrap().status, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_that_comes_first_refuses_ours_and_is_no_failure() {
    let clock = clock();
    let sim = Simulator::new(clock.time_source(), Options::default());
    sim.add_service(old("api").code_deploy(group()));
    let mut daemon = Setup::new(policies([opted_in()])).start(&sim, &clock).await;
    // Until the group was read: then somebody is faster.
    while !sim.calls().iter().any(|call| call.operation == "GetApplicationRevision") {
        daemon.run_events(1, MINUTE).await;
    }
    sim.code_deploy("prd", "api", true);
    let mut said = Vec::new();
    daemon.run_watched(HOUR, |daemon: &Daemon| said.push(daemon.says("api"))).await;
    said.dedup();
    assert_eq!(daemon.last("api"), None, "{said:#?}");
    let refused = "DeploymentLimitExceededException";
    let waited = said.iter().any(|said| said.contains(refused) || said.contains("is rolling out"));
    assert!(waited, "{said:#?}");
    assert_eq!(sim.started_code_deploys("prd", "api"), 0);
    assert!(daemon.says("api").starts_with("Fresh: "), "{}", daemon.says("api"));
}
