//! Batches that fail as a whole because of one of them: they are halved until it is alone.

/// What is still to be asked for, in batches.
#[derive(Debug)]
pub(super) struct Batches<T> {
    /// The next one last.
    waiting: Vec<Vec<T>>,
}

impl<T: Clone> Batches<T> {
    /// Batches of at most `most` each.
    pub(super) fn of(all: &[T], most: usize) -> Self {
        Self { waiting: all.chunks(most).rev().map(<[T]>::to_vec).collect() }
    }

    pub(super) fn next(&mut self) -> Option<Vec<T>> {
        self.waiting.pop()
    }

    /// Puts a batch back as its two halves.
    pub(super) fn halve(&mut self, mut batch: Vec<T>) {
        let second = batch.split_off(batch.len() / 2);
        self.waiting.extend([second, batch]);
    }

    /// Takes out all that is left.
    pub(super) fn drain(&mut self) -> Vec<T> {
        self.waiting.drain(..).rev().flatten().collect()
    }
}
