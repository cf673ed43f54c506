//! No child outlives the tests, however they end.
//!
//! One shell holds the list of the children that are alive. When its input ends, because this
//! process has ended in whatever way, it kills those that are left.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
left=' '
while read -r sign pid; do
  case $sign in
    +) left="$left$pid " ;;
    -) left="${left%% "$pid" *} ${left#* "$pid" }" ;;
  esac
done
kill -9 $left
"#;

#[expect(clippy::zombie_processes, reason = "it is there to outlive this process")]
static REAPER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh can be started");
    Mutex::new(shell.stdin.take().expect("its input is a pipe"))
});

/// Puts a child on the list.
pub fn born(child: &Child) {
    tell('+', child);
}

/// Takes a child that has ended off the list.
pub fn ended(child: &Child) {
    tell('-', child);
}

fn tell(sign: char, child: &Child) {
    let mut input = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(input, "{sign} {}", child.id()).expect("the reaper listens");
}
