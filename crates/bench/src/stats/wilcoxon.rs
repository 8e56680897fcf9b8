//! Wilcoxon's signed-rank test.
//!
//! Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945). Zeros are left out; ties share
//! the mean of their ranks. The test is exact for up to 25 differences without ties; otherwise it uses the normal
//! approximation with corrections for ties and continuity (Hollander, Wolfe and Chicken, Nonparametric Statistical
//! Methods, 3rd ed., 3.1).

use super::{normal, number};

/// Largest number of differences for the exact distribution.
const EXACT: usize = 25;

/// The two-sided p-value of the hypothesis that the differences are symmetric around zero.
#[must_use]
pub(crate) fn p_value(differences: &[f64]) -> f64 {
    let mut values: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
    values.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let n = values.len();
    if n == 0 {
        return 1.0;
    }
    let (positive, ties) = rank_sum(&values);
    let total = number(n * (n + 1)) / 2.0;
    let smaller = positive.min(total - positive);
    if n <= EXACT && ties == 0.0 {
        return exact(n, smaller);
    }
    let variance = number(n * (n + 1)) * number(2 * n + 1) / 24.0 - ties / 48.0;
    let distance = (total / 2.0 - smaller - 0.5).max(0.0);
    (2.0 * normal::upper_tail(distance / variance.sqrt())).min(1.0)
}

/// The sum of the ranks of positive values, and `Σ(t³ − t)` over the groups of ties.
fn rank_sum(by_size: &[f64]) -> (f64, f64) {
    let (mut positive, mut ties, mut before) = (0.0, 0.0, 0);
    #[expect(clippy::float_cmp, reason = "a tie is equality")]
    for group in by_size.chunk_by(|a, b| a.abs() == b.abs()) {
        let size = number(group.len());
        let rank = number(before) + (size + 1.0) / 2.0;
        positive += rank * number(group.iter().filter(|value| **value > 0.0).count());
        ties += size * size * size - size;
        before += group.len();
    }
    (positive, ties)
}

/// Twice the share of the `2ⁿ` sign patterns whose ranks sum to at most `smaller`.
fn exact(n: usize, smaller: f64) -> f64 {
    let most = n * (n + 1) / 2;
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let below: f64 = ways.iter().enumerate().take_while(|(sum, _)| number(*sum) <= smaller).map(|(_, ways)| ways).sum();
    (2.0 * below / 2_f64.powf(number(n))).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(differences: &[f64], want: f64) {
        let got = p_value(differences);
        assert!((got - want).abs() < 1e-4, "{got} is not {want}");
    }

    #[test]
    fn small_samples_are_exact() {
        // Hollander and Wolfe, table 3.1 (Hamilton depression scale): T+ = 5 of 9, p = 0.0391 two-sided.
        check(&[-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010], 0.0391);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2.0 / 64.0);
    }

    #[test]
    fn no_difference_gives_a_p_value_of_one() {
        check(&[], 1.0);
        check(&[0.0; 40], 1.0);
        check(&[1.0, -1.0, 2.0, -2.0], 1.0);
    }

    #[test]
    fn large_samples_use_the_normal_approximation() {
        let one_sided: Vec<f64> = (1..=40).map(f64::from).collect();
        assert!(p_value(&one_sided) < 1e-7);
        // n = 30, T+ = 120: mean 232.5, variance 2363.75, z = 112 / 48.618 = 2.3037.
        let signs: Vec<f64> = (1..=30).map(|i| if i <= 15 { f64::from(i) } else { -f64::from(i) }).collect();
        check(&signs, 2.0 * normal::upper_tail(112.0 / 2363.75_f64.sqrt()));
    }
}
