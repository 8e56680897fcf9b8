//! Syntax highlighting: a lexer of comments, strings, numbers and keywords, with one row of data for each family of
//! languages. It has no grammar, and returns every input character.

/// The kind of a character of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// Nothing special.
    Plain,
    /// A keyword.
    Keyword,
    /// A string.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// A line that a patch adds.
    Added,
    /// A line that a patch removes.
    Removed,
}

/// A family of languages.
#[derive(Debug)]
struct Language {
    /// The names after the fence.
    names: &'static str,
    keywords: &'static str,
    /// The start of a comment that ends with its line.
    line: &'static [&'static str],
    /// The start and end of any other comment.
    block: Option<(&'static str, &'static str)>,
    quotes: &'static [char],
    /// Quotes of multi-line strings.
    long: &'static [char],
    /// Keywords are case-insensitive.
    caseless: bool,
}

const PLAIN: Language =
    Language { names: "", keywords: "", line: &[], block: None, quotes: &[], long: &[], caseless: false };

const C: Language = Language { line: &["//"], block: Some(("/*", "*/")), quotes: &['"', '\''], long: &['`'], ..PLAIN };

const LANGUAGES: &[Language] = &[
    Language {
        names: "rust rs",
        keywords: "as async await break const continue crate dyn else enum extern false fn for if impl in let loop \
            match mod move mut pub ref return self Self static struct super trait true type union unsafe use where while",
        quotes: &['"'],
        long: &['"'],
        ..C
    },
    Language {
        names: "c cpp c++ cc h hpp objc cuda",
        keywords: "auto bool break case catch char class const constexpr continue default delete do double else enum \
            explicit extern false float for friend goto if inline int long namespace new nullptr operator override private \
            protected public return short signed sizeof static struct switch template this throw true try typedef typename \
            union unsigned using virtual void volatile while",
        ..C
    },
    Language {
        names: "java kotlin kt scala groovy csharp cs c# swift dart",
        keywords: "abstract as async await boolean break case catch char class const continue data def default do double \
            else enum extends extension false final finally float for foreach fun func get guard if implements import in \
            init int interface internal is let long match namespace new null nil object open override package private \
            protected protocol public readonly record return sealed self set short static string struct super switch this \
            throw throws trait true try type using val var virtual void when where while with yield",
        ..C
    },
    Language {
        names: "javascript js jsx typescript ts tsx mjs json json5 jsonc",
        keywords: "any as async await boolean break case catch class const continue declare default delete do else enum \
            export extends false finally for from function get if implements import in instanceof interface let new null \
            number of private protected public readonly return set static string super switch this throw true try type \
            typeof undefined unknown var void while with yield",
        ..C
    },
    Language {
        names: "go golang zig v",
        keywords: "bool break byte case chan comptime const continue default defer else enum error fallthrough false fn for \
            func go goto if import int interface make map nil package pub range return select string struct switch true try \
            type var",
        ..C
    },
    Language {
        names: "php",
        keywords: "abstract array as break case catch class const continue default do echo else elseif extends false final \
            finally fn for foreach function global if implements include interface match namespace new null private protected \
            public readonly require return static string switch this throw trait true try use var while yield",
        line: &["//", "#"],
        ..C
    },
    Language {
        names: "css scss less sass",
        keywords: "important import media supports keyframes from to auto none inherit initial",
        line: &[],
        ..C
    },
    Language {
        names: "python py python3 starlark",
        keywords: "and as assert async await break case class continue def del elif else except False finally for from \
            global if import in is lambda match None nonlocal not or pass raise return self True try while with yield",
        line: &["#"],
        quotes: &['"', '\''],
        ..PLAIN
    },
    Language {
        names: "ruby rb elixir ex crystal julia jl r perl pl",
        keywords: "alias and begin break case class def defmodule defp do else elsif end ensure false fn for foreach function \
            if in include module my next nil not or our require rescue return self sub super then true unless until use using \
            when while yield",
        line: &["#"],
        quotes: &['"', '\''],
        ..PLAIN
    },
    Language {
        names: "bash sh shell zsh console fish dockerfile docker makefile make powershell ps1",
        keywords: "ADD CMD COPY ENTRYPOINT ENV EXPOSE FROM RUN WORKDIR alias break case continue do done echo elif else end \
            esac eval exec exit export fi for function if in local read return set shift sudo then trap unset until while",
        line: &["#"],
        quotes: &['"', '\''],
        long: &['"', '\''],
        ..PLAIN
    },
    Language {
        names: "yaml yml toml ini cfg conf properties nix hcl terraform tf",
        keywords: "true false null yes no on off let in with inherit resource variable provider module output",
        line: &["#"],
        quotes: &['"', '\''],
        ..PLAIN
    },
    Language {
        names: "sql postgresql postgres mysql sqlite plsql",
        keywords: "add all alter and as asc begin between by case check column commit constraint create cross default delete \
            desc distinct drop else end exists foreign from full group having if in index inner insert into is join key left \
            like limit not null offset on or order outer primary references returning right rollback select set table then \
            union unique update using values view when where with",
        line: &["--"],
        block: Some(("/*", "*/")),
        quotes: &['\'', '"'],
        caseless: true,
        ..PLAIN
    },
    Language {
        names: "lua haskell hs elm ada",
        keywords: "and begin break case class data deriving do else elseif end false for function goto if import in instance \
            is let local module newtype nil not of or procedure repeat return then true type until where while",
        line: &["--"],
        quotes: &['"'],
        ..PLAIN
    },
    Language {
        names: "html xml svg vue markdown md",
        keywords: "",
        block: Some(("<!--", "-->")),
        quotes: &['"'],
        ..PLAIN
    },
    Language {
        names: "lisp clojure clj scheme racket elisp asm nasm",
        keywords: "call cond def defmacro defn defun fn if jmp lambda let loop mov nil ns pop push quote recur ret",
        line: &[";"],
        quotes: &['"'],
        ..PLAIN
    },
];

