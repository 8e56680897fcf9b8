use super::*;

fn check(rest: &str, want: Option<(&str, &str)>) {
    let profile = lab(rest);
    let got = profile.unbuilt(GroupId(0));
    assert_eq!(got.as_ref().map(|unbuilt| (unbuilt.key.as_str(), unbuilt.group.as_str())), want);
    assert_eq!(profile.notes.is_empty(), want.is_none(), "{}", profile.render_notes(false));
}

#[test]
fn a_built_strategy_is_not_reported() {
    check("[groups.main]\nrouting_strategy = \"simple-shuffle\"\ndeployments = [{ model = \"lab/a\" }]", None);
}

#[test]
fn a_strategy() {
    check(
        "[groups.main]\nrouting_strategy = \"complexity-router\"\ndeployments = [{ model = \"lab/a\" }]",
        Some(("routing_strategy = \"complexity-router\"", "main")),
    );
}

#[test]
fn a_key_of_the_group_the_router_or_the_top() {
    check("[groups.main]\nescalate = \"b\"\ndeployments = [{ model = \"lab/a\" }]", Some(("escalate", "main")));
    check(
        "[router]\nclassifier = \"x\"\n[groups.main]\ndeployments = [{ model = \"lab/a\" }]",
        Some(("classifier", "main")),
    );
    check("[hook]\nurl = \"x\"\n[groups.main]\ndeployments = [{ model = \"lab/a\" }]", Some(("hook", "main")));
}

#[test]
fn a_key_of_a_fallback() {
    let rest = "[groups.main]\nfallbacks = [\"b\"]\ndeployments = [{ model = \"lab/a\" }]\n\
         [groups.b]\nfallbacks = [\"main\", \"c\"]\ndeployments = [{ model = \"lab/a\" }]\n\
         [groups.c]\nescalate = \"b\"\ndeployments = [{ model = \"lab/a\" }]";
    check(rest, Some(("escalate", "c")));
}
