//! Images and documents for a prompt: makes parts from bytes or addresses, and keeps them out of logs and listings.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::error::{CommandError, ErrorKind};
pub(crate) use llmroute_core::model::media::{Media, decoded_len, linked};
pub(crate) use llmroute_core::model::prompt::ImageData;
use llmroute_core::model::{Part, Prompt};

/// The name of the pipe.
const STDIN: &str = "standard input";

/// The part for `source` if that is an address; the provider fetches it.
pub(crate) fn link(source: &str) -> Option<Part> {
    let scheme = source.split_once("://")?.0;
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")).then(|| linked(source))
}

/// The part for `bytes` that came from `path`; `None` when they are nothing that a model can be shown.
pub(crate) fn part(path: &Path, bytes: &[u8]) -> Option<Part> {
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    Some(Media::sniff(bytes)?.part(name.unwrap_or_default(), ImageData::Base64(STANDARD.encode(bytes))))
}

/// The error for a file that is neither an image nor a document.
pub(crate) fn unknown(source: &str) -> CommandError {
    let source = if source == "-" { "standard input".to_owned() } else { format!("`{source}`") };
    let message = format!("cannot attach {source}: it is neither PNG, JPEG, GIF, WebP nor PDF");
    CommandError::new(ErrorKind::Input, message).hint("`-f` puts the text of a file before the prompt")
}

/// The note in the log for `part` of `source`: enough to identify it, and none of its bytes.
fn note(source: &str, part: &Part) -> Option<String> {
    let (Part::Image { media_type, data } | Part::File { media_type, data, .. }) = part else { return None };
    Some(match data {
        // What follows a `?` may be a key.
        ImageData::Url(url) => format!("[attached: {} ({media_type})]", url.split(['?', '#']).next().unwrap_or(url)),
        ImageData::Base64(data) => {
            let bytes = STANDARD.decode(data).unwrap_or_default();
            let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("[attached: {source} ({media_type}, {} bytes, sha-256 {hash})]", bytes.len())
        }
    })
}

/// Returns `text` as it is logged: with a line for each of `parts`, the first of which come from `sources`.
pub(crate) fn logged(text: &str, sources: &[String], parts: &[Part]) -> String {
    let names = sources.iter().map(|name| if name == "-" { STDIN } else { name }).chain(std::iter::repeat(STDIN));
    let notes = names.zip(parts).filter_map(|(name, part)| note(name, part));
    let lines: Vec<String> = Some(text.to_owned()).filter(|text| !text.is_empty()).into_iter().chain(notes).collect();
    lines.join("\n")
}

/// Returns `text` without the bytes that are attached to `prompt`, which can be megabytes of base64.
pub(crate) fn elide(text: &str, prompt: &Prompt) -> String {
    let mut short = text.to_owned();
    for part in prompt.messages.iter().flat_map(|message| &message.parts) {
        if let Part::Image { media_type, data: ImageData::Base64(data) }
        | Part::File { media_type, data: ImageData::Base64(data), .. } = part
            && !data.is_empty()
        {
            short = short.replace(data, &format!("[{} bytes of {media_type}]", decoded_len(data)));
        }
    }
    short
}
