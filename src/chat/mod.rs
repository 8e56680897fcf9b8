//! A conversation: its turns, its commands, and how answers look on a terminal. It knows no command line, and
//! writes to nobody.

pub mod command;
pub mod conversation;
pub mod fit;
mod highlight;
pub mod input;
pub mod markdown;
