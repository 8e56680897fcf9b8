//! A Redis server for the tests: one of our own while `redis-server` is installed, or the one that
//! `LLMROUTE_REDIS_URL` names. Without either the tests skip, visibly; with `LLMROUTE_REAL=1` they fail.
//!
//! Then Redis itself: processes, the program, a server that is down or needs a password.

use std::io::{self, BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use llmroute_core::model::{Event, Prompt, RedisUrl, Timestamp};
use llmroute_router::builder::Environment;
use llmroute_router::engine::{Delivery, Engine, Observer, Request, RouterEvent};
use llmroute_router::ports::Clock;
use llmroute_router::ports::{Store, StoreErrorKind};
use llmroute_router::profile::{EnvVars, LoadOptions, Profile as LoadedProfile, Source};
use llmroute_router::state::{self, FallbackStore, LogReader, RedisStore, StateLocation};

use super::{end, get, increment, key, set, start};
use crate::support::{ANSWER, End, Home, KEY, Profile, Run, Server};

/// A Redis database for tests, as long as this value lives.
pub struct Place {
    pub url: RedisUrl,
    text: String,
    own: Option<(Child, tempfile::TempDir)>,
}

impl Place {
    /// An empty database; `None` without Redis.
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where a server is by a variable")]
    pub fn new() -> Option<Self> {
        if let Ok(text) = std::env::var("LLMROUTE_REDIS_URL") {
            static PLACES: AtomicUsize = AtomicUsize::new(0);
            let place = PLACES.fetch_add(1, Ordering::Relaxed);
            let mark = if text.contains('?') { '&' } else { '?' };
            return Some(Self::at(format!("{text}{mark}prefix=test-{}-{place}", std::process::id()), None));
        }
        let own = Self::serve(&[]);
        if own.is_none() {
            assert!(std::env::var("LLMROUTE_REAL").is_err(), "`redis-server` is to be there with LLMROUTE_REAL=1");
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                let line = "skipped: no Redis (install `redis-server`, or set LLMROUTE_REDIS_URL)\n";
                let _ = io::stderr().write_all(line.as_bytes());
            });
        }
        own
    }

    /// Starts a server on a socket in a temporary directory.
    fn serve(options: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let socket = dir.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        command.args(options).current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => panic!("redis-server cannot be started: {error}"),
        };
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("eady to accept connections")));
        assert!(ready.is_some(), "redis-server ended before it was ready");
        // Keep reading its output, so that it never blocks.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self::at(format!("redis+unix://{}", socket.display()), Some((child, dir))))
    }

    fn at(text: String, own: Option<(Child, tempfile::TempDir)>) -> Self {
        Self { url: RedisUrl::parse(&text).expect("it is a URL"), text, own }
    }

    /// The URL as it is typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Lets the server keep its connections and answer nothing.
    fn pause(&mut self) {
        self.signal(rustix::process::Signal::STOP);
    }

    fn go_on(&mut self) {
        self.signal(rustix::process::Signal::CONT);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let (child, _) = self.own.as_ref().expect("it is our own");
        let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("it has a number");
        rustix::process::kill_process(pid, signal).expect("it runs");
    }

    fn stop(&mut self) {
        if let Some((child, _)) = &mut self.own {
            child.kill().expect("it runs");
            child.wait().expect("it is our child");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.own {
            let _ = child.kill();
            let _ = child.wait();
        } else {
            let store = RedisStore::new(&self.url);
            let _ = store.keys("").and_then(|keys| store.delete(&keys)).and_then(|_| store.clear_log());
        }
    }
}

#[test]
fn a_hundred_processes_lose_nothing() {
    let Some(place) = Place::new() else { return };
    let children: Vec<Child> = (0..100).map(|_| super::processes::child("increment", Path::new(&place.text))).collect();
    for mut child in children {
        assert!(child.wait().expect("it is our child").success());
    }
    assert_eq!(get(&RedisStore::new(&place.url), "n").as_deref(), Some("100"));
}

#[test]
fn keys_with_another_prefix_are_left_alone() {
    let Some(place) = Place::new() else { return };
    let mark = if place.text.contains('?') { '&' } else { '?' };
    let other = place.text.split("prefix=").next().expect("a split has a first part").trim_end_matches(['?', '&']);
    let other = RedisStore::new(&RedisUrl::parse(&format!("{other}{mark}prefix=test-other")).expect("it is a URL"));
    let ours = RedisStore::new(&place.url);
    set(&other, "a", Some("theirs"));
    set(&ours, "b", Some("ours"));
    assert_eq!((ours.keys(""), get(&ours, "a")), (Ok(key("b")), None));
    assert_eq!(other.delete(&key("a")), Ok(1));
}

