//! Puts the pieces of tool calls together. Servers disagree about the index and the id of a piece.

use crate::model::{Class, Event, Failure};

/// The most calls in one answer; an answer with more is an attack.
const MAX_CALLS: usize = 1024;
/// The most calls that are told apart by their arguments alone, and the longest name of one.
const MAX_GLUED: usize = 32;
const MAX_GLUED_NAME: usize = 64;

/// The calls of one answer.
#[derive(Default)]
pub(crate) struct ToolCalls {
    calls: Vec<StartedCall>,
    /// Calls that were told apart by their arguments alone.
    glued: usize,
}

/// A call that has started.
struct StartedCall {
    /// The index in the reply, which may start anywhere or be missing.
    wire_index: Option<u64>,
    /// The id in the reply, or one that was made up.
    id: String,
    name: String,
    arguments: String,
    scan: ObjectScan,
}

/// A piece of a call, as far as the reply describes it.
pub(crate) struct Piece<'a> {
    pub index: Option<u64>,
    pub id: &'a str,
    pub name: &'a str,
    pub arguments: &'a str,
}

impl ToolCalls {
    /// The number of calls.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Ends the call at the wire's `index`, or all of them: one without arguments gets `arguments`.
    pub(crate) fn complete(&mut self, index: Option<u64>, arguments: &str, out: &mut Vec<Event>) {
        for (at, call) in self.calls.iter_mut().enumerate() {
            let is_meant = index.is_none() || call.wire_index == index;
            if is_meant && call.arguments.is_empty() {
                arguments.clone_into(&mut call.arguments);
                out.push(Event::ToolArguments { index: at, text: arguments.to_owned() });
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Adds a piece and pushes its events.
    ///
    /// # Errors
    /// `malformed` when the answer has too many calls.
    pub(crate) fn add(&mut self, piece: &Piece<'_>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let at = match self.continued(piece) {
            Some(at) => {
                // The name may arrive later than the call.
                let call = &mut self.calls[at];
                if call.name.is_empty() && !piece.name.is_empty() {
                    piece.name.clone_into(&mut call.name);
                    out.push(Event::ToolStart { index: at, id: call.id.clone(), name: call.name.clone() });
                }
                at
            }
            None => self.start(piece.index, piece.id, piece.name, out)?,
        };
        self.arguments(at, piece.arguments, out)
    }

    /// Begins a call where the protocol marks its beginning, and pushes its events.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(crate) fn begin(&mut self, piece: &Piece<'_>, out: &mut Vec<Event>) -> Result<(), Failure> {
        let at = self.start(piece.index, piece.id, piece.name, out)?;
        self.arguments(at, piece.arguments, out)
    }

    /// The call that a piece continues: by index, else by id, else the last one.
    fn continued(&self, piece: &Piece<'_>) -> Option<usize> {
        let by_id = || self.calls.iter().rposition(|call| call.id == piece.id);
        let at = match (piece.index, piece.id) {
            (Some(_), id) => {
                let by_index = self.calls.iter().rposition(|call| call.wire_index == piece.index);
                by_index.or_else(|| if id.is_empty() { None } else { by_id() })
            }
            (None, "") if piece.name.is_empty() => self.calls.len().checked_sub(1),
            (None, "") => None,
            (None, _) => by_id(),
        }?;
        (!self.is_new(&self.calls[at], piece)).then_some(at)
    }

    /// Returns `true` if a piece at the place of `call` begins another call. Some servers give each piece a new
    /// id, and others put several calls under one, so that only a piece with a name can begin a call.
    fn is_new(&self, call: &StartedCall, piece: &Piece<'_>) -> bool {
        if piece.name.is_empty() || call.name.is_empty() {
            return false;
        }
        let is_repeated = piece.arguments.is_empty() || piece.arguments == call.arguments;
        let has_new_id = !piece.id.is_empty() && call.id != piece.id;
        match call.name == piece.name {
            _ if has_new_id => true,
            false => call.scan.is_complete() || piece.id.is_empty() && !call.arguments.is_empty(),
            true => call.scan.is_complete() && !is_repeated,
        }
    }

    fn start(&mut self, index: Option<u64>, id: &str, name: &str, out: &mut Vec<Event>) -> Result<usize, Failure> {
        let at = self.calls.len();
        if at == MAX_CALLS {
            return Err(Failure::new(Class::Malformed, format!("more than {MAX_CALLS} tool calls in one answer")));
        }
        let id = match id {
            "" => format!("call_{at}"),
            // Results are matched by id, so that two calls must not share one.
            id if self.calls.iter().any(|call| call.id == id) => format!("{id}_{at}"),
            id => id.to_owned(),
        };
        out.push(Event::ToolStart { index: at, id: id.clone(), name: name.to_owned() });
        let (name, arguments, scan) = (name.to_owned(), String::new(), ObjectScan::default());
        self.calls.push(StartedCall { wire_index: index, id, name, arguments, scan });
        Ok(at)
    }

    /// Adds arguments to the call at `at`; a second object behind the first one is another call of the same tool.
    fn arguments(&mut self, at: usize, text: &str, out: &mut Vec<Event>) -> Result<(), Failure> {
        let call = &mut self.calls[at];
        if text.is_empty() || (call.scan.is_complete() && (text == call.arguments || text.trim().is_empty())) {
            return Ok(());
        }
        let end = call.scan.read(text).unwrap_or(text.len());
        let (own, rest) = text.split_at(end);
        if !own.is_empty() {
            call.arguments.push_str(own);
            out.push(Event::ToolArguments { index: at, text: own.to_owned() });
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.glued += 1;
        if self.glued > MAX_GLUED || call.name.len() > MAX_GLUED_NAME {
            return Err(Failure::new(Class::Malformed, "the arguments of a tool call are not one JSON object"));
        }
        let (index, name, id) = (call.wire_index, call.name.clone(), call.id.clone());
        let at = self.start(index, &id, &name, out)?;
        self.arguments(at, rest, out)
    }
}

/// Finds the end of a JSON object that arrives in pieces.
#[derive(Default)]
struct ObjectScan {
    depth: usize,
    in_string: bool,
    escaped: bool,
    state: ScanState,
}

#[derive(Default, PartialEq, Eq)]
enum ScanState {
    #[default]
    Start,
    Inside,
    Complete,
    /// It does not begin as an object.
    Other,
}

impl ObjectScan {
    fn is_complete(&self) -> bool {
        self.state == ScanState::Complete
    }

    /// Reads on, and returns where something follows the end of the object.
    fn read(&mut self, text: &str) -> Option<usize> {
        for (at, byte) in text.bytes().enumerate() {
            match self.state {
                ScanState::Start if byte.is_ascii_whitespace() => {}
                ScanState::Start if byte == b'{' => (self.state, self.depth) = (ScanState::Inside, 1),
                ScanState::Start => self.state = ScanState::Other,
                ScanState::Other => return None,
                ScanState::Complete if byte.is_ascii_whitespace() => {}
                ScanState::Complete => return (byte == b'{').then_some(at),
                ScanState::Inside => self.byte(byte),
            }
        }
        None
    }

    fn byte(&mut self, byte: u8) {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.state = ScanState::Complete;
                }
            }
            _ => {}
        }
    }
}
