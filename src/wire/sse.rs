//! Server-sent events: bytes in, frames out, the same for every split of the bytes.

use super::{Frame, FrameError};

/// The largest frame that is kept, in bytes: room for a 16 MB event, and a bound.
pub const MAX_FRAME: usize = 32 << 20;

/// An incremental parser of one stream.
#[derive(Debug, Default)]
pub struct Parser {}

impl Parser {
    /// Feeds bytes and pushes every frame that they complete.
    ///
    /// # Errors
    /// When a frame is too large or not UTF-8; the stream cannot be read further.
    pub fn feed(&mut self, _bytes: &[u8], _out: &mut Vec<Frame>) -> Result<(), FrameError> {
        Ok(())
    }

    /// The stream ended: pushes the pending frame, if there is one.
    ///
    /// # Errors
    /// As [`Parser::feed`].
    pub fn end(&mut self, _out: &mut Vec<Frame>) -> Result<(), FrameError> {
        Ok(())
    }
}
