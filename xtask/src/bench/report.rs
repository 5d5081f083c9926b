//! The figures, as a table for people and as JSON.

use std::{fmt::Write as _, process::Command, thread};

use serde::Serialize;

use super::{api::ApiReport, measure::Sample};
use crate::workspace::answer;

/// What a bench found out.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    format_version: &'static str,
    processors: usize,
    rustc: String,
    runs: u8,
    pub(super) rows: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api: Option<ApiReport>,
}

/// One case.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<Limit>,
    pub(super) chitinfra: Option<Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cdk: Option<Figures>,
    /// What the case consists of, where that is measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<(&'static str, Figures)>,
}

/// What a case must stay within; zero where there is no such limit.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Limit {
    pub(super) seconds: f64,
    pub(super) mebibytes: u32,
    /// How many times as long the CDK must take.
    pub(super) times: u32,
}

/// Several runs of one program.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    median_seconds: f64,
    least_seconds: f64,
    most_seconds: f64,
    /// The median of the runs' peaks.
    peak_bytes: u64,
}

impl Figures {
    /// The figures of at least one run.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let mut seconds: Vec<f64> = samples.iter().map(|sample| sample.seconds).collect();
        let mut peaks: Vec<u64> = samples.iter().map(|sample| sample.peak_bytes).collect();
        seconds.sort_by(f64::total_cmp);
        peaks.sort_unstable();
        Self {
            median_seconds: seconds[seconds.len() / 2],
            least_seconds: seconds[0],
            most_seconds: seconds[seconds.len() - 1],
            peak_bytes: peaks[peaks.len() / 2],
        }
    }

    /// One thing after another.
    pub(super) fn and_then(self, next: Self) -> Self {
        Self {
            median_seconds: self.median_seconds + next.median_seconds,
            least_seconds: self.least_seconds + next.least_seconds,
            most_seconds: self.most_seconds + next.most_seconds,
            peak_bytes: self.peak_bytes.max(next.peak_bytes),
        }
    }

    /// How many times as long the other took.
    fn ratio(self, other: Self) -> f64 {
        other.median_seconds / self.median_seconds
    }

    fn mebibytes(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no program has 2^53 bytes")]
        let bytes = self.peak_bytes as f64;
        bytes / f64::from(1 << 20)
    }
}

impl Limit {
    /// Whether our figures stay within it; nothing when it is about the CDK, which did not run.
    fn holds(self, ours: Figures, theirs: Option<Figures>) -> Option<bool> {
        let is_quick = self.seconds == 0.0 || ours.median_seconds <= self.seconds;
        let is_small = self.mebibytes == 0 || ours.mebibytes() <= f64::from(self.mebibytes);
        let is_quicker = match (self.times, theirs) {
            (0, _) => true,
            (times, Some(theirs)) => ours.ratio(theirs) >= f64::from(times),
            (_, None) => return None,
        };
        Some(is_quick && is_small && is_quicker)
    }
}

impl Report {
    pub(super) fn new(runs: u8) -> anyhow::Result<Self> {
        Ok(Self {
            format_version: "1.0",
            processors: thread::available_parallelism()?.get(),
            rustc: answer(Command::new("rustc").arg("--version"))?
                .trim()
                .to_owned(),
            runs,
            rows: Vec::new(),
            api: None,
        })
    }