/// The position in the code.
#[derive(Debug)]
enum LexerState {
    Plain,
    /// A word or number, held until it ends.
    Word(String),
    /// A possible start of a comment.
    Opening(String),
    Text {
        quote: char,
        escaped: bool,
    },
    LineComment,
    /// The last characters, for the end of the comment.
    BlockComment(String),
    /// A line of a patch.
    Line(Token),
}

/// Reads code a character at a time; a word is held until it ends.
#[derive(Debug)]
pub(crate) struct Lexer {
    language: &'static Language,
    patch: bool,
    line_begins: bool,
    at: LexerState,
}

impl Lexer {
    /// A highlighter for the language `name`; unknown languages stay plain.
    #[must_use]
    pub(crate) fn new(name: &str) -> Self {
        let name = name.trim_start_matches('{').trim_start_matches('.').to_ascii_lowercase();
        let known = LANGUAGES.iter().find(|language| has(language.names, &name, false));
        let patch = matches!(name.as_str(), "diff" | "patch");
        Self { language: known.unwrap_or(&PLAIN), patch, line_begins: true, at: LexerState::Plain }
    }

    /// Takes the next character and emits decided text.
    pub(crate) fn push(&mut self, c: char, give: &mut impl FnMut(char, Token)) {
        let begins = std::mem::replace(&mut self.line_begins, c == '\n');
        self.at = match std::mem::replace(&mut self.at, LexerState::Plain) {
            LexerState::Plain if self.patch && begins => match c {
                '+' => line(c, Token::Added, give),
                '-' => line(c, Token::Removed, give),
                '@' => line(c, Token::Comment, give),
                _ => self.plain(c, give),
            },
            LexerState::Plain => self.plain(c, give),
            LexerState::Word(mut word) if is_word(c) || (c == '.' && starts_number(&word)) => {
                word.push(c);
                LexerState::Word(word)
            }
            LexerState::Word(word) => {
                self.word(&word, give);
                self.plain(c, give)
            }
            LexerState::Opening(held) => self.opening(held, c, give),
            LexerState::Text { quote, escaped } => {
                give(c, Token::Text);
                match c {
                    '\n' if !self.language.long.contains(&quote) => LexerState::Plain,
                    _ if c == quote && !escaped => LexerState::Plain,
                    _ => LexerState::Text { quote, escaped: c == '\\' && !escaped },
                }
            }
            LexerState::LineComment | LexerState::Line(_) if c == '\n' => {
                give(c, Token::Plain);
                LexerState::Plain
            }
            LexerState::LineComment => {
                give(c, Token::Comment);
                LexerState::LineComment
            }
            LexerState::Line(token) => line(c, token, give),
            LexerState::BlockComment(mut seen) => {
                give(c, Token::Comment);
                seen.push(c);
                let end = self.language.block.map_or("", |(_, end)| end);
                if seen.ends_with(end) {
                    LexerState::Plain
                } else {
                    let keep = seen.char_indices().rev().nth(end.len()).map_or(0, |(at, _)| at);
                    LexerState::BlockComment(seen.split_off(keep))
                }
            }
        };
    }

    /// Emits the held text at the end.
    pub(crate) fn end(&mut self, give: &mut impl FnMut(char, Token)) {
        match std::mem::replace(&mut self.at, LexerState::Plain) {
            LexerState::Word(word) => self.word(&word, give),
            LexerState::Opening(held) => held.chars().for_each(|c| give(c, Token::Plain)),
            LexerState::Plain
            | LexerState::Text { .. }
            | LexerState::LineComment
            | LexerState::BlockComment(_)
            | LexerState::Line(_) => {}
        }
    }

