//! Media types from the first bytes of the data; names and extensions are unreliable. No I/O.

use super::prompt::{ImageData, Part};

/// The kinds of data that can be attached to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Media {
    Png,
    Jpeg,
    Gif,
    Webp,
    Pdf,
}

impl Media {
    /// The media type of `bytes`; `None` if no model accepts it.
    ///
    /// Sources: the WHATWG standard "MIME Sniffing" for images, ISO 32000 for PDF.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The media type from the path of a URL; only the provider sees its bytes.
    fn of_path(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "gif" => Some(Self::Gif),
            "webp" => Some(Self::Webp),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The media type on the wire.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// The part of a prompt that holds `data`, which is of this kind.
    #[must_use]
    pub fn part(self, name: &str, data: ImageData) -> Part {
        let media_type = self.as_str().to_owned();
        match self {
            Self::Png | Self::Jpeg | Self::Gif | Self::Webp => Part::Image { media_type, data },
            Self::Pdf => Part::File { name: name.to_owned(), media_type, data },
        }
    }
}

/// The part of a prompt for the data at `url`, which the provider fetches: a document if its path ends
/// in `.pdf`, else an image.
#[must_use]
pub fn linked(url: &str) -> Part {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let data = ImageData::Url(url.to_owned());
    match Media::of_path(path) {
        Some(media) => media.part(path.rsplit('/').next().unwrap_or_default(), data),
        None => Part::Image { media_type: "image/*".to_owned(), data },
    }
}

/// The number of bytes that `encoded` (base64, with or without padding) decodes to.
#[must_use]
pub fn decoded_len(encoded: &str) -> usize {
    encoded.trim_end_matches('=').len() * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], want: Option<&str>) {
        assert_eq!(Media::sniff(bytes).map(Media::as_str), want, "{bytes:?}");
    }

    #[test]
    fn the_first_bytes_tell_what_it_is() {
        check(b"\x89PNG\r\n\x1a\n....", Some("image/png"));
        check(b"\xff\xd8\xff\xe0", Some("image/jpeg"));
        check(b"GIF89a", Some("image/gif"));
        check(b"RIFF\x10\0\0\0WEBPVP8 ", Some("image/webp"));
        check(b"%PDF-1.7", Some("application/pdf"));
    }

    #[test]
    fn anything_else_is_nothing() {
        for bytes in [&b""[..], b"\x89PN", b"RIFF\x10\0\0\0WAVE", b"BM....", b"GIF88a", b"<svg/>", b"text"] {
            check(bytes, None);
        }
    }

    #[test]
    fn a_link_is_an_image_unless_it_ends_in_pdf() {
        let kind = |url: &str| match linked(url) {
            Part::Image { media_type, .. } => media_type,
            Part::File { name, media_type, .. } => format!("{name} {media_type}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind("https://h/a.JPG?x=.pdf"), "image/jpeg");
        assert_eq!(kind("https://h/b/paper.pdf#page=2"), "paper.pdf application/pdf");
        assert_eq!(kind("https://h/a"), "image/*");
    }

    #[test]
    fn base64_stands_for_three_bytes_in_four() {
        for (encoded, bytes) in [("", 0), ("AA==", 1), ("AAA=", 2), ("AAAA", 3), ("AAAAAA", 4)] {
            assert_eq!(decoded_len(encoded), bytes, "{encoded}");
        }
    }
}
