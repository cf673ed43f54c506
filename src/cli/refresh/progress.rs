//! Progress of one refresh: one line that is written over on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};

use crate::clock::Clock;

/// Shows how far a refresh is.
#[derive(Debug)]
pub struct Progress {
    clock: Clock,
    terminal: bool,
    last: String,
    promised: bool,
}

impl Progress {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            terminal: std::io::stdout().is_terminal(),
            last: String::new(),
            promised: false,
        }
    }

    /// Shows `sentence`, if it says something new.
    pub fn show(&mut self, sentence: &str) {
        if sentence == self.last {
            return;
        }
        sentence.clone_into(&mut self.last);
        let time = self.clock.now().format("%H:%M:%S");
        if self.terminal {
            // Back to the first column, and everything after the text erased.
            print!("\r{time} {sentence}\x1b[K");
        } else {
            println!("{time} {sentence}");
        }
        flush();
    }

    /// Says once what holds from the beginning on, on a line that stays.
    pub fn promise(&mut self, sentence: &str) {
        if !self.promised {
            self.promised = true;
            self.show(sentence);
            self.end();
        }
    }

    /// Leaves what was shown last standing.
    pub fn end(&mut self) {
        if self.terminal && !self.last.is_empty() {
            println!();
        }
        self.last.clear();
        flush();
    }

    /// Says a last sentence.
    pub fn say(&self, sentence: &str) {
        println!("{sentence}");
    }
}

/// Progress that cannot be shown stops nothing.
fn flush() {
    let _ = std::io::stdout().flush();
}
