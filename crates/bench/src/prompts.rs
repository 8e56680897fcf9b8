//! The prompts of a run: the same text for all targets of a round, and a new text each round, so that caches do not help.

use llmroute_core::model::Prompt;

/// Characters per token in English prose, approximately.
const CHARS: usize = 4;
/// The prompt if the user gives none: short, and every model answers it at length.
const DEFAULT: &str = "Explain in about a hundred words how a sailing boat can move against the wind.";
/// The vocabulary of synthetic prompts: common words of one or two tokens in every tokenizer.
const WORDS: [&str; 32] = [
    "river", "window", "market", "letter", "garden", "winter", "engine", "bridge", "island", "silver", "doctor",
    "summer", "forest", "signal", "butter", "corner", "danger", "family", "flower", "guitar", "hammer", "jacket",
    "kitchen", "ladder", "mirror", "number", "orange", "pencil", "rabbit", "school", "ticket", "yellow",
];

/// The source of prompts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// These texts, in turn.
    Texts(Vec<String>),
    /// Generated text, followed by an instruction to write about it.
    Synthetic {
        /// Tokens of the whole prompt, approximately.
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
    /// The source of the texts.
    pub source: PromptSource,
    /// Output tokens that a synthetic prompt asks for.
    pub output: u64,
    /// Texts may repeat, so the provider may answer from its prompt cache.
    pub allow_cache: bool,
    /// Seed of the prefixes that make texts unique, and of generated text.
    pub seed: u64,
}

impl Prompts {
    /// The text that all targets receive in `round`.
    #[must_use]
    pub(crate) fn text(&self, round: u32) -> String {
        // An odd constant keeps the seeds of neighbouring rounds far apart. With caching allowed, every round uses the
        // text of round 0.
        let of = if self.allow_cache { 0 } else { u64::from(round) };
        let mut rng = fastrand::Rng::with_seed(self.seed ^ of.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mark = rng.u32(..);
        match &self.source {
            PromptSource::Texts(texts) => {
                let text = texts.get(round as usize % texts.len().max(1)).map_or(DEFAULT, String::as_str);
                // At the front, because caches compare prefixes.
                if self.allow_cache { text.to_owned() } else { format!("[{mark:08x}] {text}") }
            }
            PromptSource::Synthetic { input } => synthetic(mark, *input, self.output, &mut rng),
        }
    }

    /// The prompt that a target receives in `round`.
    #[must_use]
    pub fn prompt(&self, round: u32, max_tokens: u64) -> Prompt {
        let mut prompt = Prompt::user(self.text(round));
        prompt.sampling.max_tokens = Some(max_tokens);
        prompt
    }

    /// The same prompts with other prefixes, so that a second run does not find the texts of the first in a cache.
    #[must_use]
    pub fn with_salt(&self, salt: u64) -> Self {
        Self { seed: self.seed ^ salt.wrapping_mul(0xA24B_AED4_963E_E407), ..self.clone() }
    }

    /// The number of different texts, apart from prefixes: those of the first rounds.
    #[must_use]
    pub fn distinct(&self) -> u32 {
        match &self.source {
            PromptSource::Texts(texts) => u32::try_from(texts.len()).unwrap_or(u32::MAX).max(1),
            PromptSource::Synthetic { .. } => 1,
        }
    }

    /// The estimated tokens of the shortest and of the longest prompt.
    #[must_use]
    pub fn tokens(&self) -> (u64, u64) {
        let size = |round| Prompt::user(self.text(round)).estimated_tokens();
        let sizes = (0..self.distinct()).map(size);
        sizes.fold((u64::MAX, 0), |(fewest, most), size| (fewest.min(size), most.max(size)))
    }
}

/// A prefix, random words and an instruction: about `input` tokens in total, estimated by characters.
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

/// Parses a file of prompts: one per line, either plain text or a JSON object with a `prompt` field.
///
/// # Errors
/// A line is not a valid object, or the file contains no prompt.
pub fn parse_file(text: &str) -> Result<Vec<String>, PromptFileError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let prompts = lines.map(|(index, line)| parse_line(line, index + 1)).collect::<Result<Vec<_>, _>>()?;
    if prompts.is_empty() { Err(PromptFileError::Empty) } else { Ok(prompts) }
}

fn parse_line(text: &str, line: usize) -> Result<String, PromptFileError> {
    if !text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    let object: serde_json::Value =
        serde_json::from_str(text).map_err(|source| PromptFileError::Json { line, source })?;
    match object.get("prompt").and_then(serde_json::Value::as_str) {
        Some(prompt) => Ok(prompt.to_owned()),
        None => Err(PromptFileError::NoPrompt { line }),
    }
}

/// An invalid file of prompts.
#[derive(Debug, thiserror::Error)]
pub enum PromptFileError {
    /// The file contains no prompt.
    #[error("the file contains no prompt")]
    Empty,
    /// A line starts like an object but is not JSON.
    #[error("line {line}: not valid JSON: {source}")]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// An object lacks a `prompt`.
    #[error("line {line}: the object needs a `prompt` that is a string")]
    NoPrompt {
        /// The line, counted from 1.
        line: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts(source: PromptSource, allow_cache: bool) -> Prompts {
        Prompts { source, output: 128, allow_cache, seed: 7 }
    }

    #[test]
    fn each_round_has_its_own_text_and_the_seed_reproduces_it() {
        for source in [PromptSource::default(), PromptSource::Synthetic { input: 100 }] {
            let fresh = prompts(source, false);
            assert_ne!(fresh.text(0), fresh.text(1));
            assert_eq!(fresh.text(1), fresh.clone().text(1));
            // The difference is at the front, where a cache compares first.
            assert_ne!(fresh.text(0)[..10], fresh.text(1)[..10]);
        }
    }

    #[test]
    fn with_caching_allowed_the_text_stays_the_same() {
        for source in [PromptSource::default(), PromptSource::Synthetic { input: 100 }] {
            let cached = prompts(source, true);
            assert_eq!(cached.text(0), cached.text(9));
        }
    }

    #[test]
    fn several_texts_are_used_in_turn() {
        let two = prompts(PromptSource::Texts(vec!["a".to_owned(), "b".to_owned()]), true);
        assert_eq!([two.text(0), two.text(1), two.text(2)], ["a", "b", "a"]);
    }

    #[test]
    fn a_synthetic_prompt_has_the_requested_size() {
        for input in [100, 1_000, 10_000] {
            let (_, tokens) = prompts(PromptSource::Synthetic { input }, false).tokens();
            assert!(tokens.abs_diff(input) <= input / 10, "{tokens} instead of {input}");
        }
    }

    #[test]
    fn prompt_files_are_parsed_line_by_line() {
        assert_eq!(parse_file("one\n\n{\"prompt\": \"two\"}\n").unwrap(), ["one", "two"]);
        assert_eq!(parse_file("\n").unwrap_err().to_string(), "the file contains no prompt");
        assert!(
            parse_file("a\n{\"text\": 1}").unwrap_err().to_string().starts_with("line 2: the object needs a `prompt`")
        );
        assert!(parse_file("{oops").unwrap_err().to_string().starts_with("line 1: not valid JSON"));
    }
}
