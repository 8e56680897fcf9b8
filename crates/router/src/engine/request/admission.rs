//! Cold start: the few calls that may be in flight to a provider that has not replied yet.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::shared::provider_limits::ProviderLimits;
use llmroute_core::routing::DeploymentId;

/// Permits held by the calls of one request to deployments that have not replied yet.
#[derive(Default)]
pub(in crate::engine) struct ColdStartPermits(Vec<(DeploymentId, OwnedSemaphorePermit)>);

impl ColdStartPermits {
    /// Waits for a permit, at most for `limit`; the call is then made without one. `heard`: the provider replied
    /// before.
    pub(in crate::engine) async fn acquire(
        &mut self,
        deployment: DeploymentId,
        limits: &ProviderLimits,
        (identity, heard): (String, bool),
        limit: Duration,
    ) {
        let permit = tokio::time::timeout(limit, limits.cold_start_permit(&identity, heard)).await;
        self.0.extend(permit.ok().flatten().map(|permit| (deployment, permit)));
    }

    /// Takes a permit that is free now. Returns false if the call would have to wait for one.
    pub(in crate::engine) fn try_acquire(
        &mut self,
        deployment: DeploymentId,
        limits: &ProviderLimits,
        (identity, heard): (String, bool),
    ) -> bool {
        let Some(permit) = limits.cold_start_permit(&identity, heard).now_or_never() else { return false };
        self.0.extend(permit.map(|permit| (deployment, permit)));
        true
    }

    /// Returns the permit of the call to `deployment`.
    pub(in crate::engine) fn release(&mut self, deployment: DeploymentId) {
        self.0.retain(|(holder, _)| *holder != deployment);
    }
}
