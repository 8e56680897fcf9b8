//! The credentials that the AWS tools would use: variables, then the files in `~/.aws`. No calls.
//!
//! Source: "Configuration and credential file settings" of the AWS CLI; the order is botocore's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ring::digest;

use super::{Credential, LARGEST, expand_path, fingerprint, hex};
use crate::profile::{EnvVars, files};

pub use llmroute_core::model::{AwsKeys, AwsSso, KeySource, Secret};

/// Settings that need a call; the AWS CLI can make each of them.
const LEFT_TO_THE_CLI: [&str; 4] = ["role_arn", "login_session", "web_identity_token_file", "credential_source"];

/// Variables for keys that need a call, which the AWS CLI makes.
const BY_A_CALL: [&str; 3] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/// The keys of `profile`; without one, those of the variables, or of the profile that the variables name.
pub fn find(profile: Option<&str>, vars: &EnvVars) -> Credential {
    if let (None, Some(id), Some(secret)) = (profile, vars.get("AWS_ACCESS_KEY_ID"), vars.get("AWS_SECRET_ACCESS_KEY"))
    {
        return known("the environment", id, secret, vars.get("AWS_SESSION_TOKEN"));
    }
    let files = Files::read(vars);
    let name = profile.or_else(|| vars.get("AWS_PROFILE")).unwrap_or("default");
    files.keys(name, vars).unwrap_or_else(|why| Credential {
        source: KeySource::Env(vec!["AWS_ACCESS_KEY_ID".into()]),
        identity: format!("aws:{name}"),
        no_key: Some(why),
    })
}

/// The region that the variables name, or that of `profile` (or of the one that the variables name).
pub(crate) fn region(profile: Option<&str>, vars: &EnvVars) -> Option<String> {
    if let Some((_, region)) = vars.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
        return Some(region.to_owned());
    }
    let name = profile.or_else(|| vars.get("AWS_PROFILE")).unwrap_or("default");
    Files::read(vars).config(name)?.get("region").cloned()
}

/// The two files of settings.
struct Files {
    config: Sections,
    credentials: Sections,
}

/// The keys of a section by name, and the sections by name.
type Section = BTreeMap<String, String>;
type Sections = BTreeMap<String, Section>;

impl Files {
    fn read(vars: &EnvVars) -> Self {
        let read = |name: &str, usual: &str| {
            let path = expand_path(vars.get(name).unwrap_or(usual), vars, None);
            // A file that is missing or cannot be read has no sections.
            sections(&files::read_text(&path, LARGEST).unwrap_or_default())
        };
        Self {
            config: read("AWS_CONFIG_FILE", "~/.aws/config"),
            credentials: read("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        }
    }

    fn config(&self, profile: &str) -> Option<&Section> {
        let plain = || self.config.get(profile).filter(|_| profile == "default");
        self.config.get(&format!("profile {profile}")).or_else(plain)
    }

    fn keys(&self, profile: &str, vars: &EnvVars) -> Result<Credential, String> {
        let (config, credentials) = (self.config(profile), self.credentials.get(profile));
        let get = |name: &str| config.and_then(|section| section.get(name));
        let either = |name: &str| credentials.and_then(|section| section.get(name)).or_else(|| get(name));
        if config.is_none() && credentials.is_none() {
            let none = format!("no AWS keys: AWS_ACCESS_KEY_ID is not set, and there is no profile `{profile}`");
            // The keys of containers, machines and web identities need a call.
            return Err(match vars.first(&BY_A_CALL) {
                Some((name, _)) => format!(
                    "{none}; the keys that {name} stands for need a profile with \
                     `credential_process = aws configure export-credentials`"
                ),
                None => none,
            });
        }
        if let Some(name) = LEFT_TO_THE_CLI.iter().find(|name| either(name).is_some()) {
            return Err(format!(
                "AWS profile `{profile}` has `{name}`: use one with \
                 `credential_process = aws configure export-credentials --profile {profile}`"
            ));
        }
        if get("sso_session").is_some() || get("sso_start_url").is_some() {
            return self.sso(profile, &get, vars);
        }
        let place = format!("profile {profile}");
        let held = |section: Option<&Section>| {
            let section = section?;
            let (id, secret) = (section.get("aws_access_key_id")?, section.get("aws_secret_access_key")?);
            Some(known(&place, id, secret, section.get("aws_session_token").map(String::as_str)))
        };
        if let Some(found) = held(credentials) {
            return Ok(found);
        }
        if let Some(command) = either("credential_process") {
            let keys = AwsKeys::Process { profile: profile.to_owned(), command: command.clone() };
            return Ok(later(keys, &["process", command]));
        }
        held(config).ok_or_else(|| format!("AWS profile `{profile}` has no keys"))
    }

    /// The login that `aws sso login` made; its token is stored under the hash of the session's name or, in
    /// profiles of the older form, of the start URL.
    fn sso<'a>(
        &'a self,
        profile: &str,
        get: &dyn Fn(&str) -> Option<&'a String>,
        vars: &EnvVars,
    ) -> Result<Credential, String> {
        let session = get("sso_session").and_then(|name| self.config.get(&format!("sso-session {name}")));
        let need = |name: &str| {
            let found = get(name).or_else(|| session?.get(name));
            found.cloned().ok_or_else(|| format!("AWS profile `{profile}` has no `{name}`"))
        };
        let name = get("sso_session").cloned().map_or_else(|| need("sso_start_url"), Ok)?;
        let (region, account, role) = (need("sso_region")?, need("sso_account_id")?, need("sso_role_name")?);
        let hash = hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes()).as_ref());
        let home = vars.home().unwrap_or_else(|| PathBuf::from("/"));
        let token = home.join(".aws/sso/cache").join(format!("{hash}.json"));
        if !token.exists() {
            return Err(format!("not logged in: run `aws sso login --profile {profile}`"));
        }
        let identity = ["sso", &account, &role];
        let sso = AwsSso { profile: profile.to_owned(), region, account: account.clone(), role: role.clone(), token };
        Ok(later(AwsKeys::Sso(sso), &identity))
    }
}

