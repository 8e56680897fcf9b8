//! Shortens a conversation by its oldest turns. It does not choose the deployment; the
//! routing filters do, and the largest window that they can reach is the limit here.

use std::collections::BTreeSet;

use llmroute_core::model::prompt::{DOCUMENT_TOKENS, IMAGE_TOKENS};
use llmroute_core::model::{Message, Part, Prompt, Role};
use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::{GroupId, Map, Member};

/// The tokens reserved for the answer if the request sets no limit; fewer in a small window.
const ANSWER: u64 = 4096;

/// A shortened conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fitted {
    /// The messages to send; the first one is the user's.
    pub kept: Vec<Message>,
    /// The number of dropped turns: user messages, with what follows each.
    pub left_out: usize,
}

/// The newest turns of `messages` that fit into `budget` tokens. The last turn stays, whatever its size.
#[must_use]
pub(crate) fn fit(mut messages: Vec<Message>, budget: u64) -> Fitted {
    let begins: Vec<usize> = (0..messages.len()).filter(|at| begins_turn(&messages[*at])).collect();
    let sizes: Vec<u64> = messages.iter().map(tokens).collect();
    let fits = |from: usize| sizes[from..].iter().fold(0_u64, |sum, size| sum.saturating_add(*size)) <= budget;
    let turns = begins.len();
    let left_out = begins.iter().position(|from| fits(*from)).unwrap_or(turns.saturating_sub(1));
    let kept = messages.split_off(begins.get(left_out).copied().unwrap_or_default());
    Fitted { kept, left_out }
}

/// The tokens of messages that fit the largest deployment reachable from `group`, beside `prompt`'s
/// system prompt and an answer; `None` if the window of one of them is unknown. A tenth is kept free,
/// because tokens are estimated.
#[must_use]
pub(crate) fn budget(map: &Map, group: GroupId, facts: &RequestAttributes, prompt: &Prompt) -> Option<u64> {
    let groups = reachable(map, group, facts.no_fallback);
    let members = groups.iter().flat_map(|id| &map.group(*id).members);
    let windows: Option<Vec<u64>> = members
        .filter(|member| usable(map, member, facts))
        .map(|member| map.deployment(member.deployment).context_window)
        .collect();
    let window = windows?.into_iter().max()?;
    let answer = facts.max_tokens.unwrap_or(ANSWER.min(window / 4));
    let system = prompt.system.as_deref().map_or(0, text_tokens);
    Some((window - window / 10).saturating_sub(answer).saturating_sub(system))
}

/// Returns `true` for a user message; a tool result belongs to the turn before.
fn begins_turn(message: &Message) -> bool {
    let tool = |part: &Part| matches!(part, Part::ToolResult { .. });
    message.role == Role::User && !message.parts.iter().any(tool)
}

fn tokens(message: &Message) -> u64 {
    let of = |part: &Part| match part {
        Part::Text(text) | Part::ToolResult { text, .. } => text_tokens(text),
        Part::ToolCall { arguments, .. } => text_tokens(arguments),
        Part::ReasoningBlock(block) => u64::try_from(block.size().div_ceil(4)).unwrap_or(u64::MAX),
        Part::Image { .. } => IMAGE_TOKENS,
        Part::File { .. } => DOCUMENT_TOKENS,
    };
    message.parts.iter().map(of).sum()
}

/// Estimated tokens: four ASCII characters each, two of other alphabets, one of scripts without
/// spaces. It overestimates rather than underestimates: a request that does not fit is refused as a whole.
fn text_tokens(text: &str) -> u64 {
    let quarters = |c: char| match u32::from(c) {
        0..0x80 => 1,
        0x80..0x0e00 => 2,
        _ => 4,
    };
    text.chars().map(quarters).sum::<u64>().div_ceil(4)
}

fn reachable(map: &Map, group: GroupId, no_fallback: bool) -> BTreeSet<GroupId> {
    let mut found = BTreeSet::new();
    let mut open = vec![group];
    while let Some(id) = open.pop() {
        if found.insert(id) && !no_fallback {
            open.extend(&map.group(id).fallbacks);
            open.extend(&map.group(id).context_window_fallbacks);
        }
    }
    found
}

fn usable(map: &Map, member: &Member, facts: &RequestAttributes) -> bool {
    let has = |tag: &String| member.tags.contains(tag);
    map.deployment(member.deployment).no_key.is_none()
        && facts.require_tags.iter().all(has)
        && !facts.forbid_tags.iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation: `u` and `a` are messages of ten tokens each of the person and of the model, `t`
    /// the result of a tool.
    fn talk(shape: &str) -> Vec<Message> {
        let message = |kind| match kind {
            'u' => Message::text(Role::User, "x".repeat(40)),
            'a' => Message::text(Role::Assistant, "x".repeat(40)),
            _ => {
                let result = Part::ToolResult { id: "1".to_owned(), text: "x".repeat(40) };
                Message { role: Role::User, parts: vec![result] }
            }
        };
        shape.chars().map(message).collect()
    }

    fn check(shape: &str, budget: u64, kept: &str, left_out: usize) {
        assert_eq!(fit(talk(shape), budget), Fitted { kept: talk(kept), left_out }, "{shape} into {budget}");
    }

    #[test]
    fn what_fits_stays_whole() {
        check("uauau", 50, "uauau", 0);
        check("", 0, "", 0);
    }

    #[test]
    fn the_oldest_turns_give_way_as_a_whole() {
        check("uauau", 49, "uau", 1);
        check("uauau", 30, "uau", 1);
        check("uauau", 29, "u", 2);
    }

    #[test]
    fn the_question_stays_whatever_its_size() {
        check("uau", 3, "u", 1);
        check("u", 0, "u", 0);
    }

    #[test]
    fn other_scripts_take_more_tokens() {
        for (text, want) in [("", 0), ("four", 1), ("fours", 2), ("шесть", 3), ("日本語", 3)] {
            assert_eq!(text_tokens(text), want, "{text}");
        }
    }

    #[test]
    fn a_result_of_a_tool_goes_with_its_turn() {
        check("uatau", 20, "u", 1);
    }
}
