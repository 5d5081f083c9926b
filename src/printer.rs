//! The only place that writes to the terminal: the answer to stdout, everything else to stderr.

use std::{
    io::{self, BufWriter, IsTerminal as _, StdoutLock, Write},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use assembly::{Diagnostic, Severity};
use clap::ValueEnum;
use engine::Event;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    error::CommandError,
    stream::{self, Line, Stream},
    views::text::{printable, printable_lines},
};

/// How often the line for what is under way is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// How many bytes of a long answer are written at once.
const BLOCK: usize = 32 * 1024;

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// When the stream is a terminal and `NO_COLOR` is not set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Writes answers and messages.
#[derive(Debug)]
pub(crate) struct Printer {
    quiet: bool,
    verbose: bool,
    answer_style: Style,
    message_style: Style,
    closed: AtomicBool,
    /// Where the answer is a stream of what happens.
    stream: Option<Stream>,
    /// The line at the bottom of the terminal for what is under way.
    bar: Mutex<Option<ProgressBar>>,
}

/// How to mark up text: with ANSI escapes, or not at all; and how much of it fits on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    color: bool,
    links: bool,
    width: Option<usize>,
}

/// What the environment says of the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    pub(crate) color: ColorChoice,
    /// Whether `NO_COLOR` is set and not empty.
    pub(crate) no_color: bool,
    /// The width by `COLUMNS`, where the terminal does not tell.
    pub(crate) columns: Option<usize>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Whether the answer is a stream of what happens.
    pub(crate) stream: bool,
}

/// What a piece of text means; colour only repeats what a sign or word already says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing beyond the words.
    Plain,
    /// Something new.
    Create,
    /// Something that changes in place.
    Update,
    /// Something that is lost or replaced.
    Danger,
    /// Data that go: nothing is louder.
    Loss,
    /// A value as it was.
    Old,
    /// Something that stands out without danger.
    Strong,
    /// Something that may be skipped when reading.
    Faint,
}

impl Style {
    /// Text without escapes.
    pub(crate) const PLAIN: Self = Self {
        color: false,
        links: false,
        width: None,
    };

    /// Whether source lines are links.
    pub(crate) fn links(self) -> bool {
        self.links
    }

    /// How many columns the terminal has; `None` when this is not shown on one.
    pub(crate) fn width(self) -> Option<usize> {
        self.width
    }

    /// Marks up a piece of text.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Create => "32",
            Tone::Update => "33",
            Tone::Danger => "1;31",
            Tone::Loss => "1;97;41",
            Tone::Old => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

impl Printer {
    /// A printer for this process's streams.
    pub(crate) fn new(wishes: Wishes) -> Self {
        let style = |is_terminal: bool, links: bool, width: Option<usize>| Style {
            color: match wishes.color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => is_terminal && !wishes.no_color,
            },
            links: is_terminal && links,
            width: width.or(wishes.columns).filter(|_| is_terminal),
        };
        let width = |size: Option<(terminal_size::Width, _)>| {
            size.map(
                |(terminal_size::Width(width), _): (_, terminal_size::Height)| usize::from(width),
            )
        };
        Self {
            quiet: wishes.quiet,
            verbose: wishes.verbose,
            answer_style: style(
                io::stdout().is_terminal(),
                supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
                width(terminal_size::terminal_size_of(io::stdout())),
            ),
            message_style: style(
                io::stderr().is_terminal(),
                supports_hyperlinks::on(supports_hyperlinks::Stream::Stderr),
                width(terminal_size::terminal_size_of(io::stderr())),
            ),
            closed: AtomicBool::new(false),
            stream: wishes.stream.then(Stream::new),
            bar: Mutex::default(),
        }
    }

    /// The style of the answer.
    pub(crate) fn answer_style(&self) -> Style {
        self.answer_style
    }

    /// The style of messages.
    pub(crate) fn message_style(&self) -> Style {
        self.message_style
    }

    /// Whether progress may redraw lines.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Whether a question can be answered.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether only the answer and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether more of what is going on is wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Writes the answer. A reader that has gone away wants no more of it: that is no error.
    pub(crate) fn answer(&self, text: &str) {
        let newline = if text.ends_with('\n') || text.is_empty() {
            ""
        } else {
            "\n"
        };
        self.write(|stdout| {
            stdout.write_all(text.as_bytes())?;
            stdout.write_all(newline.as_bytes())
        });
    }

    /// Writes the answer as JSON, a block at a time: a whole one may take as much memory as what it tells of.
    ///
    /// # Errors
    /// It cannot be told as JSON.
    pub(crate) fn answer_json(&self, answer: &impl Serialize) -> Result<(), CommandError> {
        let mut told = Ok(());
        self.write(|stdout| {
            let mut blocks = BufWriter::with_capacity(BLOCK, stdout);
            match serde_json::to_writer_pretty(&mut blocks, answer) {
                Err(error) if error.is_io() => return Err(error.into()),
                outcome => told = outcome,
            }
            blocks.write_all(b"\n")?;
            blocks.flush()
        });
        told.map_err(CommandError::failed)
    }

