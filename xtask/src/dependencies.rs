//! The dependency-direction check: which crate may never know which.
//!
//! Each rule is held against `cargo tree` of that one package, because features are then resolved as they are when that
//! package alone is built; `cargo metadata` unites them over the whole workspace and would blame the wrong crate.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;

use crate::workspace::{Workspace, answer, say};

/// What one package must never depend on, directly or through others.
struct Rule {
    package: &'static str,
    /// Which dependencies count, in the words of `cargo tree --edges`.
    edges: &'static str,
    /// Names; a `*` at the end stands for anything.
    never: &'static [&'static [&'static str]],
    because: &'static str,
}

/// Crates that reach a network or bring a runtime for doing so.
const NETWORK: &[&str] = &[
    "async-std",
    "aws-*",
    "curl*",
    "h2",
    "h3",
    "hyper*",
    "isahc",
    "native-tls",
    "openssl*",
    "quinn*",
    "reqwest",
    "rustls*",
    "smol",
    "tokio*",
    "ureq*",
];
/// The typed program's side.
const PROGRAM_SIDE: &[&str] = &["constructs", "dsl", "resources", "stacks"];
/// The command line's side.
const COMMAND_SIDE: &[&str] = &[
    "bootstrap",
    "chime-emulator",
    "chitinfra",
    "engine",
    "local",
    "pairs",
    "plan",
    "policies",
    "schema",
    "simulation",
    "template",
    "toolbox",
];
/// The product's own services, apart from both sides.
const SERVICE_SIDE: &[&str] = &["ledger", "libsql*"];
/// Every crate of this workspace but `assembly`.
const OURS: &[&[&str]] = &[PROGRAM_SIDE, COMMAND_SIDE, SERVICE_SIDE, &["xtask"]];

const SHIPPED: &str = "normal";
const COMPILED: &str = "normal,build";

const RULES: &[Rule] = &[
    Rule {
        package: "stacks",
        edges: COMPILED,
        never: &[NETWORK],
        because: "an edit of a stack is a template in less than a second",
    },
    Rule {
        package: "stacks",
        edges: SHIPPED,
        never: &[COMMAND_SIDE],
        because: "the two sides share the assembly alone",
    },
    Rule {
        package: "chitinfra",
        edges: COMPILED,
        never: &[PROGRAM_SIDE],
        because: "the two sides share the assembly alone",
    },
    Rule {
        package: "chitinfra",
        edges: COMPILED,
        never: &[&["chime-emulator", "pairs", "simulation", "toolbox"]],
        because: "what tests are made of is not shipped",
    },
    Rule {
        package: "chitinfra",
        edges: COMPILED,
        never: &[SERVICE_SIDE],
        because: "a first deployment does not wait for a database to be compiled",
    },
    Rule {
        package: "ledger",
        edges: COMPILED,
        never: &[PROGRAM_SIDE, COMMAND_SIDE, &["aws-*"]],
        because: "the product's services stand by themselves",
    },
    Rule {
        package: "engine",
        edges: COMPILED,
        never: &[PROGRAM_SIDE, &["local"]],
        because: "the engine reaches every endpoint in the same way",
    },
    Rule {
        package: "local",
        edges: COMPILED,
        never: &[PROGRAM_SIDE, &["engine", "plan"]],
        because: "an endpoint that shares code with its client proves nothing about either",
    },
    Rule {
        package: "chime-emulator",
        edges: COMPILED,
        never: &[
            PROGRAM_SIDE,
            &["assembly", "aws-*", "engine", "local", "plan", "template"],
        ],
        because: "an endpoint that shares code with its client proves nothing about either",
    },
    Rule {
        package: "plan",
        edges: COMPILED,
        never: &[NETWORK, PROGRAM_SIDE, &["engine", "local", "template"]],
        because: "a plan is a pure function of two assemblies",
    },
    Rule {
        package: "bootstrap",
        edges: COMPILED,
        never: &[NETWORK, PROGRAM_SIDE, &["engine", "local", "plan"]],
        because: "what an environment needs is derived without asking anyone",
    },
    Rule {
        package: "api",
        edges: SHIPPED,
        never: &[PROGRAM_SIDE, COMMAND_SIDE],
        because: "the API is a product of its own",
    },
    Rule {
        package: "template",
        edges: COMPILED,
        never: &[NETWORK, PROGRAM_SIDE, &["engine", "local", "plan"]],
        because: "a template is checked without asking anyone",
    },
    Rule {
        package: "policies",
        edges: SHIPPED,
        never: &[NETWORK, PROGRAM_SIDE, &["engine", "local", "plan"]],
        because: "a project's own rules are evaluated without asking anyone",
    },
    Rule {
        package: "schema",
        edges: COMPILED,
        never: &[
            NETWORK,
            PROGRAM_SIDE,
            &["engine", "local", "plan", "template"],
        ],
        because: "facts are read, not fetched",
    },
    Rule {
        package: "constructs",
        edges: SHIPPED,
        never: &[COMMAND_SIDE],
        because: "facts are compiled into types, not looked up",
    },
    Rule {
        package: "dsl",
        edges: COMPILED,
        never: &[
            NETWORK,
            COMMAND_SIDE,
            &["constructs", "resources", "stacks"],
        ],
        because: "synthesis has no clock, no runtime and no network",
    },
    Rule {
        package: "assembly",
        edges: COMPILED,
        never: &[NETWORK, OURS[0], OURS[1], OURS[2], OURS[3]],
        because: "the contract depends on neither side",
    },
];

/// Checks every rule and names every breach with the path that leads to it, and the lock file of the fuzzer.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let mut breaches = BTreeSet::new();
    for rule in RULES {
        let arguments = [
            "tree",
            "--locked",
            "--package",
            rule.package,
            "--edges",
            rule.edges,
            "--prefix",
            "depth",
            "--format",
            " {p}",
        ];
        let tree = Tree::parse(&answer(&mut workspace.cargo(arguments))?);
        breaches.extend(rule.breaches(&tree));
    }
    for breach in &breaches {
        say(breach);
    }
    if !breaches.is_empty() {
        bail!("{} forbidden dependencies", breaches.len());
    }
    // Nothing else resolves what stands apart from the workspace: it fails where its lock file is behind.
    answer(&mut workspace.cargo(["tree", "--locked", "--manifest-path", "fuzz/Cargo.toml"]))?;
    Ok(())
}