    /// The table: median (least to most) and peak of each side, how many times the CDK takes, and the limit.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{} processors, {}, median of {} runs (least to most), peak of the largest process\n\n\
             {:<17} {:>32} {:>9}   {:>32} {:>9} {:>7}  {}\n",
            self.processors,
            self.rustc,
            self.runs,
            "case",
            "chitinfra",
            "peak",
            "CDK",
            "peak",
            "CDK is",
            "limit"
        );
        for row in &self.rows {
            let cell = |figures: Option<Figures>| match figures {
                Some(figures) => (times(figures), format!("{:.1} MiB", figures.mebibytes())),
                None => ("-".to_owned(), "-".to_owned()),
            };
            let (ours, our_peak) = cell(row.chitinfra);
            let (theirs, their_peak) = cell(row.cdk);
            let ratio = match (row.chitinfra, row.cdk) {
                (Some(ours), Some(theirs)) => {
                    format!("{:.1} x", ours.ratio(theirs))
                }
                _ => "-".to_owned(),
            };
            let limit = match (row.limit, row.chitinfra) {
                (Some(limit), Some(ours)) => verdict(limit, ours, row.cdk),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "{:<17} {ours:>32} {our_peak:>9}   {theirs:>32} {their_peak:>9} {ratio:>7}  {limit}",
                row.name
            );
            for (name, figures) in &row.parts {
                let _ = writeln!(
                    text,
                    "  {name:<15} {:>32} {:>6.1} MiB",
                    times(*figures),
                    figures.mebibytes()
                );
            }
        }
        text.push_str(&self.growth().unwrap_or_default());
        if let Some(api) = &self.api {
            text.push_str(&api.table());
        }
        text
    }

    /// Whether four times as many resources take four times as long.
    fn growth(&self) -> Option<String> {
        let seconds = |name| {
            let row = self.rows.iter().find(|row| row.name == name)?;
            Some(row.chitinfra?.median_seconds)
        };
        let growth = seconds("many-40000")? / seconds("many-10000")?;
        Some(format!(
            "\n40,000 resources take {growth:.1} times as long as 10,000\n"
        ))
    }
}

fn verdict(limit: Limit, ours: Figures, theirs: Option<Figures>) -> String {
    let word = match limit.holds(ours, theirs) {
        Some(true) => "within",
        Some(false) => "OVER",
        None => "unknown:",
    };
    let mut parts = Vec::new();
    if limit.seconds > 0.0 {
        parts.push(seconds(limit.seconds));
    }
    if limit.mebibytes > 0 {
        parts.push(format!("{} MiB", limit.mebibytes));
    }
    if limit.times > 0 {
        parts.push(format!("the CDK's time / {}", limit.times));
    }
    format!("{word} {}", parts.join(", "))
}

fn times(figures: Figures) -> String {
    format!(
        "{} ({} to {})",
        seconds(figures.median_seconds),
        seconds(figures.least_seconds),
        seconds(figures.most_seconds)
    )
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1_000.0)
    } else {
        format!("{seconds:.2} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Sample> {
        serde_json::from_str(
            r#"[{"seconds": 0.3, "peak_bytes": 3145728, "success": true},
                {"seconds": 0.1, "peak_bytes": 1048576, "success": true},
                {"seconds": 0.2, "peak_bytes": 2097152, "success": true}]"#,
        )
        .expect("they are samples")
    }

    #[test]
    fn the_median_counts() {
        let figures = Figures::of(&samples());
        assert_eq!(times(figures), "200.0 ms (100.0 ms to 300.0 ms)");
        assert_eq!(figures.peak_bytes, 2 << 20);
    }

    #[test]
    fn a_limit_is_one_of_time_of_memory_and_of_the_cdk() {
        let figures = Figures::of(&samples());
        let verdict = |seconds, mebibytes, times, theirs| {
            let limit = Limit {
                seconds,
                mebibytes,
                times,
            };
            verdict(limit, figures, theirs)
        };
        assert_eq!(verdict(0.2, 0, 0, None), "within 200.0 ms");
        assert_eq!(verdict(0.1, 0, 0, None), "OVER 100.0 ms");
        assert_eq!(verdict(1.0, 1, 0, None), "OVER 1.00 s, 1 MiB");
        let twice = Some(figures.and_then(figures));
        assert_eq!(verdict(0.0, 0, 2, twice), "within the CDK's time / 2");
        assert_eq!(verdict(0.0, 0, 3, twice), "OVER the CDK's time / 3");
        assert_eq!(verdict(0.0, 0, 2, None), "unknown: the CDK's time / 2");
    }
}
