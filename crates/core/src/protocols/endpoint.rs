//! A deployment as an adapter sees it.

use std::fmt;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::{Overrides, Protocol, mock};
use crate::catalog::{Quirks, models};
use crate::model::Sampling;

/// Everything that is needed to call one deployment, except its key.
#[derive(Clone)]
pub struct Endpoint {
    /// The protocol spoken there.
    pub protocol: Protocol,
    /// The provider's name in the profile or the catalog.
    pub provider: String,
    /// The address of the API, with or without the version segment.
    pub base_url: Url,
    /// The model, as the provider calls it.
    pub model: String,
    /// The region that it is in, where that matters.
    pub region: Option<String>,
    /// The differences of this provider from the plain protocol.
    pub quirks: Quirks,
    /// The row of the model in the newest table.
    pub known: Option<models::Model>,
    /// Parameters of the profile, under those of the request.
    pub params: Params,
    /// Extra headers of the profile.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Extra query parameters of the profile; they hold no secrets.
    pub query: Vec<(String, String)>,
    /// Further changes that the profile makes to every request.
    pub overrides: Overrides,
    /// The script of a `mock` deployment.
    pub script: Option<mock::Script>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("protocol", &self.protocol)
            .field("base_url", &self.base_url.as_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Returns true if the body field `name` with this value requests more than one answer; only one is read.
#[must_use]
pub fn requests_several_answers(name: &str, value: u64) -> bool {
    value > 1 && matches!(name, "n" | "num_generations" | "candidateCount" | "candidate_count" | "best_of")
}

/// Defaults that a deployment gives to every request it gets (`params = { … }`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    /// Neutral parameters, used where the request leaves them open.
    pub sampling: Sampling,
    /// Other body fields, passed as they are.
    pub extra: Map<String, Value>,
}
