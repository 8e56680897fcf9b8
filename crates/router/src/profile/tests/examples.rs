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

/// The TOML blocks of a Markdown text.
fn toml_blocks(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next())
}

#[test]
fn the_profiles_of_the_readme_and_the_docs_load() {
    let mut count = 0;
    for text in [
        include_str!("../../../../../README.md"),
        include_str!("../../../../../docs/profile.md"),
        include_str!("../../../../../docs/routing.md"),
        include_str!("../../../../../docs/rules.md"),
    ] {
        for block in toml_blocks(text).filter(|block| !block.contains("[dependencies]")) {
            let lab = if block.contains("lab/") && !block.contains("[providers.lab]") { LAB } else { "" };
            // The groups that a block names without defining them.
            let undefined = ["cheap", "long", "spare", "smart"].map(|name| {
                let group = format!("\n[groups.{name}]\ndeployments = [{{ model = \"openai/gpt-4o-mini\" }}]\n");
                if block.contains(&format!("[groups.{name}]")) { String::new() } else { group }
            });
            let groups = undefined.concat();
            let members = "[[groups.main.deployments]]\nmodel = \"openai/gpt-4o\"\n";
            let has_members = block.contains("deployments") || !block.contains("[groups.main]");
            let members = if has_members { "" } else { members };
            let version = if block.starts_with("version") { "" } else { "version = 1\n" };
            let text = format!("{version}{block}{members}{groups}{lab}");
            if let Err(error) = parse(&text) {
                panic!("{error}\nin\n{text}");
            }
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}
