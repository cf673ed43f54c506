//! The packages of node: installed once for a text of the lock file, below the target directory.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::Process;

const PACKAGE: &str = include_str!("../package.json");
const LOCK: &str = include_str!("../package-lock.json");

/// For packages that come from a slow mirror.
const INSTALL_SECONDS: u64 = 300;

/// A directory with `node_modules` in it.
pub struct Node {
    directory: PathBuf,
}

impl Node {
    /// Whether there are node and npm at all.
    pub fn is_there() -> bool {
        ["node", "npm"].iter().all(|name| {
            let mut command = Command::new(name);
            let status =
                command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        })
    }

    /// Finds the packages, or installs them. Another run that does so at the same time is waited for.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn provide() -> Result<Self, String> {
        let mut hasher = DefaultHasher::new();
        (PACKAGE, LOCK).hash(&mut hasher);
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let all = scratch.parent().unwrap_or(scratch).join("independent-node");
        let directory = all.join(format!("{:016x}", hasher.finish()));
        let at = |error: io::Error| format!("{}: {error}", all.display());
        fs::create_dir_all(&all).map_err(at)?;
        // Released when the file is closed, so also when the process is killed.
        let lock = File::create(all.join("lock")).map_err(at)?;
        lock.lock().map_err(at)?;
        if !directory.exists() {
            let unfinished = all.join("unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).map_err(at)?;
            }
            fs::create_dir(&unfinished).map_err(at)?;
            install(&unfinished)?;
            fs::rename(&unfinished, &directory).map_err(at)?;
        }
        Ok(Self { directory })
    }

    /// A command that runs JavaScript, which finds the packages.
    pub fn code(&self, code: &str) -> Command {
        let mut command = Command::new("node");
        command.args(["-e", code]).current_dir(&self.directory);
        command
    }
}

fn install(directory: &Path) -> Result<(), String> {
    for (name, text) in [("package.json", PACKAGE), ("package-lock.json", LOCK)] {
        fs::write(directory.join(name), text).map_err(|error| error.to_string())?;
    }
    let logs = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut npm = Command::new("npm");
    // No package may run anything as it is installed: nothing here needs a compiler.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(directory);
    let ended = Process::start("npm", logs.path(), &mut npm).wait(INSTALL_SECONDS);
    match ended.code {
        Some(0) => Ok(()),
        _ => Err(format!("npm needs a registry of packages, such as registry.npmjs.org\n{ended}")),
    }
}
