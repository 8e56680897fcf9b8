//! Google's credentials, and the addresses of the protocol `vertex`. No token is fetched here.

use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

use super::expand_path;
use crate::profile::document::VertexKeys;
use crate::profile::document::diagnostic::Diagnostic;
use crate::profile::document::table::{Field, Keys as _};
use crate::profile::{EnvVars, files};
pub use llmroute_core::protocols::vertex;

/// The variable that names the file of the application default credentials.
const CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The file that `gcloud auth application-default login` writes.
const USUAL: &str = "application_default_credentials.json";

/// The file with the credentials: the one that is named, that of the variable, or the usual one if it
/// exists. `None` leaves the credentials of the machine (on Google Cloud).
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

/// The file in which a machine of Google's names its product (the client libraries look there first).
const PRODUCT: &str = "/sys/class/dmi/id/product_name";

/// Variables that only services of Google set (Cloud Run, Cloud Functions, App Engine; the address of
/// the metadata server).
const SERVICES: &[&str] = &["K_SERVICE", "FUNCTION_TARGET", "GAE_ENV", "GCE_METADATA_HOST"];

/// The reason why there are no credentials: neither a file, nor a machine of Google's.
pub(crate) fn nowhere(file: Option<&Path>, vars: &EnvVars) -> Option<String> {
    let at_google =
        || vars.first(SERVICES).is_some() || std::fs::read_to_string(PRODUCT).is_ok_and(|name| name.contains("Google"));
    (file.is_none() && !at_google()).then(|| {
        format!(
            "no Google credentials: {CREDENTIALS} is not set, and `gcloud auth application-default login` was not run"
        )
    })
}

/// The text of a file with credentials.
///
/// # Errors
/// The reason why it cannot be read, as a message.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    files::read_text(path, super::LARGEST).map_err(|why| format!("credentials file {} {why}", path.display()))
}

/// The address of a provider, and what is missing to know it.
pub(crate) struct VertexAddress {
    pub base_url: Url,
    pub missing: Option<String>,
}

/// The address that is right for every location.
pub(crate) fn global_address() -> Url {
    vertex::host(vertex::LOCATION).expect("the usual location has an address")
}

/// Adds project and location to the address of a provider: from the profile, else from the environment.
///
/// `base_url` is the address that the profile sets.
pub(crate) fn vertex_address(
    base_url: Option<Url>,
    keys: &VertexKeys<'_>,
    vars: &EnvVars,
    diagnostics: &mut Vec<Diagnostic>,
) -> VertexAddress {
    fn written<'k>(field: &'k Field<'_, String>) -> Option<&'k str> {
        field.value().map(String::as_str).filter(|text| !text.is_empty())
    }
    let location = written(&keys.location).or(vars.first(vertex::LOCATION_ENV).map(|(_, value)| value));
    let location = location.unwrap_or(vertex::LOCATION);
    let Some(host) = vertex::host(location) else {
        let message = format!("`{}` is not a location", llmroute_core::model::failure::one_line(location));
        let error =
            Diagnostic::error(&message).help("locations are `global`, `us`, `eu`, and regions like `us-central1`");
        diagnostics.push(match keys.location.setting() {
            Some(setting) => error.at(setting.at.clone()),
            None => error,
        });
        return VertexAddress { base_url: base_url.unwrap_or_else(global_address), missing: Some(message) };
    };
    let base_url = base_url.unwrap_or(host);
    let project = written(&keys.project).or(vars.first(vertex::PROJECT_ENV).map(|(_, value)| value));
    match project.map(str::to_owned).or_else(|| project_of(vars)) {
        Some(project) => VertexAddress { base_url: vertex::placed(&base_url, &project, location), missing: None },
        None if vertex::names_project(&base_url) => VertexAddress { base_url, missing: None },
        None => VertexAddress { base_url, missing: Some(format!("no project: {} is not set", vertex::PROJECT_ENV[0])) },
    }
}

/// Reports keys that only the protocol `vertex` has.
pub(crate) fn reject(keys: &VertexKeys<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for written in keys.written() {
        let message = format!("`{}` is only for `protocol = \"vertex\"`", written.name);
        diagnostics.push(Diagnostic::error(message).at(written.name_at));
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
    use crate::profile::document::base_url;

    fn check(vars: &[(&str, &str)], want: Result<&str, &str>) {
        let vars: EnvVars = vars.iter().copied().collect();
        let got = vertex_address(None, &VertexKeys::default(), &vars, &mut Vec::new());
        let got = got.missing.map_or_else(|| Ok(base_url::normal(&got.base_url)), Err);
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
        check(&[("GOOGLE_CLOUD_LOCATION", "a/b"), ("GOOGLE_CLOUD_PROJECT", "p")], Err("`a/b` is not a location"));
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