    fn plain(&mut self, c: char, give: &mut impl FnMut(char, Token)) -> LexerState {
        let language = self.language;
        if self.opens(&c.to_string()) {
            return self.opening(String::new(), c, give);
        }
        if language.quotes.contains(&c) || language.long.contains(&c) {
            give(c, Token::Text);
            return LexerState::Text { quote: c, escaped: false };
        }
        if is_word(c) && !language.names.is_empty() {
            return LexerState::Word(c.to_string());
        }
        give(c, Token::Plain);
        LexerState::Plain
    }

    /// Returns `true` if a comment start begins with `held`.
    fn opens(&self, held: &str) -> bool {
        self.openings().any(|opening| opening.starts_with(held))
    }

    fn openings(&self) -> impl Iterator<Item = &'static str> {
        self.language.line.iter().copied().chain(self.language.block.map(|(begin, _)| begin))
    }

    fn opening(&mut self, mut held: String, c: char, give: &mut impl FnMut(char, Token)) -> LexerState {
        held.push(c);
        if self.openings().any(|opening| opening == held) {
            held.chars().for_each(|c| give(c, Token::Comment));
            let block = self.language.block.is_some_and(|(begin, _)| begin == held);
            return if block { LexerState::BlockComment(String::new()) } else { LexerState::LineComment };
        }
        if self.opens(&held) {
            return LexerState::Opening(held);
        }
        // The first character starts nothing; the others may.
        let mut held = held.chars();
        if let Some(first) = held.next() {
            give(first, Token::Plain);
        }
        let rest: Vec<char> = held.collect();
        self.at = LexerState::Plain;
        for c in rest {
            self.push(c, give);
        }
        std::mem::replace(&mut self.at, LexerState::Plain)
    }

    fn word(&self, word: &str, give: &mut impl FnMut(char, Token)) {
        let token = if starts_number(word) {
            Token::Number
        } else if has(self.language.keywords, word, self.language.caseless) {
            Token::Keyword
        } else {
            Token::Plain
        };
        word.chars().for_each(|c| give(c, token));
    }
}

fn line(c: char, token: Token, give: &mut impl FnMut(char, Token)) -> LexerState {
    give(c, token);
    LexerState::Line(token)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

fn has(words: &str, word: &str, caseless: bool) -> bool {
    let mut words = words.split_whitespace();
    words.any(|known| known == word || (caseless && known.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `code` with a letter for each character: keyword, text, number, comment, added, removed.
    fn check(language: &str, code: &str, want: &str) {
        let (mut given, mut found) = (String::new(), String::new());
        let mut lexer = Lexer::new(language);
        let mut give = |c: char, token: Token| {
            given.push(c);
            found.push(match token {
                Token::Plain => '.',
                Token::Keyword => 'k',
                Token::Text => 't',
                Token::Number => 'n',
                Token::Comment => 'c',
                Token::Added => '+',
                Token::Removed => '-',
            });
        };
        code.chars().for_each(|c| lexer.push(c, &mut give));
        lexer.end(&mut give);
        assert_eq!((given.as_str(), found.as_str()), (code, want));
    }

    #[test]
    fn words_of_the_language_and_others() {
        check("rust", "let lets = 1.5;", "kkk........nnn.");
        check("sql", "Select x", "kkkkkk..");
    }

    #[test]
    fn comments_end_where_they_end() {
        check("js", "a//b\nc", ".ccc..");
        check("c", "/*a*/1", "cccccn");
        check("c", "a/b/1", "....n");
        check("lua", "a-1--x", "..nccc");
        check("html", "<!--a--><b>", "cccccccc...");
    }

    #[test]
    fn texts_end_with_their_quote_or_their_line() {
        check("py", "'a\\'b'1", "ttttttn");
        check("py", "'a\n1", "tttn");
        check("js", "`a\n1`", "ttttt");
        check("rust", "'a '1'", "....n.");
    }

    #[test]
    fn a_patch_is_coloured_by_lines() {
        check("diff", "+a\n-b\n c", "++.--...");
    }

    #[test]
    fn an_unknown_language_stays_as_it_is() {
        check("brainfuck", "let \"a\" 1 // x", "..............");
        check("", "let", "...");
    }

    proptest! {
        #[test]
        fn no_character_is_lost(language in "rust|js|py|sql|html|diff|sh|lua|none", code in "[a-z0-9 \"'`/*#<!>\\-\n\\\\+é]{0,60}") {
            let mut given = String::new();
            let mut lexer = Lexer::new(&language);
            code.chars().for_each(|c| lexer.push(c, &mut |c, _| given.push(c)));
            lexer.end(&mut |c, _| given.push(c));
            prop_assert_eq!(given, code);
        }
    }
}
