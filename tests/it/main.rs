//! Integration tests: the real program, run in a project of its own for each test.
//!
//! Tests that need the tools of `cargo xtask test --only tools` are ignored otherwise; `cargo xtask test` runs them all.

mod access;
mod agreement;
mod aws_cli;
mod bootstrap;
mod browser;
mod cdk;
mod change_sets;
mod checks;
mod credentials;
mod departed;
mod deploy;
mod destroy;
mod diff;
mod drift;
mod endpoint;
mod environment;
mod faulty;
mod graph;
mod init;
mod interruption;
mod kills;
mod latency;
mod limits;
mod list;
mod live;
mod localstack;
mod malformed;
mod migrate;
mod moves;
mod nested;
mod outputs;
mod plan;
mod program;
mod project;
mod records;
mod recover;
mod removals;
mod sample;
mod samples;
mod saved;
mod secret;
mod shop;
mod stacks;
mod status;
mod stream;
mod synth;
mod terminal;
mod usage;
mod validate;
mod wire;

#[test]
fn no_file_of_this_folder_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let name = entry.expect("it can be listed").file_name();
        let name = name.to_string_lossy();
        let Some(module) = name.strip_suffix(".rs") else {
            continue;
        };
        assert!(
            module == "main" || include_str!("main.rs").contains(&format!("\nmod {module};\n")),
            "`{name}` is not among the modules of `main.rs`"
        );
    }
}
