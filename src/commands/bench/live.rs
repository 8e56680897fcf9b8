//! The progress of a run: a line for each deployment on a terminal, else a line now and then.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::ui::console::Console;
use crate::ui::sanitize;
use crate::ui::text::{NONE, duration, money, time_left};
pub(crate) use llmroute_bench::load_generator::Progress;
pub(crate) use llmroute_bench::plan::{Load, Plan, Stop};
use llmroute_bench::sample::Sample;

/// The interval of progress lines where nothing can be redrawn.
const NOTICE_EVERY: Duration = Duration::from_secs(10);
/// The longest name that is shown in full.
const NAME: usize = 28;
/// The redraw rate of a terminal, a second.
const FRAMES: u8 = 8;

/// The view of a run.
pub(crate) struct LiveView {
    head: ProgressBar,
    lines: Vec<LiveLine>,
    /// The number of rounds, if known.
    rounds: Option<u32>,
    round: u32,
    said: Duration,
    /// `true` if the display can be redrawn.
    drawn: bool,
}

/// One deployment.
struct LiveLine {
    name: String,
    bar: ProgressBar,
    /// Milliseconds; sorted, like the tokens a second in `pace`.
    ttft: Vec<f64>,
    pace: Vec<f64>,
    failures: usize,
    doing: String,
}

impl LiveView {
    /// A progress display of `plan` on the terminal of `console`, if it has one.
    pub(crate) fn new(plan: &Plan, console: &Console) -> Self {
        let bars = console.bars(FRAMES);
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = |bars: &Option<MultiProgress>| {
            let bar = ProgressBar::no_length().with_style(style.clone());
            bars.as_ref().map_or_else(ProgressBar::hidden, |bars| bars.add(bar))
        };
        let head = bar(&bars);
        let line = |name: &String| LiveLine {
            name: sanitize::text(name).chars().take(NAME).collect(),
            bar: bar(&bars),
            ttft: Vec::new(),
            pace: Vec::new(),
            failures: 0,
            doing: String::new(),
        };
        let lines = plan.targets.iter().map(|target| line(&target.name)).collect();
        let (Load::Rounds { stop, .. } | Load::Arrivals { stop, .. }) = plan.load;
        let rounds = match stop {
            Stop::Rounds(rounds) => Some(rounds),
            Stop::After(_) => None,
        };
        Self { head, lines, rounds, round: 0, said: Duration::ZERO, drawn: bars.is_some() }
    }

    /// Shows an event `at` this time of the run, and the spend so far.
    pub(crate) fn show(&mut self, progress: &Progress<'_>, at: Duration, spent: f64, console: &mut Console) {
        match progress {
            Progress::Round(round) => self.round = self.round.max(round + 1),
            Progress::Began { target, .. } => self.doing(*target, "waits"),
            Progress::Streaming { target, pieces, .. } => self.doing(*target, &format!("{pieces} pieces")),
            Progress::Done { sample, .. } => self.done(sample),
            Progress::Paused(pause) => {
                let wait = format!("429, next call in {}", time_left(pause.span));
                self.doing(pause.target, &wait);
                console.detail(&format!("{}: {wait}", self.lines[pause.target].name));
            }
            Progress::Stopped { target, failure } => {
                self.doing(*target, "not called any more");
                let line = format!(
                    "{} is not called any more: {}: {}",
                    self.lines[*target].name, failure.class, failure.message
                );
                self.head.suspend(|| console.event(&line));
            }
        }
        let head = self.headline(at, spent);
        if self.drawn {
            self.head.set_message(head);
        } else if at >= self.said + NOTICE_EVERY {
            self.said = at;
            let failures: usize = self.lines.iter().map(|line| line.failures).sum();
            console.event(&format!("{head}  {failures} failed"));
        }
    }

    /// Removes the display from the terminal.
    pub(crate) fn clear(&self) {
        self.lines.iter().for_each(|line| line.bar.finish_and_clear());
        self.head.finish_and_clear();
    }

    fn headline(&self, at: Duration, spent: f64) -> String {
        let clock = |span: Duration| format!("{:02}:{:02}", span.as_secs() / 60, span.as_secs() % 60);
        let round = match self.rounds {
            Some(rounds) => format!("round {}/{rounds}", self.round),
            None => format!("round {}", self.round),
        };
        let left = self.rounds.filter(|_| self.round > 1).map(|rounds| {
            let done = self.round - 1;
            format!(" left {}", clock(at.mul_f64(f64::from(rounds.saturating_sub(done)) / f64::from(done))))
        });
        format!("{round}  {}{}  spent {}", clock(at), left.unwrap_or_default(), money(spent))
    }

    fn doing(&mut self, target: usize, what: &str) {
        if self.drawn {
            what.clone_into(&mut self.lines[target].doing);
            self.lines[target].draw();
        }
    }

    fn done(&mut self, sample: &Sample) {
        let line = &mut self.lines[sample.target];
        match &sample.failure {
            Some(fault) => {
                line.failures += 1;
                line.doing = sanitize::text(&fault.class).into_owned();
            }
            None => {
                sample.ttft().into_iter().for_each(|span| insert(&mut line.ttft, span.as_secs_f64() * 1e3));
                let after = sample.first_token.map(|first| sample.end.saturating_sub(first).as_secs_f64());
                let tokens = sample.usage.usage().output.saturating_sub(1) as f64;
                after.filter(|after| *after > 0.0).into_iter().for_each(|after| insert(&mut line.pace, tokens / after));
                line.doing.clear();
            }
        }
        if self.drawn {
            line.draw();
        }
    }
}

impl LiveLine {
    fn draw(&self) {
        let ttft = median(&self.ttft).map_or_else(|| NONE.to_owned(), |ms| duration(Duration::from_secs_f64(ms / 1e3)));
        let pace = median(&self.pace).map_or_else(|| NONE.to_owned(), |pace| format!("{pace:.0} tok/s"));
        self.bar.set_message(format!(
            "{:<NAME$}  {:>3} ok  TTFT {ttft:>9}  {pace:>10}  {} err  {}",
            self.name,
            self.ttft.len(),
            self.failures,
            self.doing
        ));
    }
}

/// Inserts into `sorted` and keeps its order.
fn insert(sorted: &mut Vec<f64>, value: f64) {
    let at = sorted.partition_point(|other| *other < value);
    sorted.insert(at, value);
}

fn median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}
