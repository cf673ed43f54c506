//! What ECS was seen to be, and when.
//!
//! The types here are ours, not the wire's. Every part carries the time at which the reading of it
//! began, because a decision may rest only on what was read recently enough, and says when it is
//! incomplete, because a partial view proves nothing.

mod cache;
mod code_deploy;
mod movement;
pub(super) mod packed;
mod percents;
mod service;
mod staging;
mod task;

pub use cache::{ClusterLook, ClusterTasks, ClusterView, Fleet, Reading, ServiceLook};
pub use code_deploy::{CodeDeployDeployment, CodeDeployProgress, CodeDeployStatus};
pub use movement::Movement;
pub use percents::Percents;
pub use service::{
    Controller, Deployment, DeploymentId, Description, Launch, Problem, ProblemClass, RolloutState,
    Running, Service, Strategy,
};
pub use staging::{Cleanup, Hook, HookProgress, Progress, Protected, Staging};
pub use task::{
    PostMortem, ServiceDeployment, ServiceDeploymentStatus, ServiceEvent, StoppedContainer,
    StoppedTask, StoppedTasks, Task, TaskId, TaskStatus, Tasks,
};
