//! Holm's correction for multiple comparisons.
//!
//! Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979). It
//! keeps the probability of any false positive in the family below the level.

use super::number;

/// The adjusted p-values, in the given order.
#[must_use]
pub(crate) fn adjust(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(p_values[at] * number(p_values.len() - rank)).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(p_values: &[f64], want: &[f64]) {
        let got = adjust(p_values);
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?} is not {want:?}");
        assert_eq!(got.len(), want.len());
    }

    #[test]
    fn a_single_comparison_is_not_adjusted() {
        check(&[0.03], &[0.03]);
        check(&[], &[]);
    }

    #[test]
    fn adjusted_p_values_keep_their_order() {
        check(&[0.04, 0.01, 0.03], &[0.06, 0.03, 0.06]);
        check(&[0.9, 0.6], &[1.0, 1.0]);
    }
}
