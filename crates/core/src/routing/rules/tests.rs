//! Conditions and their results for a request, and the effects of rules.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A request for a condition.
fn input<'a>(env: &'a BTreeMap<String, String>, tags: &'a [String]) -> RuleInput<'a> {
    RuleInput {
        prompt: "Write to jo@example.org, please",
        system: "Be brief",
        tokens: 120,
        tags,
        user: "jo",
        env,
        has_image: true,
        hour: Some(22),
    }
}

fn evaluate(text: &str) -> Result<bool, EvaluationError> {
    let env = BTreeMap::from([("LLMROUTE_SITE".to_owned(), "eu".to_owned())]);
    let tags = ["private".to_owned(), "draft".to_owned()];
    Condition::compile(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}")).holds(&input(&env, &tags))
}

fn check(text: &str, want: Result<bool, EvaluationError>) {
    assert_eq!(evaluate(text), want, "{text}");
}

/// `text` does not compile: the message, and the text above the caret.
fn broken(text: &str, message: &str, under: &str) {
    let mistakes = Condition::compile(text).expect_err(text);
    assert_eq!(mistakes[0].message, message);
    assert_eq!(&text[mistakes[0].at.clone()], under, "{text}");
}

#[test]
fn every_name_can_be_read() {
    for text in [
        "prompt.contains('please')",
        "system == 'Be brief'",
        "tokens > 100 && tokens < 1000",
        "'private' in tags",
        "user == 'jo'",
        "env.LLMROUTE_SITE == 'eu'",
        "env['LLMROUTE_SITE'].startsWith('e')",
        "has_image",
        "hour >= 20 || hour < 6",
        "contains_pii(prompt) && !contains_pii(system)",
        "prompt.matches('(?i)WRITE')",
        "size(prompt) > 10 && size(tags) == 2",
        "tags.exists(t, t.startsWith('dr'))",
        "!tags.all(t, t == 'private')",
        "has(env.LLMROUTE_SITE) && !has(env.HOME)",
        "type(prompt) == string",
        "int('3') == 3",
    ] {
        check(text, Ok(true));
    }
    check("tokens > 1000 ? true : 'private' in []", Ok(false));
}

#[test]
fn what_is_not_there_is_a_fault_and_no_answer() {
    check("env.HOME == '/root'", Err(EvaluationError::NoKey));
    check("tags[7] == 'x'", Err(EvaluationError::NoElement));
    check("tokens / (tokens - 120) > 1", Err(EvaluationError::Arithmetic));
    check("int(user) == 1", Err(EvaluationError::Function));
    check("prompt.matches('(')", Err(EvaluationError::Function));
}

#[test]
fn an_unknown_hour_is_a_fault() {
    let condition = Condition::compile("hour > 3").unwrap();
    let env = BTreeMap::new();
    assert_eq!(condition.holds(&RuleInput { hour: None, ..input(&env, &[]) }), Err(EvaluationError::NoValue));
}

#[test]
fn mistakes_have_a_place() {
    broken("tokens > ", "not a condition: mismatched input `<EOF>`", "");
    broken("prmpt == ''", "unknown name `prmpt` in a condition", "prmpt");
    broken("ü(prompt)", "not a condition: token recognition error at: `ü`", "ü");
    broken("true && has_pii(prompt)", "unknown function `has_pii` in a condition", "has_pii");
    broken("tags.exists(t, s == 'x')", "unknown name `s` in a condition", "s");
}

#[test]
fn a_trial_finds_what_is_no_condition() {
    for text in ["tokens", "prompt"] {
        broken(text, "its value is neither true nor false", text);
    }
    for text in ["tokens > 'a'", "hour == 3 || tokens + prompt > 1", "tokens > 9 && hour > '9'", "contains_pii(tokens)"]
    {
        broken(text, "it uses values of types that do not go together", text);
    }
    let long = "true || ".repeat(1000) + "true";
    broken(&long, "a condition has at most 4096 bytes", &long);
}

/// `main>spare>a/x`: groups, each falling back to the next; `rules` are `group: condition -> target`.
fn map(groups: &str, rules: &[(&str, &str, &str)]) -> Map {
    let mut map = Map::default();
    let names: Vec<&str> = groups.split('>').collect();
    for (index, name) in names.iter().enumerate() {
        let mut group = crate::routing::tests::group(name);
        group.fallbacks.extend((index + 1 < names.len()).then_some(GroupId(index + 1)));
        map.groups.push(group);
    }
    for (group, when, target) in rules {
        let number = map.rules.all.iter().filter(|rule| rule.group == *group).count() + 1;
        let when = Condition::compile(when).unwrap();
        map.groups.push(crate::routing::tests::group(target));
        let target = GroupId(map.groups.len() - 1);
        map.rules.all.push(Rule { group: (*group).to_owned(), number, when, target });
    }
    map
}

