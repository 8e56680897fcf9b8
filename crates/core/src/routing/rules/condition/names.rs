//! The names in a condition: finds unknown ones and their positions.

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};

use super::next_char;
use crate::routing::rules::input::{ConditionError, FUNCTIONS, VARIABLES};

/// Names of types, for `type(x) == string`.
const TYPES: &[&str] = &["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];

/// The names in `program` that are neither variables, nor functions, nor bound by a macro.
pub(super) fn unknown(program: &Program, text: &str) -> Vec<ConditionError> {
    let mut walk = Walk { bound: Vec::new(), found: Vec::new() };
    walk.expression(program.expression());
    let place = |id: u64| {
        let (start, stop) = program.source_info().offset_for(id).unwrap_or((0, 0));
        // The parser counts characters, and names the last one.
        let byte = |at: u32| text.char_indices().nth(at as usize).map_or(text.len(), |(at, _)| at);
        byte(start)..next_char(text, byte(stop)).max(byte(start))
    };
    let error = |(id, name, what): (u64, String, &str)| {
        let at = place(id);
        // The position of a call is its parenthesis.
        let before = at.start.saturating_sub(name.len());
        let called = text.get(before..at.start) == Some(&name);
        let at = if called { before..at.start } else { at };
        ConditionError { message: format!("unknown {what} `{name}` in a condition"), at, unknown: Some(name) }
    };
    walk.found.into_iter().map(error).collect()
}

struct Walk<'a> {
    bound: Vec<&'a str>,
    found: Vec<(u64, String, &'static str)>,
}

impl<'a> Walk<'a> {
    fn expression(&mut self, at: &'a IdedExpr) {
        match &at.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.name(at.id, name),
            Expr::Select(select) => self.expression(&select.operand),
            Expr::Call(call) => {
                let operator = !call.func_name.starts_with(|c: char| c.is_ascii_alphabetic());
                if !operator && !FUNCTIONS.contains(&call.func_name.as_str()) {
                    self.found.push((at.id, call.func_name.clone(), "function"));
                }
                call.target.iter().for_each(|target| self.expression(target));
                call.args.iter().for_each(|argument| self.expression(argument));
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.expression(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(made) => {
                self.found.push((at.id, made.type_name.clone(), "type"));
                made.entries.iter().for_each(|entry| self.entry(&entry.expr));
            }
            Expr::Comprehension(inner) => {
                self.expression(&inner.iter_range);
                self.expression(&inner.accu_init);
                let before = self.bound.len();
                self.bound.push(&inner.iter_var);
                self.bound.extend(inner.iter_var2.as_deref());
                for part in [&inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.expression(part);
                }
                self.bound.truncate(before);
            }
        }
    }

    fn entry(&mut self, entry: &'a EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.expression(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.expression(&entry.key);
                self.expression(&entry.value);
            }
        }
    }

    fn name(&mut self, id: u64, name: &str) {
        // The parser's internal names begin with `@`.
        let known =
            name.starts_with('@') || VARIABLES.contains(&name) || TYPES.contains(&name) || self.bound.contains(&name);
        if !known {
            self.found.push((id, name.to_owned(), "name"));
        }
    }
}
