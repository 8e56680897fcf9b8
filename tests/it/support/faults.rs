//! Every way in which a provider misbehaves, as data: the model's name in a request chooses the row. No sockets here.

/// The answer of a healthy deployment.
pub const ANSWER: &str = "The sky is blue because air scatters blue light more than red.";
/// The answer of another healthy deployment: it shares no prefix with [`ANSWER`].
pub const OTHER: &str = "Blue light is scattered more.";
/// An answer with characters of two, three and four bytes.
pub const UTF8: &str = "Ça coûte 5 € à Zürich 🙂, 天空是蓝色的。";
/// The text before a stream breaks after one token, and after three.
pub const ONE_TOKEN: &str = "The";
/// See [`ONE_TOKEN`].
pub const THREE_TOKENS: &str = "The sky is";
/// The token that an endless stream repeats.
pub const MORE: &str = " more";
/// The size of the frame that is too large for a careless reader.
pub const HUGE: usize = 16 << 20;
/// The default message of error pages and error bodies.
pub const LAMENT: &str = "the server is on fire";

/// One name and what happens to a request that asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The model's name.
    pub name: &'static str,
    /// The reply to the first call.
    pub first: Reply,
    /// The reply to all other calls.
    pub later: Reply,
}

/// The reply to one call.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// A status, headers and a whole body. In a header `{trap}` is the port that must not be called, `{in 7 s}` a date.
    Plain { status: u16, headers: &'static [(&'static str, &'static str)], body: Body },
    /// A 200 with a stream.
    Stream { packets: Packets, gzip: bool, steps: &'static [Step] },
    /// These bytes instead of a reply.
    Raw(&'static str, End),
}

/// The body of a whole reply.
#[derive(Debug, Clone, Copy)]
pub enum Body {
    /// An error in the shape of the protocol.
    Error { kind: &'static str, message: &'static str },
    /// The answer as one JSON object.
    Whole,
    /// Unchanged.
    Text(&'static str),
}

/// The HTTP chunks of a stream's body: a reader sees one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packets {
    /// One event each.
    Events,
    /// One byte each.
    Bytes,
    /// Cut inside every character of more than one byte.
    InsideCharacters,
}

/// One thing that a stream does.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The next tokens of [`ANSWER`], up to this many.
    Tokens(usize),
    /// The tokens of this text.
    Text(&'static str),
    /// One token of this many bytes.
    Huge(usize),
    /// Tokens until the client leaves.
    Forever,
    /// A thought.
    Reasoning(&'static str),
    /// A call of the tool `weather`.
    ToolCall,
    /// The model declines.
    Refusal(&'static str),
    /// A sign of life without content.
    Ping,
    /// An error as an event.
    Error { kind: &'static str, message: &'static str },
    /// A frame that is no JSON.
    Broken,
    /// Waits until the test opens the gate, or the server is dropped.
    Gate,
    /// The finish, by its name in chat completions, and the usage.
    Finish(&'static str),
    /// The mark at the very end (`[DONE]`, `message_stop`).
    Done,
    /// The end of the connection; by default it ends properly.
    End(End),
}

/// The end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The body is complete by the rules of HTTP.
    Complete,
    /// Closed in the middle of the body.
    Cut,
    /// Reset.
    Reset,
    /// Silent until the client leaves or the server is dropped.
    Stall,
}

/// All the tokens that there are.
const ALL: usize = usize::MAX;

/// The rows.
pub const FAULTS: &[Fault] = &[
    // Answers.
    stream("good", WHOLE),
    stream("other", &[Step::Text(OTHER), Step::Finish("stop"), Step::Done]),
    stream("no-done", &[Step::Tokens(ALL), Step::Finish("stop")]),
    stream("pings", &[Step::Ping, Step::Tokens(1), Step::Ping, Step::Tokens(ALL), Step::Finish("stop"), Step::Done]),
    stream("gate", &[Step::Tokens(1), Step::Gate, Step::Tokens(ALL), Step::Finish("stop"), Step::Done]),
    stream("length", &[Step::Tokens(3), Step::Finish("length"), Step::Done]),
    stream("tool-call", &[Step::ToolCall, Step::Finish("tool_calls"), Step::Done]),
    stream("thinks", &[Step::Reasoning("Rayleigh"), Step::Tokens(ALL), Step::Finish("stop"), Step::Done]),
    stream("huge-frame", &[Step::Huge(HUGE), Step::Finish("stop"), Step::Done]),
    cut_up("utf8-split", Packets::InsideCharacters, &[Step::Text(UTF8), Step::Finish("stop"), Step::Done]),
    cut_up("byte-by-byte", Packets::Bytes, &[Step::Text(UTF8), Step::Finish("stop"), Step::Done]),
    always("gzip", GZIPPED),
    plain("whole-json", 200, &[("content-type", "application/json")], Body::Whole),
    // Statuses.
    error("400", 400, "invalid_request_error", "the field `messages` is wrong"),
    error("400-context", 400, "invalid_request_error", "prompt is too long: 9000 tokens > 8192 maximum"),
    error("400-policy", 400, "invalid_request_error", "blocked by the content_policy of this server"),
    error("401", 401, "authentication_error", "the key is wrong"),
    error("402", 402, "billing_error", "the purse is empty"),
    error("403", 403, "permission_error", "not for you"),
    error("404", 404, "not_found_error", "there is no such model"),
    error("408", 408, "timeout_error", "the request took too long"),
    error("409", 409, "conflict_error", "somebody else was first"),
    error("413", 413, "request_too_large", "the request is too large"),
    error("422", 422, "invalid_request_error", "the field `top_k` is not understood"),
    error("429", 429, "rate_limit_error", "slow down"),
    limited("429-seconds", &[JSON, ("retry-after", "7")], "slow down"),
    limited("429-fraction", &[JSON, ("retry-after", "0.25")], "slow down"),
    limited("429-date", &[JSON, ("retry-after", "{in 7 s}")], "slow down"),
    limited("429-ms", &[JSON, ("retry-after-ms", "250"), ("retry-after", "7")], "slow down"),
    limited("429-body", &[JSON], "slow down; please try again in 250ms"),
    error("429-quota", 429, "insufficient_quota", "you exceeded your current quota"),
    error("500", 500, "api_error", LAMENT),
    plain("502-html", 502, &[("content-type", "text/html")], Body::Text("<html><h1>502 Bad Gateway</h1>\r\n</html>")),
    error("503", 503, "server_error", LAMENT),
    plain("503-empty", 503, &[], Body::Text("")),
    error("504", 504, "timeout_error", "nobody behind this answered"),
    error("529", 529, "overloaded_error", "overloaded"),
    plain("redirect-302", 302, &[("location", "http://127.0.0.1:{trap}/v1/chat/completions")], Body::Text("")),
    plain("redirect-307", 307, &[("location", "http://127.0.0.1:{trap}/v1/chat/completions")], Body::Text("")),
    // A 200 that is none.
    plain("empty-200", 200, &[("content-type", "text/event-stream")], Body::Text("")),
    plain("empty-202", 202, &[], Body::Text("")),
    plain("empty-204", 204, &[], Body::Text("")),
    plain("html-200", 200, &[("content-type", "text/html")], Body::Text("<html>please log in to the hotel</html>")),
    plain("json-200", 200, &[JSON], Body::Text("{}")),
    error("error-in-200", 200, "server_error", LAMENT),
    stream("error-event-0", &[Step::Error { kind: "server_error", message: LAMENT }]),
    stream("error-event-1", &[Step::Tokens(1), Step::Error { kind: "server_error", message: LAMENT }]),
    stream("error-event-n", &[Step::Tokens(3), Step::Error { kind: "server_error", message: LAMENT }]),
    stream("overloaded-event", &[Step::Tokens(3), Step::Error { kind: "overloaded_error", message: "overloaded" }]),
    stream("broken-frame-0", &[Step::Broken, Step::Tokens(ALL), Step::Finish("stop"), Step::Done]),
    stream("broken-frame-n", &[Step::Tokens(3), Step::Broken, Step::Tokens(ALL), Step::Finish("stop"), Step::Done]),
    // Streams that end badly.
    stream("cut-0", &[Step::End(End::Cut)]),
    stream("cut-1", &[Step::Tokens(1), Step::End(End::Cut)]),
    stream("cut-n", &[Step::Tokens(3), Step::End(End::Cut)]),
    stream("reset-0", &[Step::End(End::Reset)]),
    stream("reset-1", &[Step::Tokens(1), Step::End(End::Reset)]),
    stream("reset-n", &[Step::Tokens(3), Step::End(End::Reset)]),
    stream("stall-0", &[Step::End(End::Stall)]),
    stream("stall-1", &[Step::Tokens(1), Step::End(End::Stall)]),
    stream("stall-n", &[Step::Tokens(3), Step::End(End::Stall)]),
    stream("end-0", &[Step::End(End::Complete)]),
    stream("end-1", &[Step::Tokens(1), Step::End(End::Complete)]),
    stream("end-n", &[Step::Tokens(3), Step::End(End::Complete)]),
    stream("done-only", &[Step::Done]),
    stream("endless", &[Step::Forever]),
    stream("slow-first-token", &[Step::Ping, Step::End(End::Stall)]),
    raw("slow-headers", "HTTP/1.1 200 OK\r\ncontent-type: text/ev", End::Stall),
    raw("black-hole", "", End::Stall),
    raw("hang-up", "", End::Cut),
    raw("reset-at-once", "", End::Reset),
    raw("not-http", "220 mail.example ESMTP\r\n", End::Cut),
    // Finishes that are failures.
    stream("empty-answer", &[Step::Finish("stop"), Step::Done]),
    stream("length-empty", &[Step::Finish("length"), Step::Done]),
    stream("reasoning-only", &[Step::Reasoning("Rayleigh, and then"), Step::Finish("length"), Step::Done]),
    stream("content-filter-0", &[Step::Finish("content_filter"), Step::Done]),
    stream("content-filter-n", &[Step::Tokens(3), Step::Finish("content_filter"), Step::Done]),
    stream("refusal", &[Step::Refusal("I cannot help with that."), Step::Finish("stop"), Step::Done]),
    // Different from call to call.
    Fault { name: "503-then-good", first: LAMENTING, later: GOOD },
    Fault { name: "cut-then-good", first: CUT, later: GOOD },
];

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|fault| fault.name == name)
}

const JSON: (&str, &str) = ("content-type", "application/json");
const WHOLE: &[Step] = &[Step::Tokens(ALL), Step::Finish("stop"), Step::Done];
const GOOD: Reply = Reply::Stream { packets: Packets::Events, gzip: false, steps: WHOLE };
const GZIPPED: Reply = Reply::Stream { packets: Packets::Events, gzip: true, steps: WHOLE };
const CUT: Reply =
    Reply::Stream { packets: Packets::Events, gzip: false, steps: &[Step::Tokens(3), Step::End(End::Cut)] };
const LAMENTING: Reply =
    Reply::Plain { status: 503, headers: &[JSON], body: Body::Error { kind: "server_error", message: LAMENT } };

/// A stream of one event a chunk.
const fn stream(name: &'static str, steps: &'static [Step]) -> Fault {
    cut_up(name, Packets::Events, steps)
}

const fn cut_up(name: &'static str, packets: Packets, steps: &'static [Step]) -> Fault {
    always(name, Reply::Stream { packets, gzip: false, steps })
}

const fn plain(name: &'static str, status: u16, headers: &'static [(&'static str, &'static str)], body: Body) -> Fault {
    always(name, Reply::Plain { status, headers, body })
}

const fn error(name: &'static str, status: u16, kind: &'static str, message: &'static str) -> Fault {
    plain(name, status, &[JSON], Body::Error { kind, message })
}

const fn limited(name: &'static str, headers: &'static [(&'static str, &'static str)], message: &'static str) -> Fault {
    plain(name, 429, headers, Body::Error { kind: "rate_limit_error", message })
}

const fn raw(name: &'static str, bytes: &'static str, end: End) -> Fault {
    always(name, Reply::Raw(bytes, end))
}

const fn always(name: &'static str, reply: Reply) -> Fault {
    Fault { name, first: reply, later: reply }
}
