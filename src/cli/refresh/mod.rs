//! `ecs-refresh refresh CLUSTER/SERVICE`: one refresh now, through the same checks, execution and
//! proof as the daemon's.

mod progress;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use self::progress::Progress as Shown;
use super::announcing::Announcing;
use super::args::RefreshArgs;
use super::connection::Connection;
use super::exit::Exit;
use super::run::interrupted;
use crate::announce::{AnnounceMetrics, Announcer};
use crate::aws::{Ecs, Observer, Priority, Surveyor};
use crate::clock::Clock;
use crate::lease::Leadership;
use crate::metrics::{Label, Metrics};
use crate::plan::diagnosis::Finding;
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Ledger, Outcome};
use crate::plan::policy::{ByHand, OnFailure, Policies, Policy, RetirementRule, RolloutTimeout};
use crate::plan::preflight::PreflightRule;
use crate::plan::schedule::Schedule;
use crate::plan::selector::{Pattern, Selector};
use crate::plan::verdict::{Reason, VerdictKind};
use crate::plan::words::Span;
use crate::progress::Progress;
use crate::reconciler::metrics::Outcomes;
use crate::reconciler::status::Status;
use crate::reconciler::{Effects, Parts, Reconciler};
use crate::settings::{self, Settings};
use crate::store::MemoryStore;

/// So long a person waits at most for others to be told of the outcome that is shown already.
const ANNOUNCING_MAX: Duration = Duration::from_secs(10);

/// Refreshes one service and waits for the proof.
pub async fn refresh(args: RefreshArgs, clock: Clock) -> Exit {
    let Some((cluster, name)) = args.service.split_once('/') else {
        return Exit::cannot(format!(
            "{:?} is not a service: say CLUSTER/SERVICE, such as prd/api",
            args.service
        ));
    };
    let sources = match args.config.optional_sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let metrics = Metrics::new();
    let connection = match Connection::new(&settings, &clock, &metrics).await {
        Ok(connection) => connection,
        Err(exit) => return exit,
    };
    let ecs = connection.ecs(&settings);
    let service = match find(&ecs, cluster, name).await {
        Ok(service) => service,
        Err(exit) => return exit,
    };
    let by_hand = ByHand {
        service: service.clone(),
        despite_freeze: args.despite_freeze,
        despite: args.despite_preflight.iter().copied().collect(),
    };
    let (announcer, announcing) =
        Announcing::begin(connection.event_bus(&settings), AnnounceMetrics::register(&metrics));
    let policies = match policies(settings, by_hand) {
        Ok(policies) => policies,
        Err(exit) => return exit,
    };
    let reconciler = reconciler(ecs, policies, clock.clone(), &metrics, announcer);
    let exit = follow(reconciler, &service, Shown::new(clock)).await;
    announcing.drain(ANNOUNCING_MAX).await;
    exit
}

/// The key of a service by its names: the account is in the cluster's ARN.
async fn find(ecs: &Ecs, cluster: &str, name: &str) -> Result<ServiceKey, Exit> {
    let names = [cluster.to_owned()].into();
    let resolved = ecs.resolve_clusters(&names, Priority::Urgent).await.map_err(Exit::cannot)?;
    if let Some(problem) = resolved.denied.values().next() {
        return Err(Exit::cannot(problem));
    }
    let found: Option<&ClusterKey> = resolved.found.first();
    match found {
        Some(cluster) => Ok(ServiceKey::new(cluster, name)),
        None => Err(Exit::no(format!(
            "there is no active cluster {cluster} in this account and region; \
             `aws ecs list-clusters` shows which there are"
        ))),
    }
}

/// The policies of the configuration, and one that selects the service in case none of them does.
fn policies(settings: Settings, by_hand: ByHand) -> Result<Policies, Exit> {
    let mut policies = settings.policies;
    let cluster = by_hand.service.cluster().name();
    let pattern = |text: &str| Pattern::new(text).map_err(Exit::cannot);
    let selector = Selector::new(
        vec![pattern(cluster)?],
        vec![pattern(by_hand.service.name())?],
        Vec::new(),
        Default::default(),
    );
    policies.policies.push(Policy {
        name: "by-hand".into(),
        enabled: true,
        selector,
        schedule: Schedule::always(),
        max_task_age: None,
        concurrency: 1,
        settle: Duration::ZERO,
        rollout_timeout: RolloutTimeout::Auto,
        max_failures: 1,
        allow_pause: false,
        code_deploy: false,
        on_failure: OnFailure::Leave,
        retirement: RetirementRule::default(),
        preflight: PreflightRule::default(),
    });
    policies.by_hand = Some(by_hand);
    Ok(policies)
}

