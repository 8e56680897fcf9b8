//! Files for the next message: texts, images and documents.

use std::path::{Path, PathBuf};

use super::session::Question;
use crate::commands::ask::attach;
use crate::error::{CommandError, ErrorKind};
use crate::ui::text;
use llmroute_core::model::Part;

/// The largest file that is read, in bytes; no model accepts more.
const MOST: u64 = 256 << 20;

/// The attachments of the next message.
#[derive(Debug, Default)]
pub(crate) struct PendingFiles {
    texts: Vec<String>,
    /// Each with its source.
    attachments: Vec<(String, Part)>,
}

impl PendingFiles {
    /// Adds the text of the file at `path`.
    ///
    /// # Errors
    /// Fails if it cannot be read or is not text.
    pub(crate) fn file(&mut self, path: &Path) -> Result<(), CommandError> {
        let text = String::from_utf8(read(path)?).map_err(|error| {
            CommandError::caused(ErrorKind::Input, format!("cannot read `{}`", path.display()), error)
                .hint("`/attach` takes images and PDF files")
        })?;
        self.texts.push(text);
        Ok(())
    }

    /// Adds the image or document at `source`, a path or a URL.
    ///
    /// # Errors
    /// Fails if it cannot be read or is neither.
    pub(crate) fn attach(&mut self, source: &str, home: Option<&Path>) -> Result<(), CommandError> {
        if let Some(part) = attach::link(source) {
            self.attachments.push((source.to_owned(), part));
            return Ok(());
        }
        let path = expand(source, home);
        let bytes = read(&path)?;
        let unknown = || attach::unknown(source).hint("`/file` puts the text of a file before the message");
        self.attachments.push((source.to_owned(), attach::part(&path, &bytes).ok_or_else(unknown)?));
        Ok(())
    }

    /// Returns `true` if there are none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.attachments.is_empty()
    }

    /// Drops them; returns `false` if there were none.
    pub(crate) fn clear(&mut self) -> bool {
        !std::mem::take(self).is_empty()
    }

    /// The message of `typed` with its attachments: images, texts, then the typed text.
    pub(crate) fn take(&mut self, typed: String) -> Question {
        let Self { texts, attachments } = std::mem::take(self);
        let mut texts: Vec<String> = texts.iter().map(|text| text.trim_end_matches('\n').to_owned()).collect();
        texts.push(typed.clone());
        let text = texts.into_iter().filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n");
        let (sources, attachments): (Vec<String>, Vec<Part>) = attachments.into_iter().unzip();
        let logged = attach::logged(&text, &sources, &attachments);
        let parts = attachments.into_iter().chain((!text.is_empty()).then_some(Part::Text(text))).collect();
        Question { typed, logged, parts }
    }
}

/// `path` with `~/` replaced by the home directory.
#[must_use]
pub(crate) fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let wrong = |why: String| CommandError::new(ErrorKind::Input, format!("cannot read `{}`: {why}", path.display()));
    let unreadable = |error: std::io::Error| {
        CommandError::caused(ErrorKind::Input, format!("cannot read `{}`", path.display()), error)
    };
    let known = std::fs::metadata(path).map_err(unreadable)?;
    // A pipe or a device can be endless.
    if !known.is_file() {
        return Err(wrong("it is not a file".to_owned()));
    }
    if known.len() > MOST {
        return Err(wrong(format!("it is larger than {}", text::bytes(MOST))));
    }
    std::fs::read(path).map_err(unreadable)
}