/// The targets of the first group, by name, and of the others.
fn lead(map: &Map, want: &str) {
    let env = BTreeMap::new();
    let rule_overrides = decide(map, GroupId(0), &input(&env, &[])).unwrap();
    let said: Vec<String> = rule_overrides
        .groups()
        .map(|from| {
            let rule = map.rules.rule(rule_overrides.rule(from).unwrap());
            let to = &map.group(rule_overrides.target(from)).name;
            format!("{}→{to} by {}.{}", map.group(from).name, rule.group, rule.number)
        })
        .collect();
    assert_eq!(said.join(", "), want);
}

#[test]
fn the_first_rule_that_holds_decides() {
    let rules = [("main", "tokens > 1000", "a"), ("main", "has_image", "b"), ("main", "true", "c")];
    lead(&map("main", &rules), "main→b by main.2");
    lead(&map("main", &rules[..1]), "");
}

#[test]
fn a_target_obeys_its_own_rules() {
    lead(&map("main", &[("main", "true", "b"), ("b", "true", "c/d")]), "main→c/d by b.1");
}

#[test]
fn rules_bind_the_groups_that_are_fallen_back_to() {
    lead(&map("main>spare>last", &[("spare", "true", "b")]), "spare→b by spare.1");
    lead(&map("main>spare>last", &[("last", "true", "b")]), "last→b by last.1");
}

#[test]
fn behind_a_rule_nothing_of_the_group_is_left() {
    lead(&map("main>spare", &[("main", "true", "b"), ("spare", "true", "c")]), "main→b by main.1");
}

#[test]
fn a_rule_without_a_value_stops_the_request() {
    let map = map("main", &[("main", "env.X == 'a'", "b"), ("main", "true", "c")]);
    let env = BTreeMap::new();
    let error = decide(&map, GroupId(0), &input(&env, &[])).unwrap_err();
    assert_eq!(error, RuleError { rule: RuleId(0), fault: EvaluationError::NoKey });
}

#[test]
fn debug_shows_no_value_of_a_variable() {
    let env = Arc::new(BTreeMap::from([("LLMROUTE_X".to_owned(), "sk-secret".to_owned())]));
    let shown = format!("{:?}", Rules { all: Vec::new(), env });
    assert!(shown.contains("LLMROUTE_X") && !shown.contains("sk-secret"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_prompt_makes_a_condition_panic(prompt: String, user: String, tokens: u64, hour in 0..24_u8) {
        let text = "contains_pii(prompt) || prompt.matches('^a+$') || user in tags || tokens > 5 && hour < 9";
        let condition = Condition::compile(text).unwrap();
        let env = BTreeMap::new();
        let tags = [prompt.clone()];
        let input = RuleInput { prompt: &prompt, user: &user, tokens, hour: Some(hour), ..input(&env, &tags) };
        prop_assert!(condition.holds(&input).is_ok());
    }

    #[test]
    fn no_text_makes_the_compiler_panic(text: String) {
        let _ = Condition::compile(&text);
    }

    #[test]
    fn no_heap_of_tokens_makes_the_compiler_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "prompt", "tags", "tokens", "env", "hour", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "&&", "||",
            "!", "-", "+", "/", "%", "<", "==", "in", "1", "0", "1u", "2.5", "'a'", "b'\\xff'", "null", "true",
            "exists", "map", "has", "size", "contains_pii", "matches", "x", "é", "\n",
        ]), 0..24)
    ) {
        let _ = Condition::compile(&tokens.join(" "));
    }
}

#[test]
fn a_condition_of_any_depth_is_read_or_refused() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("{1:", "}"), ("size(", ")"), ("true?true:", ""), ("a.", "")]
    {
        for depth in [8, 100, 400, 1000, 4000] {
            let depth = depth.min(4000 / (open.len() + close.len()));
            let _ = Condition::compile(&format!("{}1{}", open.repeat(depth), close.repeat(depth)));
            let _ = Condition::compile(&open.repeat(depth));
        }
    }
}
