//! The table against what the vendors say.

use super::row::{TABLE, line_of, rows};
use super::*;
use crate::model::Effort;

fn check(key: &str, input: f64, output: f64, cache_read: f64) {
    let (provider, model) = key.split_once('/').unwrap();
    let price = find(provider, model).unwrap().price.unwrap();
    for (got, want) in [(price.input, input), (price.output, output), (price.cache_read, cache_read)] {
        assert!((got * 1e6 - want).abs() < 1e-9, "{key}: {got}");
    }
}

#[test]
fn every_line_parses_and_the_lines_are_sorted() {
    let keys: Vec<&str> = models().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), rows().lines().count());
    assert!(keys.len() > 2500);
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(TABLE.starts_with(&format!("# as of {AS_OF};")));
}

#[test]
fn every_model_is_found_by_its_name() {
    for (key, model) in models() {
        let (provider, name) = key.split_once('/').unwrap();
        assert_eq!(find(provider, name), Some(model), "{key}");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    for (provider, model) in [
        ("openai", "gpt-4"),
        ("openai", "gpt-4o-mini"),
        ("zai", "glm-5"),
        ("ai", "x"),
        ("", ""),
        ("zzz", "z"),
        ("openai", "gpt-4\t30"),
    ] {
        let want =
            rows().lines().any(|line| line.starts_with(&format!("{provider}/{model}\t")) && !model.contains('\t'));
        assert_eq!(find(provider, model).is_some(), want, "{provider}/{model}");
    }
    assert_eq!(line_of("", "a"), None);
    assert_eq!(line_of("a\t1", "a"), Some("a\t1"));
    assert_eq!(line_of("a\t1\nb\t2\n", "b"), Some("b\t2"));
    assert_eq!(line_of("a\t1\nb\t2\n", "c"), None);
}

#[test]
fn prices_are_those_of_the_vendors() {
    check("openai/gpt-4o", 2.5, 10.0, 1.25);
    check("openai/gpt-4o-mini", 0.15, 0.6, 0.075);
    check("anthropic/claude-sonnet-4-5", 3.0, 15.0, 0.3);
    check("deepseek/deepseek-v4-flash", 0.15, 0.6, 0.003);
    check("deepseek/deepseek-v4-pro", 0.66, 1.98, 0.022);
    check("moonshot/kimi-k3", 3.0, 15.0, 0.3);
    check("gemini/gemini-3.6-flash", 0.75, 3.75, 0.075);
    check("openai/gpt-5.6-sol", 4.0, 20.0, 0.4);
    check("mistral/mistral-medium-latest", 1.5, 7.5, 0.15);
    // No cache price known: the input price.
    check("groq/llama-3.3-70b-versatile", 0.59, 0.79, 0.59);
    assert!((find("anthropic", "claude-sonnet-4-5").unwrap().price.unwrap().cache_write - 3.75e-6).abs() < 1e-15);
}

#[test]
fn a_long_prompt_has_its_own_price() {
    let tier = find("openai", "gpt-5.4").unwrap().price.unwrap().tier.unwrap();
    assert_eq!(tier.over, 272_000);
    assert!((tier.input - 5e-6).abs() < 1e-15 && (tier.output - 22.5e-6).abs() < 1e-15);
}

#[test]
fn a_price_of_nothing_is_known_only_where_the_name_says_so() {
    assert_eq!(find("nvidia", "moonshotai/kimi-k2.6").unwrap().price, None);
    for (key, model) in models() {
        assert!(model.price.is_none_or(|price| price.input > 0.0 || key.ends_with(":free")), "{key}");
    }
    assert!(models().any(|(key, model)| key.ends_with(":free") && model.price.is_some()));
}

#[test]
fn limits_and_capabilities_are_read() {
    let model = find("anthropic", "claude-sonnet-4-5").unwrap();
    assert_eq!((model.context_window, model.max_output), (Some(200_000), Some(64_000)));
    assert!(model.vision && model.tools && model.json_schema && model.pdf && !model.audio);
    assert_eq!((model.prefill, model.thinking), (Some(true), Thinking::Budget));
    assert_eq!(find("anthropic", "claude-opus-4-6").unwrap().prefill, Some(false));
    assert_eq!(find("anthropic", "claude-opus-4-6").unwrap().thinking, Thinking::Adaptive);
    assert_eq!(find("anthropic", "claude-opus-4-5").unwrap().thinking, Thinking::Effort);
    assert!(!find("anthropic", "claude-3-haiku-20240307").unwrap().json_schema);
}

#[test]
fn budgets_are_those_of_the_model() {
    let of = |model: &str| find("gemini", model).unwrap().budget.map(|has| (has.least, has.most, has.off));
    assert_eq!(of("gemini-2.5-pro"), Some((128, 32_768, false)));
    assert_eq!(of("gemini-2.5-flash-lite"), Some((512, 24_576, true)));
    assert_eq!(of("gemini-2.5-flash-preview-09-2025"), Some((0, 24_576, true)));
    assert_eq!(of("gemini-3.5-flash"), None);
}

#[test]
fn reasoning_families_decide_about_sampling() {
    let takes = |model: &str, effort| find("openai", model).unwrap().takes_sampling(effort);
    for (model, plain, none, high) in [
        ("gpt-4o", true, true, true),
        ("gpt-5-chat-latest", true, true, true),
        ("o3", false, false, false),
        ("gpt-5-mini", false, false, false),
        ("gpt-5-mini-2025-08-07", false, false, false),
        ("gpt-5.1", true, true, false),
        ("gpt-5.1-codex", false, false, false),
        ("gpt-5.2-pro", false, false, false),
        ("gpt-5.3-chat-latest", false, false, false),
        ("gpt-5.5", false, true, false),
        ("gpt-5.6-sol", false, true, false),
        ("gpt-6-sol", false, true, false),
        ("gpt-6.1-sol", false, false, false),
        ("gpt-6.1-terra", false, true, false),
        ("gpt-6.2-sol", false, false, false),
    ] {
        let got = (takes(model, None), takes(model, Some(Effort::None)), takes(model, Some(Effort::High)));
        assert_eq!(got, (plain, none, high), "{model}");
    }
    assert!(!find("anthropic", "claude-opus-4-7").unwrap().takes_sampling(None));
}

#[test]
fn efforts_are_those_of_the_model() {
    let model = find("openai", "gpt-5.1-2025-11-13").unwrap();
    assert!(model.takes_effort(Effort::None) && !model.takes_effort(Effort::Xhigh));
    assert!(!find("openai", "gpt-4o").unwrap().takes_effort(Effort::Low));
    assert_eq!(find("openai", "gpt-4o").unwrap().efforts, Efforts::None);
    let levels = |model: &str, provider: &str| find(provider, model).unwrap().efforts;
    let deepseek = Efforts::Levels(vec![Effort::None, Effort::Low, Effort::High, Effort::Max]);
    assert_eq!(levels("deepseek-flash", "deepseek"), deepseek);
    let always = Efforts::Levels(vec![Effort::Low, Effort::High, Effort::Max]);
    assert_eq!((levels("kimi-k3", "moonshot"), levels("glm-5.3", "zai")), (always.clone(), always));
    assert!(find("mistral", "magistral-medium-latest").unwrap().takes_effort(Effort::High));
    assert!(!find("mistral", "magistral-medium-2509").unwrap().takes_effort(Effort::High));
}

#[test]
fn some_models_call_tools_elsewhere() {
    let takes = |model: &str| {
        let model = find("openai", model).unwrap();
        [None, Some(Effort::None), Some(Effort::High)].map(|effort| model.takes_tools_in_chat(effort))
    };
    for (model, want) in [
        ("gpt-5.4", [true, true, true]),
        ("gpt-5.5", [true, true, false]),
        ("gpt-5.6-sol", [true, true, false]),
        ("gpt-6-sol", [false, true, false]),
        ("gpt-6-astra", [false, false, false]),
        ("gpt-6.2-sol", [false, false, false]),
    ] {
        assert_eq!(takes(model), want, "{model}");
    }
}

#[test]
fn long_prompts_and_long_lived_caches_cost_more() {
    let price = |provider: &str, model: &str| find(provider, model).unwrap().price.unwrap();
    let close = |got: f64, want: f64| assert!((got * 1e6 - want).abs() < 1e-9, "{got} is not {want}");
    let grok = price("xai", "grok-4.6").tier.unwrap();
    assert_eq!(grok.over, 200_000);
    close(grok.input, 4.0);
    let haiku = price("anthropic", "claude-haiku-5-5");
    close(haiku.cache_write, 0.125);
    close(haiku.cache_write_1h, 0.2);
    let tier = haiku.tier.unwrap();
    assert_eq!(tier.over, 100_000);
    close(tier.cache_write, 0.625);
    close(tier.cache_write_1h, 1.0);
    close(price("anthropic", "claude-sonnet-5-5").cache_write_1h, 4.0);
}

#[test]
fn pdf_files_are_accepted_where_images_are() {
    for model in ["gpt-5", "gpt-5.1", "gpt-5.2", "gpt-5.6-sol", "gpt-6-sol", "gpt-6.1-terra", "gpt-6.2-sol"] {
        assert!(find("openai", model).unwrap().pdf, "{model}");
    }
    assert!(find("gemini", "gemini-3.7-flash").unwrap().pdf);
}

#[test]
fn a_model_is_retired_from_its_shutdown_on() {
    let model = find("openai", "gpt-4o").unwrap();
    assert_eq!((model.shutdown.as_deref(), model.successor.as_deref()), (Some("2027-01-14"), Some("gpt-6-luna")));
    assert_eq!(model.status_on("2027-01-13"), Status::Deprecated);
    assert_eq!(model.status_on("2027-01-14"), Status::Retired);
    for gone in ["gpt-5.1-codex", "gpt-5-chat-latest", "gpt-4-turbo-preview"] {
        assert_eq!(find("openai", gone).unwrap().status, Status::Retired, "{gone}");
    }
    assert_eq!(models().filter(|(key, _)| key.starts_with("github/")).count(), 0);
}

#[test]
fn models_that_were_missing_are_there() {
    for key in [
        "anthropic/claude-fable-5-2",
        "anthropic/claude-mythos-5-2",
        "gemini/gemini-4-argon",
        "moonshot/kimi-k3.1-pro",
        "mistral/mistral-large-4",
        "groq/qwen/qwen3.8-27b",
        "zai/glm-5.3-flash",
        "bedrock/us.anthropic.claude-sonnet-5-5",
        "vertex-anthropic/claude-sonnet-5-5",
        "azure/gpt-6-sol",
        "vertex/gemini-3.8-flash",
    ] {
        let (provider, model) = key.split_once('/').unwrap();
        assert!(find(provider, model).is_some_and(|model| model.price.is_some() && model.tools), "{key}");
    }
}
