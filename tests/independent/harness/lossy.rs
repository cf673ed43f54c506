//! A server in front of another that loses replies: what was asked for is done, and nobody hears.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing here takes longer, so that no thread outlives the tests for long.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server; it ends with the process.
pub struct Lossy {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The operation whose replies are lost, and how many of them still.
    lost: (String, usize),
    /// The operations that were passed on.
    passed: Vec<String>,
}

impl Lossy {
    /// A server in front of the one at `behind`.
    pub fn before(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away is no error.
                std::thread::spawn(move || pass(client, behind, &state));
            }
        });
        Self { address, state }
    }

    /// Loses the next `count` replies of an operation.
    pub fn lose(&self, operation: &str, count: usize) {
        self.state.lock().expect("nobody panics").lost = (operation.to_owned(), count);
    }

    /// How often an operation was passed on since the last time.
    pub fn passed(&self, operation: &str) -> usize {
        let passed = std::mem::take(&mut self.state.lock().expect("nobody panics").passed);
        passed.iter().filter(|name| *name == operation).count()
    }
}

/// Passes one request on, and its reply back unless it is to be lost.
fn pass(client: TcpStream, behind: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(&client);
    let (mut head, mut length, mut operation) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        if lower.starts_with("x-amz-target:") {
            operation = line.trim().rsplit('.').next().unwrap_or_default().to_owned();
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut server = TcpStream::connect(behind)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    server.write_all(&body)?;
    let mut reply = Vec::new();
    server.read_to_end(&mut reply)?;
    let is_lost = {
        let mut state = state.lock().expect("nobody panics");
        state.passed.push(operation.clone());
        let is_lost = state.lost.0 == operation && state.lost.1 > 0;
        state.lost.1 -= usize::from(is_lost);
        is_lost
    };
    match is_lost {
        true => Ok(()),
        false => (&client).write_all(&reply),
    }
}
