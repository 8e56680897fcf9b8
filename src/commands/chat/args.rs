//! The arguments of `chat` as typed.

use std::path::PathBuf;

use clap::Args;

use crate::request::RequestOptions;

/// Hold a conversation with a model group
///
/// On a terminal, `chat` has a line editor with history, renders Markdown while answers arrive, and takes
/// commands that start with a slash; `/help` lists them. Every turn is logged before it is sent, so `--resume`
/// can continue after any interruption.
///
/// If standard input is not a terminal, it is a script with one message or command per line (`"""` … `"""`
/// encloses several lines). Answers go to standard output as plain text. The first turn that fails ends the
/// script with the exit code that `ask` would have.
#[derive(Debug, Default, Args)]
pub(crate) struct ChatArgs {
    /// Model group, or a single model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Template of the profile; `-o NAME=VALUE` fills `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Put the text of FILE before the first message; can be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Attach an image or a PDF file to the first message; can be repeated
    #[arg(short, long = "attachment", value_name = "FILE|URL")]
    pub attachments: Vec<String>,
    /// Continue the conversation ID, or the latest one
    #[arg(long, value_name = "ID", num_args = 0..=1)]
    pub resume: Option<Option<String>>,
    /// Set a model parameter or any other field of the request body; can be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// Show answers as plain text, without rendering Markdown
    #[arg(long)]
    pub plain: bool,
    /// Use vi key bindings
    #[arg(long)]
    pub vi: bool,
}

impl ChatArgs {
    /// The options of its requests.
    #[must_use]
    pub(crate) fn request(&self) -> RequestOptions {
        RequestOptions {
            model: self.model.clone(),
            template: self.template.clone(),
            options: self.options.clone(),
            ..RequestOptions::default()
        }
    }
}
