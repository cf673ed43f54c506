//! A call of which no answer is known: adopted or abandoned by deployment ids, never sent again.

use super::fixture::{OLD, OURS, Seen, THEIRS, accepted, adopted, after, seen, unanswered, word};
use crate::plan::fleet::{DeploymentId, ServiceDeploymentStatus as Status, Staging, Strategy};
use crate::plan::ledger::Call;
use crate::plan::proof::Judgement;

/// The call can have ended thirty seconds after its intent.
fn judge(seen: Seen) -> Judgement {
    seen.judge(&unanswered())
}

#[test]
fn while_the_call_can_be_on_its_way_nothing_is_concluded() {
    for when in ["0s", "5s", "29s"] {
        for seen in [
            seen(when).evidence(&[]),
            seen(when).primary_is(OLD, "0s"),
            seen(when).primary_is(THEIRS, "3s").evidence(&[]),
            seen(when).primary_is(THEIRS, "3s").task_definition("app:8").evidence(&[]),
        ] {
            let judgement = judge(seen);
            let Judgement::Going { reason, at, .. } = &judgement else { panic!("{judgement:?}") };
            assert_eq!((reason.label(), *at), ("call_unknown", after("30s")), "{when}");
        }
    }
}

#[test]
fn the_old_primary_proves_that_it_was_not_accepted_only_two_minutes_later() {
    for (when, expected) in
        [("30s", "call_unknown"), ("2m 29s", "call_unknown"), ("2m 30s", "abandon")]
    {
        assert_eq!(word(&judge(seen(when).primary_is(OLD, "0s"))), expected, "{when}");
    }
    let stale = seen("2m").primary_is(OLD, "0s");
    assert_eq!(
        word(&stale.judge_at(&unanswered(), after("20h"))),
        "call_unknown",
        "the reading must have begun then, whatever time it is now"
    );
}

#[test]
fn where_traffic_is_shifted_the_old_primary_may_be_back_and_the_service_deployments_are_asked() {
    let back = |when: &str| {
        seen(when).primary_is(OLD, "0s").staged(Strategy::BlueGreen, Staging::default())
    };
    assert_eq!(word(&judge(back("2m").evidence(&[]))), "call_unknown");
    assert_eq!(word(&judge(back("3m"))), "call_unknown", "not before they were asked");
    assert_eq!(word(&judge(back("3m").evidence(&[]))), "abandon");
    assert_eq!(word(&judge(back("3m").evidence_denied())), "abandon");
    for (status, expected) in [
        (Status::RollbackSuccessful, "rolled_back"),
        (Status::RollbackFailed, "failed"),
        (Status::RollbackInProgress, "our_rollback"),
        (Status::InProgress, "call_unknown"),
    ] {
        let made = back("3m").evidence(&[("sd", "1s", status.clone())]);
        assert_eq!(word(&judge(made)), expected, "{status:?}");
    }
}

#[test]
fn a_new_primary_of_that_moment_is_adopted() {
    let listed = [("sd", "2s", Status::InProgress)];
    let call = adopted(judge(seen("1m").evidence(&listed)));
    assert_eq!(
        call,
        Call::Accepted {
            deployment: DeploymentId::new(OURS),
            created_at: after("1s"),
            known_at: after("1m"),
            service_deployment: Some("sd".into()),
        }
    );
    let mut attempt = unanswered();
    attempt.call = call;
    assert_eq!(word(&seen("2m").judge(&attempt)), word(&seen("2m").judge(&accepted())));
}

#[test]
fn it_is_adopted_also_where_service_deployments_do_not_help() {
    let several = [("a", "2s", Status::InProgress), ("b", "9s", Status::Stopped)];
    for seen in
        [seen("1m").evidence_denied(), seen("1m").evidence(&[]), seen("1m").evidence(&several)]
    {
        let Call::Accepted { service_deployment, .. } = adopted(judge(seen)) else { panic!() };
        assert_eq!(service_deployment, None);
    }
}

#[test]
fn they_are_asked_first() {
    assert_eq!(word(&judge(seen("1m"))), "call_unknown");
}

#[test]
fn a_rollback_is_not_adopted_however_quick_it_was() {
    for (status, expected) in [
        (Status::RollbackSuccessful, "rolled_back"),
        (Status::RollbackFailed, "failed"),
        (Status::RollbackInProgress, "our_rollback"),
    ] {
        let quick = seen("2m").primary_is(THEIRS, "90s").evidence(&[("sd", "1s", status.clone())]);
        assert_eq!(word(&judge(quick)), expected, "{status:?}");
        let late = seen("20m").primary_is(THEIRS, "15m").evidence(&[("sd", "1s", status.clone())]);
        assert_eq!(word(&judge(late)), expected, "{status:?}");
        let listed = seen("2m").primary_is(THEIRS, "90s").beside(OURS);
        assert_eq!(word(&judge(listed.evidence(&[("sd", "1s", status)]))), expected);
    }
}

#[test]
fn a_late_primary_without_a_deployment_of_that_moment_is_somebodys_and_ours_was_not_accepted() {
    let late =
        |when| seen(when).primary_is(THEIRS, "15m").evidence(&[("x", "15m", Status::InProgress)]);
    assert_eq!(word(&judge(late("20m"))), "abandon");
    // Made before the intent, when our reading was stale already.
    let early = |when| seen(when).primary_is(THEIRS, "0s").made_before("5m").evidence(&[]);
    assert_eq!(word(&judge(early("2m"))), "call_unknown");
    assert_eq!(word(&judge(early("2m 30s"))), "abandon");
}

#[test]
fn where_it_cannot_be_told_whose_a_late_primary_is_it_has_failed() {
    let late = || seen("20m").primary_is(THEIRS, "15m");
    assert_eq!(word(&judge(late().evidence_denied())), "failed");
    let several = [("a", "2s", Status::Stopped), ("b", "9s", Status::Stopped)];
    assert_eq!(word(&judge(late().evidence(&several))), "failed");
    assert_eq!(word(&judge(late())), "call_unknown", "not before it was asked");
    let undated =
        seen("1m").made_at_an_unknown_time().evidence(&[("sd", "1s", Status::InProgress)]);
    assert_eq!(word(&judge(undated)), "call_unknown");
}

#[test]
fn beside_a_third_deployment_the_primary_may_be_a_rollback_and_is_not_adopted() {
    let third = || seen("2m").primary_is(THEIRS, "90s").beside(OURS);
    assert_eq!(word(&judge(third().evidence_denied())), "failed");
    assert_eq!(word(&judge(third().evidence(&[]))), "call_unknown");
    let beside_the_old = seen("2m").beside(OLD).evidence_denied();
    assert_eq!(word(&judge(beside_the_old)), "adopt");
}

#[test]
fn another_task_definition_is_somebody_elses() {
    assert_eq!(word(&judge(seen("31s").task_definition("app:8"))), "superseded");
}

#[test]
fn a_service_without_a_primary_is_looked_at_again() {
    assert_eq!(word(&judge(seen("10m").no_primary())), "call_unknown");
}
