//! Computes, without any input or output, what changes between two templates and what those changes mean.
