//! For programs that route calls themselves: a router from a profile, without the command line.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use llmroute_router::builder::Environment;
//! use llmroute_router::engine::{Delivery, RouterEvent, Request, Engine, Observer};
//! use llmroute_core::model::{Event, Prompt, Timestamp};
//! use llmroute_router::ports::Clock;
//! use llmroute_router::profile::{LoadOptions, ProfileLocation, Profile, EnvVars};
//! use llmroute_router::state::StateLocation;
//!
//! /// Prints the answer as it comes.
//! struct Print;
//!
//! impl Observer for Print {
//!     fn on_event(&mut self, note: RouterEvent<'_>) {
//!         if let RouterEvent::Failed { failure, .. } = note {
//!             eprintln!("failed over: {}", failure.class);
//!         }
//!     }
//!     fn on_output(&mut self, event: &Event) -> ControlFlow<()> {
//!         if let Event::Text(text) = event {
//!             print!("{text}");
//!         }
//!         ControlFlow::Continue(())
//!     }
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! // The simulated deployments: no key, no network. The first one always fails.
//! let vars = EnvVars::default();
//! let profile = Profile::load(&ProfileLocation::Demo, &LoadOptions { env: &vars, long_lived: true })?;
//! let group = profile.default_group;
//! let clock = Clock::starting_at(Timestamp(1_790_000_000_000)); // wall time in milliseconds
//! let around = Environment { vars: &vars, state: &StateLocation::Memory, clock, seed: 7 };
//! let router = Engine::from_profile(profile, &around);
//!
//! let request = Request::new(group, Prompt::user("Why is the sky blue?"), Delivery::Whole, clock.now());
//! let mut rng = fastrand::Rng::with_seed(7);
//! let done = router.run(&request, &mut rng, &mut Print).await.expect("a good deployment stands behind the bad one");
//! assert!(done.answer.text.contains("simulated"));
//! assert_eq!(done.attempts.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use crate::credentials::KeyResolver;
use crate::engine::Engine;
use crate::ports::Clock;
use crate::profile::{EnvVars, Profile};
use crate::state::{self, StateLocation};
use crate::transport::SchemeTransport;

/// The process around a router.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// The environment, for keys.
    pub vars: &'a EnvVars,
    /// The place of the shared state.
    pub state: &'a StateLocation,
    /// The time, counted from the start of the program.
    pub clock: Clock,
    /// The seed of the simulated deployments.
    pub seed: u64,
}

impl Engine {
    /// A router over `profile`, with the network, the shared state and the keys of this process.
    ///
    /// Making one does no I/O. See the example of [`builder`](self).
    #[must_use]
    pub fn from_profile(profile: Profile, around: &Environment<'_>) -> Self {
        Self::from_profile_with(profile, around, None)
    }

    /// The same, with an HTTP client of the program.
    #[must_use]
    pub(crate) fn from_profile_with(
        profile: Profile,
        around: &Environment<'_>,
        client: Option<reqwest::Client>,
    ) -> Self {
        let Profile { map, endpoints, keys, log, on_state_loss, .. } = profile;
        let home = around.vars.state_dir();
        let network = SchemeTransport::new(around.seed);
        let network = match client {
            Some(client) => network.with_client(client),
            None => network,
        };
        Self::new(
            Arc::new(map),
            endpoints,
            keys,
            Arc::new(KeyResolver::new(around.vars.as_map().clone(), around.clock)),
            Arc::new(network),
            state::open_with(around.state, &log, on_state_loss, home.as_deref()),
            around.clock,
        )
    }

    /// A router over `profile` with the connections, the keys and the state of this one.
    #[must_use]
    pub fn over(&self, profile: Profile) -> Self {
        let Profile { map, endpoints, keys, .. } = profile;
        self.with_map(Arc::new(map), endpoints, keys)
    }
}