#[test]
fn values_expire() {
    let Some(place) = Place::new() else { return };
    let store = RedisStore::new(&place.url);
    set(&store, "a", Some("1"));
    store.begin(&start("A")).expect("the log can be written");
    let mut connection = redis::Client::open(place.url.url().expose()).and_then(|client| client.get_connection());
    let connection = connection.as_mut().expect("it is there");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{{{}}}*", place.url.prefix())).query(connection).expect("it answers");
    assert_eq!(keys.len(), 4, "a cell, an entry, the list of entries, that of the conversation: {keys:?}");
    for key in keys {
        let seconds: i64 = redis::cmd("TTL").arg(&key).query(connection).expect("it answers");
        assert!((29 * 86_400..=90 * 86_400).contains(&seconds), "{key} lives for {seconds} s");
    }
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    let Some(place) = Place::new() else { return };
    let store = RedisStore::new(&place.url);
    set(&store, "a", Some("1"));
    let client = redis::Client::open(place.url.url().expose()).and_then(|client| client.get_connection());
    let mut client = client.expect("it is there");
    let _: i64 =
        redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]).query(&mut client).expect("it answers");
    assert_eq!(get(&store, "a").as_deref(), Some("1"), "a connection that was lost is made anew");
}

#[test]
fn a_server_that_goes_away_is_one_warning() {
    let Some(mut place) = Place::serve(&[]) else { return };
    let store = FallbackStore::new(RedisStore::new(&place.url));
    set(&store, "n", Some("1"));
    store.begin(&start("A")).expect("it degrades");
    place.stop();
    increment(&store, "n");
    store.finish("A", &end("blue")).expect("it degrades");
    assert_eq!(get(&store, "n").as_deref(), Some("2"), "this process goes on from what it knew");
    let warning = store.take_warning().expect("a warning is due");
    assert!(warning.contains("hold for this process only") && warning.contains("\nhint: "), "{warning}");
    assert_eq!(store.take_warning(), None);
}

#[test]
fn a_refused_connection_is_one_warning() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = format!("redis+unix://{}/nobody.sock", dir.path().display());
    let store = state::open(&StateLocation::Redis(RedisUrl::parse(&url).expect("it is a URL")));
    increment(&*store, "n");
    assert_eq!(get(&*store, "n").as_deref(), Some("1"));
    let warning = store.take_warning().expect("a warning is due");
    assert!(warning.contains("start the server") && warning.contains("nobody.sock"), "{warning}");
    assert_eq!(store.take_warning(), None);
}

#[test]
fn a_wrong_password_is_reported_and_not_shown() {
    let Some(place) = Place::serve(&["--requirepass", "hunter2"]) else { return };
    let wrong = format!("{}?pass=hunter3", place.text);
    let error =
        RedisStore::new(&RedisUrl::parse(&wrong).expect("it is a URL")).read(&key("a")).expect_err("it is refused");
    assert_eq!(error.kind, StoreErrorKind::Unusable);
    assert!(error.reason.contains("check the user and the password") && !error.reason.contains("hunter"), "{error}");
    let error = RedisStore::new(&place.url).read(&key("a")).expect_err("it is refused");
    assert!(error.reason.contains("check the user and the password"), "{error}");
    let right = RedisUrl::parse(&format!("{}?pass=hunter2", place.text)).expect("it is a URL");
    increment(&RedisStore::new(&right), "n");
}

#[test]
fn the_program_shares_logs_and_resets_through_redis() {
    let Some(place) = Place::new() else { return };
    let server = Server::start();
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    let profile = profile.deployment("lab/500", "").deployment("lab/good", "").text();
    let home = Arc::new(Home::with(&format!("state = \"env:STATE\"\nlog = {{ where = \"shared\" }}\n{profile}")));
    let run = |args: &[&str]| {
        let output = Run::at(&home).env("LAB_KEY", KEY).env("STATE", &place.text).args(args.iter().copied()).output();
        assert_eq!(output.end, End::Code(0), "{}", output.notes());
        (output.text(), output.notes())
    };
    for _ in 0..2 {
        let (text, notes) = run(&["ask", "why?"]);
        assert_eq!(text, format!("{ANSWER}\n"), "{notes}");
    }
    assert_eq!(server.count("500"), 1, "the second process knows that it cools down");
    assert!(run(&["state", "show"]).0.contains("lab/500\n  breaker  open until "));
    assert_eq!(run(&["state", "path"]).0, format!("{}\n", place.url));
    assert_eq!(run(&["logs", "--json"]).0.lines().count(), 2);
    assert_eq!(run(&["logs", "last", "--text"]).0, format!("{ANSWER}\n"));
    run(&["state", "reset", "lab/500"]);
    run(&["ask", "why?"]);
    assert_eq!(server.count("500"), 2);
    assert!(run(&["state", "reset", "--yes", "--log"]).1.contains("forgot 3 requests"));
    assert!(
        LogReader::at(&StateLocation::Redis(place.url.clone()))
            .expect("it opens")
            .expect("it is there")
            .last(9)
            .expect("it reads")
            .is_empty()
    );
    assert!(!home.path().join(".local/state/llmroute").exists(), "nothing is kept here");
}

