//! Fetches a Python package pinned by version and digest, through pip.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A wheel on PyPI.
pub(super) struct Package {
    /// The name on PyPI.
    pub(super) name: &'static str,
    /// The exact version.
    pub(super) version: &'static str,
    /// The wheel's SHA-256, in hexadecimal.
    pub(super) sha256: &'static str,
    /// The licence's SPDX identifier.
    pub(super) licence: &'static str,
}

impl Package {
    /// The folder of the unpacked wheel within `cache`, fetched first when it is not there.
    pub(super) fn unpack(&self, cache: &Path) -> Result<PathBuf> {
        let target = cache.join(format!("{}-{}", self.name, &self.sha256[..16]));
        if target.is_dir() {
            return Ok(target);
        }
        let partial = cache.join(format!("{}.partial", self.name));
        if partial.exists() {
            fs::remove_dir_all(&partial)
                .with_context(|| format!("cannot remove `{}`", partial.display()))?;
        }
        fs::create_dir_all(&partial)
            .with_context(|| format!("cannot create `{}`", partial.display()))?;

        // pip verifies the digest itself once a requirement names one.
        let requirements = partial.join("requirements.txt");
        fs::write(
            &requirements,
            format!(
                "{}=={} --hash=sha256:{}\n",
                self.name, self.version, self.sha256
            ),
        )?;
        python(
            Command::new("python3")
                .args([
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                ])
                .args([
                    "--only-binary",
                    ":all:",
                    "--require-hashes",
                    "--requirement",
                ])
                .arg(&requirements)
                .arg("--dest")
                .arg(&partial),
        )?;
        let wheel = fs::read_dir(&partial)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .with_context(|| format!("pip downloaded no wheel of `{}`", self.name))?;
        let unpacked = partial.join("unpacked");
        python(
            Command::new("python3")
                .args(["-m", "zipfile", "--extract"])
                .arg(wheel)
                .arg(&unpacked),
        )?;
        fs::rename(&unpacked, &target)
            .with_context(|| format!("cannot move to `{}`", target.display()))?;
        fs::remove_dir_all(&partial)?;
        Ok(target)
    }
}

fn python(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .context("cannot start `python3`, which downloads the packages")?;
    ensure!(status.success(), "`{command:?}` failed with {status}");
    Ok(())
}
