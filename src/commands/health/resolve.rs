//! From arguments to deployments, groups and time limits.

use std::time::Duration;

use crate::error::{CommandError, ErrorKind};
use crate::setup;
use llmroute_core::routing::{DeploymentId, GroupId};
use llmroute_router::health::{HealthSubject, HealthTimeouts, Target, add_single_group};
pub(crate) use llmroute_router::profile::{LoadOptions, Profile, duration};

/// The deployments to check, and the groups or deployments that are judged.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Every deployment once.
    pub targets: Vec<Target>,
    /// The groups, or the deployments that were named.
    pub subjects: Vec<HealthSubject>,
}

/// The deployments of `names`, or of all groups when there are none.
///
/// # Errors
/// `profile` if a group or deployment does not exist, or a group cannot be used.
pub(crate) fn wanted(
    names: &[String],
    live: bool,
    profile: &mut Profile,
    inputs: &LoadOptions<'_>,
) -> Result<Selection, CommandError> {
    let mut subjects = Vec::new();
    if names.is_empty() {
        for position in 0..profile.map.groups.len() {
            subjects.push(group(profile, GroupId(position))?);
        }
    }
    for name in names {
        subjects.push(named(profile, name, inputs)?);
    }
    let mut ids: Vec<DeploymentId> = Vec::new();
    for id in subjects.iter().flat_map(|subject| &subject.members) {
        if !ids.contains(id) {
            ids.push(*id);
        }
    }
    let target = |id| Target { id, live: live.then(|| add_single_group(&mut profile.map, id)), usual: None };
    Ok(Selection { targets: ids.into_iter().map(target).collect(), subjects })
}

/// A group, a deployment by its name in the profile, or `PROVIDER/MODEL`.
fn named(profile: &mut Profile, name: &str, inputs: &LoadOptions<'_>) -> Result<HealthSubject, CommandError> {
    let is_group = profile.map.groups.iter().any(|group| group.name == name);
    let deployments = profile.map.deployments.iter().enumerate().filter(|(_, deployment)| deployment.name == name);
    let members: Vec<DeploymentId> = deployments.map(|(position, _)| DeploymentId(position)).collect();
    if !is_group && !members.is_empty() {
        return Ok(HealthSubject { name: name.to_owned(), members });
    }
    let target = profile.target(name, inputs);
    let id = target.map_err(|unknown| CommandError::new(ErrorKind::Profile, unknown.message).hint(unknown.hint))?;
    group(profile, id)
}

fn group(profile: &Profile, id: GroupId) -> Result<HealthSubject, CommandError> {
    setup::built(profile, id)?;
    let group = profile.map.group(id);
    Ok(HealthSubject {
        name: group.name.clone(),
        members: group.members.iter().map(|member| member.deployment).collect(),
    })
}

/// The interval of `--watch`.
///
/// # Errors
/// `usage` if it is not valid.
pub(crate) fn interval(typed: &str) -> Result<Duration, CommandError> {
    span("--watch", typed)
}

/// The time limits of a check with this total.
///
/// # Errors
/// `usage` if it is not a duration.
pub(crate) fn limits(typed: Option<&str>) -> Result<HealthTimeouts, CommandError> {
    let Some(typed) = typed else { return Ok(HealthTimeouts::DEFAULT) };
    let total = span("--timeout", typed)?;
    // A larger total also allows slower servers.
    let part = |usual: Duration| if total > HealthTimeouts::DEFAULT.total { total / 2 } else { usual };
    Ok(HealthTimeouts {
        connect: part(HealthTimeouts::DEFAULT.connect),
        head: part(HealthTimeouts::DEFAULT.head),
        total,
    })
}

fn span(flag: &str, typed: &str) -> Result<Duration, CommandError> {
    let wrong = |why: String| {
        CommandError::new(ErrorKind::Usage, format!("`{flag}={typed}`: {why}"))
            .hint("a duration is a number of seconds, or like `250ms`, `30s`, `5m`, `1h30m`")
    };
    match duration::parse(typed) {
        Ok(span) if !span.is_zero() => Ok(span),
        Ok(_) => Err(wrong("it must be longer than zero".to_owned())),
        Err(why) => Err(wrong(why)),
    }
}
