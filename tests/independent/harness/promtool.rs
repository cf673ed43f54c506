//! Where Prometheus's own checker of metrics is.

use std::env;
use std::path::PathBuf;

/// The path in the environment variable `PROMTOOL`, or the first promtool on the search path.
pub fn path() -> Option<PathBuf> {
    if let Some(path) = env::var_os("PROMTOOL").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths).map(|path| path.join("promtool")).find(|path| path.is_file())
}
