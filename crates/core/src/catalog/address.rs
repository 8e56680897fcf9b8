//! Addresses that depend on an account, and the owners of hosts. Nothing is resolved or contacted.

use url::Url;

use super::ProviderRow;

/// The row's own base URL, with the values that `get` has for its variables.
///
/// # Errors
/// The name of the variable that is not set.
pub fn base_url<'v>(row: &ProviderRow, get: impl Fn(&str) -> Option<&'v str>) -> Result<String, &'static str> {
    let (mut url, mut rest) = (String::new(), row.base_url);
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let value = get(name).ok_or(name)?.trim();
        // A host is often given as an address.
        let value = value.split_once("://").map_or(value, |(_, value)| value).trim_matches('/');
        url.extend([before, value]);
        rest = after;
    }
    url.push_str(rest);
    Ok(url)
}

/// Returns `true` if `url` is at a host of the row's provider, to which its key may be sent.
#[must_use]
pub fn is_home(row: &ProviderRow, url: &Url) -> bool {
    let Some((front, place)) = row.base_url.split_once("://") else { return false };
    let authority = place.split('/').next().unwrap_or_default();
    let Some(host) = url.host_str() else { return false };
    let label = host.split_once('.').filter(|(label, _)| !label.is_empty());
    match authority.split_once('}') {
        _ if url.scheme() != front => false,
        Some((before, own)) if before.split_once('{').is_some_and(|(before, _)| !before.is_empty()) => {
            let before = before.split('{').next().unwrap_or_default();
            let middle = host.strip_prefix(before).and_then(|rest| rest.strip_suffix(own));
            url.port().is_none() && middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('.'))
        }
        None => Url::parse(row.base_url).is_ok_and(|known| known.origin() == url.origin()),
        // The caller chooses the whole host: none is known to be the provider's.
        Some((_, "")) => false,
        Some((_, own)) => label.is_some_and(|(_, domain)| {
            url.port().is_none()
                && own.strip_prefix('.').into_iter().chain(row.quirks.hosts.iter().copied()).any(|own| own == domain)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::provider;
    use super::*;

    #[test]
    fn a_base_may_hold_variables() {
        let check = |id: &str, value: Option<&str>, want: Result<&str, &str>| {
            assert_eq!(base_url(provider(id).unwrap(), |_| value).as_deref().map_err(|name| *name), want, "{id}");
        };
        check("openai", None, Ok("https://api.openai.com/v1"));
        check("azure", Some("me"), Ok("https://me.openai.azure.com"));
        check("azure", None, Err("AZURE_RESOURCE_NAME"));
        check("databricks", Some("https://dbc-1.cloud.example/"), Ok("https://dbc-1.cloud.example/serving-endpoints"));
    }

    #[test]
    fn a_key_is_at_home_only_with_its_provider() {
        let check = |id: &str, url: &str, want: bool| {
            assert_eq!(is_home(provider(id).unwrap(), &Url::parse(url).unwrap()), want, "{url}");
        };
        check("openai", "https://api.openai.com/x", true);
        check("openai", "https://api.openai.com:444/x", false);
        check("openai", "https://proxy.test", false);
        check("azure", "https://me.openai.azure.com/openai/v1", true);
        check("azure", "https://me.services.ai.azure.com", true);
        check("azure", "http://me.openai.azure.com", false);
        check("azure", "https://me.openai.azure.com:444", false);
        check("azure", "https://openai.azure.com", false);
        check("azure", "https://a.b.openai.azure.com", false);
        check("azure", "https://me.openai.azure.com.evil.test", false);
        check("databricks", "https://dbc-1.cloud.example/serving-endpoints", false);
        check("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com", true);
        check("bedrock", "https://bedrock-runtime.eu-west-1.evil.amazonaws.com", false);
        check("bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com.evil.test", false);
        check("cloudflare", "https://api.cloudflare.com/client/v4/accounts/1/ai/v1", true);
    }
}
