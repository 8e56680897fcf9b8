use super::*;

fn check(name: &str, text: &str) {
    let vars = vars();
    let source = Source::File(format!("{name}.toml").into());
    let error = Profile::parse(source, text, &LoadOptions { env: &vars, long_lived: false }).unwrap_err();
    let shown = error.render(false);
    for secret in ["hunter2", "sk-abc", "sk-live"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    insta::with_settings!({ snapshot_path => "../../../../../tests/fixtures/profiles/broken", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, shown);
    });
}

macro_rules! broken {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            let name = stringify!($name);
            check(name, include_str!(concat!("../../../../../tests/fixtures/profiles/broken/", stringify!($name), ".toml")));
        }
    )*};
}

broken!(names, types, values, addresses, keys, duplicates, rules, conditions, syntax);
