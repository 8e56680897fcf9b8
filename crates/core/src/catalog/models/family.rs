//! The row of a model's maker, for names that the table does not have: clouds rename models, and new versions
//! appear before the table is made again.

use std::cmp::Reverse;

use super::row::rows;
use super::{Efforts, Model, Support, Thinking, find};

/// The makers of models, and the beginnings of their names.
const MAKERS: &[(&str, &[&str])] = &[
    ("anthropic", &["claude-"]),
    ("openai", &["gpt-", "chatgpt-", "o1", "o3", "o4", "codex-"]),
    ("gemini", &["gemini-", "gemma-"]),
    ("deepseek", &["deepseek-"]),
    ("moonshot", &["kimi-", "moonshot-"]),
    ("zai", &["glm-"]),
    ("xai", &["grok-"]),
    ("mistral", &["mistral-", "magistral-", "ministral-", "codestral-", "devstral-", "pixtral-"]),
    ("cohere", &["command-"]),
    ("alibaba", &["qwen"]),
    ("minimax", &["minimax-"]),
];

/// Services that offer the models of one maker in the maker's own protocol and at its prices.
const RESELLERS: &[(&str, &str)] = &[
    ("bedrock", "anthropic"),
    ("vertex", "anthropic"),
    ("vertex-anthropic", "anthropic"),
    ("foundry-anthropic", "anthropic"),
    ("azure", "openai"),
    ("azure-responses", "openai"),
    ("openai-responses", "openai"),
    ("vertex", "gemini"),
    ("zhipu", "zai"),
];

/// Returns what is known of the nearest relative of `model`: the same model at its maker, or else the last version
/// before it, of which no price is known.
#[must_use]
pub fn by_family(provider: &str, model: &str) -> Option<Model> {
    crate::catalog::provider(provider)?;
    let name = own_name(model).to_ascii_lowercase();
    let has_start = |starts: &&[&str]| starts.iter().any(|start| name.starts_with(start));
    let (maker, _) = MAKERS.iter().find(|(_, starts)| has_start(starts))?;
    let resells = provider == *maker || RESELLERS.contains(&(provider, maker));
    // A maker does not offer the models of another.
    if !resells && crate::catalog::aliases::FIRST_PARTY.contains(&provider) {
        return None;
    }
    let (known, is_same) = match find(maker, &name) {
        Some(known) => (known, true),
        None => (find(maker, relative(maker, &name)?)?, false),
    };
    let known =
        if is_same && resells { known } else { Model { price: None, shutdown: None, successor: None, ..known } };
    Some(if resells { known } else { elsewhere(known, maker) })
}

/// The facts that hold wherever the model is served: other services have their own forms and levels of effort, and
/// accept sampling parameters that the maker's own service refuses.
fn elsewhere(known: Model, maker: &str) -> Model {
    let refuses = matches!(maker, "anthropic" | "openai");
    Model {
        prefill: None,
        sampling: if refuses { known.sampling } else { Support::Always },
        efforts: if known.efforts == Efforts::None { Efforts::None } else { Efforts::Unknown },
        chat_tools: Support::Always,
        thinking: Thinking::Unknown,
        budget: None,
        ..known
    }
}

/// The name at the maker, out of the names of clouds and hosts: `us.anthropic.claude-x-5-20260101-v1:0`,
/// `claude-x-5@20260101`, an ARN, `deepseek-ai/DeepSeek-V4`.
fn own_name(model: &str) -> &str {
    let name = model.rsplit('/').next().unwrap_or(model);
    // A region and a publisher stand before the name, divided by dots; those of versions follow a digit.
    let is_prefix = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let mut name = name;
    while let Some((_, rest)) = name.split_once('.').filter(|(prefix, _)| is_prefix(prefix)) {
        name = rest;
    }
    let name = name.split(['@', ':']).next().unwrap_or(name);
    let name =
        name.rsplit_once("-v").filter(|(_, rest)| rest.len() == 1 && is_number(rest)).map_or(name, |(name, _)| name);
    name.rsplit_once('-').filter(|(_, date)| date.len() == 8 && is_number(date)).map_or(name, |(name, _)| name)
}

/// The name at `maker` of the model with the most words in common, and then with the nearest version that is not
/// newer.
fn relative(maker: &str, name: &str) -> Option<&'static str> {
    let wanted = Parsed::of(name);
    let names = rows().lines().filter_map(|line| line.split('\t').next()?.strip_prefix(maker)?.strip_prefix('/'));
    let candidates = names.filter_map(|name| {
        let candidate = Parsed::of(name);
        let common = wanted.words.iter().filter(|word| candidate.words.contains(word)).count();
        (candidate.words.first() == wanted.words.first()).then_some((name, candidate, common))
    });
    let rank = |(name, candidate, common): &(&'static str, Parsed<'_>, usize)| {
        let is_older = wanted.version.is_empty() || candidate.version <= wanted.version;
        let extra = candidate.words.len() - common;
        // Of those that are all newer the oldest is the nearest.
        let (older, newer) = match is_older {
            true => (candidate.version.clone(), Vec::new()),
            false => (Vec::new(), candidate.version.clone()),
        };
        (*common, is_older, older, Reverse(newer), Reverse(extra), Reverse(name.len()))
    };
    candidates.max_by_key(rank).map(|(name, _, _)| name)
}

