//! Services that CodeDeploy deploys: whether they can be refreshed, by what, and where that is found
//! again. What became of it is judged in [`super::proof`].

mod app_spec;
mod document;
mod fit;
mod target;

pub use app_spec::{APP_SPEC_BYTES_MAX, AppSpec};
pub(super) use fit::{call, name, passes, unfit, waits};
pub use target::{Followed, Target, description};
