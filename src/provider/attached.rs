//! Whether an endpoint takes what is attached to a prompt: kinds, sizes, addresses. No bodies.

use super::Endpoint;
use crate::model::media::decoded_len;
use crate::model::prompt::ImageData;
use crate::model::{Part, Prompt};

/// Checks the attachments of `prompt`.
///
/// # Errors
/// What `to` does not take, as the rest of a sentence that begins with the model.
pub fn check(to: &Endpoint, prompt: &Prompt) -> Result<(), String> {
    let takes = to.quirks.attachments;
    let mut total = 0_usize;
    for part in prompt.messages.iter().flat_map(|message| &message.parts) {
        let (data, what, most, by_address) = match part {
            Part::Image { data, .. } => (data, "images", Some(takes.image), takes.image_urls),
            Part::File { data, .. } => (data, "PDF files", takes.pdf, takes.pdf_urls),
            Part::Text(_) | Part::Thought(_) | Part::ToolCall { .. } | Part::ToolResult { .. } => continue,
        };
        let Some(most) = most else { return Err(format!("does not take {what}")) };
        match data {
            ImageData::Url(_) if !by_address => {
                return Err(format!("does not fetch {what} from an address; download it and attach the file"));
            }
            ImageData::Url(_) => {}
            ImageData::Base64(data) if decoded_len(data) > most => {
                let size = megabytes(decoded_len(data));
                return Err(format!("takes {what} of at most {}, and this one has {size}", megabytes(most)));
            }
            ImageData::Base64(data) => total = total.saturating_add(data.len()),
        }
    }
    if total > takes.total {
        let (most, size) = (megabytes(takes.total), megabytes(total));
        return Err(format!("takes at most {most} of attachments in a request, and these have {size}"));
    }
    Ok(())
}

fn megabytes(bytes: usize) -> String {
    // Up to one decimal place, without the rounding of a float.
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
