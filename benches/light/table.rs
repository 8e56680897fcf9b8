//! The result: one row a measure, one column a subject, the goal beside it.

use crate::process::Sample;

/// The goals for `llmroute`.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// At most so many times curl's value.
    Ratio(f64),
    /// At most curl's value and so much more.
    More(f64),
    /// At most so much.
    Most(f64),
    /// For information.
    None,
}

/// One measure of all subjects; `None` where it was not measured.
pub struct Row {
    name: String,
    goal: Goal,
    values: Vec<Option<f64>>,
}

impl Row {
    /// The median of `value` over the samples of each subject.
    pub fn medians(name: &str, goal: Goal, samples: &[Vec<Sample>], value: impl Fn(&Sample) -> f64) -> Self {
        let values: Vec<Vec<f64>> = samples.iter().map(|samples| samples.iter().map(&value).collect()).collect();
        Self::quantile(name, goal, &values, 0.5)
    }

    /// The quantile `q` of each subject's values.
    pub fn quantile(name: &str, goal: Goal, values: &[Vec<f64>], q: f64) -> Self {
        Self { name: name.to_owned(), goal, values: values.iter().map(|values| quantile(values, q)).collect() }
    }

    /// The goal as text, and whether `own` reaches it.
    fn verdict(&self, curl: f64, own: f64) -> (String, bool) {
        match self.goal {
            Goal::Ratio(most) => (format!("≤ {most:.1} × curl"), own <= most * curl),
            Goal::More(more) => (format!("≤ curl + {more:.0}"), own <= curl + more),
            Goal::Most(most) => (format!("≤ {most:.1}"), own <= most),
            Goal::None => (String::new(), true),
        }
    }
}

/// The nearest-rank quantile.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index between 0 and the length")]
fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Prints the table and returns `true` if every goal was reached. The first subject is curl, the last one is judged.
pub fn print(subjects: &[&str], rows: &[Row]) -> bool {
    print!("{:26}", "");
    subjects.iter().for_each(|name| print!("{name:>11}"));
    println!("{:>9}   goal", "ratio");
    let mut kept = true;
    for row in rows {
        print!("{:26}", row.name);
        for value in &row.values {
            print!("{:>11}", value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}")));
        }
        if let (Some(&Some(curl)), Some(&Some(own))) = (row.values.first(), row.values.last()) {
            let (goal, reached) = row.verdict(curl, own);
            let mark = if goal.is_empty() || subjects.len() < 3 {
                ""
            } else if reached {
                "reached"
            } else {
                "MISSED"
            };
            kept &= reached;
            print!("{:>9}   {goal:14} {mark}", format!("{:.2}", own / curl));
        }
        println!();
    }
    kept
}
