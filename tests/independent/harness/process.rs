//! One process that a case starts: what it prints, how it is told to end, and that it does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use super::reaper;
use super::wait::eventually;

/// A running process; dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    status: Option<ExitStatus>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub name: String,
    /// Absent where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Process {
    /// Starts a process that writes what it prints into files in `directory`.
    pub fn start(name: &str, directory: &Path, command: &mut Command) -> Self {
        let file = |extension: &str| {
            // A second process of the same name must not overwrite what the first one says.
            let names = (1..).map(|number| format!("{name}.{number}.{extension}"));
            let mut paths = names.map(|name| directory.join(name));
            paths.find(|path| !path.exists()).expect("there are numbers enough")
        };
        let (stdout, stderr) = (file("out"), file("err"));
        let open = |path: &Path| File::create(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        command.stdin(Stdio::null()).stdout(open(&stdout)).stderr(open(&stderr));
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} {command:?}: {error}"));
        reaper::born(&child);
        Self { name: name.to_owned(), child, stdout, stderr, status: None }
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("a child can be waited for");
            if self.status.is_some() {
                reaper::ended(&self.child);
            }
        }
        self.status.is_none()
    }

    /// Looks until there is something.
    ///
    /// # Panics
    /// When there is nothing within `seconds`, or the process ends before.
    #[track_caller]
    pub fn until<T>(
        &mut self,
        seconds: u64,
        why: &str,
        mut look: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        eventually(seconds, &format!("{why} ({})", self.name), || {
            let alive = self.is_alive();
            let found = look(self);
            assert!(alive || found.is_some(), "it ended too early: {self}");
            found
        })
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("sh can be started");
        assert!(status.success(), "{kill}: {status}");
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it has not within `seconds`.
    #[track_caller]
    pub fn wait(mut self, seconds: u64) -> Ended {
        let why = format!("{} ends", self.name);
        eventually(seconds, &why, || (!self.is_alive()).then_some(()));
        Ended {
            name: self.name.clone(),
            code: self.status.and_then(|status| status.code()),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}\n{}", self.name, self.stdout(), self.stderr())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_alive() {
            if std::thread::panicking() {
                eprintln!("left over: {self}");
            }
            // It may end by itself in between.
            let _ = self.child.kill();
            let _ = self.child.wait();
            reaper::ended(&self.child);
        }
    }
}

impl Ended {
    /// Holds it to an exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{self}");
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Everything that it said.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, code, stdout, stderr } = self;
        write!(f, "{name} ended with {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
