//! A table of models that was fetched after the built-in one was made: its text, and what of it counts.
//!
//! Its lines are those of `models.tsv`. Its first line says when it was fetched and how long the rest
//! is, so that a table that was cut is noticed without reading it all.

use std::borrow::Cow;

use super::row::{line_of, parse};
use super::{AS_OF, Model, Origin, Source};

/// The prefix of the first line, which identifies the format; a table in another format is ignored.
const HEAD: &str = "# llmroute models 1; models.dev ";

/// A fetched table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedTable {
    text: String,
    /// The offset of the lines.
    rows: usize,
    /// The day on which it was fetched.
    as_of: String,
}

impl FetchedTable {
    /// The table of `lines`, which are sorted by their first column, as of `date`.
    #[must_use]
    pub fn new(lines: &[String], date: &str) -> Self {
        let rows: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let head = format!("{HEAD}{date}; {} bytes\n", rows.len());
        Self { rows: head.len(), text: head + &rows, as_of: date.to_owned() }
    }

    /// The table that `text` is. It is not read through: that would take longer than one look-up.
    ///
    /// # Errors
    /// When it is another thing, or not whole.
    pub fn read(text: String) -> Result<Self, &'static str> {
        let (head, rows) = text.split_once('\n').ok_or("it is no table of this version")?;
        let (date, length) =
            head.strip_prefix(HEAD).and_then(|head| head.split_once("; ")).ok_or("it is no table of this version")?;
        let length = length.strip_suffix(" bytes").and_then(|length| length.parse::<usize>().ok());
        if length != Some(rows.len()) || !is_date(date) {
            return Err("it is not whole");
        }
        Ok(Self { as_of: date.to_owned(), rows: head.len() + 1, text })
    }

    /// The text to save.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The row of `model` at `provider`.
    ///
    /// # Errors
    /// Fails if the line cannot be understood.
    pub fn find(&self, provider: &str, model: &str) -> Result<Option<Model>, &'static str> {
        let line = line_of(&self.text[self.rows..], &format!("{provider}/{model}"));
        line.map(|line| self.parse(line).map(|(_, model)| model).ok_or("a line of it is broken")).transpose()
    }

    /// Every model that can be understood, in the order of the table.
    pub fn models(&self) -> impl Iterator<Item = (&str, Model)> {
        self.text[self.rows..].lines().filter_map(|line| self.parse(line))
    }

    fn parse<'a>(&self, line: &'a str) -> Option<(&'a str, Model)> {
        parse(line, |date| Source {
            origin: Origin::ModelsDev,
            as_of: Cow::Owned(if date.is_empty() { self.as_of.clone() } else { date.to_owned() }),
        })
    }
}

/// Merges the built-in row `known` with the fetched row `fetched`.
///
/// Prices, limits, capabilities and status are those of the newer table, each as far as it has them;
/// facts that a fetched table lacks (forms of effort, refused parameters) stay.
#[must_use]
pub fn newest(known: Option<Model>, fetched: Option<Model>) -> Option<Model> {
    let (known, fetched) = match (known, fetched) {
        (Some(known), Some(fetched)) => (known, fetched),
        (known, fetched) => return known.or(fetched),
    };
    // The fetched table may be older than this program.
    if fetched.source.as_of.as_ref() <= AS_OF {
        return Some(Model {
            price_source: if known.price.is_some() { known.price_source } else { fetched.price_source },
            price: known.price.or(fetched.price),
            ..known
        });
    }
    Some(Model {
        price_source: if fetched.price.is_some() { fetched.price_source } else { known.price_source },
        price: fetched.price.or(known.price),
        context_window: fetched.context_window.or(known.context_window),
        max_input: fetched.max_input.or(known.max_input),
        max_output: fetched.max_output.or(known.max_output),
        vision: fetched.vision,
        pdf: fetched.pdf,
        audio: fetched.audio,
        tools: fetched.tools,
        // The list omits this more often than it denies it.
        json_schema: fetched.json_schema || known.json_schema,
        status: fetched.status,
        source: fetched.source,
        ..known
    })
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    const NEWER: &str = "2999-01-02";

    fn table(lines: &[&str], date: &str) -> FetchedTable {
        FetchedTable::new(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), date)
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let written = table(&["a/b\t1\t2\t\t\t\t100\t\t10\tvt", "c/d"], NEWER);
        let read = FetchedTable::read(written.text().to_owned()).unwrap();
        assert_eq!(read, written);
        let model = read.find("a", "b").unwrap().unwrap();
        assert_eq!((model.context_window, model.vision, model.pdf), (Some(100), true, false));
        assert_eq!(model.price_source.to_string(), "models.dev 2999-01-02");
        assert_eq!(read.find("c", "e"), Ok(None));
        assert_eq!(read.models().count(), 2);
    }

    #[test]
    fn what_is_no_whole_table_is_none() {
        let whole = table(&["a/b\t1\t2"], NEWER).text;
        for cut in 0..whole.len() {
            assert!(FetchedTable::read(whole[..cut].to_owned()).is_err(), "{cut}");
        }
        for text in ["{}", "# as of 2026-11-21\n", "# llmroute models 1; models.dev yesterday; 0 bytes\n"] {
            assert!(FetchedTable::read(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_broken_line_is_said_when_it_is_needed() {
        let table = table(&["a/b\tmuch\t2", "c/d\t1\t2"], NEWER);
        assert!(table.find("a", "b").is_err());
        assert!(table.find("c", "d").unwrap().is_some());
    }

    /// The merged row of `openai/gpt-4o`, if a table of `date` has `line`.
    fn merged(line: &str, date: &str) -> Model {
        let fetched = table(&[line], date).find("openai", "gpt-4o").unwrap();
        newest(find("openai", "gpt-4o"), fetched).unwrap()
    }

    #[test]
    fn the_newer_table_decides_what_it_tells() {
        let model = merged("openai/gpt-4o\t1\t2\t\t\t\t5\t\t\tv\t\t\t\t\td", NEWER);
        assert!((model.price.unwrap().input - 1e-6).abs() < 1e-15);
        assert_eq!((model.context_window, model.max_output), (Some(5), find("openai", "gpt-4o").unwrap().max_output));
        assert_eq!(model.status, super::super::Status::Deprecated);
        assert_eq!(model.source.to_string(), "models.dev 2999-01-02");
    }

    #[test]
    fn a_price_that_it_does_not_tell_stays_with_its_source() {
        let model = merged("openai/gpt-4o\t\t\t\t\t\t5", NEWER);
        assert_eq!(
            (model.price, model.price_source.origin),
            (find("openai", "gpt-4o").unwrap().price, Origin::Builtin)
        );
        assert_eq!(model.source.origin, Origin::ModelsDev);
    }

    #[test]
    fn an_older_table_decides_nothing_that_is_known() {
        assert_eq!(Some(merged("openai/gpt-4o\t1\t2\t\t\t\t5", "2020-01-01")), find("openai", "gpt-4o"));
        let fetched = table(&["x/new\t1\t2"], "2020-01-01").find("x", "new").unwrap();
        assert_eq!(newest(None, fetched.clone()), fetched);
    }
}
