//! The stages that a traffic-shifting deployment passes through.
//!
//! Source: Amazon ECS Developer Guide, "Amazon ECS blue/green service deployments workflow".

/// `lifecycleStage`, in the order in which a deployment passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    ReconcileService,
    PreScaleUp,
    ScaleUp,
    PostScaleUp,
    TestTrafficShift,
    PostTestTrafficShift,
    PreProductionTrafficShift,
    ProductionTrafficShift,
    PostProductionTrafficShift,
    BakeTime,
    CleanUp,
}

const ALL: &[Stage] = &[
    Stage::ReconcileService,
    Stage::PreScaleUp,
    Stage::ScaleUp,
    Stage::PostScaleUp,
    Stage::TestTrafficShift,
    Stage::PostTestTrafficShift,
    Stage::PreProductionTrafficShift,
    Stage::ProductionTrafficShift,
    Stage::PostProductionTrafficShift,
    Stage::BakeTime,
    Stage::CleanUp,
];

impl Stage {
    /// The stage of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|stage| stage.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::ReconcileService => "RECONCILE_SERVICE",
            Stage::PreScaleUp => "PRE_SCALE_UP",
            Stage::ScaleUp => "SCALE_UP",
            Stage::PostScaleUp => "POST_SCALE_UP",
            Stage::TestTrafficShift => "TEST_TRAFFIC_SHIFT",
            Stage::PostTestTrafficShift => "POST_TEST_TRAFFIC_SHIFT",
            Stage::PreProductionTrafficShift => "PRE_PRODUCTION_TRAFFIC_SHIFT",
            Stage::ProductionTrafficShift => "PRODUCTION_TRAFFIC_SHIFT",
            Stage::PostProductionTrafficShift => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Stage::BakeTime => "BAKE_TIME",
            Stage::CleanUp => "CLEAN_UP",
        }
    }

    /// The stage behind this one; the last is its own.
    pub(crate) fn next(self) -> Self {
        ALL.iter().copied().find(|stage| *stage > self).unwrap_or(self)
    }

    /// Whether a Lambda function may run at this stage.
    pub(crate) fn takes_hooks(self) -> bool {
        !matches!(self, Stage::ScaleUp | Stage::BakeTime | Stage::CleanUp)
    }

    /// Whether the deployment may pause at this stage: not while traffic shifts.
    pub(crate) fn takes_pauses(self) -> bool {
        self.takes_hooks()
            && !matches!(self, Stage::TestTrafficShift | Stage::ProductionTrafficShift)
    }
}
