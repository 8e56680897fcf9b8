//! What is asked in each round: one text for all targets, another one every time, so that no cache flatters.

use llmroute_core::model::Prompt;

/// Characters of a token, about, in English prose.
const CHARS: usize = 4;
/// What is asked when nothing else is given: short, answered at length by every model.
const DEFAULT: &str = "Explain in about a hundred words how a sailing boat can move against the wind.";
/// What synthetic prompts are made of: common words, one or two tokens each everywhere.
const WORDS: [&str; 32] = [
    "river", "window", "market", "letter", "garden", "winter", "engine", "bridge", "island", "silver", "doctor",
    "summer", "forest", "signal", "butter", "corner", "danger", "family", "flower", "guitar", "hammer", "jacket",
    "kitchen", "ladder", "mirror", "number", "orange", "pencil", "rabbit", "school", "ticket", "yellow",
];

/// Where prompts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// These, in turn.
    Texts(Vec<String>),
    /// Made-up text of about so many tokens, and an instruction to write about it.
    Synthetic {
        /// TokenUsage of the whole prompt.
        input: u64,
    },
}

impl Default for PromptSource {
    fn default() -> Self {
        Self::Texts(vec![DEFAULT.to_owned()])
    }
}

/// The prompts of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    /// Where they come from.
    pub source: PromptSource,
    /// TokenUsage of the answer that a synthetic prompt asks for.
    pub output: u64,
    /// Whether a text may be sent twice, so that a provider's prompt cache may answer.
    pub allow_cache: bool,
    /// Seed of the marks that make texts different, and of made-up text.
    pub seed: u64,
}

impl Prompts {
    /// What all targets are asked in `round`.
    #[must_use]
    pub fn text(&self, round: u32) -> String {
        // An odd constant keeps the seeds of neighbouring rounds far apart; a cached text is that of round 0.
        let of = if self.allow_cache { 0 } else { u64::from(round) };
        let mut rng = fastrand::Rng::with_seed(self.seed ^ of.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mark = rng.u32(..);
        match &self.source {
            PromptSource::Texts(texts) => {
                let text = texts.get(round as usize % texts.len().max(1)).map_or(DEFAULT, String::as_str);
                // In front: caches compare from the beginning.
                if self.allow_cache { text.to_owned() } else { format!("[{mark:08x}] {text}") }
            }
            PromptSource::Synthetic { input } => synthetic(mark, *input, self.output, &mut rng),
        }
    }

    /// What one target is asked in `round`.
    #[must_use]
    pub fn prompt(&self, round: u32, max_tokens: u64) -> Prompt {
        let mut prompt = Prompt::user(self.text(round));
        prompt.sampling.max_tokens = Some(max_tokens);
        prompt
    }

    /// The same prompts with other marks, for a run beside others that must not find its texts in a cache.
    #[must_use]
    pub fn with_salt(&self, salt: u64) -> Self {
        Self { seed: self.seed ^ salt.wrapping_mul(0xA24B_AED4_963E_E407), ..self.clone() }
    }

    /// The fewest and the most tokens of a prompt, estimated.
    #[must_use]
    pub fn tokens(&self) -> (u64, u64) {
        let different = match &self.source {
            PromptSource::Texts(texts) => u32::try_from(texts.len()).unwrap_or(u32::MAX),
            PromptSource::Synthetic { .. } => 1,
        };
        let size = |round| Prompt::user(self.text(round)).estimated_tokens();
        let sizes = (0..different.max(1)).map(size);
        sizes.fold((u64::MAX, 0), |(fewest, most), size| (fewest.min(size), most.max(size)))
    }
}

/// A mark, words, and what to do with them; of `input` tokens, as far as characters can tell.
fn synthetic(mark: u32, input: u64, output: u64, rng: &mut fastrand::Rng) -> String {
    let task = format!(
        "\n\nWrite a story of at least {} words that uses as many of the words above as you can.",
        output.max(1)
    );
    let mut text = format!("[{mark:08x}]");
    let size = usize::try_from(input).unwrap_or(usize::MAX).saturating_mul(CHARS).min(64 << 20);
    while text.len() + task.len() < size {
        text.push(' ');
        text.push_str(WORDS[rng.usize(..WORDS.len())]);
    }
    text + &task
}

/// Prompts from a file: one a line, or JSON objects with a `prompt`, one a line.
///
/// # Errors
/// Says which line is wrong, or that there is none.
pub fn parse_file(text: &str) -> Result<Vec<String>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let prompts = lines.map(|(index, line)| of_line(line).map_err(|why| format!("line {}: {why}", index + 1)));
    let prompts = prompts.collect::<Result<Vec<String>, String>>()?;
    if prompts.is_empty() { Err("it holds no prompt".to_owned()) } else { Ok(prompts) }
}

fn of_line(line: &str) -> Result<String, String> {
    if !line.trim_start().starts_with('{') {
        return Ok(line.to_owned());
    }
    let object: serde_json::Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    match object.get("prompt").and_then(serde_json::Value::as_str) {
        Some(prompt) => Ok(prompt.to_owned()),
        None => Err("the object has no `prompt` that is text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts(source: PromptSource, allow_cache: bool) -> Prompts {
        Prompts { source, output: 128, allow_cache, seed: 7 }
    }

    #[test]
    fn every_round_asks_something_else_and_the_same_again_with_the_same_seed() {
        for source in [PromptSource::default(), PromptSource::Synthetic { input: 100 }] {
            let fresh = prompts(source, false);
            assert_ne!(fresh.text(0), fresh.text(1));
            assert_eq!(fresh.text(1), fresh.clone().text(1));
            // The difference stands in front, where a cache looks first.
            assert_ne!(fresh.text(0)[..10], fresh.text(1)[..10]);
        }
    }

    #[test]
    fn with_a_cache_the_text_is_the_same() {
        for source in [PromptSource::default(), PromptSource::Synthetic { input: 100 }] {
            let cached = prompts(source, true);
            assert_eq!(cached.text(0), cached.text(9));
        }
    }

    #[test]
    fn several_texts_take_turns() {
        let two = prompts(PromptSource::Texts(vec!["a".to_owned(), "b".to_owned()]), true);
        assert_eq!([two.text(0), two.text(1), two.text(2)], ["a", "b", "a"]);
    }

    #[test]
    fn a_synthetic_prompt_has_its_size() {
        for input in [100, 1_000, 10_000] {
            let (_, tokens) = prompts(PromptSource::Synthetic { input }, false).tokens();
            assert!(tokens.abs_diff(input) <= input / 10, "{tokens} instead of {input}");
        }
    }

    #[test]
    fn a_file_of_prompts() {
        assert_eq!(parse_file("one\n\n{\"prompt\": \"two\"}\n").unwrap(), ["one", "two"]);
        assert_eq!(parse_file("\n").unwrap_err(), "it holds no prompt");
        assert!(parse_file("a\n{\"text\": 1}").unwrap_err().starts_with("line 2: the object has no `prompt`"));
        assert!(parse_file("{oops").unwrap_err().starts_with("line 1: not JSON"));
    }
}