impl Rule {
    fn breaches(&self, tree: &Tree) -> Vec<String> {
        tree.nearest(self.package)
            .into_iter()
            .filter(|path| path.last().is_some_and(|name| self.forbids(name)))
            .map(|path| format!("{}: {}", path.join(" -> "), self.because))
            .collect()
    }

    fn forbids(&self, name: &str) -> bool {
        self.never
            .iter()
            .flat_map(|names| names.iter())
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => name == *pattern,
            })
    }
}

/// What depends on what, by name. Two versions of a crate count as one: a rule is about what a crate is.
#[derive(Debug, Default)]
struct Tree {
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// Reads `cargo tree --prefix depth --format " {p}"`: `2 serde v1.0.0 (*)`. Children of a crate that appears more
    /// than once stand at its first appearance.
    fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let depth = words.next().and_then(|word| word.parse::<usize>().ok());
            let (Some(depth), Some(name)) = (depth, words.next()) else {
                continue;
            };
            above.truncate(depth);
            if let Some(parent) = above.last() {
                let children = tree.dependencies.entry(parent.clone()).or_default();
                children.insert(name.to_owned());
            }
            above.push(name.to_owned());
        }
        tree
    }

    /// A shortest path from `root` to every crate below it.
    fn nearest(&self, root: &str) -> Vec<Vec<String>> {
        let mut paths = vec![vec![root.to_owned()]];
        let mut seen = BTreeSet::from([root]);
        let mut next = 0;
        while let Some(path) = paths.get(next).cloned() {
            next += 1;
            let children = path.last().and_then(|name| self.dependencies.get(name));
            for child in children.into_iter().flatten() {
                if seen.insert(child) {
                    let mut longer = path.clone();
                    longer.push(child.clone());
                    paths.push(longer);
                }
            }
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        package: "stacks",
        edges: COMPILED,
        never: &[&["tokio*", "plan"]],
        because: "it must stay light",
    };

    #[test]
    fn a_breach_is_named_with_the_shortest_path_to_it() {
        let tree = Tree::parse(
            "0 stacks v0.1.0 (/home/me/stacks)\n1 constructs v0.1.0\n2 serde v1.0.0\n2 helper v2.0.0\n3 tokio-util v0.7.0\n\
             1 helper v2.0.0 (*)\n",
        );
        assert_eq!(
            RULE.breaches(&tree),
            ["stacks -> helper -> tokio-util: it must stay light"]
        );
    }

    #[test]
    fn a_name_that_only_starts_alike_is_no_breach() {
        let tree = Tree::parse("0 stacks v0.1.0\n1 planet v1.0.0\n2 serde v1.0.0\n");
        assert_eq!(RULE.breaches(&tree), [""; 0]);
    }

    #[test]
    fn every_crate_of_the_workspace_is_under_a_rule_or_on_a_side() {
        let workspace = Workspace::locate().expect("this is a checkout");
        for folder in std::fs::read_dir(workspace.root.join("crates")).expect("it has crates") {
            let name = folder.expect("it can be listed").file_name();
            let name = name.to_string_lossy();
            let known = name == "assembly" || OURS.iter().any(|side| side.contains(&&*name));
            assert!(
                known || name.contains('.'),
                "say on which side `{name}` stands"
            );
        }
    }
}
