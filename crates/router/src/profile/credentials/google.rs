//! Where Google's credentials and a provider of the protocol `vertex` are. No token is fetched here.

use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

use crate::profile::EnvVars;
use crate::profile::credentials::expand_path;
use crate::profile::diagnostic::Diagnostic;
use crate::profile::document::Settings;
use llmroute_core::protocols::{Protocol, vertex};

/// The variable that names the file of the application default credentials.
const CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// What `gcloud auth application-default login` writes.
const USUAL: &str = "application_default_credentials.json";

/// The keys of a profile that only this protocol has.
const OWN: &[&str] = &["project", "location"];

/// The file with the credentials: the one that is named, that of the variable, or the usual one when
/// it is there; `None` leaves the machine itself (Google Cloud, application default credentials).
pub(crate) fn credentials(named: Option<&str>, vars: &EnvVars, base: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(expand_path(path, vars, base));
    }
    if let Some(path) = vars.get(CREDENTIALS) {
        return Some(PathBuf::from(path));
    }
    let folder = match (vars.get("CLOUDSDK_CONFIG"), vars.get("APPDATA")) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(data)) => Path::new(data).join("gcloud"),
        (None, None) => vars.home()?.join(".config/gcloud"),
    };
    Some(folder.join(USUAL)).filter(|path| path.is_file())
}

/// What a machine of Google's says that it is (the client libraries look there before they ask for a token).
const PRODUCT: &str = "/sys/class/dmi/id/product_name";

/// Variables that only services of Google set (Cloud Run, Cloud Functions, App Engine; the address of
/// the metadata server).
const SERVICES: &[&str] = &["K_SERVICE", "FUNCTION_TARGET", "GAE_ENV", "GCE_METADATA_HOST"];

/// Why there are no credentials where nobody needs to be asked: neither a file, nor a machine of Google's.
pub(crate) fn nowhere(file: Option<&Path>, vars: &EnvVars) -> Option<String> {
    let at_google =
        || vars.first(SERVICES).is_some() || std::fs::read_to_string(PRODUCT).is_ok_and(|name| name.contains("Google"));
    (file.is_none() && !at_google()).then(|| {
        format!("no credentials of Google: {CREDENTIALS} is not set, and `gcloud auth application-default login` was not run")
    })
}

/// The text of a file with credentials.
///
/// # Errors
/// When it is not there or cannot be read, in words.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("credentials file {} does not exist", path.display()),
        _ => format!("credentials file {} cannot be read", path.display()),
    })
}

/// Where a provider is, and what is missing to know it.
pub(crate) struct VertexAddress {
    pub base_url: Url,
    pub lacks: Option<String>,
}

/// The address that is right for every location.
pub(crate) fn everywhere() -> Url {
    vertex::host(vertex::LOCATION).expect("the usual location has an address")
}

/// `base_url` with the project and the location that `settings` or else the environment name, where
/// `protocol` has such; what is wrong goes to `sink`.
pub(crate) fn place(
    protocol: Protocol,
    base_url: Url,
    settings: Option<&Settings<'_>>,
    vars: &EnvVars,
    sink: &mut Vec<Diagnostic>,
) -> VertexAddress {
    if protocol != Protocol::Vertex {
        for entry in settings.iter().flat_map(|settings| &settings.entries).filter(|e| OWN.contains(&e.key.name)) {
            let message = format!("`{}` is only for `protocol = \"vertex\"`", entry.key.name);
            sink.push(Diagnostic::error(message).at(entry.name_at.clone()));
        }
        return VertexAddress { base_url, lacks: None };
    }
    let written = |name: &str| settings.and_then(|settings| settings.text(name)).filter(|text| !text.is_empty());
    let location = written("location").or(vars.first(vertex::LOCATION_ENV).map(|(_, value)| value));
    let location = location.unwrap_or(vertex::LOCATION);
    let Some(host) = vertex::host(location) else {
        let error =
            Diagnostic::error(format!("`{}` is no location", llmroute_core::model::failure::one_line(location)));
        let error = error.help("locations are `global`, `us`, `eu`, and regions like `us-central1`");
        sink.push(match settings.and_then(|settings| settings.get("location")) {
            Some(entry) => error.at(entry.at.clone()),
            None => error,
        });
        return VertexAddress { base_url, lacks: Some(format!("`{location}` is no location")) };
    };
    let base_url = if settings.is_some_and(|settings| settings.mentions("base_url")) { base_url } else { host };
    let project = written("project").or(vars.first(vertex::PROJECT_ENV).map(|(_, value)| value));
    match project.map(str::to_owned).or_else(|| project_of(vars)) {
        Some(project) => VertexAddress { base_url: vertex::placed(&base_url, &project, location), lacks: None },
        None if vertex::names_project(&base_url) => VertexAddress { base_url, lacks: None },
        None => VertexAddress { base_url, lacks: Some(format!("no project: {} is not set", vertex::PROJECT_ENV[0])) },
    }
}

/// The project that the default credentials belong to.
fn project_of(vars: &EnvVars) -> Option<String> {
    let text = read(&credentials(None, vars, None)?).ok()?;
    let file: Value = serde_json::from_str(&text).ok()?;
    ["project_id", "quota_project_id"].iter().find_map(|name| file.get(*name)?.as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::base_url;

    fn check(vars: &[(&str, &str)], want: Result<&str, &str>) {
        let vars: EnvVars = vars.iter().copied().collect();
        let got = place(Protocol::Vertex, everywhere(), None, &vars, &mut Vec::new());
        let got = got.lacks.map_or_else(|| Ok(base_url::normal(&got.base_url)), Err);
        assert_eq!(got.as_deref().map_err(String::as_str), want);
    }

    #[test]
    fn project_and_location_come_from_the_environment() {
        let global = "https://aiplatform.googleapis.com/v1/projects/p/locations/global";
        check(&[("GOOGLE_CLOUD_PROJECT", "p")], Ok(global));
        check(&[("ANTHROPIC_VERTEX_PROJECT_ID", "p"), ("GOOGLE_CLOUD_LOCATION", "")], Ok(global));
        let region = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5";
        check(&[("GOOGLE_CLOUD_PROJECT", "p"), ("CLOUD_ML_REGION", "us-east5")], Ok(region));
        check(&[], Err("no project: GOOGLE_CLOUD_PROJECT is not set"));
        check(&[("GOOGLE_CLOUD_LOCATION", "a/b"), ("GOOGLE_CLOUD_PROJECT", "p")], Err("`a/b` is no location"));
    }

    #[test]
    fn credentials_are_where_google_looks_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap();
        let usual = dir.path().join(".config/gcloud").join(USUAL);
        let found = |vars: &[(&str, &str)]| credentials(None, &vars.iter().copied().collect(), None);
        assert_eq!(found(&[("HOME", home)]), None);
        std::fs::create_dir_all(usual.parent().unwrap()).unwrap();
        std::fs::write(&usual, r#"{"type":"authorized_user","quota_project_id":"q"}"#).unwrap();
        assert_eq!(found(&[("HOME", home)]), Some(usual));
        assert_eq!(found(&[("HOME", home), (CREDENTIALS, "/x.json")]), Some("/x.json".into()));
        let global = "https://aiplatform.googleapis.com/v1/projects/q/locations/global";
        check(&[("HOME", home)], Ok(global));
    }
}
