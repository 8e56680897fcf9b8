//! Models and providers that are not served any more.

use llmroute_core::catalog::models::Status;
use llmroute_core::routing::GroupId;

use super::Profile;

/// Providers that have ended: the name, the end, and the remedy.
const ENDED: &[(&str, &str, &str)] =
    &[("github", "GitHub Models was shut down on 2026-07-30", "use the maker of the model, like `openai`, or `azure`")];

/// Returns the end of a provider of this name, and the remedy.
pub(super) fn ended_provider(name: &str) -> Option<(&'static str, &'static str)> {
    ENDED.iter().find(|(ended, _, _)| *ended == name).map(|(_, message, hint)| (*message, *hint))
}

impl Profile {
    /// Returns a warning for each deployment of `group` whose model is shut down on `today` (`YYYY-MM-DD`).
    #[must_use]
    pub fn retired_models(&self, group: GroupId, today: &str) -> Vec<String> {
        let ids = self.map.group(group).members.iter().map(|member| member.deployment);
        let warning = |id: llmroute_core::routing::DeploymentId| {
            let known = self.endpoints[id.0].known.as_ref()?;
            if known.status_on(today) != Status::Retired {
                return None;
            }
            let name = &self.map.deployment(id).name;
            let date = known.shutdown.as_deref().map(|date| format!(" on {date}")).unwrap_or_default();
            let successor = known.successor.as_deref().map(|model| format!("; use `{model}`")).unwrap_or_default();
            Some(format!("`{name}` was shut down{date}{successor}"))
        };
        ids.filter_map(warning).collect()
    }
}
