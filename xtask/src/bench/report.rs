//! The figures, as a table for people and as JSON.

use std::{fmt::Write as _, process::Command, thread};

use serde::Serialize;

use super::measure::Sample;
use crate::workspace::answer;

/// What a bench found out.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    format_version: &'static str,
    processors: usize,
    rustc: String,
    runs: u8,
    pub(super) rows: Vec<Row>,
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

/// What a case must stay within.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Limit {
    pub(super) seconds: f64,
    /// Zero where memory has no limit.
    pub(super) mebibytes: u32,
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

    fn mebibytes(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no program has 2^53 bytes")]
        let bytes = self.peak_bytes as f64;
        bytes / f64::from(1 << 20)
    }
}

impl Limit {
    fn holds(self, figures: Figures) -> bool {
        figures.median_seconds <= self.seconds
            && (self.mebibytes == 0 || figures.mebibytes() <= f64::from(self.mebibytes))
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
        })
    }

    /// The table: median (least to most) and peak of each side, how many times the CDK takes, and the limit.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{} processors, {}, median of {} runs (least to most), peak of the largest process\n\n\
             {:<12} {:>32} {:>9}   {:>32} {:>9} {:>7}  {}\n",
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
                    format!("{:.0} x", theirs.median_seconds / ours.median_seconds)
                }
                _ => "-".to_owned(),
            };
            let limit = match (row.limit, row.chitinfra) {
                (Some(limit), Some(figures)) => verdict(limit, figures),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "{:<12} {ours:>32} {our_peak:>9}   {theirs:>32} {their_peak:>9} {ratio:>7}  {limit}",
                row.name
            );
            for (name, figures) in &row.parts {
                let _ = writeln!(
                    text,
                    "  {name:<10} {:>32} {:>6.1} MiB",
                    times(*figures),
                    figures.mebibytes()
                );
            }
        }
        text.push_str(&self.growth().unwrap_or_default());
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

fn verdict(limit: Limit, figures: Figures) -> String {
    let word = if limit.holds(figures) {
        "within"
    } else {
        "OVER"
    };
    let mut text = format!("{word} {}", seconds(limit.seconds));
    if limit.mebibytes > 0 {
        let _ = write!(text, ", {} MiB", limit.mebibytes);
    }
    text
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
    fn a_limit_is_one_of_time_and_of_memory() {
        let figures = Figures::of(&samples());
        let verdict = |seconds, mebibytes| verdict(Limit { seconds, mebibytes }, figures);
        assert_eq!(verdict(0.2, 0), "within 200.0 ms");
        assert_eq!(verdict(0.1, 0), "OVER 100.0 ms");
        assert_eq!(verdict(1.0, 1), "OVER 1.00 s, 1 MiB");
    }
}