#[test]
fn prompts_stay_on_this_machine_while_limits_are_shared() {
    let Some(place) = Place::new() else { return };
    let server = Server::start();
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url()));
    let profile = profile.deployment("lab/good", ", rpm = 1").text();
    let home = Arc::new(Home::with(&format!("state = \"env:STATE\"\n{profile}")));
    let run = |args: &[&str]| {
        Run::at(&home).env("LAB_KEY", KEY).env("STATE", &place.text).args(args.iter().copied()).output()
    };
    run(&["ask", "why?"]).is(0, &format!("{ANSWER}\n"), "");
    assert_eq!(run(&["logs", "last", "--text"]).text(), format!("{ANSWER}\n"));
    let shared = StateLocation::Redis(place.url.clone());
    let in_redis = LogReader::at(&shared).expect("it opens").expect("it is there").last(9).expect("it reads");
    assert!(in_redis.is_empty(), "{in_redis:?}");
    assert!(!RedisStore::new(&place.url).keys("limits/").expect("it reads").is_empty());
    let output = run(&["state", "reset", "--yes", "--log"]);
    assert!(output.notes().contains("forgot 1 request "), "{}", output.notes());
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_shown() {
    let home = Arc::new(Home::with(
        &Profile::new().provider("lab", "openai", "http://192.0.2.1/v1").deployment("lab/a", "").text(),
    ));
    let output = Run::at(&home).args(["state", "path", "--state", "redis://me:hunter2@host"]).output();
    assert_eq!((output.end, output.text()), (End::Code(2), String::new()));
    assert!(output.notes().contains("--state env:NAME") && !output.notes().contains("hunter2"), "{}", output.notes());
    let output =
        Run::at(&home).env("S", "redis://me:hunter2@host/1").args(["state", "path", "--state", "env:S"]).output();
    assert_eq!((output.end, output.text()), (End::Code(0), "redis://host/1\n".to_owned()));
}

#[test]
fn an_unreachable_server_is_one_line_and_an_answer() {
    let server = Server::start();
    let profile = Profile::new().provider("lab", "openai", &format!("{}/v1", server.url())).deployment("lab/good", "");
    let home = Arc::new(Home::with(&profile.text()));
    let socket = format!("redis+unix://{}/nobody.sock", home.path().display());
    let output = Run::at(&home).env("LAB_KEY", KEY).args(["ask", "why?", "--state", &socket]).output();
    assert_eq!((output.end, output.text()), (End::Code(0), format!("{ANSWER}\n")));
    assert_eq!(output.notes().matches("no shared state").count(), 1, "{}", output.notes());
}

/// Commands that the server has run, without those of new connections.
fn commands(place: &Place) -> u64 {
    let mut connection =
        redis::Client::open(place.url.url().expose()).and_then(|client| client.get_connection()).expect("it is there");
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut connection).expect("it answers");
    let calls = info.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let counted = ["mget", "eval", "get", "set"].contains(&name);
        rest.strip_prefix("calls=")?.split(',').next()?.parse::<u64>().ok().filter(|_| counted)
    });
    calls.sum()
}

#[test]
fn a_change_of_values_that_were_read_before_is_one_round_trip() {
    let Some(place) = Place::serve(&[]) else { return };
    let store = RedisStore::new(&place.url);
    assert_eq!(get(&store, "n"), None);
    let before = commands(&place);
    increment(&store, "n");
    increment(&store, "n");
    // `EVAL` and the two commands that a script runs.
    assert!(commands(&place) - before <= 6, "{}", commands(&place) - before);
    assert_eq!(get(&RedisStore::new(&place.url), "n").as_deref(), Some("2"));
}

