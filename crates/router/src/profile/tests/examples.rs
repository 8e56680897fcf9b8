use super::*;

fn check(text: &str) -> Profile {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_large_profile_loads_and_can_be_used() {
    let mut profile = check(include_str!("../../../../../tests/fixtures/profiles/design.toml"));
    assert_eq!(profile.map.group(profile.default_group).name, "main");
    assert_eq!(profile.unbuilt(profile.default_group), None);
    let vars = vars();
    let direct = profile.target("lab/qwen3", &LoadOptions { env: &vars, long_lived: false }).unwrap();
    assert_eq!(profile.unbuilt(direct), None);
    assert!(profile.notes.iter().all(|note| note.severity == Severity::Note), "{}", profile.render_notes(false));
}

#[test]
fn the_examples_load_and_can_be_used() {
    for text in [
        include_str!("../../../../../examples/profiles/two-providers.toml"),
        include_str!("../../../../../examples/profiles/local-first.toml"),
        include_str!("../../../../../examples/profiles/rehearsal.toml"),
        DEMO,
    ] {
        let profile = check(text);
        assert!(profile.notes.is_empty(), "{}", profile.render_notes(false));
        for index in 0..profile.map.groups.len() {
            assert_eq!(profile.unbuilt(GroupId(index)), None);
        }
    }
}

#[test]
fn the_demo_needs_no_key_and_fails_over() {
    let profile = check(DEMO);
    let main = profile.map.group(profile.default_group);
    assert_eq!(main.members.len(), 2);
    assert!(profile.map.deployments.iter().all(|deployment| deployment.no_key.is_none()));
    assert!(!profile.endpoints[main.members[0].deployment.0].script.as_ref().unwrap().faults.is_empty());
    assert!(profile.endpoints[main.members[1].deployment.0].script.as_ref().unwrap().faults.is_empty());
    assert!(main.members[0].order < main.members[1].order);
}
