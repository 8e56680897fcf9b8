//! One condition in CEL: compiled and checked when the profile is read, evaluated for each request.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program, Value};

use super::input::{ConditionError, EvaluationError, RuleInput};
use crate::routing::pii;

mod depth;
mod names;

/// The longest condition, in bytes: a parser of untrusted depth and length is not worth it.
const LONGEST: usize = 4096;

/// A condition that compiles.
#[derive(Clone)]
pub struct Condition {
    text: String,
    program: Arc<Program>,
}

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

impl Condition {
    /// Compiles `text` and checks the names and, as far as a trial shows, the types.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(text: &str) -> Result<Self, Vec<ConditionError>> {
        let whole = || 0..text.len();
        if text.len() > LONGEST {
            let message = format!("a condition has at most {LONGEST} bytes");
            return Err(vec![ConditionError { message, at: whole(), unknown: None }]);
        }
        if depth::is_too_deep(text) {
            let message = "a condition is nested less deep than this".to_owned();
            return Err(vec![ConditionError { message, at: whole(), unknown: None }]);
        }
        let program = ENV.compile(text).map_err(|errors| syntax(text, &errors))?;
        let unknown = names::unknown(&program, text);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let condition = Self { text: text.to_owned(), program: Arc::new(program) };
        match condition.tried() {
            Some(fault) => Err(vec![ConditionError { message: fault.as_str().to_owned(), at: whole(), unknown: None }]),
            None => Ok(condition),
        }
    }

    /// An error that two opposite requests reveal, independent of the actual request.
    fn tried(&self) -> Option<EvaluationError> {
        let some = [String::from("a")];
        let full =
            RuleInput { tokens: 1 << 40, tags: &some, prompt: "a", system: "a", user: "a", has_image: true, ..EMPTY };
        let faults = [self.holds(&EMPTY), self.holds(&RuleInput { hour: Some(23), ..full })];
        faults.into_iter().filter_map(Result::err).find(|fault| match fault {
            EvaluationError::Types | EvaluationError::NotBool => true,
            // A value that is missing now may be present later.
            EvaluationError::NoKey
            | EvaluationError::NoElement
            | EvaluationError::NoValue
            | EvaluationError::Arithmetic
            | EvaluationError::Function
            | EvaluationError::Other => false,
        })
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates it for `subject`.
    ///
    /// # Errors
    /// Fails if it has no value; the caller must then not assume one.
    pub(crate) fn holds(&self, input: &RuleInput<'_>) -> Result<bool, EvaluationError> {
        match self.program.execute(&context(input)) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(EvaluationError::NotBool),
            Err(error) => Err(fault(&error)),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.text)
    }
}

/// An empty request.
const EMPTY: RuleInput<'_> = RuleInput {
    prompt: "",
    system: "",
    tokens: 0,
    tags: &[],
    user: "",
    env: &BTreeMap::new(),
    has_image: false,
    hour: Some(0),
};

fn context<'a>(input: &RuleInput<'_>) -> Context<'a, 'a> {
    let mut context = Context::with_env(Arc::clone(&ENV));
    let env: HashMap<String, String> = input.env.clone().into_iter().collect();
    context.add_variable_from_value("prompt", input.prompt);
    context.add_variable_from_value("system", input.system);
    context.add_variable_from_value("tokens", i64::try_from(input.tokens).unwrap_or(i64::MAX));
    context.add_variable_from_value("tags", input.tags.to_vec());
    context.add_variable_from_value("user", input.user);
    context.add_variable_from_value("env", env);
    context.add_variable_from_value("has_image", input.has_image);
    if let Some(hour) = input.hour {
        context.add_variable_from_value("hour", i64::from(hour));
    }
    context
        .add_function("contains_pii", |text: Arc<String>| pii::find(&text).is_some())
        .expect("the standard library has no such function");
    context
}

/// The library's errors contain values, and thus the prompt: only their kind is kept.
fn fault(error: &ExecutionError) -> EvaluationError {
    match error {
        ExecutionError::NoSuchKey(_) => EvaluationError::NoKey,
        ExecutionError::IndexOutOfBounds(_) => EvaluationError::NoElement,
        ExecutionError::UndeclaredReference(_) => EvaluationError::NoValue,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) | ExecutionError::Overflow(..) => {
            EvaluationError::Arithmetic
        }
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnexpectedType { .. }
        | ExecutionError::UnsupportedTargetType { .. }
        | ExecutionError::NotSupportedAsMethod { .. }
        | ExecutionError::UnsupportedKeyType(_)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnsupportedIndex(..)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::InvalidArgumentCount { .. }
        | ExecutionError::MissingArgumentOrTarget => EvaluationError::Types,
        ExecutionError::FunctionError { .. } => EvaluationError::Function,
        // The library adds kinds (`non_exhaustive`).
        _ => EvaluationError::Other,
    }
}

fn syntax(text: &str, errors: &cel::ParseErrors) -> Vec<ConditionError> {
    let first = errors.errors.first();
    let message = first.map_or("not CEL", |error| error.msg.as_str());
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    // The list of expected tokens is as long as the grammar.
    let message = message.split(" expecting ").next().unwrap_or(message).replace('\'', "`");
    let at = first.map_or(0, |error| place(text, error.pos));
    vec![ConditionError { message: format!("not a condition: {message}"), at: at..next_char(text, at), unknown: None }]
}

/// The byte at a line and a column, both from 1, the column in characters.
fn place(text: &str, (line, column): (isize, isize)) -> usize {
    let (line, column) = (usize::try_from(line).unwrap_or(0), usize::try_from(column).unwrap_or(0));
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let inside = text[before..].char_indices().nth(column.saturating_sub(1)).map_or(text.len() - before, |(at, _)| at);
    before + inside
}

/// The end of the character at `at`.
fn next_char(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8())
}
