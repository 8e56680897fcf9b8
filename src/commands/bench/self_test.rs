//! `bench --self-test`: the accuracy of this machine's measurements, against a server with known timing.

use crate::commands::Exit;
use crate::commands::ask::unwritable;
use crate::environment::Env;
use crate::error::{CommandError, ErrorKind};
use crate::signals::{Completion, until_signal};
use crate::ui::console::Console;
use llmroute_bench::self_test::{Accuracy, TokenSchedule, open_loop, self_test};
use llmroute_router::ports::Clock;
use llmroute_router::transport::MeasuringTransport;

/// Numbers of simultaneous streams, and calls of each.
const STREAMS: [(u32, u32); 3] = [(1, 12), (32, 256), (256, 1024)];
/// Starts a second of the open loop, and their number.
const OPEN: (f64, u32) = (400.0, 1200);

/// Measures, and prints the errors.
///
/// # Errors
/// Fails if the server cannot listen on this machine.
pub(crate) fn run(env: &Env, console: &mut Console) -> Result<Exit, CommandError> {
    console.event("measuring a server of our own that writes down when each token left; about half a minute");
    let measured = until_signal(async {
        let meter = MeasuringTransport::new(env.entropy);
        let clock = Clock::starting_at(env.now);
        let schedule = TokenSchedule { seed: env.entropy, ..TokenSchedule::default() };
        let mut all = self_test(&meter, clock, schedule, &STREAMS).await?;
        all.push(open_loop(&meter, clock, schedule, OPEN.0, OPEN.1).await?);
        Ok::<Vec<Accuracy>, std::io::Error>(all)
    })?;
    let all = match measured {
        Completion::Signal(signal) => return Ok(Exit::Signal(signal)),
        Completion::Done(Ok(all)) => all,
        Completion::Done(Err(error)) => {
            return Err(CommandError::caused(ErrorKind::Other, "the test server cannot listen", error));
        }
    };
    console.data(&page(&all)).map(|()| Exit::Success).or_else(|error| unwritable(&error))
}

fn page(all: &[Accuracy]) -> String {
    let mut lines = vec![
        "error of the measurement on this machine, against a server that knows the truth".to_owned(),
        String::new(),
        "streams  calls  failed  TTFT mean   TTFT p99   ITL mean  coalesced   late p99  CPU of a core".to_owned(),
    ];
    let ms = |span: std::time::Duration| format!("{:.3} ms", span.as_secs_f64() * 1e3);
    for one in all {
        let streams = if one.streams == 0 { format!("{:.0}/s", OPEN.0) } else { one.streams.to_string() };
        let share = one.cpu.map_or_else(
            || "–".to_owned(),
            |cpu| format!("{:.1} %", 100.0 * cpu.as_secs_f64() / one.wall.as_secs_f64().max(1e-9)),
        );
        lines.push(format!(
            "{streams:>7}  {:>5}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}  {:>9}  {share:>13}",
            one.calls,
            one.failed,
            ms(one.ttft_mean),
            ms(one.ttft_p99),
            ms(one.itl_mean),
            format!("{:.1} %", 100.0 * one.coalesced),
            ms(one.late_p99),
        ));
    }
    lines.join("\n")
}
