//! The arguments of `chat` as typed.

use std::path::PathBuf;

use clap::Args;

use crate::commands::ask::args::AskArgs;
use crate::commands::ask::question::QuestionArgs;

/// Talk with a model group.
///
/// On a terminal: a line editor with history, answers with Markdown rendered as they come, and commands that
/// begin with a slash; `/help` lists them. Every turn is in the log before it is asked: `--resume` goes on
/// with it, whatever happened.
///
/// When standard input is no terminal, it is a script: one turn or command a line (`"""` … `"""` holds lines
/// together). The answers go to standard output as they are. The first turn that fails ends it, with the exit
/// code that `ask` would have.
#[derive(Debug, Default, Args)]
pub struct ChatArgs {
    /// The model group, or one model without routing
    #[arg(short, long, value_name = "GROUP|PROVIDER/MODEL")]
    pub model: Option<String>,
    /// System prompt
    #[arg(short, long, value_name = "TEXT")]
    pub system: Option<String>,
    /// This template of the profile; `-o NAME=VALUE` fills its `{{NAME}}`
    #[arg(short, long, value_name = "NAME")]
    pub template: Option<String>,
    /// Put the text of FILE before the first message; may be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show the model an image or a PDF file with the first message; may be repeated
    #[arg(short, long = "attachment", value_name = "FILE|URL")]
    pub attachments: Vec<String>,
    /// Go on with the conversation ID, or with the last one
    #[arg(long, value_name = "ID", num_args = 0..=1)]
    pub resume: Option<Option<String>>,
    /// Set a model option or another field of the request body; may be repeated
    #[arg(short = 'o', long = "option", value_name = "KEY=VALUE")]
    pub options: Vec<String>,
    /// Show answers as they are, without rendering Markdown
    #[arg(long)]
    pub plain: bool,
    /// Edit with the keys of vi
    #[arg(long)]
    pub vi: bool,
}

impl ChatArgs {
    /// What an `ask` with the same options would be.
    #[must_use]
    pub fn ask(&self) -> AskArgs {
        let question = QuestionArgs {
            model: self.model.clone(),
            system: self.system.clone(),
            template: self.template.clone(),
            options: self.options.clone(),
            ..QuestionArgs::default()
        };
        AskArgs { question, ..AskArgs::default() }
    }
}
