//! What the crate does as a whole, seen from outside.

mod compile_fail;
mod diagnostics;
mod intrinsics;
mod options;
mod program;
mod properties;
mod references;
