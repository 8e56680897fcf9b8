//! The state as text and as JSON. A value of unknown form is shown unchanged.

use std::fmt::Write;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::names::{Owner, ProfileNames};
use crate::ui::text::{count, duration, full_time, time_left};
use llmroute_core::model::Timestamp;
use llmroute_core::routing::breaker::BreakerState;
use llmroute_core::routing::estimate::{ByLength, Estimates, Prior, PromptLength};
use llmroute_core::routing::limits::ProviderLimit;
use llmroute_core::routing::snapshot::{DeploymentState, GroupState};
use llmroute_router::history::rfc3339;

/// The state by owner.
#[derive(Debug)]
pub(crate) struct View {
    deployments: Vec<Section>,
    groups: Vec<Section>,
    /// Keys without a known owner, with their values.
    others: Vec<(String, Value)>,
}

/// The state of one deployment or group.
#[derive(Debug)]
struct Section {
    /// `None` if it is not in the profile.
    name: Option<String>,
    /// The hash of a deployment, the name of a group.
    mark: String,
    /// The key of its cell.
    key: String,
    /// Its other keys with their values.
    values: Vec<(String, Value)>,
}

impl View {
    /// Sorts `values` by owner. Every named owner is listed, with or without values.
    pub(crate) fn new(values: Vec<(String, String)>, names: &ProfileNames) -> Self {
        let named = |named: &super::names::NamedOwner| Section {
            name: Some(named.name.clone()),
            mark: named.mark.clone(),
            key: named.key.clone(),
            values: Vec::new(),
        };
        let mut view = Self {
            deployments: names.deployments.iter().map(named).collect(),
            groups: names.groups.iter().map(named).collect(),
            others: Vec::new(),
        };
        for (key, text) in values {
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let section = match names.owner(&key) {
                Owner::Deployment(named) => find(&mut view.deployments, &named.mark, &named.key),
                Owner::Group(named) => find(&mut view.groups, &named.mark, &named.key),
                Owner::UnknownDeployment(hash) => find(&mut view.deployments, hash, &format!("deployment/{hash}")),
                Owner::UnknownGroup(name) => find(&mut view.groups, name, &key),
                Owner::Other => {
                    view.others.push((key, value));
                    continue;
                }
            };
            section.values.push((key, value));
        }
        view
    }

    /// One object; times are RFC 3339 in UTC.
    pub(crate) fn json(&self, place: &str, now: Timestamp) -> Value {
        let deployment = |section: &Section| {
            let cell: DeploymentState = section.cell();
            let (state, until) = match cell.breaker.state(now) {
                BreakerState::Closed => ("closed", None),
                BreakerState::HalfOpen => ("half_open", None),
                BreakerState::Open { until } => ("open", Some(until)),
            };
            json!({
                "name": section.name,
                "key": section.mark,
                "breaker": {"state": state, "until": until.and_then(rfc3339), "class": cell.breaker.reason()},
                "gated_until": cell.gated(now).and_then(rfc3339),
                "values": object(&section.values),
            })
        };
        let group = |section: &Section| {
            let cell: GroupState = section.cell();
            json!({
                "name": section.name.as_ref().unwrap_or(&section.mark),
                "known": section.name.is_some(),
                "retry_budget": cell.retries.level(now),
                "values": object(&section.values),
            })
        };
        json!({
            "state": place,
            "deployments": self.deployments.iter().map(deployment).collect::<Vec<_>>(),
            "groups": self.groups.iter().map(group).collect::<Vec<_>>(),
            "others": object(&self.others),
        })
    }

    /// A heading for each owner, and a line for each of its values.
    pub(crate) fn text(&self, now: Timestamp, zone: &TimeZone) -> String {
        let mut page = StatePage { text: String::new(), now, zone };
        for section in &self.deployments {
            match &section.name {
                Some(name) => page.heading("deployment", name),
                None => page.heading("unknown deployment", &section.mark),
            }
            page.deployment(section);
        }
        for section in &self.groups {
            match &section.name {
                Some(name) => page.heading("group", name),
                None => page.heading("group of another profile", &section.mark),
            }
            page.group(section);
        }
        if !self.others.is_empty() {
            page.heading("others", "");
            self.others.iter().for_each(|(key, value)| page.other(key, value));
        }
        if page.text.is_empty() {
            page.text.push_str("nothing is known yet\n");
        }
        page.text
    }
}

/// The section of `mark`, added if missing.
fn find<'v>(sections: &'v mut Vec<Section>, mark: &str, key: &str) -> &'v mut Section {
    let at = sections.iter().position(|section| section.mark == mark && section.key == key).unwrap_or_else(|| {
        sections.push(Section { name: None, mark: mark.to_owned(), key: key.to_owned(), values: Vec::new() });
        sections.len() - 1
    });
    &mut sections[at]
}

impl Section {
    /// Its cell; a new one if it is missing or of unknown form.
    fn cell<T: serde::de::DeserializeOwned + Default>(&self) -> T {
        let value = self.values.iter().find(|(key, _)| *key == self.key);
        value.and_then(|(_, value)| serde_json::from_value(value.clone()).ok()).unwrap_or_default()
    }

