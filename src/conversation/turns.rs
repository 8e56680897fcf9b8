//! The turns of a conversation, and the part of them that is sent to a model; not their storage.

use llmroute_core::model::{Message, Part, Role};

/// A question and its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// The request in the log; `None` without a log.
    pub id: Option<String>,
    /// The question, with files and images.
    pub question: Vec<Part>,
    /// The typed text.
    pub prompt: String,
    /// The text for the log: with the texts of files, and a note for each image.
    pub logged: String,
    /// The answer; never empty.
    pub answer: String,
    /// The answer is complete.
    pub whole: bool,
}

/// The turns, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversation {
    /// Its id in the log: the id of its first request.
    pub id: Option<String>,
    /// The system prompt.
    pub system: Option<String>,
    /// The questions with at least a partial answer.
    pub turns: Vec<Turn>,
}

impl Conversation {
    /// An empty conversation.
    #[must_use]
    pub(crate) fn new(system: Option<String>) -> Self {
        Self { id: None, system, turns: Vec::new() }
    }

    /// The turn that the next one follows, in the log.
    #[must_use]
    pub(crate) fn parent(&self) -> Option<&str> {
        self.turns.last()?.id.as_deref()
    }

    /// The messages to send with `question`. A partial answer is sent as far as it came.
    #[must_use]
    pub(crate) fn messages(&self, question: Vec<Part>) -> Vec<Message> {
        let said = self.turns.iter().flat_map(|turn| {
            [
                Message { role: Role::User, parts: turn.question.clone() },
                Message::text(Role::Assistant, turn.answer.clone()),
            ]
        });
        said.chain([Message { role: Role::User, parts: question }]).collect()
    }

    /// The conversation as Markdown, for a file.
    #[must_use]
    pub(crate) fn transcript(&self) -> String {
        let mut text = String::new();
        if let Some(system) = &self.system {
            text += &format!("## System\n\n{}\n\n", system.trim_end());
        }
        for turn in &self.turns {
            let broken = if turn.whole { "" } else { "\n\n*(stopped)*" };
            text += &format!("## User\n\n{}\n\n## Assistant\n\n{}{broken}\n\n", shown(turn), turn.answer.trim_end());
        }
        text.trim_end().to_owned() + "\n"
    }

    /// A line for each turn: its number, the beginning of the question, and that of the answer.
    #[must_use]
    pub(crate) fn overview(&self, width: usize) -> String {
        let line = |text: &str| {
            llmroute_core::model::failure::one_line(text).chars().take(width.max(20) - 8).collect::<String>()
        };
        let turns = self.turns.iter().enumerate().map(|(n, turn)| {
            let broken = if turn.whole { "" } else { " (stopped)" };
            format!("{:>3}  > {}\n     {}{broken}\n", n + 1, line(&turn.prompt), line(&turn.answer))
        });
        turns.collect()
    }
}

/// The question with its files; images are named by their kind.
fn shown(turn: &Turn) -> String {
    let part = |part: &Part| match part {
        Part::Text(text) => text.trim_end().to_owned(),
        Part::Image { media_type, .. } => format!("[{media_type}]"),
        Part::File { name, media_type, .. } => format!("[{media_type} {name}]"),
        Part::ToolCall { name, .. } => format!("[call of {name}]"),
        Part::ToolResult { text, .. } => text.clone(),
        // Reasoning belongs to its answer.
        Part::ReasoningBlock(_) => String::new(),
    };
    turn.question.iter().map(part).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmroute_core::model::media::linked;

    fn conversation() -> Conversation {
        let turn = |id: &str, prompt: &str, answer: &str, whole| Turn {
            id: Some(id.to_owned()),
            question: vec![Part::Text(prompt.to_owned())],
            prompt: prompt.to_owned(),
            logged: prompt.to_owned(),
            answer: answer.to_owned(),
            whole,
        };
        let turns = vec![turn("1", "a\nb", "c", true), turn("2", "d", "e", false)];
        Conversation { id: Some("x".into()), system: Some("Be brief.".into()), turns }
    }

    #[test]
    fn both_sides_are_sent_in_turn() {
        let messages = conversation().messages(vec![Part::Text("f".into())]);
        let said = [
            (Role::User, "a\nb"),
            (Role::Assistant, "c"),
            (Role::User, "d"),
            (Role::Assistant, "e"),
            (Role::User, "f"),
        ];
        assert_eq!(messages, said.map(|(role, text)| Message::text(role, text)));
    }

    #[test]
    fn the_next_turn_follows_the_last_one() {
        let mut conversation = conversation();
        assert_eq!(conversation.parent(), Some("2"));
        conversation.turns.pop();
        assert_eq!(conversation.parent(), Some("1"));
        assert_eq!(Conversation::default().parent(), None);
    }

    #[test]
    fn a_transcript_is_markdown() {
        let mut conversation = conversation();
        conversation.turns[1].question.insert(0, linked("https://a/b.pdf"));
        let want = "## System\n\nBe brief.\n\n## User\n\na\nb\n\n## Assistant\n\nc\n\n\
            ## User\n\n[application/pdf b.pdf]\n\nd\n\n## Assistant\n\ne\n\n*(stopped)*\n";
        assert_eq!(conversation.transcript(), want);
    }

    #[test]
    fn the_overview_has_two_lines_a_turn() {
        assert_eq!(conversation().overview(80), "  1  > a b\n     c\n  2  > d\n     e (stopped)\n");
    }
}