/// The words and the version of a name: `gpt-6.1-sol` is `gpt sol` in version 6.1, `kimi-k3` is `kimi k` in version 3.
struct Parsed<'n> {
    words: Vec<&'n str>,
    version: Vec<u32>,
}

impl<'n> Parsed<'n> {
    fn of(name: &'n str) -> Self {
        let (mut words, mut version) = (Vec::new(), Vec::new());
        for token in name.split(['-', '_']) {
            let start = token.find(|c: char| c.is_ascii_digit()).unwrap_or(token.len());
            let (word, rest) = token.split_at(start);
            words.extend((!word.is_empty()).then_some(word));
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != 'p').unwrap_or(rest.len());
            let (digits, suffix) = rest.split_at(end);
            // Sizes (`70b`) and dates are not versions.
            let is_version = !digits.is_empty() && digits.len() < 4 && !matches!(suffix, "b" | "e" | "k" | "m");
            if is_version {
                version.extend(digits.split(['.', 'p']).filter_map(|number| number.parse::<u32>().ok()));
            }
            words.extend((is_version && !suffix.is_empty()).then_some(suffix));
        }
        Self { words, version }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_takes_the_row_of_the_maker() {
        let maker = find("anthropic", "claude-sonnet-5-5").unwrap();
        for (provider, model) in [
            ("bedrock", "sa.anthropic.claude-sonnet-5-5-20261001-v1:0"),
            ("bedrock", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-5-5-20261001-v1:0"),
            ("vertex-anthropic", "claude-sonnet-5-5@20261001"),
            ("foundry-anthropic", "claude-sonnet-5-5"),
        ] {
            assert_eq!(by_family(provider, model).as_ref(), Some(&maker), "{provider}/{model}");
        }
        assert_eq!(by_family("azure", "gpt-6-sol"), find("openai", "gpt-6-sol"));
    }

    #[test]
    fn the_name_of_a_cloud_leads_to_the_name_of_the_maker() {
        for (model, want) in [
            ("us.anthropic.claude-opus-5-5-20261001-v1:0", "claude-opus-5-5"),
            ("us-gov.anthropic.claude-opus-5-5", "claude-opus-5-5"),
            ("openai.gpt-6.1-sol", "gpt-6.1-sol"),
            ("anthropic/claude-opus-5.5", "claude-opus-5.5"),
            ("accounts/fireworks/models/kimi-k3", "kimi-k3"),
            ("moonshotai/kimi-k3:free", "kimi-k3"),
            ("gpt-6-sol", "gpt-6-sol"),
        ] {
            assert_eq!(own_name(model), want);
        }
    }

    /// The nearest relatives of models that did not exist when the table was made.
    #[test]
    fn a_new_version_takes_the_one_before_it() {
        for (maker, model, want) in [
            ("anthropic", "claude-fable-5-3", "claude-fable-5-2"),
            ("anthropic", "claude-fable-6", "claude-fable-5-2"),
            ("anthropic", "claude-sonnet-6", "claude-sonnet-5-5"),
            ("anthropic", "claude-opus-7-2", "claude-opus-5-5"),
            ("anthropic", "claude-haiku-6", "claude-haiku-5-5"),
            ("anthropic", "claude-opus-4-9", "claude-opus-4-8"),
            ("openai", "gpt-6.3-sol", "gpt-6.2-sol"),
            ("openai", "gpt-7-luna", "gpt-6-luna"),
            ("openai", "gpt-7-terra", "gpt-6.1-terra"),
            ("openai", "gpt-7-sol-pro", "gpt-6.2-sol"),
            ("gemini", "gemini-4-flash", "gemini-3.8-flash"),
            ("gemini", "gemini-4.5-argon", "gemini-4-argon"),
            ("deepseek", "deepseek-v5-pro", "deepseek-v4-pro"),
            ("moonshot", "kimi-k4", "kimi-k3.1-pro"),
            ("moonshot", "kimi-k3.2-pro", "kimi-k3.1-pro"),
            ("zai", "glm-6", "glm-5.3"),
            ("zai", "glm-5.4-flash", "glm-5.3-flash"),
            ("xai", "grok-5", "grok-4.7"),
            ("mistral", "mistral-large-5", "mistral-large-4-0"),
        ] {
            assert_eq!(relative(maker, model), Some(want), "{model}");
        }
    }

    #[test]
    fn a_relative_has_no_price_and_no_date() {
        let known = by_family("anthropic", "claude-fable-5-9").unwrap();
        let relative = find("anthropic", "claude-fable-5-2").unwrap();
        assert_eq!(known, Model { price: None, ..relative });
    }

    #[test]
    fn a_host_has_other_levels_and_prices() {
        let known = by_family("fireworks", "accounts/fireworks/models/kimi-k4").unwrap();
        assert_eq!((known.price, known.sampling, &known.efforts), (None, Support::Always, &Efforts::Unknown));
        assert!(known.tools && known.vision);
        assert_eq!(by_family("openrouter", "anthropic/claude-opus-7").unwrap().sampling, Support::Never);
    }

    #[test]
    fn other_models_have_no_relatives() {
        for (provider, model) in
            [("mistral", "gpt-4o"), ("anthropic", "x"), ("lab", "claude-sonnet-5-5"), ("azure", "my-deployment")]
        {
            assert_eq!(by_family(provider, model), None, "{provider}/{model}");
        }
    }
}
