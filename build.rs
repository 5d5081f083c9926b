//! How the program is linked.

use std::env;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script of the target by variables"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |key: &str| env::var(key).unwrap_or_default();
    // A program that may stand anywhere in memory has tens of thousands of addresses to write before it begins: as long as
    // all else that `--version` does, and 3 MiB that it no longer shares with its file. Stack, heap and libraries are still
    // put at random places. Other platforms take no program like this, or link it themselves.
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bin=chitinfra=-no-pie");
    }
}
