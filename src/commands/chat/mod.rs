//! `llmroute chat`: a conversation on a terminal or in a script.
//!
//! A turn is logged before it is sent, and its answer when it ends, even by Ctrl-C or a closed window. A
//! `kill -9` in the middle of an answer loses at most its last second.

pub(crate) mod args;
mod command;
mod complete;
mod editor;
mod execute;
mod external_editor;
mod files;
mod input;
mod interactive;
mod observer;
mod resume;
mod script;
mod session;
mod terminal;
mod totals;
mod why;

use self::args::ChatArgs;
use self::execute::CommandOutcome;
use self::files::PendingFiles;
use self::interactive::Interactive;
use self::resume::ResumedConversation;
use self::session::Session;
use self::totals::SessionTotals;
use crate::commands::Exit;
use crate::commands::Global;
use crate::commands::ask::resolve::{Output, delivery_by};
use crate::conversation::turns::Conversation;
use crate::environment::{Env, Sink};
use crate::error::{CommandError, ErrorKind};
use crate::request;
use crate::setup;
use crate::signals::{SignalStream, is_interrupt};
use crate::state_location;
use crate::ui::console::Console;
use llmroute_router::ports::Clock;
use llmroute_router::profile::LoadOptions;

/// Runs the command.
///
/// # Errors
/// Fails if the profile or an argument is wrong; in a script, with the exit code of the failed turn.
pub(crate) fn run(args: &ChatArgs, global: &Global, env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    let (mut session, resumed) = open(args, global, env, console)?;
    let mut offer = session.ask.template.as_ref().map(|template| template.prompt("")).unwrap_or_default();
    let interactive = env.stdin_terminal;
    let rendering = interactive && env.stdout == Sink::Terminal && global.colour(env) && !args.plain;
    console.render(rendering.then(|| console.width()));
    (session.usage, session.vi, session.markdown) = (interactive, args.vi, rendering);
    if !interactive && !offer.is_empty() {
        let message = "the prompt of a template is offered at a terminal, and standard input is none";
        return Err(CommandError::new(ErrorKind::Usage, message).hint("`ask -t` asks it at once"));
    }
    if let Some(resumed) = resumed {
        let system = session.conversation.system.take();
        if let CommandOutcome::Offer(text) = session.continue_with(resumed, console)? {
            offer = text;
        }
        // The command line overrides the template.
        let kept = session.conversation.system.take();
        session.conversation.system = args.system.clone().or(kept).or(system);
    }
    if !interactive {
        return script::run(&mut session, console);
    }
    if args.resume.is_none() {
        console.event(&format!("asking `{}`; `/help` lists the commands, Ctrl-D leaves", session.group_name()));
    }
    let colour = console.colour();
    Interactive::new(&mut session, args.vi, rendering, colour)?.run(offer, console)
}

/// Reads everything that a conversation needs, without calling a model.
fn open<'a>(
    args: &ChatArgs,
    global: &'a Global,
    env: &'a Env,
    console: &mut Console,
) -> Result<(Session<'a>, Option<ResumedConversation>), CommandError> {
    let clock = Clock::starting_at(env.now);
    let options = args.request();
    let mut profile = setup::profile_of(global, env, console, true, &options)?;
    let location = state_location::log_of(global, env, &profile)?;
    let resumed = args.resume.as_ref().map(|id| resume::find(id.as_deref(), &location)).transpose()?;
    let usual = resumed.as_ref().map(|resumed| resumed.group.as_str());
    let inputs = LoadOptions { env: &env.vars, long_lived: true };
    let ask = request::resolve(&options, &mut profile, &inputs, usual, env.entropy)?;
    setup::built(&profile, ask.group)?;
    setup::warn_of_retired(&profile, ask.group, env, console);
    let mut pending = PendingFiles::default();
    for path in &args.files {
        pending.file(path).map_err(|error| of_line(error, "`-a` takes images and PDF files"))?;
    }
    for source in &args.attachments {
        let attached = pending.attach(source, env.vars.home().as_deref());
        attached.map_err(|error| of_line(error, "`-f` puts the text of a file before the message"))?;
    }
    let system = args.system.clone().or_else(|| ask.template.as_ref()?.system());
    let seed = ask.seed;
    let router = setup::router(profile, global, env, clock, seed)?;
    let failed = |error: std::io::Error| CommandError::caused(ErrorKind::Other, "cannot start", error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let signals = SignalStream::begin().map_err(failed)?;
    let session = Session {
        global,
        env,
        clock,
        location,
        runtime: Some(runtime),
        signals,
        router,
        named: Vec::new(),
        ask,
        delivery: delivery_by(None, Output::Streamed, env.stdout),
        rng: fastrand::Rng::with_seed(seed),
        conversation: Conversation::new(system),
        pending,
        unanswered: None,
        answered_by: None,
        last: None,
        totals: SessionTotals::default(),
        usage: false,
        vi: false,
        markdown: false,
    };
    Ok((session, resumed))
}

/// `error` about a file on the command line, with a hint that names options instead of chat commands.
fn of_line(error: CommandError, hint: &str) -> CommandError {
    error.with_hint_instead(hint)
}

impl Session<'_> {
    /// Does `work` on its own thread, while connections are kept alive and signals are handled. A SIGINT
    /// is left to the reader of the terminal; in a script it ends the process, as every other signal does.
    fn blocking<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, i32> {
        let Self { runtime, signals, env, .. } = self;
        let runtime = runtime.as_ref().expect("it ends with the session");
        let mut work = runtime.spawn_blocking(work);
        runtime.block_on(async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => match done {
                        Ok(value) => return Ok(value),
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    },
                    signal = signals.next() => {
                        if !(is_interrupt(signal) && env.stdin_terminal) {
                            return Err(signal);
                        }
                    }
                }
            }
        })
    }
}
