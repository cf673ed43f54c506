//! What people call the things that ARNs name.

/// `app:7` of `arn:aws:ecs:…:task-definition/app:7`.
pub(super) fn task_definition(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// `web` of `arn:aws:elasticloadbalancing:…:targetgroup/web/73e2d6bc24d8a067`.
pub(super) fn target_group(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or(arn)
}
