//! `headers` and `query`: what is added to the requests of an endpoint.

use http::{HeaderName, HeaderValue};
use toml::Spanned;
use toml::de::DeValue;

use super::diagnostic::Diagnostic;
use super::table::{FromToml, Shown, table};

/// Headers that the HTTP client sets itself.
const CLIENT_HEADERS: &[&str] = &["host", "content-length", "transfer-encoding", "connection"];

/// Headers with their values, which may be secret.
#[derive(Debug, Clone)]
pub struct Headers(pub Vec<(HeaderName, HeaderValue)>);

impl FromToml<'_> for Headers {
    const TYPE: &'static str = "table of texts";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut headers = Vec::new();
        for (key, raw) in table::<Self>(raw, diagnostics)? {
            let Some(text) = String::from_toml(raw, diagnostics) else { continue };
            let name = key.get_ref().to_lowercase();
            let (Ok(header), Ok(mut value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(text)) else {
                let message = format!("`{name}` is not a valid header, or its value cannot stand in one");
                diagnostics.push(Diagnostic::error(message).at(key.span()));
                continue;
            };
            if CLIENT_HEADERS.contains(&name.as_str()) {
                diagnostics.push(Diagnostic::error(format!("`{name}` is set by the HTTP client")).at(key.span()));
            }
            value.set_sensitive(true);
            headers.push((header, value));
        }
        Some(Self(headers))
    }

    fn shown(&self, _: &str, _: &DeValue<'_>) -> Shown {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        Shown::Hidden(format!("{} (values hidden)", names.join(", ")))
    }
}

/// Query parameters with their values.
#[derive(Debug, Clone)]
pub struct Query(pub Vec<(String, String)>);

impl FromToml<'_> for Query {
    const TYPE: &'static str = "table of texts";

    fn from_toml(raw: &Spanned<DeValue<'_>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Self> {
        let mut query = Vec::new();
        for (key, raw) in table::<Self>(raw, diagnostics)? {
            query.extend(String::from_toml(raw, diagnostics).map(|value| (key.get_ref().to_string(), value)));
        }
        Some(Self(query))
    }
}
