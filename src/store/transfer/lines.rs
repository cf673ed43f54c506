//! Lines of bounded length.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;

use crate::store::RECORD_BYTES_MAX;

/// The longest line: the largest item, and what is around it.
pub const BYTES_MAX: usize = RECORD_BYTES_MAX + 10_000;

/// One line, without its end.
pub enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// The lines of a text, counted.
pub struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: usize,
}

impl<'a> Lines<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, number: 0 }
    }

    /// The number of the line that was read last, from 1 on.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The next line, if there is one. No more of it is held than [`BYTES_MAX`] bytes.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let most = BYTES_MAX as u64 + 1;
        let read = Read::take(&mut self.input, most).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            return Ok(Some(Line::Whole(bytes)));
        }
        if bytes.len() <= BYTES_MAX {
            return Ok(Some(Line::Whole(bytes)));
        }
        self.skip()?;
        Ok(Some(Line::TooLong))
    }

    /// Reads on until the line ends.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let there = self.input.fill_buf()?;
            if there.is_empty() {
                return Ok(());
            }
            let end = there.iter().position(|byte| *byte == b'\n');
            let read = end.map_or(there.len(), |end| end + 1);
            self.input.consume(read);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

pub fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    out.write_all(&serde_json::to_vec(value)?)?;
    out.write_all(b"\n")
}
