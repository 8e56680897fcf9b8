//! The conversation that a question continues: found in the log, put before the prompt.

use crate::conversation::fit::{Fitted, budget, fit};
use crate::error::{CommandError, ErrorKind};
use crate::ui::console::Console;
use llmroute_core::model::Message;
use llmroute_router::engine::{Engine, Request};
pub(crate) use llmroute_router::history::{History, HistoryError, messages};
pub(crate) use llmroute_router::state::StateLocation;

/// The earlier turns of a conversation.
#[derive(Debug)]
pub(crate) struct ContinuedConversation {
    /// The whole id of the conversation.
    pub id: String,
    /// The turn that the question follows.
    pub parent: Option<String>,
    /// The system prompt that holds until another is given.
    pub system: Option<String>,
    /// The last group.
    pub group: String,
    messages: Vec<Message>,
    /// Turns without an answer.
    unfinished: Vec<String>,
}

impl ContinuedConversation {
    /// The conversation called `id`, or the newest one.
    ///
    /// # Errors
    /// `input` if there is no such conversation, or no log.
    pub(crate) fn open(id: Option<&str>, location: &StateLocation) -> Result<Self, CommandError> {
        let id = id.unwrap_or("last");
        let found = History::open(location).and_then(|history| {
            let id = history.conversation_id(id)?;
            Ok((history.conversation(&id)?, id))
        });
        let (turns, id) = found.map_err(refused)?;
        let last = turns.last();
        Ok(Self {
            id,
            parent: last.map(|turn| turn.start.id.clone()),
            system: last.and_then(|turn| turn.start.system.clone()),
            group: last.map(|turn| turn.start.group.clone()).unwrap_or_default(),
            messages: messages(&turns),
            unfinished: turns.iter().filter(|turn| turn.end.is_none()).map(|turn| turn.start.id.clone()).collect(),
        })
    }

    /// Puts the earlier turns before the prompt of `request`, as far as they fit, and reports the ones left out.
    pub(crate) fn precede(self, request: &mut Request, router: &Engine, console: &mut Console) {
        for id in &self.unfinished {
            console.event(&format!("the turn `{id}` has no answer yet; it is left out"));
        }
        let said = self.messages.len() / 2;
        console.detail(&format!("continuing conversation `{}`, {said} answered turns", self.id));
        request.prompt.messages.splice(0..0, self.messages);
        // A rule that cannot be evaluated ends the request itself.
        let group = router.decide(request).unwrap_or_default().target(request.group);
        let budget = budget(router.map(), group, &request.attributes, &request.prompt).unwrap_or(u64::MAX);
        let Fitted { kept, left_out } = fit(std::mem::take(&mut request.prompt.messages), budget);
        match left_out {
            0 => {}
            1 => console.event("the conversation does not fit any deployment; its oldest turn is left out"),
            n => console
                .event(&format!("the conversation does not fit any deployment; its {n} oldest turns are left out")),
        }
        request.prompt.messages = kept;
        request.attributes.prompt_tokens = request.prompt.estimated_tokens();
    }
}

fn refused(error: HistoryError) -> CommandError {
    match error {
        HistoryError::Empty(place) => {
            CommandError::new(ErrorKind::Input, format!("no conversation is logged in `{place}` yet"))
                .hint("an `ask` without `--continue` begins one")
        }
        other => other.into(),
    }
}
