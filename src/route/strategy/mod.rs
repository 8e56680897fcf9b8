//! How a group orders its members; one file a strategy, each a pure function.

pub mod simple_shuffle;

use super::board::Board;
use super::{Group, Member, Strategy};
use crate::model::Timestamp;

/// The members of `group` at `eligible` positions, best first: lowest `order` first, then as the
/// strategy says. A permutation of `eligible`.
#[must_use]
pub fn rank(group: &Group, eligible: &[usize], board: &Board, now: Timestamp, rng: &mut fastrand::Rng) -> Vec<usize> {
    let mut orders: Vec<u32> = eligible.iter().map(|&position| group.members[position].order).collect();
    orders.sort_unstable();
    orders.dedup();
    let mut ranked = Vec::with_capacity(eligible.len());
    for order in orders {
        let level: Vec<usize> =
            eligible.iter().copied().filter(|&position| group.members[position].order == order).collect();
        let members: Vec<&Member> = level.iter().map(|&position| &group.members[position]).collect();
        let order = match group.strategy {
            Strategy::SimpleShuffle => {
                let ramp = |member: &&Member| board.cell(member.deployment).breaker.ramp(now);
                let ramps: Vec<f64> = members.iter().map(ramp).collect();
                simple_shuffle::order(&members, &ramps, rng)
            }
        };
        ranked.extend(order.into_iter().map(|index| level[index]));
    }
    ranked
}
