//! Profiles as a whole: which ones load, their mistakes, and the result.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
pub use llmroute_core::model::{Class, KeySource, TimeoutKind};
pub use llmroute_core::routing::hedge::Delay;

const LAB: &str = "[providers.lab]\nprotocol = \"openai\"\nbase_url = \"https://lab.example/v1\"\n";

fn vars() -> EnvVars {
    EnvVars::from_iter([("HOME", "/home/none"), ("A", "sk-a"), ("B", "sk-b")])
}

fn parse(text: &str) -> Result<Profile, LoadError> {
    let vars = vars();
    Profile::parse(Source::Demo, text, &LoadOptions { env: &vars, long_lived: false })
}

fn lab(rest: &str) -> Profile {
    parse(&format!("{LAB}{rest}")).unwrap_or_else(|error| panic!("{error}"))
}

fn first_error(text: &str) -> String {
    parse(text).unwrap_err().diagnostics[0].message.clone()
}

mod broken;
mod examples;
mod files;
mod resolved;
mod shown;
mod strategies;
mod targets;
mod unbuilt;
mod vertex;
mod whole;
