//! Reading records.

use std::cmp::Reverse;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Home, RELEASE, RecordError, Release, ReleaseOutcome};
use crate::{aws::from_rfc3339, error::Error, store::ObjectStore};

/// How many records are read at the same time.
const AT_ONCE: usize = 16;

/// The releases of an environment: what `history --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The version of this form.
    pub format_version: String,
    /// The releases, the newest first.
    pub releases: Vec<Release>,
    /// Keys of records that cannot be read.
    #[serde(default)]
    pub damaged: Vec<String>,
}

/// Reads every release of an environment. `under_way` is the one that a run is known to be carrying out; any other without
/// an ending was cut off.
///
/// # Errors
/// There is no bucket, or it cannot be read.
pub async fn history(
    store: &dyn ObjectStore,
    home: &Home,
    under_way: Option<&str>,
) -> Result<History, Error> {
    let ids = match store.folders(&home.releases()).await {
        Err(error) if error.is_missing_bucket() => {
            return Err(RecordError::NotBootstrapped {
                environment: home.environment.clone(),
            }
            .into());
        }
        ids => ids?,
    };
    let read = ids.iter().rev().map(async |id| {
        let key = home.of_release(id, RELEASE);
        let found = store.object(&key).await?;
        Ok::<_, Error>(found.map(|found| (id, key, found.body)))
    });
    let found: Vec<_> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
    let mut history = History {
        format_version: FORMAT_VERSION.to_owned(),
        releases: Vec::new(),
        damaged: Vec::new(),
    };
    // A folder without its release: a run was killed before it began anything.
    for (id, key, body) in found.into_iter().flatten() {
        match serde_json::from_slice::<Release>(&body) {
            Ok(mut release) if release.id == *id && is_known(&release.format_version) => {
                if release.outcome == ReleaseOutcome::UnderWay && under_way != Some(id) {
                    release.outcome = ReleaseOutcome::Unfinished;
                }
                history.releases.push(release);
            }
            _ => history.damaged.push(key),
        }
    }
    // Names tell the second alone.
    let begun = |release: &Release| (from_rfc3339(&release.at), release.id.clone());
    history
        .releases
        .sort_by_key(|release| Reverse(begun(release)));
    Ok(history)
}

/// The release that is meant: by its name, or by so much of its beginning that it can be no other.
///
/// # Errors
/// There is none, there are several, or its record cannot be read.
pub fn find<'h>(
    history: &'h History,
    home: &Home,
    wanted: &str,
) -> Result<&'h Release, RecordError> {
    let releases = &history.releases;
    if let Some(release) = releases.iter().find(|release| release.id == wanted) {
        return Ok(release);
    }
    let damaged = home.of_release(wanted, RELEASE);
    if history.damaged.contains(&damaged) {
        return Err(RecordError::Damaged {
            release: wanted.to_owned(),
            key: damaged,
            reason: "cannot be read".to_owned(),
        });
    }
    let found: Vec<&Release> = releases
        .iter()
        .filter(|release| !wanted.is_empty() && release.id.starts_with(wanted))
        .collect();
    match found[..] {
        [release] => Ok(release),
        [] => Err(RecordError::UnknownRelease {
            wanted: wanted.to_owned(),
            environment: home.environment.clone(),
            suggestion: assembly::nearest(wanted, releases.iter().map(|one| one.id.as_str()))
                .map(str::to_owned),
        }),
        _ => Err(RecordError::AmbiguousRelease {
            wanted: wanted.to_owned(),
            found: found.iter().map(|release| release.id.clone()).collect(),
        }),
    }
}

/// Whether a release was begun and has no ending. One that is named and was never recorded was not begun.
pub(crate) async fn is_open(store: &dyn ObjectStore, home: &Home, id: &str) -> Result<bool, Error> {
    let found = store.object(&home.of_release(id, RELEASE)).await?;
    Ok(found.is_some_and(|found| {
        // What cannot be read is told by whoever looks at it: it may have no ending.
        serde_json::from_slice::<Release>(&found.body)
            .map_or(true, |release| release.outcome == ReleaseOutcome::UnderWay)
    }))
}

/// Whether this program reads that version of a form.
pub(super) fn is_known(version: &str) -> bool {
    version.split('.').next() == FORMAT_VERSION.split('.').next()
}
