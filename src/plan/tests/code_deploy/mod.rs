//! Services that CodeDeploy deploys.

mod app_spec;
mod gate;
mod proof;
