//! A chat request, and the future of its answer.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::Value;

use super::error::Error;
use super::error_kind::ErrorKind;
use super::response::ChatResponse;
use super::router::Router;
use super::trace::{self, Traced};
use crate::engine::{self, Checks, Delivery, Observer, Request, RouterEvent};
use crate::profile::suggest;
use llmroute_core::model::{Effort, Event, Message, Part, Prompt, Role, Timestamp, Tool};
use llmroute_core::routing::failover::RequestAttributes;
use llmroute_core::routing::{GroupId, Map};

/// The reaction of a stream to an answer that breaks off after some of its text was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Midstream {
    /// Sends [`ChatEvent::Restarted`](super::ChatEvent::Restarted), then another answer from its beginning.
    #[default]
    Restart,
    /// Keeps the text, and continues it only with an exact continuation.
    Exact,
    /// Keeps the text, and asks the next deployment to continue it.
    Resume,
    /// Ends the stream with an error.
    Fail,
}

/// A request to a group. Await it for the whole answer, or call [`stream`](Self::stream).
#[derive(Clone)]
#[must_use = "a request does nothing unless it is awaited or streamed"]
pub struct ChatRequest {
    router: Router,
    group: String,
    prompt: Prompt,
    timeout: Option<Duration>,
    midstream: Midstream,
    require_tags: Vec<String>,
    forbid_tags: Vec<String>,
    tags: Vec<String>,
    max_cost: Option<f64>,
    user: Option<String>,
    conversation: Option<String>,
    fallbacks: bool,
}

impl Router {
    /// Returns a request to `group` with one user message.
    ///
    /// ```
    /// # use llmroute_router::{Group, Provider, Router};
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let router = Router::builder()
    ///     .provider("lab", Provider::simulated())
    ///     .group("main", Group::new().deployment("lab/storyteller"))
    ///     .build()?;
    /// let answer = router.chat("main", "Why is the sky blue?").await?;
    /// println!("{} (by {})", answer.text, answer.deployment);
    /// # Ok::<(), llmroute_router::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chat(&self, group: impl Into<String>, text: impl Into<String>) -> ChatRequest {
        ChatRequest::new(self.clone(), group.into(), Prompt::user(text))
    }

    /// Returns a request to `group` without a message; add them with [`ChatRequest::message`].
    pub fn conversation(&self, group: impl Into<String>) -> ChatRequest {
        ChatRequest::new(self.clone(), group.into(), Prompt::default())
    }
}

impl ChatRequest {
    fn new(router: Router, group: String, prompt: Prompt) -> Self {
        Self {
            router,
            group,
            prompt,
            timeout: None,
            midstream: Midstream::default(),
            require_tags: Vec::new(),
            forbid_tags: Vec::new(),
            tags: Vec::new(),
            max_cost: None,
            user: None,
            conversation: None,
            fallbacks: true,
        }
    }

