//! Finds, for tests, the tools and sample templates that `cargo xtask test` keeps in the target folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where something is that `cargo xtask test --only tools` puts below `target/tools`.
///
/// # Panics
/// It is not there.
pub fn tool(relative: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its file");
    let places = test.ancestors().map(|folder| folder.join("tools"));
    let mut tools = places.map(|folder| folder.join(relative));
    tools.find(|path| path.exists()).unwrap_or_else(|| {
        panic!("`target/tools/{relative}` is missing, run:\n\n    cargo xtask test --only tools\n")
    })
}

/// Every file below such a folder, in the order of their paths.
///
/// # Panics
/// It is not there or cannot be read.
pub fn files(relative: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&tool(relative), &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
