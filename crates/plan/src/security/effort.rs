//! How much a comparison of access may take.
//!
//! Thousands of statements of thousands of patterns that all change could be compared for hours. What is left when the
//! effort is spent counts as not covered: it is said to widen access, as is all that cannot be compared for certain.

use std::cell::Cell;

/// How many steps there are: some tenths of a second.
const MOST: usize = 100_000_000;

/// What is left of it.
pub(super) struct Effort(Cell<usize>);

impl Default for Effort {
    fn default() -> Self {
        Self(Cell::new(MOST))
    }
}

impl Effort {
    /// Takes some steps; whether there were as many left. Once they are spent, there are none for anything cheaper.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}
