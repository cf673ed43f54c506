//! The percentages between which a rolling deployment moves.

/// `minimumHealthyPercent` and `maximumPercent` of `deploymentConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percents {
    pub minimum_healthy: u32,
    pub maximum: u32,
}

impl Percents {
    /// What ECS takes for a service that does not say (Amazon ECS API reference,
    /// DeploymentConfiguration).
    pub const DEFAULT: Self = Self { minimum_healthy: 100, maximum: 200 };

    /// The number of healthy tasks that are kept, and of tasks that are not exceeded: the lower one is
    /// rounded up, the upper one down (Amazon ECS API reference, DeploymentConfiguration).
    pub fn bounds(self, desired_count: u32) -> (u32, u32) {
        let of_desired = |percent: u32| u64::from(desired_count) * u64::from(percent);
        let whole = |tasks: u64| u32::try_from(tasks).unwrap_or(u32::MAX);
        (
            whole(of_desired(self.minimum_healthy).div_ceil(100)),
            whole(of_desired(self.maximum) / 100),
        )
    }

    /// Whether there is room to stop or to start a task (Amazon ECS developer guide, "Deploy Amazon ECS
    /// services by replacing tasks").
    pub fn can_move(self, desired_count: u32) -> bool {
        let (lower, upper) = self.bounds(desired_count);
        upper > desired_count || lower < desired_count
    }

    /// How many tasks a rollout replaces at a time: what may be stopped early and what may be started
    /// early together, and never more than there are. 0: it cannot move.
    pub fn batch(self, desired_count: u32) -> u32 {
        let (lower, upper) = self.bounds(desired_count);
        upper.saturating_sub(lower).min(desired_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_bound_is_rounded_up_and_the_upper_one_down() {
        for (desired, minimum_healthy, maximum, bounds, batch) in [
            (4, 100, 200, (4, 8), 4),
            (4, 50, 100, (2, 4), 2),
            (10, 100, 125, (10, 12), 2),
            (3, 50, 150, (2, 4), 2),
            (1, 0, 100, (0, 1), 1),
            (5_000, 100, 101, (5_000, 5_050), 50),
            // These cannot move.
            (3, 100, 125, (3, 3), 0),
            (2, 75, 100, (2, 2), 0),
            (1, 100, 150, (1, 1), 0),
            (1, 100, 50, (1, 0), 0),
            (0, 100, 200, (0, 0), 0),
            (u32::MAX, 0, u32::MAX, (0, u32::MAX), u32::MAX),
            (u32::MAX, u32::MAX, 0, (u32::MAX, 0), 0),
        ] {
            let percents = Percents { minimum_healthy, maximum };
            assert_eq!(percents.bounds(desired), bounds, "{percents:?} of {desired}");
            assert_eq!(percents.batch(desired), batch, "{percents:?} of {desired}");
        }
    }
}
