//! Figures of one run, and their mean over runs with its interval.

/// The figures of one run.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Requests.
    pub requests: usize,
    /// Requests without an answer.
    pub failed: usize,
    /// Requests whose first attempt failed.
    pub first_failed: usize,
    /// Calls.
    pub attempts: usize,
    /// Calls that failed.
    pub failures: usize,
    /// Seconds from the request to the first token, of those that were answered.
    pub first_token: Vec<f64>,
    /// Seconds from the request to its end, of all together.
    pub seconds: f64,
    /// USD in all.
    pub usd: f64,
    /// Seconds from the first request to the end of the last.
    pub duration: f64,
}

impl Figures {
    pub fn fail_percent(&self) -> f64 {
        100.0 * self.failed as f64 / self.requests as f64
    }

    pub fn first_fail_percent(&self) -> f64 {
        100.0 * self.first_failed as f64 / self.requests as f64
    }

    pub fn attempts_per_request(&self) -> f64 {
        self.attempts as f64 / self.requests as f64
    }

    pub fn mean_first_token(&self) -> f64 {
        self.first_token.iter().sum::<f64>() / self.first_token.len().max(1) as f64
    }

    /// The time to the first token that this share of the answered requests did not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.first_token.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (share * (sorted.len().max(1) - 1) as f64).round() as usize;
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }

    /// USD for a thousand requests.
    pub fn usd_per_thousand(&self) -> f64 {
        1000.0 * self.usd / self.requests as f64
    }

    /// Time, money and failure of a request by the default weights of `adaptive`.
    pub fn weighted(&self) -> f64 {
        (self.seconds + 100.0 * self.usd + 10.0 * self.failures as f64) / self.requests as f64
    }
}

/// A mean and half the width of its 95 % interval (Student's t).
pub fn mean(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    // Within 1 % of the quantile from five runs up.
    let t = 1.96 + 2.5 / (count - 1.7).max(0.3);
    (mean, t * (variance / count).sqrt())
}
