//! The row of a model's maker, for names that the table does not have: clouds rename models, and new versions
//! appear before the table is made again.

use super::{Model, find};

/// Services that offer Claude under names of their own.
const CLAUDE: &[&str] = &["anthropic", "bedrock", "vertex", "vertex-anthropic", "foundry-anthropic"];

/// Services that offer the models of `OpenAI`.
const OPENAI: &[&str] = &["azure", "azure-responses"];

/// Returns what is known of the nearest relative of `model`: the same model at its maker, or else the last version
/// before it, of which no price is known.
#[must_use]
pub fn by_family(provider: &str, model: &str) -> Option<Model> {
    if OPENAI.contains(&provider) {
        return find("openai", model);
    }
    let name = claude(model).filter(|_| CLAUDE.contains(&provider))?;
    if let Some(known) = find("anthropic", name) {
        return Some(known);
    }
    let (line, version) = name.rsplit_once('-')?;
    let version: u8 = version.parse().ok()?;
    let earlier = (0..version).rev().map(|version| format!("{line}-{version}")).chain([line.to_owned()]);
    let known = earlier.take(10).find_map(|name| find("anthropic", &name))?;
    Some(Model { price: None, ..known })
}

/// The name at Anthropic, out of the names of clouds: `us.anthropic.claude-x-5-20260101-v1:0`, `claude-x-5@20260101`.
fn claude(model: &str) -> Option<&str> {
    let name = &model[model.find("claude-")?..];
    let name = name.split(['@', ':']).next()?;
    let name = name.rsplit_once("-v").filter(|(_, rest)| is_number(rest)).map_or(name, |(name, _)| name);
    Some(name.rsplit_once('-').filter(|(_, date)| date.len() == 8 && is_number(date)).map_or(name, |(name, _)| name))
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
            ("bedrock", "eu.anthropic.claude-sonnet-5-5-20261001-v1:0"),
            ("vertex-anthropic", "claude-sonnet-5-5@20261001"),
            ("foundry-anthropic", "claude-sonnet-5-5"),
        ] {
            assert_eq!(by_family(provider, model).as_ref(), Some(&maker), "{provider}/{model}");
        }
        assert_eq!(by_family("azure", "gpt-6-sol"), find("openai", "gpt-6-sol"));
    }

    #[test]
    fn a_new_version_takes_the_one_before_it_without_a_price() {
        let known = by_family("anthropic", "claude-fable-5-2").unwrap();
        assert_eq!(known, Model { price: None, ..find("anthropic", "claude-fable-5-1").unwrap() });
    }

    #[test]
    fn other_models_have_no_relatives() {
        for (provider, model) in [
            ("anthropic", "claude-new-1"),
            ("anthropic", "x"),
            ("lab", "claude-sonnet-5-5"),
            ("azure", "my-deployment"),
        ] {
            assert_eq!(by_family(provider, model), None, "{provider}/{model}");
        }
    }
}