    /// Writes to stdout, unless its reader has gone away.
    fn write(&self, write: impl FnOnce(&mut StdoutLock<'_>) -> io::Result<()>) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let written = self.beside_the_bar(|| {
            let mut stdout = io::stdout().lock();
            write(&mut stdout).and_then(|()| stdout.flush())
        });
        self.closed.store(written.is_err(), Ordering::Relaxed);
    }

    /// Whether the answer is a stream of what happens.
    pub(crate) fn streams(&self) -> bool {
        self.stream.is_some()
    }

    /// Writes a line of the stream, where the answer is one.
    pub(crate) fn emit(&self, line: &Line<'_>) {
        if self.streams() {
            self.answer(&stream::line(line));
        }
    }

    /// Writes an event, where the answer is a stream.
    pub(crate) fn event(&self, event: &Event) {
        if let Some(stream) = &self.stream {
            self.answer(&stream.event(event));
        }
    }

    /// Ends the stream, where the answer is one.
    pub(crate) fn end(&self, exit_code: u8, error: Option<&CommandError>) {
        if let Some(stream) = &self.stream {
            self.answer(&stream.end(exit_code, error));
        }
    }

    /// Begins a line at the bottom of the terminal for what is under way, where there is one.
    pub(crate) fn begin_bar(&self) {
        if self.is_interactive() {
            let bar = ProgressBar::new_spinner().with_style(
                ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(TICK);
            *self.bar() = Some(bar);
        }
    }

    /// Says in that line what is under way.
    pub(crate) fn set_bar(&self, text: String) {
        if let Some(bar) = &*self.bar() {
            bar.set_message(text);
        }
    }

    /// Takes that line away; whether there was one.
    pub(crate) fn end_bar(&self) -> bool {
        let bar = self.bar().take();
        bar.inspect(ProgressBar::finish_and_clear).is_some()
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes something while the line at the bottom is away.
    fn beside_the_bar<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*self.bar() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Writes a line about what is going on, unless quiet.
    pub(crate) fn status(&self, text: &str) {
        if !self.quiet {
            self.message(text);
        }
    }

    /// Writes a line that only someone looking for a cause wants.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.message(text);
        }
    }

    /// Writes a line to stderr, quiet or not.
    pub(crate) fn message(&self, text: &str) {
        // Nobody is left to tell when stderr cannot be written.
        let _ = self.beside_the_bar(|| writeln!(io::stderr().lock(), "{text}"));
    }

    /// Writes findings, the gravest last so that they stay on the screen.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        let mut sorted: Vec<_> = diagnostics.iter().collect();
        sorted.sort_by_key(|diagnostic| diagnostic.severity);
        for diagnostic in sorted {
            if diagnostic.severity == Severity::Error || !self.quiet {
                self.message(&render_diagnostic(diagnostic, self.message_style));
            }
        }
    }

    /// Asks for a line on the terminal; `None` at the end of input. While it waits, Ctrl-C is still heard.
    pub(crate) async fn ask(&self, question: &str) -> Option<String> {
        // It would be drawn over the question.
        let had_bar = self.end_bar();
        {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "{question} ");
            let _ = stderr.flush();
        }
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            match io::stdin().read_line(&mut line) {
                Ok(length) if length > 0 => Some(line.trim().to_owned()),
                Ok(_) | Err(_) => None,
            }
        });
        let answer = line.await.ok().flatten();
        if had_bar {
            self.begin_bar();
        }
        answer
    }
}

/// One finding as text: what, then where, then what to do.
fn render_diagnostic(diagnostic: &Diagnostic, style: Style) -> String {
    let (word, tone) = match diagnostic.severity {
        Severity::Error => ("error", Tone::Danger),
        Severity::Warning => ("warning", Tone::Update),
        Severity::Info => ("info", Tone::Faint),
    };
    let mut text = format!(
        "{}: {}",
        style.paint(tone, word),
        printable_lines(&diagnostic.message)
    );
    let place = match (&diagnostic.source, &diagnostic.path) {
        (Some(source), Some(path)) => Some(format!("{source} ({path})")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    };
    if let Some(place) = place {
        text.push_str(&format!("\n  --> {}", printable(&place)));
    }
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("\n  hint: {}", printable_lines(hint)));
    }
    text
}

#[cfg(test)]
impl Style {
    /// With colour.
    pub(crate) const COLOR: Self = Self {
        color: true,
        ..Self::PLAIN
    };

    /// On a terminal of so many columns.
    pub(crate) fn wide(self, columns: usize) -> Self {
        Self {
            width: Some(columns),
            ..self
        }
    }

    /// On a terminal that opens links.
    pub(crate) fn linked(self) -> Self {
        Self {
            links: true,
            ..self
        }
    }
}