    /// Sets the system prompt.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.prompt.system = Some(text.into());
        self
    }

    /// Adds a message to the conversation.
    pub fn message(mut self, message: Message) -> Self {
        self.prompt.messages.push(message);
        self
    }

    /// Adds a user message of text.
    pub fn user_message(self, text: impl Into<String>) -> Self {
        self.message(Message::text(Role::User, text))
    }

    /// Adds an assistant message of text.
    pub fn assistant_message(self, text: impl Into<String>) -> Self {
        self.message(Message::text(Role::Assistant, text))
    }

    /// Adds the result of a tool call, after the [message](ChatResponse::message) that made the call.
    pub fn tool_result(self, id: impl Into<String>, text: impl Into<String>) -> Self {
        let part = Part::ToolResult { id: id.into(), text: text.into() };
        self.message(Message { role: Role::User, parts: vec![part] })
    }

    /// Offers a tool to the model.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.prompt.tools.push(tool);
        self
    }

    /// Demands an answer that satisfies a JSON Schema. An answer that does not is a failed attempt.
    pub fn schema(mut self, schema: Value) -> Self {
        self.prompt.schema = Some(schema);
        self
    }

    /// Sets the temperature.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.prompt.sampling.temperature = Some(temperature);
        self
    }

    /// Sets the nucleus sampling threshold.
    pub fn top_p(mut self, top_p: f64) -> Self {
        self.prompt.sampling.top_p = Some(top_p);
        self
    }

    /// Sets the largest number of tokens to generate, reasoning included.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.prompt.sampling.max_tokens = Some(tokens);
        self
    }

    /// Sets the reasoning effort.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.prompt.sampling.effort = Some(effort);
        self
    }

    /// Adds a field to the body of the request, unchanged.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.prompt.extra.insert(name.into(), value.into());
        self
    }

    /// Sets the time limit of the whole request: attempts, waits and fallbacks.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Sets the reaction of a stream to an answer that breaks off.
    pub fn midstream(mut self, midstream: Midstream) -> Self {
        self.midstream = midstream;
        self
    }

    /// Calls only deployments with this tag.
    pub fn require_tag(mut self, tag: impl Into<String>) -> Self {
        self.require_tags.push(tag.into());
        self
    }

    /// Calls only deployments without this tag.
    pub fn forbid_tag(mut self, tag: impl Into<String>) -> Self {
        self.forbid_tags.push(tag.into());
        self
    }

    /// Labels the request, for rules.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Calls only deployments whose expected cost is known and at most this, in USD.
    pub fn max_cost_usd(mut self, usd: f64) -> Self {
        self.max_cost = Some(usd);
        self
    }

    /// Names the user, for rules and sticky groups.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Names the conversation, for sticky groups.
    pub fn conversation_id(mut self, id: impl Into<String>) -> Self {
        self.conversation = Some(id.into());
        self
    }

    /// Sets whether fallback groups may be called; they may by default.
    pub fn fallbacks(mut self, allowed: bool) -> Self {
        self.fallbacks = allowed;
        self
    }

    pub(super) fn delivery(&self) -> Delivery {
        Delivery::Streamed(match self.midstream {
            Midstream::Restart => engine::MidstreamMode::Restart,
            Midstream::Exact => engine::MidstreamMode::Exact,
            Midstream::Resume => engine::MidstreamMode::Resume,
            Midstream::Fail => engine::MidstreamMode::Fail,
        })
    }

    /// Runs the request to its end.
    pub(super) async fn run<O: Observer>(
        self,
        delivery: Delivery,
        observer: impl FnOnce(&Arc<engine::Engine>) -> O,
    ) -> Result<ChatResponse, Error> {
        let engine = self.router.engine();
        let mut rng = self.router.fork_rng();
        let span = trace::chat(&self.group);
        let future = async {
            let map = engine.map();
            let request = self.into_request(map, delivery, engine.now())?;
            let mut observer = Traced::new(observer(&engine), Arc::clone(&engine));
            let result = engine.route(&request, &mut rng, &mut observer).await;
            let group = &map.group(request.group).name;
            result.map(|answer| ChatResponse::of(answer, map)).map_err(|error| Error::of_request(&error, group, map))
        };
        trace::instrument(span, future).await
    }

    fn into_request(self, map: &Map, delivery: Delivery, now: Timestamp) -> Result<Request, Error> {
        let group = find(map, &self.group)?;
        let checks = checks(&self.prompt)?;
        let mut request = Request::new(group, self.prompt, delivery, now);
        request.checks = checks;
        request.deadline = self.timeout;
        let last = request
            .prompt
            .messages
            .last()
            .map(|message| Prompt { messages: vec![message.clone()], ..Prompt::default() }.text());
        let attributes: &mut RequestAttributes = &mut request.attributes;
        attributes.max_tokens = request.prompt.sampling.max_tokens;
        attributes.require_tags = self.require_tags;
        attributes.forbid_tags = self.forbid_tags;
        attributes.tags = self.tags;
        attributes.max_cost = self.max_cost;
        attributes.no_fallback = !self.fallbacks;
        attributes.hour = local_hour(now);
        attributes.identity.user.clone_from(&self.user);
        attributes.identity.conversation = self.conversation;
        attributes.identity.prompt = last;
        attributes.user = self.user;
        Ok(request)
    }
}

/// The group called `name`.
fn find(map: &Map, name: &str) -> Result<GroupId, Error> {
    if let Some(index) = map.groups.iter().position(|group| group.name == name) {
        return Ok(GroupId(index));
    }
    let nearest = suggest::nearest(name, map.groups.iter().map(|group| group.name.as_str()));
    let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
    Err(Error::new(ErrorKind::UnknownGroup, format!("unknown group `{name}`{hint}")))
}

#[cfg(feature = "schema")]
fn checks(prompt: &Prompt) -> Result<Checks, Error> {
    let Some(schema) = &prompt.schema else { return Ok(Checks::default()) };
    let schema = engine::Schema::compile(schema)
        .map_err(|error| Error::new(ErrorKind::BadRequest, format!("the JSON Schema is not valid: {error}")))?;
    Ok(Checks { schema: Some(Arc::new(schema)), ..Checks::default() })
}

#[cfg(not(feature = "schema"))]
fn checks(prompt: &Prompt) -> Result<Checks, Error> {
    match prompt.schema {
        None => Ok(Checks::default()),
        Some(_) => {
            Err(Error::new(ErrorKind::Unsupported, "a JSON Schema needs the feature `schema` of llmroute-router"))
        }
    }
}

/// The hour on the wall from 0 to 23, for rules that look at it.
fn local_hour(now: Timestamp) -> Option<u8> {
    let time = jiff::Timestamp::from_millisecond(now.0).ok()?;
    u8::try_from(time.to_zoned(jiff::tz::TimeZone::system()).hour()).ok()
}

/// Observes a request whose events are not wanted.
struct Silent;

impl Observer for Silent {
    fn on_event(&mut self, _: RouterEvent<'_>) {}

    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl IntoFuture for ChatRequest {
    type Output = Result<ChatResponse, Error>;
    type IntoFuture = ChatFuture;

    fn into_future(self) -> ChatFuture {
        ChatFuture(Box::pin(self.run(Delivery::Whole, |_| Silent)))
    }
}

/// The answer to come. Dropping it cancels the request.
#[must_use = "a future does nothing unless it is polled"]
pub struct ChatFuture(Pin<Box<dyn Future<Output = Result<ChatResponse, Error>> + Send>>);

impl Future for ChatFuture {
    type Output = Result<ChatResponse, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ChatFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatRequest").field("group", &self.group).field("prompt", &self.prompt).finish_non_exhaustive()
    }
}