    /// The values besides the fields `known` of its cell: name and value.
    fn rest<'s>(&'s self, known: &'s [&str]) -> impl Iterator<Item = (&'s str, &'s Value)> {
        self.values.iter().flat_map(move |(key, value)| match value {
            Value::Object(fields) if *key == self.key => {
                let fields = fields.iter().map(|(name, value)| (name.as_str(), value));
                fields.filter(|(name, _)| !known.contains(name)).collect::<Vec<_>>()
            }
            value => vec![(key.as_str(), value)],
        })
    }
}

struct StatePage<'z> {
    text: String,
    now: Timestamp,
    zone: &'z TimeZone,
}

impl StatePage<'_> {
    fn heading(&mut self, what: &str, name: &str) {
        let space = if name.is_empty() { "" } else { " " };
        self.push(format_args!("{what}{space}{name}\n"));
    }

    fn line(&mut self, name: &str, value: &str) {
        self.push(format_args!("  {name:<8} {value}\n"));
    }

    fn deployment(&mut self, section: &Section) {
        if section.values.is_empty() {
            return self.push(format_args!("  nothing learned yet\n"));
        }
        let cell: DeploymentState = section.cell();
        let state = match cell.breaker.state(self.now) {
            BreakerState::Closed => "closed".to_owned(),
            BreakerState::HalfOpen => "half-open: the next call is a probe".to_owned(),
            BreakerState::Open { until } => format!("open until {}", self.moment(until)),
        };
        let reason = cell.breaker.reason().map(|class| format!(", after {class}")).unwrap_or_default();
        self.line("breaker", &format!("{state}{reason}"));
        if let Some(until) = cell.gated(self.now) {
            self.line("gate", &format!("rate limited until {}", self.moment(until)));
        }
        self.estimates(&cell.estimates);
        let refused: Vec<&str> = cell.refused.believed(self.now).map(|(parameter, _)| parameter.as_str()).collect();
        if !refused.is_empty() {
            self.line("refused", &refused.join(", "));
        }
        let known = ["breaker", "gate", "limited", "estimates", "leases", "refused"];
        section.rest(&known).for_each(|(name, value)| self.line(name, &value.to_string()));
    }

    /// The measured speed, answer length and reliability.
    fn estimates(&mut self, estimates: &Estimates) {
        let read = |quantity: &ByLength, prior| quantity.read(PromptLength::Short, prior, self.now, None);
        let seconds = |seconds: f64| duration(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        let mut parts = Vec::new();
        if let Some(ttft) = read(&estimates.ttft, &Prior::TTFT) {
            parts.push(format!("first token {}", seconds(ttft.median())));
        }
        if let Some(token) = read(&estimates.seconds_per_token, &Prior::SECONDS_PER_TOKEN) {
            parts.push(format!("{:.0} tokens/s", 1.0 / token.median().max(1e-6)));
        }
        if estimates.output != Default::default() {
            parts.push(format!("answers of {:.0} tokens", estimates.output.expected(PromptLength::Short)));
        }
        if !parts.is_empty() {
            self.line("speed", &format!("{} (short prompts)", parts.join(", ")));
        }
    }

    /// A value that no name of the profile explains.
    fn other(&mut self, key: &str, value: &Value) {
        let limit = key.strip_prefix("quota/").zip(serde_json::from_value::<ProviderLimit>(value.clone()).ok());
        let Some((hash, limit)) = limit else { return self.line(key, &value.to_string()) };
        let mut parts: Vec<String> = Vec::new();
        if let Some(until) = limit.gated(self.now) {
            parts.push(format!("rate limited until {}", self.moment(until)));
        }
        parts.extend(limit.left(self.now).into_iter().map(|(resource, left, of)| match of {
            Some(of) => format!("{left} of {of} {} left", resource.as_str()),
            None => format!("{left} {} left", resource.as_str()),
        }));
        if let Some(tokens) = limit.expected_output() {
            parts.push(format!("answers of {}", count(tokens, "token")));
        }
        let text = if parts.is_empty() { "no limit known".to_owned() } else { parts.join(", ") };
        self.push(format_args!("  limits of provider key {hash}: {text}\n"));
    }

    fn group(&mut self, section: &Section) {
        if section.values.is_empty() {
            return self.push(format_args!("  nothing learned yet\n"));
        }
        let cell: GroupState = section.cell();
        let repeats = if cell.retries.allows_retry(self.now) { "repeats allowed" } else { "no repeats for now" };
        self.line("retries", &format!("budget {:.1}, {repeats}", cell.retries.level(self.now)));
        self.line("hedges", if cell.hedges.allows() { "allowed" } else { "budget spent" });
        self.line("turn", &cell.turn.to_string());
        section.rest(&["retries", "hedges", "turn"]).for_each(|(name, value)| self.line(name, &value.to_string()));
    }

    /// A future time, and the duration until then.
    fn moment(&self, at: Timestamp) -> String {
        format!("{} (in {})", full_time(at, self.zone), time_left(at.since(self.now)))
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a string takes everything");
    }
}

