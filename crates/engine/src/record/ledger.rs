//! Writing records.

use assembly::Manifest;
use futures_util::future::try_join_all;
use indexmap::IndexMap;
use plan::{Plan, Summary};

use super::{
    FORMAT_VERSION, Home, Kind, RELEASE, RecordError, Recorded, Release, ReleaseOutcome,
    ReleasedStack,
    content::{ASSEMBLY, PLAN},
};
use crate::{
    aws::rfc3339,
    claim::{Claim, Clock},
    desired::{Assembly, sha256},
    error::Error,
    outcome::{Outcome, Report},
    store::{ObjectStore, Tag},
};

/// Where a run that holds an environment records what it does to it.
pub struct Ledger<'a> {
    store: &'a dyn ObjectStore,
    home: Home,
    claim: &'a Claim<'a>,
    clock: Clock<'a>,
    tool: String,
}

/// What is about to be done.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What is done.
    pub kind: Kind,
    /// The commit of the project, when known.
    pub commit: Option<&'a str>,
    /// What describes the stacks.
    pub manifest: &'a Manifest,
    /// How many resources each action concerns.
    pub summary: Summary,
    /// Short names of the stacks that are worked on.
    pub stacks: Vec<&'a str>,
    /// The plan and what it deploys, where there are such.
    pub content: Option<(&'a Plan, &'a Assembly)>,
    /// The release it goes back to.
    pub rollback_to: Option<&'a str>,
}

/// A release that was begun.
#[derive(Clone, Debug)]
pub struct Entry {
    release: Release,
    tag: Tag,
}

impl Entry {
    /// The release as it was recorded.
    pub fn release(&self) -> &Release {
        &self.release
    }
}

impl<'a> Ledger<'a> {
    /// A ledger of an environment that is held; `tool` is the version of the program.
    pub fn new(
        store: &'a dyn ObjectStore,
        home: Home,
        claim: &'a Claim<'a>,
        clock: Clock<'a>,
        tool: impl Into<String>,
    ) -> Self {
        Self {
            store,
            home,
            claim,
            clock,
            tool: tool.into(),
        }
    }

    /// Records that something is begun. When this returns, a run that is killed is known to have been cut off.
    ///
    /// # Errors
    /// The bucket cannot be written, or another run took the environment over.
    pub async fn begin(&self, draft: &Draft<'_>) -> Result<Entry, Error> {
        let (claimant, unfinished) = self.claim.claimant().await;
        let now = (self.clock)();
        let id = release_id(now, draft.commit, &claimant.run);
        let mut contents = Vec::new();
        if let Some((plan, assembly)) = draft.content {
            contents.push((PLAN, to_json(plan)));
            contents.push((ASSEMBLY, to_json(&Recorded::of(assembly))));
        }
        let written = contents.iter().map(async |(name, body)| {
            let key = self.home.of_release(&id, name);
            self.put_new(&key, body).await
        });
        futures_util::future::try_join(try_join_all(written), self.claim.begin(&id)).await?;
        let manifest = draft.manifest;
        let release = Release {
            format_version: FORMAT_VERSION.to_owned(),
            id,
            environment: manifest.environment.clone(),
            account: manifest.account.clone(),
            region: manifest.region.clone(),
            kind: draft.kind,
            at: rfc3339(now).unwrap_or_default(),
            ended_at: None,
            by: claimant.by,
            commit: draft.commit.map(str::to_owned),
            tool: self.tool.clone(),
            outcome: ReleaseOutcome::UnderWay,
            summary: draft.summary,
            stacks: manifest
                .stacks
                .iter()
                .filter(|stack| draft.stacks.contains(&stack.name.as_str()))
                .map(|stack| ReleasedStack {
                    name: stack.name.clone(),
                    stack_name: stack.stack_name.clone(),
                    outcome: None,
                })
                .collect(),
            rollback_to: draft.rollback_to.map(str::to_owned),
            follows: unfinished,
            contents: contents
                .iter()
                .map(|(name, body)| ((*name).to_owned(), sha256(body)))
                .collect::<IndexMap<_, _>>(),
        };
        let key = self.home.of_release(&release.id, RELEASE);
        let tag = self.put_new(&key, &to_json(&release)).await?;
        Ok(Entry { release, tag })
    }

    /// Records how it ended; without a report, it failed before work on any stack began.
    ///
    /// # Errors
    /// The bucket cannot be written, or another run took the environment over.
    pub async fn finish(&self, entry: Entry, report: Option<&Report>) -> Result<(), Error> {
        let Entry { mut release, tag } = entry;
        for stack in &mut release.stacks {
            let mut worked = report.iter().flat_map(|report| &report.stacks);
            let worked = worked.find(|one| one.name == stack.name);
            stack.outcome = worked.map(|one| one.outcome.kind());
        }
        release.outcome = report.map_or(ReleaseOutcome::Failed, outcome_of);
        release.ended_at = rfc3339((self.clock)());
        let key = self.home.of_release(&release.id, RELEASE);
        let body = to_json(&release);
        let written = self.store.put_if_unchanged(&key, &body, &tag).await?;
        if written.is_none() {
            self.is_written(&key, &body).await?;
        }
        self.claim.settle().await
    }

    /// Records that what an earlier run was cut off in is in order: there was nothing left to do.
    ///
    /// # Errors
    /// The bucket cannot be written, or another run took the environment over.
    pub async fn settle(&self) -> Result<(), Error> {
        self.claim.settle().await
    }

    async fn put_new(&self, key: &str, body: &[u8]) -> Result<Tag, Error> {
        match self.store.put_new(key, body).await? {
            Some(tag) => Ok(tag),
            None => self.is_written(key, body).await,
        }
    }

    /// Whether an object is what was to be written: then only the answer was lost.
    async fn is_written(&self, key: &str, body: &[u8]) -> Result<Tag, Error> {
        match self.store.object(key).await? {
            Some(found) if found.body == body => Ok(found.tag),
            _ => Err(RecordError::Taken {
                key: key.to_owned(),
            }
            .into()),
        }
    }
}

/// `20261124-071503-4f8f391-9c1e`.
fn release_id(now: i64, commit: Option<&str>, run: &str) -> String {
    let stamp: String = time(now)
        .trim_end_matches('Z')
        .chars()
        .filter_map(|letter| match letter {
            'T' => Some('-'),
            '-' | ':' => None,
            other => Some(other),
        })
        .collect();
    let commit = commit.map_or_else(String::new, |commit| {
        let short: String = commit.chars().take(7).collect();
        format!("-{short}")
    });
    format!("{stamp}{commit}-{}", &sha256(run.as_bytes())[..4])
}

/// A time in RFC 3339, to the second.
fn time(milliseconds: i64) -> String {
    rfc3339(milliseconds / 1000 * 1000).unwrap_or_default()
}

fn outcome_of(report: &Report) -> ReleaseOutcome {
    let lost_sight = |outcome: &Outcome| matches!(outcome, Outcome::Detached(Some(_)));
    if report.is_success() {
        ReleaseOutcome::Succeeded
    } else if report.failures().next().is_some() {
        ReleaseOutcome::Failed
    } else if report.stacks.iter().any(|stack| lost_sight(&stack.outcome)) {
        ReleaseOutcome::Unfinished
    } else if report.is_interrupted() {
        ReleaseOutcome::Interrupted
    } else {
        ReleaseOutcome::Failed
    }
}

fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("names are texts, and numbers finite")
}
