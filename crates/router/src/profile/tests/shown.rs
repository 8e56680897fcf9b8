use super::*;

fn round_trip(text: &str) -> String {
    let vars = vars();
    let inputs = LoadOptions { env: &vars, long_lived: false };
    let first = parse(text).unwrap_or_else(|error| panic!("{error}"));
    let shown = first.show_text(&inputs).unwrap();
    let second = parse(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(format!("{:?}", first.map), format!("{:?}", second.map), "{shown}");
    let endpoint = |endpoint: &Endpoint| (format!("{endpoint:?}"), endpoint.params.clone(), endpoint.script.clone());
    let endpoints = |profile: &Profile| profile.endpoints.iter().map(endpoint).collect::<Vec<_>>();
    assert_eq!(endpoints(&first), endpoints(&second), "{shown}");
    assert_eq!(first.keys, second.keys, "{shown}");
    assert_eq!(first.unbuilt(first.default_group), second.unbuilt(second.default_group));
    shown
}

#[test]
fn the_output_loads_as_the_same_profile() {
    round_trip(DEMO);
    round_trip(include_str!("../../../../../tests/fixtures/profiles/design.toml"));
    round_trip(include_str!("../../../../../examples/profiles/two-providers.toml"));
    round_trip(include_str!("../../../../../examples/profiles/local-first.toml"));
}

#[test]
fn every_value_has_its_origin() {
    let shown = round_trip(&format!(
        "{LAB}api_key = [\"env:A\", \"env:C\"]\n[router]\ntimeout = 50\ndefault_fallbacks = [\"b\"]\n\
         [groups.main]\nmax_wait = \"1m\"\ndeployments = [{{ model = \"lab/a\", idle_timeout = 3, params = {{ x = [1.0, \"y\"] }} }}]\n\
         [groups.b]\ndeployments = [{{ model = \"lab/b\", context_window = 100, rpm = 5 }}]"
    ));
    insta::assert_snapshot!(shown);
}

#[test]
fn secrets_are_hidden() {
    let text = format!(
        "state = \"redis://me:hunter2@host\"\n{LAB}api_key = \"hunter2\"\nheaders = {{ X-Token = \"hunter2\" }}\npatch = {{ set = {{ secret = \"hunter2\" }} }}\n\
         [groups.main]\ndeployments = [{{ model = \"lab/a\", api_key = \"cmd:echo hunter2\" }}]"
    );
    let vars = vars();
    let profile = parse(&text).unwrap();
    let shown = profile.show_text(&LoadOptions { env: &vars, long_lived: false }).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!profile.render_notes(false).contains("hunter2"));
    assert!(!format!("{profile:?}").contains("hunter2"));
}