fn known(place: &str, id: &str, secret: &str, session: Option<&str>) -> Credential {
    let key = Secret::signing(id, secret, session.filter(|token| !token.is_empty()));
    let source = KeySource::Aws(AwsKeys::Known { place: place.to_owned(), key });
    Credential { source, identity: fingerprint(id), no_key: None }
}

/// Keys that a call will fetch, identified by their source.
fn later(keys: AwsKeys, identity: &[&str]) -> Credential {
    Credential { source: KeySource::Aws(keys), identity: fingerprint(&identity.join("\n")), no_key: None }
}

/// The sections of a file of settings. Indented lines belong to the key above and are ignored.
fn sections(text: &str) -> Sections {
    let mut all = Sections::new();
    let mut current = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.starts_with([' ', '\t', '#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            // `[profile  "a b"]` is one name.
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ").replace(['"', '\''], "");
            current = Some(all.entry(name).or_default());
        } else if let (Some((name, value)), Some(section)) = (line.split_once('='), current.as_deref_mut()) {
            let value = value.split(" #").next().unwrap_or_default().split(" ;").next().unwrap_or_default();
            section.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\u{feff}# mine\n[default]\nregion = eu-west-1 # here\ns3 =\n  region = nowhere\n\
        [profile static]\naws_access_key_id=AKIDCONFIG\naws_secret_access_key = s3\n[profile both]\nregion=us-west-2\n\
        [profile process]\ncredential_process = /bin/keys --for \"me\"\n[profile role]\nrole_arn = arn:x\nsource_profile = default\n\
        [profile sso]\nsso_session = work\nsso_account_id = 1\nsso_role_name = dev\n[sso-session work]\nsso_region = us-east-1\n\
        sso_start_url = https://x.example/start\n[profile old]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n\
        sso_account_id = 1\nsso_role_name = dev\n[profile half]\nsso_session = gone\n[profile empty]\n";
    const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = s1\n\
        [both]\naws_access_key_id = AKIDBOTH\naws_secret_access_key = s2\naws_session_token = t2\n";

    /// A home with both files; the logins of `names` exist.
    fn home(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join(".aws/sso/cache");
        std::fs::create_dir_all(&cache).unwrap();
        std::fs::write(dir.path().join(".aws/config"), CONFIG).unwrap();
        std::fs::write(dir.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        for name in names {
            std::fs::write(cache.join(name), "{}").unwrap();
        }
        dir
    }

    fn vars(dir: &tempfile::TempDir, more: &[(&str, &str)]) -> EnvVars {
        let home = dir.path().to_str().unwrap();
        EnvVars::from_iter([("HOME", home)].into_iter().chain(more.iter().copied()))
    }

    fn check(profile: Option<&str>, more: &[(&str, &str)], want: Result<&str, &str>) {
        let dir = home(&[]);
        let found = find(profile, &vars(&dir, more));
        let got = found.no_key.clone().map_or_else(|| Ok(found.source.to_string()), Err);
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{profile:?} {more:?}");
        let shown = format!("{found:?}");
        assert!(!shown.contains("AKID"), "{shown}");
    }

    fn id(profile: Option<&str>, more: &[(&str, &str)]) -> String {
        let dir = home(&[]);
        match find(profile, &vars(&dir, more)).source {
            KeySource::Aws(AwsKeys::Known { key, .. }) => key.signing_parts().unwrap().id.to_owned(),
            other => panic!("{other}"),
        }
    }

    const ENV: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s0")];

    #[test]
    fn variables_go_first_unless_a_profile_is_named() {
        check(None, &ENV, Ok("aws: the environment"));
        check(None, &[ENV[0], ENV[1], ("AWS_PROFILE", "both")], Ok("aws: the environment"));
        check(Some("both"), &ENV, Ok("aws: profile both"));
        // Half a pair is none.
        check(None, &ENV[..1], Ok("aws: profile default"));
    }

    #[test]
    fn the_file_of_credentials_goes_before_that_of_settings() {
        assert_eq!(id(None, &[]), "AKIDDEFAULT");
        assert_eq!(id(None, &[("AWS_PROFILE", "both")]), "AKIDBOTH");
        assert_eq!(id(Some("static"), &[]), "AKIDCONFIG");
        let dir = home(&[]);
        let KeySource::Aws(AwsKeys::Known { key, .. }) = find(Some("both"), &vars(&dir, &[])).source else { panic!() };
        assert_eq!(key.signing_parts().unwrap().session, Some("t2"));
    }

    #[test]
    fn the_files_may_lie_elsewhere() {
        let dir = home(&[]);
        let other = dir.path().join("other");
        std::fs::write(&other, "[default]\naws_access_key_id=AKIDOTHER\naws_secret_access_key=s\n").unwrap();
        assert_eq!(id(None, &[("AWS_SHARED_CREDENTIALS_FILE", other.to_str().unwrap())]), "AKIDOTHER");
    }

    #[test]
    fn a_command_and_what_is_left_to_the_cli() {
        check(Some("process"), &[], Ok("aws: the process of profile process"));
        let hint = "AWS profile `role` has `role_arn`: use one with \
                    `credential_process = aws configure export-credentials --profile role`";
        check(Some("role"), &[], Err(hint));
        let hint = "no AWS keys: AWS_ACCESS_KEY_ID is not set, and there is no profile `gone`; the keys that \
                    AWS_WEB_IDENTITY_TOKEN_FILE stands for need a profile with \
                    `credential_process = aws configure export-credentials`";
        check(Some("gone"), &[("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")], Err(hint));
    }

    #[test]
    fn a_login_is_found_by_its_session_or_its_start_url() {
        let login = "not logged in: run `aws sso login --profile sso`";
        check(Some("sso"), &[], Err(login));
        for (profile, name) in [("sso", "work"), ("old", "https://x.example/start")] {
            let hash = hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes()).as_ref());
            let dir = home(&[&format!("{hash}.json")]);
            let KeySource::Aws(AwsKeys::Sso(sso)) = find(Some(profile), &vars(&dir, &[])).source else { panic!() };
            assert_eq!((sso.region.as_str(), sso.account.as_str(), sso.role.as_str()), ("us-east-1", "1", "dev"));
        }
        check(Some("half"), &[], Err("AWS profile `half` has no `sso_region`"));
    }

    #[test]
    fn what_is_not_there() {
        check(Some("empty"), &[], Err("AWS profile `empty` has no keys"));
        let none = "no AWS keys: AWS_ACCESS_KEY_ID is not set, and there is no profile `gone`";
        check(None, &[("AWS_PROFILE", "gone")], Err(none));
    }

    #[test]
    fn the_region_is_that_of_the_variables_or_of_the_profile() {
        let dir = home(&[]);
        let region = |profile, more: &[(&str, &str)]| region(profile, &vars(&dir, more));
        assert_eq!(region(None, &[]).as_deref(), Some("eu-west-1"));
        assert_eq!(region(Some("both"), &[]).as_deref(), Some("us-west-2"));
        assert_eq!(region(None, &[("AWS_PROFILE", "both")]).as_deref(), Some("us-west-2"));
        assert_eq!(region(None, &[("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "a")]).as_deref(), Some("a"));
        assert_eq!(region(Some("sso"), &[]), None);
    }

    #[test]
    fn one_key_in_two_places_is_one_identity() {
        let dir = home(&[]);
        let identity = |profile, more: &[(&str, &str)]| find(profile, &vars(&dir, more)).identity;
        let env = [("AWS_ACCESS_KEY_ID", "AKIDBOTH"), ("AWS_SECRET_ACCESS_KEY", "s2")];
        assert_eq!(identity(None, &env), identity(Some("both"), &[]));
        assert_ne!(identity(None, &[]), identity(Some("both"), &[]));
    }
}
