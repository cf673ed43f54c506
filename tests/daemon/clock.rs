//! A machine whose clock is set while the daemon runs; ECS keeps its own time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use chrono::TimeDelta;

use ecs_refresh::clock::Clock;
use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::simulator::ServiceSpec;

use crate::harness::{DAY, Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

/// Another clock's time, and some seconds.
#[derive(Clone, Debug)]
struct SetClock {
    right: Clock,
    off_by_seconds: Arc<AtomicI64>,
}

impl TimeSource for SetClock {
    fn now(&self) -> SystemTime {
        let off_by = TimeDelta::seconds(self.off_by_seconds.load(Ordering::Relaxed));
        (self.right.now() + off_by).into()
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_neither_blinds_the_daemon_nor_makes_it_refresh_twice() {
    for seconds in [-3_600, 1_800, -30] {
        let right = clock();
        let sim = simulator(&right);
        sim.add_service(ServiceSpec::new("prd", "old").desired(3).task_age(8 * DAY));
        sim.add_service(ServiceSpec::new("prd", "young").task_age(7 * DAY - 2 * HOUR));
        let off_by_seconds = Arc::new(AtomicI64::new(0));
        let source = SetClock { right: right.clone(), off_by_seconds: off_by_seconds.clone() };
        let set = Clock::from_source(SharedTimeSource::new(source));
        let mut daemon = Daemon::start(&sim, &set, policies([weekly()])).await;
        daemon.run_for(MINUTE / 3).await;
        assert_eq!(sim.started_deployments("prd", "old"), 1, "{}", daemon.says("old"));
        off_by_seconds.store(seconds, Ordering::Relaxed);
        sim.clear_calls();
        daemon.run_for(HOUR / 2).await;
        let looks = sim.count("DescribeServices");
        // One a minute, and six for a rollout that was begun in what is the future now.
        assert!((30..250).contains(&looks), "{looks} looks after the clock went {seconds} s");
        daemon.run_for(4 * HOUR).await;
        let last = daemon.ended("old");
        assert_eq!(last.outcome, Outcome::Succeeded, "{seconds}: {last:?}");
        for name in ["old", "young"] {
            assert_eq!(sim.started_deployments("prd", name), 1, "{name} after {seconds} s");
        }
    }
}
