//! Tail probabilities and quantiles of the normal distribution.

/// The probability of a value above `z`.
///
/// Uses the series of Marsaglia, "Evaluating the normal distribution", Journal of Statistical Software 11 (2004), and
/// Laplace's continued fraction where the series would lose precision.
#[must_use]
pub(crate) fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if z > 4.0 {
        let fraction = (1..=60).rev().fold(z, |below, k| z + f64::from(k) / below);
        return density / fraction;
    }
    let (mut sum, mut term, mut k) = (z, z, 1.0);
    while term > sum * f64::EPSILON {
        k += 2.0;
        term *= z * z / k;
        sum += term;
    }
    0.5 - density * sum
}

/// The `z` that is exceeded with probability `p`, to nine digits, for `p` from 1e-300 to 1 − 1e-15.
#[must_use]
pub(crate) fn upper_quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-38.0, 38.0);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if upper_tail(middle) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The two-sided critical value of a confidence level: 1.96 for 0.95.
#[must_use]
pub(crate) fn z_score(level: f64) -> f64 {
    upper_quantile((1.0 - level) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(z: f64, want: f64) {
        let got = upper_tail(z);
        assert!((got / want - 1.0).abs() < 1e-9, "above {z}: {got} is not {want}");
    }

    #[test]
    fn tails_match_published_tables() {
        for (z, want) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.025),
            (-1.0, 0.841_344_746_068_542_9),
            (3.999, 3.180_534_005_420_206e-5),
            (4.001, 3.153_767_893_352_079e-5),
            (8.0, 6.220_960_574_271_785e-16),
        ] {
            check(z, want);
        }
    }

    #[test]
    fn quantiles_invert_tails() {
        for z in [-5.0, -1.0, 0.0, 0.5, 1.96, 3.0, 6.0] {
            assert!((upper_quantile(upper_tail(z)) - z).abs() < 1e-8, "{z}");
        }
        assert!((z_score(0.95) - 1.959_963_984_540_054).abs() < 1e-9);
    }
}
