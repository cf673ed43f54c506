//! Where Prometheus's own checker of metrics is.

use std::env;
use std::path::PathBuf;

/// The file that the environment variable `PROMTOOL` names, or the first promtool on the search path.
pub fn path() -> Option<PathBuf> {
    if let Some(path) = env::var_os("PROMTOOL").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths).map(|path| path.join("promtool")).find(|path| path.is_file())
}
