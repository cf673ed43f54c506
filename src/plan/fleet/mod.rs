//! What ECS was seen to be, and when.
//!
//! The types here are ours, not the wire's. Every part carries the time at which the reading of it
//! began, because a decision may rest only on what was read recently enough, and says when it is
//! incomplete, because a partial view proves nothing.

mod cache;
mod service;
mod staging;
mod task;

pub use cache::{ClusterLook, ClusterTasks, ClusterView, Fleet, Reading, ServiceLook};
pub use service::{
    Controller, Deployment, DeploymentId, Description, Launch, Problem, ProblemClass, RolloutState,
    Service, Strategy,
};
pub use staging::{Cleanup, Hook, HookProgress, Progress, Protected, Staging};
pub use task::{
    PostMortem, ServiceDeployment, ServiceDeploymentStatus, StoppedTask, StoppedTasks, Task,
    TaskId, TaskStatus, Tasks,
};