/// A reconciler that looks at one service only and remembers nothing: beside a daemon with a file
/// store the ledger is not its to write.
fn reconciler(
    ecs: Ecs,
    policies: Policies,
    clock: Clock,
    metrics: &Metrics,
    announcer: Announcer,
) -> Reconciler {
    let now = clock.now();
    Reconciler::new(Parts {
        resync: Duration::from_secs(60),
        effects: Effects {
            ecs: ecs.clone(),
            store: Arc::new(MemoryStore::default()),
            clock,
            leadership: Leadership::always(),
        },
        surveyor: Surveyor::new(ecs.clone()),
        observer: Arc::new(Observer::new(ecs)),
        ledger: Ledger::default(),
        own: None,
        outcomes: Outcomes::register(metrics),
        announcer,
        progress: Progress::new(now),
        status: watch::Sender::new(Status::starting(now, Arc::new(policies.clone()))),
        policies,
    })
}

/// Runs the reconciler until the service's attempt has ended, or cannot begin.
async fn follow(mut reconciler: Reconciler, service: &ServiceKey, mut shown: Shown) -> Exit {
    // The sender is kept: nothing is ever sent.
    let (_triggers, mut received) = mpsc::channel(1);
    let mut interrupt = Box::pin(interrupted());
    reconciler.watch_service(service.clone());
    reconciler.turn();
    loop {
        let event = tokio::select! {
            biased;
            () = &mut interrupt => {
                shown.end();
                return Exit::no(left_behind(&reconciler, service));
            }
            event = reconciler.next(&mut received) => event,
        };
        match event {
            Ok(event) => reconciler.take(event),
            Err(error) => return Exit::cannot(error),
        }
        if let Some(exit) = judge(&reconciler, service, &mut shown) {
            return exit;
        }
    }
}

/// What to say when a person stops waiting.
fn left_behind(reconciler: &Reconciler, service: &ServiceKey) -> String {
    let open = reconciler.record(service).is_some_and(|record| record.open.is_some());
    if open {
        format!("no longer watching: the rollout of {service} goes on in ECS, and is not proven")
    } else {
        "nothing was started".to_owned()
    }
}

/// The sentence that ends it, which has the hint, and the finding in a line of its own.
fn with_finding(sentence: String, finding: Option<&Finding>) -> String {
    let Some(finding) = finding else { return sentence };
    format!("{sentence}\nfinding: {} ({})", finding.label(), finding.summary())
}

/// Whether there is an answer yet; shows how far the refresh is.
fn judge(reconciler: &Reconciler, service: &ServiceKey, shown: &mut Shown) -> Option<Exit> {
    let record = reconciler.record(service);
    if let Some(last) = record.and_then(|record| record.last.as_ref()) {
        shown.end();
        let outcome = last.outcome.label();
        let took = Span(last.duration());
        let sentence = format!("{service}: {outcome} after {took}: {}", last.diagnosis);
        if last.outcome == Outcome::Succeeded {
            shown.say(&sentence);
            return Some(Exit::Fine);
        }
        return Some(Exit::no(with_finding(sentence, last.finding.as_ref())));
    }
    if let Some(refused) = record.and_then(|record| record.refused.as_ref()) {
        shown.end();
        return Some(Exit::no(format!("{service}: nothing was started: {}", refused.problem)));
    }
    let open = record.and_then(|record| record.open.as_ref());
    let under_way = open.is_some();
    if let Some(attempt) = open {
        let gets = crate::clock::elapsed(attempt.intent_at, attempt.deadline);
        shown.promise(&format!("{service}: waits {} for the rollout at most", Span(gets)));
    }
    match reconciler.plan().verdict(service) {
        Some(verdict) => {
            let kind = verdict.reason.kind();
            if !under_way && kind != VerdictKind::Refresh {
                shown.end();
                return Some(Exit::no(format!(
                    "{service}: nothing was started: {}",
                    verdict.reason
                )));
            }
            // The outcome is said once, when it is recorded.
            if !matches!(verdict.reason, Reason::Judged { .. }) {
                let hint = verdict.finding.as_ref().map(|finding| finding.hint());
                let to_do = hint.map_or(String::new(), |hint| format!("; to do: {hint}"));
                shown.show(&format!("{service}: {}{to_do}", verdict.reason));
            }
            None
        }
        None => match (reconciler.fleet().gone_at(service), reconciler.fleet().service(service)) {
            (Some(_), _) => Some(Exit::no(format!("there is no active service {service}"))),
            (None, Some(_)) => Some(Exit::no(format!(
                "{service} does not run on Fargate, which is all that ecs-refresh refreshes"
            ))),
            (None, None) => None,
        },
    }
}
