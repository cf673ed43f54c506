//! Alarms that stop a wave.

use ecs_refresh::plan::policy::Policy;
use ecs_refresh::plan::preflight::{Name, Outcome};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec, Simulator};

use super::{OLD, assert_says};
use crate::harness::{Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

const ALARM: &str = "prod-5xx";

fn watching() -> Policy {
    let mut policy = weekly();
    policy.preflight.hold_while_alarm = vec![ALARM.into()];
    policy
}

fn three(sim: &Simulator) {
    for name in ["a", "b", "c"] {
        sim.add_service(ServiceSpec::new("prd", name).desired(2).task_age(OLD));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wave_starts_no_more_while_an_alarm_is_on() {
    let clock = clock();
    let sim = simulator(&clock);
    three(&sim);
    sim.set_alarm_state(ALARM, "OK");
    let mut daemon = Daemon::start(&sim, &clock, policies([watching()])).await;
    daemon.run_for(MINUTE).await;
    assert_eq!(sim.count("UpdateService"), 1, "{}", daemon.says("a"));
    sim.set_alarm_state(ALARM, "ALARM");
    daemon.run_for(3 * HOUR).await;
    assert_eq!(sim.count("UpdateService"), 1, "the first one goes on, and no other starts");
    assert!(daemon.last("a").is_some());
    for name in ["b", "c"] {
        assert!(daemon.says(name).starts_with("Hold: "), "{}", daemon.says(name));
        assert_says(&daemon, name, Name::Alarms, Outcome::Hold, &[ALARM]);
    }
    sim.set_alarm_state(ALARM, "OK");
    daemon.run_for(HOUR).await;
    assert_eq!(sim.count("UpdateService"), 3);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_cannot_be_read_holds_too() {
    for fault in [Some(Fault::AccessDenied), Some(Fault::ServerError), None] {
        let clock = clock();
        let sim = simulator(&clock);
        three(&sim);
        // Without a fault there is no such alarm: a slip of the pen watches nothing.
        if let Some(fault) = fault.clone() {
            sim.set_alarm_state(ALARM, "OK");
            sim.inject(FaultRule::new("DescribeAlarms", fault));
        }
        let mut daemon = Daemon::start(&sim, &clock, policies([watching()])).await;
        daemon.run_for(2 * HOUR).await;
        assert_eq!(sim.count("UpdateService"), 0, "{fault:?}: {}", daemon.says("a"));
        assert_says(&daemon, "a", Name::Alarms, Outcome::Hold, &[ALARM]);
        sim.heal();
        sim.set_alarm_state(ALARM, "OK");
        daemon.run_for(HOUR).await;
        assert_eq!(sim.count("UpdateService"), 3, "{fault:?}: {}", daemon.says("c"));
    }
}