fn object(values: &[(String, Value)]) -> Map<String, Value> {
    values.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::NamedOwner;
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_323_045_000);

    fn view(values: &[(&str, &str)]) -> View {
        let named = |name: &str, key: &str, mark: &str| NamedOwner {
            name: name.to_owned(),
            key: key.to_owned(),
            mark: mark.to_owned(),
        };
        let names = ProfileNames {
            deployments: vec![named("lab/a", "deployment/00aa", "00aa")],
            groups: vec![named("main", "group/main/11", "group/main/11")],
        };
        View::new(values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(), &names)
    }

    /// `values` as text, without empty sections of the profile.
    fn check(values: &[(&str, &str)], want: &str) {
        let text = view(values).text(NOW, &TimeZone::UTC);
        let empty = ["deployment lab/a\n  nothing learned yet\n", "group main\n  nothing learned yet\n"];
        assert_eq!(text.replace(empty[0], "").replace(empty[1], ""), want);
    }

    #[test]
    fn what_has_a_name_is_there_with_nothing_learned() {
        let text = view(&[]).text(NOW, &TimeZone::UTC);
        assert_eq!(text, "deployment lab/a\n  nothing learned yet\ngroup main\n  nothing learned yet\n");
    }

    #[test]
    fn an_open_breaker_says_until_when_and_why() {
        check(
            &[(
                "deployment/00aa",
                r#"{"breaker":{"gate":{"open":{"until":1767323145000,"cooldown_ms":120000,"class":"server_error"}}}}"#,
            )],
            "deployment lab/a\n  breaker  open until 2026-01-02 03:05:45.000 +00:00 (in 1m 40s), after server_error\n",
        );
    }

    #[test]
    fn a_closed_gate_says_until_when() {
        check(
            &[("deployment/00aa", r#"{"gate":1767323046500}"#)],
            "deployment lab/a\n  breaker  closed\n  gate     rate limited until 2026-01-02 03:04:06.500 +00:00 (in 2 s)\n",
        );
    }

    #[test]
    fn fields_and_keys_that_are_not_known_here_are_shown_as_they_are() {
        check(
            &[
                ("deployment/00aa", r#"{"breaker":{},"gate":null,"latency":{"m":[0.5, 1]}}"#),
                ("limits/00aa", "[1, 2]"),
                ("hedges", "garbage"),
            ],
            "deployment lab/a\n  breaker  closed\n  latency  {\"m\":[0.5,1]}\n  limits/00aa [1,2]\nothers\n  hedges   \"garbage\"\n",
        );
    }

    #[test]
    fn what_no_entry_explains_is_listed_by_its_hash() {
        check(
            &[("deployment/00bb", "{}"), ("group/main/22", "{}")],
            "unknown deployment 00bb\n  breaker  closed\ngroup of another profile main\n  retries  budget 10.0, repeats allowed\n  hedges   allowed\n  turn     0\n",
        );
    }

    #[test]
    fn measurements_and_limits_are_shown_in_words() {
        let estimates = r#"{"estimates":{"ttft":{"all":[-0.69315,0.1,1767323045000]},"pace":{"all":[-3.91202,0.1,1767323045000]},"length":{"all":[48.0,30.0]}}}"#;
        let limit = r#"{"heard":true,"gate":null,"buckets":[{"resource":"requests","span":null,"limit":60,"remaining":12,"refill":{"at":{"secs":60,"nanos":0}},"at":1767323045000,"taken":[]}],"output":48.0}"#;
        let text = view(&[("deployment/00aa", estimates), ("quota/11", limit)]).text(NOW, &TimeZone::UTC);
        assert!(
            text.contains("  speed    first token 500 ms, 50 tokens/s, answers of 50 tokens (short prompts)\n"),
            "{text}"
        );
        assert!(text.contains("  limits of provider key 11: 12 of 60 requests left, answers of 48 tokens\n"), "{text}");
    }

    #[test]
    fn json_has_every_value_and_what_it_means() {
        let view = view(&[
            (
                "deployment/00aa",
                r#"{"breaker":{"gate":{"open":{"until":1767323145000,"cooldown_ms":1,"class":"quota"}}}}"#,
            ),
            ("hedges", "3"),
        ]);
        let json = view.json("memory", NOW);
        assert_eq!(
            json["deployments"][0]["breaker"],
            json!({"state": "open", "until": "2026-01-02T03:05:45.000Z", "class": "quota"})
        );
        assert!(json["deployments"][0]["values"]["deployment/00aa"]["breaker"].is_object());
        assert_eq!(json["groups"][0], json!({"name": "main", "known": true, "retry_budget": 10.0, "values": {}}));
        assert_eq!((&json["others"], &json["state"]), (&json!({"hedges": 3}), &json!("memory")));
    }
}
