//! Checks attachments against an endpoint: kinds, sizes, URLs.

use super::Endpoint;
use crate::model::format;
use crate::model::media::decoded_len;
use crate::model::prompt::ImageData;
use crate::model::{Part, Prompt};

/// Checks the attachments of `prompt`.
///
/// # Errors
/// Fails with what `to` does not take, as the rest of a sentence that begins with the model.
pub fn check(to: &Endpoint, prompt: &Prompt) -> Result<(), String> {
    let takes = to.quirks.attachments;
    let mut total = 0_usize;
    for part in prompt.messages.iter().flat_map(|message| &message.parts) {
        let (data, what, most, by_address) = match part {
            Part::Image { data, .. } => (data, "images", Some(takes.image), takes.image_urls),
            Part::File { data, .. } => (data, "PDF files", takes.pdf, takes.pdf_urls),
            Part::Text(_) | Part::ReasoningBlock(_) | Part::ToolCall { .. } | Part::ToolResult { .. } => continue,
        };
        let Some(most) = most else { return Err(format!("does not take {what}")) };
        match data {
            ImageData::Url(_) if !by_address => {
                return Err(format!("does not fetch {what} from an address; download it and attach the file"));
            }
            ImageData::Url(_) => {}
            ImageData::Base64(data) if decoded_len(data) > most => {
                let size = format::bytes(decoded_len(data) as u64);
                return Err(format!("takes {what} of at most {}, and this one has {size}", format::bytes(most as u64)));
            }
            ImageData::Base64(data) => total = total.saturating_add(data.len()),
        }
    }
    if total > takes.total {
        let (most, size) = (format::bytes(takes.total as u64), format::bytes(total as u64));
        return Err(format!("takes at most {most} of attachments in a request, and these have {size}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::endpoint;
    use super::*;

    const MB: usize = 1_000_000;

    /// The check of `provider` for files of these sizes, in bytes, as images or as documents.
    fn said(provider: &str, media: &str, sizes: &[usize]) -> Result<(), String> {
        let part = |size: &usize| {
            let rest = [0, 2, 3][size % 3];
            let data = ImageData::Base64("A".repeat(size / 3 * 4 + rest));
            let media_type = media.to_owned();
            match media {
                "application/pdf" => Part::File { name: String::new(), media_type, data },
                _ => Part::Image { media_type, data },
            }
        };
        let mut prompt = Prompt::user("what?");
        prompt.messages[0].parts.extend(sizes.iter().map(part));
        check(&endpoint(provider, "m"), &prompt)
    }

    #[track_caller]
    fn takes(provider: &str, media: &str, sizes: &[usize], refused: &[usize]) {
        assert_eq!(said(provider, media, sizes), Ok(()), "{provider}");
        let why = said(provider, media, refused).expect_err(provider);
        assert!(why.contains("at most"), "{provider}: {why}");
    }

    #[test]
    fn an_image_has_a_largest_size() {
        for (provider, most) in [
            ("anthropic", 3_932_160),
            ("azure", 20 << 20),
            ("azure-responses", 20 << 20),
            ("mistral", 10 * MB),
            ("bedrock", 3_750_000),
        ] {
            takes(provider, "image/png", &[most, most], &[most + 3]);
        }
        takes("xai", "image/png", &[20 << 20], &[(20 << 20) + 3]);
        takes("perplexity", "image/png", &[50 * MB], &[50 * MB + 3]);
    }

    #[test]
    fn all_images_together_have_a_largest_size_in_base64() {
        for (provider, most) in
            [("groq", 4 * MB), ("fireworks", 10 * MB), ("cohere", 20 * MB), ("openai", 50 * MB), ("gemini", 100 * MB)]
        {
            let half = most / 8 * 3;
            takes(provider, "image/jpeg", &[half - 3, half - 3], &[half, half + 3]);
        }
    }

    #[test]
    fn documents_count_with_the_images() {
        takes("gemini", "application/pdf", &[70 * MB], &[80 * MB]);
        takes("openai-responses", "application/pdf", &[30 * MB], &[40 * MB]);
        takes("bedrock", "application/pdf", &[4_500_000], &[4_500_003]);
        assert_eq!(said("mistral", "application/pdf", &[1]), Err("does not take PDF files".to_owned()));
    }

    #[test]
    fn an_unknown_server_says_itself_what_is_too_large() {
        assert_eq!(said("plain", "image/png", &[200 * MB]), Ok(()));
    }
}
