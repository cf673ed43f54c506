//! The Python environment: made once for a text of requirements, below the target directory.

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::Process;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// For packages that come from a slow mirror.
const INSTALL_SECONDS: u64 = 600;

/// A finished environment.
pub struct Python {
    directory: PathBuf,
}

impl Python {
    /// Whether there is a Python at all.
    pub fn is_there() -> bool {
        version().is_ok()
    }

    /// Finds the environment, or makes it. Another run that makes it at the same time is waited
    /// for.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn provide() -> Result<Self, String> {
        let version = version().map_err(|error| format!("python3 cannot be run: {error}"))?;
        let home = home().join(key(&version));
        let environments = home.parent().expect("it was joined").to_owned();
        let at = |error: io::Error| format!("{}: {error}", environments.display());
        fs::create_dir_all(&environments).map_err(at)?;
        // Released when the file is closed, so also when the process is killed.
        let lock = File::create(environments.join("lock")).map_err(at)?;
        lock.lock().map_err(at)?;
        if !home.exists() {
            let unfinished = environments.join("unfinished");
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished).map_err(at)?;
            }
            make(&unfinished)?;
            // An environment is found relative to its interpreter: it may be moved, as long as
            // nothing is started by the scripts, which begin with the old path.
            fs::rename(&unfinished, &home).map_err(at)?;
        }
        Ok(Self { directory: home })
    }

    /// A command that runs a module, without anything of this process's environment but what
    /// finding a home takes.
    pub fn module(&self, name: &str) -> Command {
        let mut command = self.interpreter();
        command.args(["-m", name]);
        command
    }

    /// A command that runs Python code.
    pub fn code(&self, code: &str) -> Command {
        let mut command = self.interpreter();
        command.args(["-c", code]);
        command
    }

    fn interpreter(&self) -> Command {
        let mut command = Command::new(self.directory.join("bin/python"));
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.directory).env("PYTHONUNBUFFERED", "1");
        command
    }
}

fn home() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).join("independent")
}

/// Names the environment by what goes into it.
fn key(version: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (REQUIREMENTS, version).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn version() -> io::Result<String> {
    let output = Command::new("python3").arg("--version").output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

fn make(directory: &Path) -> Result<(), String> {
    let logs = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(directory);
    run(logs.path(), "venv", &mut venv, "python3 needs the module venv, and ensurepip with it")?;
    let requirements = directory.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(|error| error.to_string())?;
    let mut pip = Command::new(directory.join("bin/python"));
    // What is compiled now is not compiled again at each start.
    pip.env_remove("PYTHONDONTWRITEBYTECODE");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]);
    pip.arg("--requirement").arg(requirements);
    run(logs.path(), "pip", &mut pip, "pip needs an index of packages, such as PyPI")
}

fn run(logs: &Path, name: &str, command: &mut Command, hint: &str) -> Result<(), String> {
    let ended = Process::start(name, logs, command).wait(INSTALL_SECONDS);
    match ended.code {
        Some(0) => Ok(()),
        _ => Err(format!("{hint}\n{ended}")),
    }
}