#[test]
fn a_decision_is_never_made_by_an_old_value() {
    let Some(place) = Place::new() else { return };
    let (one, other) = (RedisStore::new(&place.url), RedisStore::new(&place.url));
    set(&one, "room", Some("none"));
    set(&other, "room", Some("one"));
    let mut seen = None;
    one.update(&key("room"), &mut |values| seen = values[0].clone()).expect("it is there");
    assert_eq!(seen.as_deref(), Some("one"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "measures real time against a real server")]
fn a_server_that_stops_answering_denies_what_all_processes_must_know_and_is_tried_again() {
    let Some(mut place) = Place::serve(&[]) else { return };
    let store = FallbackStore::new(RedisStore::new(&place.url));
    increment(&store, "n");
    place.pause();
    let began = std::time::Instant::now();
    for _ in 0..5 {
        let denied = store.update_shared(&key("n"), &mut |values| values[0] = None).expect_err("nobody can know");
        assert_eq!(denied.kind, StoreErrorKind::Unreachable, "{denied}");
    }
    assert!(began.elapsed() < std::time::Duration::from_millis(2500), "one time limit, then it is left alone");
    place.go_on();
    std::thread::sleep(std::time::Duration::from_secs(2));
    store.update_shared(&key("n"), &mut |values| values[0] = Some("7".to_owned())).expect("it answers again");
    assert_eq!(get(&RedisStore::new(&place.url), "n").as_deref(), Some("7"));
}

/// A server on a port of this machine that answers every command with `reply`, except those of the handshake.
fn answering(reply: &'static [u8]) -> RedisUrl {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_all(stream, reply));
        }
    });
    RedisUrl::parse(&format!("redis://127.0.0.1:{port}")).expect("it is a URL")
}

fn answer_all(stream: std::net::TcpStream, reply: &[u8]) {
    let mut writer = stream.try_clone().expect("a second handle");
    let mut lines = BufReader::new(stream).split(b'\n').map_while(Result::ok);
    while let Some(line) = lines.next() {
        // A command is an array of strings, each after a line with its length. None of them holds an LF but the script.
        if line.first() != Some(&b'*') {
            continue;
        }
        let name = lines.nth(1).unwrap_or_default();
        let answer: &[u8] = if name.starts_with(b"CLIENT") { b"+OK\r\n" } else { reply };
        if writer.write_all(answer).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_that_refuses_denies_what_all_processes_must_know() {
    for reply in [
        "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        "-ERR Error running script (call to f_1): @user_script:10: -OOM command not allowed\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-MISCONF Errors writing to the AOF file\r\n",
        "-NOREPLICAS Not enough good replicas to write.\r\n",
        "-CLUSTERDOWN The cluster is down\r\n",
        "-ERR max number of clients reached\r\n",
        "!garbage\r\n",
        "",
    ] {
        let store = FallbackStore::new(RedisStore::new(&answering(reply.as_bytes())));
        let denied = store.update_shared(&key("n"), &mut |values| values[0] = None).expect_err(reply);
        assert!(matches!(denied.kind, StoreErrorKind::Busy | StoreErrorKind::Unreachable), "{reply}: {denied:?}");
    }
}

#[tokio::test]
async fn a_limit_holds_for_machines_whose_clocks_differ() {
    let Some(place) = Place::new() else { return };
    let text = "version = 1\n[providers.sim]\nprotocol = \"mock\"\n[groups.main]\nmax_wait = 0\n\
                deployments = [{ model = \"sim/a\", latency = \"0s\", ttft = \"0s\", itl = \"0s\", text = \"one\", rpm = 5 }]";
    let router = |wall| {
        let vars = EnvVars::default();
        let options = LoadOptions { env: &vars, long_lived: true };
        let profile = LoadedProfile::parse(Source::Demo, text, &options).expect("it is valid");
        let (group, clock) = (profile.default_group, Clock::starting_at(Timestamp(wall)));
        let state = StateLocation::Redis(place.url.clone());
        (Engine::from_profile(profile, &Environment { vars: &vars, state: &state, clock, seed: 1 }), group)
    };
    let mut answered = 0;
    for (router, group) in [router(1_790_000_000_000), router(1_790_000_061_000), router(1_789_999_000_000)] {
        for seed in 0..5 {
            let request = Request::new(group, Prompt::user("hello"), Delivery::Whole, router.now());
            let ended = router.run(&request, &mut fastrand::Rng::with_seed(seed), &mut Silent).await;
            answered += u32::from(ended.is_ok());
        }
    }
    assert_eq!(answered, 5);
}

struct Silent;

impl Observer for Silent {
    fn on_event(&mut self, _: RouterEvent<'_>) {}
    fn on_output(&mut self, _: &Event) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_server_without_memory_denies_what_all_processes_must_know() {
    let Some(place) = Place::serve(&["--maxmemory", "1mb", "--maxmemory-policy", "noeviction"]) else { return };
    let store = FallbackStore::new(RedisStore::new(&place.url));
    let mut change = |values: &mut [Option<String>]| values[0] = Some("x".repeat(1 << 20));
    let denied = store.update_shared(&key("n"), &mut change).expect_err("there is no memory");
    assert_eq!(denied.kind, StoreErrorKind::Unreachable, "{denied}");
}
