//! Markdown on a terminal.

use proptest::prelude::*;

use super::*;

fn render(text: &str, width: usize) -> String {
    let mut renderer = Renderer::new(width);
    renderer.push(text) + &renderer.finish()
}

/// The text without colours.
fn check(text: &str, want: &str) {
    assert_eq!(without_codes(&render(text, 80)), want);
}

/// The text with its codes, without their escapes.
fn check_codes(text: &str, want: &str) {
    assert_eq!(render(text, 80).replace('\u{1b}', ""), want);
}

#[test]
fn text_is_given_out_at_once() {
    let mut renderer = Renderer::new(80);
    assert_eq!(renderer.push("T"), "T");
    assert_eq!(renderer.push("he s"), "he s");
    assert_eq!(renderer.push("ky *"), "ky ");
    assert_eq!(renderer.push("is*"), "\u{1b}[0;3mis");
    assert_eq!(renderer.push(" blue"), "\u{1b}[0m blue");
    assert_eq!(renderer.push("\n4"), "\n4");
}

/// The screen of a terminal of `width` columns.
fn screen(text: &str, width: u16) -> String {
    let mut terminal = vt100::Parser::new(60, width, 0);
    terminal.process(render(text, usize::from(width)).replace('\n', "\r\n").as_bytes());
    let lines: Vec<String> = terminal.screen().rows(0, width).map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}

fn check_wrapped(text: &str, width: u16, want: &str) {
    assert_eq!(screen(text, width), want);
}

#[test]
fn prose_wraps_at_words() {
    check_wrapped("The sky is blue.", 8, "The sky\nis blue.");
    check_wrapped("The **sky** is `blue`.", 7, "The sky\nis\nblue.");
    check_wrapped("# A long title", 8, "A long\ntitle");
    check_wrapped("a bcdefghij k", 4, "a\nbcde\nfghi\nj k");
    check_wrapped("日本語です", 4, "日本\n語で\nす");
}

#[test]
fn continued_lines_of_items_and_quotes_are_indented() {
    check_wrapped("- one two three", 9, "• one two\n  three");
    check_wrapped("> one two three", 9, "│ one two\n│ three");
}

#[test]
fn no_word_breaks_at_any_width() {
    let text = "The quick brown fox jumps over the lazy dog, and *then* some `code` and **bold text** follow.";
    let words = |width| screen(text, width).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for width in 8..100 {
        assert_eq!(words(width), words(200), "{width}");
    }
}

#[test]
fn emphasis_loses_its_marks() {
    check_codes("**a** *b* __c__ _d_ ~~e~~", "[0;1ma[0m [0;3mb[0m [0;1mc[0m [0;3md[0m [0;9me[0m");
    check_codes("***a***.", "[0;1;3ma[0m.");
    check_codes("**a *b* c**", "[0;1ma [0;1;3mb[0;1m c[0m");
}

#[test]
fn marks_that_are_no_emphasis_stay() {
    check(
        "5*3=15, 2**10, a * b, snake_case_name, ~5, 3 ~ 4, \\*a\\*",
        "5*3=15, 2**10, a * b, snake_case_name, ~5, 3 ~ 4, *a*",
    );
    check("a\\b \\", "a\\b \\");
}

#[test]
fn emphasis_that_is_not_closed_ends_with_its_block() {
    check_codes("**a\n\nb", "[0;1ma[0m\n\nb");
    check_codes("- **a\n- b", "[0;35m• [0;1ma[0m\n[0;35m• [0mb");
}

#[test]
fn code_keeps_what_is_in_it() {
    check_codes("a `b*c*` d", "a [0;36mb*c*[0m d");
    check("``a`b``", "a`b");
}

#[test]
fn headings_have_no_marks_and_end_with_their_line() {
    check_codes("## A *b*\nc", "[0;1;35mA [0;1;3;35mb[0m\nc");
    check("#no\n####### no", "#no\n####### no");
}

#[test]
fn items_get_a_bullet() {
    check("- a\n  * b\n+ c\n1. d\n2) e", "• a\n  • b\n• c\n1. d\n2) e");
    check("-a\n-\n*", "-a\n-\n*");
}

#[test]
fn quotes_get_a_bar() {
    check("> a\n> > b\n\nc", "│ a\n│ │ b\n\nc");
}

#[test]
fn rules_are_drawn() {
    check("a\n***\nb\n---", &format!("a\n{0}\nb\n{0}", "─".repeat(40)));
    check("--", "--");
}

#[test]
fn links_show_their_address() {
    check("see [it](https://a.example/b_(c)) now", "see it (https://a.example/b_(c)) now");
    check("![a *b*](c)", "a b (c)");
    check("<https://a.example> [https://a](https://a)", "<https://a.example> https://a");
    check("[1] and a[0](x", "[1] and a[0](x");
    check("- [ ] a", "• [ ] a");
    check("[a\nb](c)!", "[a\nb](c)!");
}

#[test]
fn fenced_code_is_framed_and_coloured() {
    check("```rust\nlet a = \"*b*\";\n```\nc", "┌ rust\nlet a = \"*b*\";\n└\nc");
    check_codes("~~~rs\nfn a\n~~~", "[0;90m┌ rs[0m\n[0;1;34mfn[0m a\n[0;90m└[0m");
    check("1. x\n   ```\n   a\n     b\n   ```\ny", "1. x\n┌\na\n  b\n└\ny");
    check("````\n```\n````", "┌\n```\n└");
    check("> ```\n> a\n> ```\n> b", "│ ┌\na\n└\n│ b");
    check("> ```\n> a\nb", "│ ┌\na\n└\nb");
}

#[test]
fn code_that_is_not_closed_reaches_to_the_end() {
    check("```\na\n  ", "┌\na\n  ");
    check("```\na\n```", "┌\na\n└");
    check("```sh", "┌ sh\n");
    check("```a``` b", "a b");
}

#[test]
fn a_table_is_drawn_when_it_ends() {
    let mut renderer = Renderer::new(80);
    assert_eq!(renderer.push("| a | b |\n|---|--:|\n| **long** | 1 |\n"), "");
    let table = "a    │ b\n─────┼──\nlong │ 1\n";
    assert_eq!(without_codes(&renderer.push("x")), format!("{table}x"));
    check("|a|b|\n|-|-|\n|日本|`x|y`|", "a    │ b\n─────┼────\n日本 │ x|y\n");
    check("|a|b|c\n|:-:|-|-|\n|123|\\||", " a  │ b │ c\n────┼───┼──\n123 │ |\n");
}

#[test]
fn what_looks_like_a_table_and_is_none_stays() {
    check("| a | b |\nc", "| a | b |\nc");
    check("|x|\n|y|\n|z|", "|x|\n|y|\n|z|\n");
}

#[test]
fn a_table_too_wide_is_listed() {
    let table = "|name|what|\n|-|-|\n|one|a long text|\n|two|b|";
    assert_eq!(without_codes(&render(table, 12)), "name: one\nwhat: a long text\n───\nname: two\nwhat: b\n");
}

#[test]
fn a_table_without_end_is_given_out() {
    let row = format!("|{}|\n", "x".repeat(1000));
    let mut renderer = Renderer::new(80);
    let mut out = renderer.push("|a|\n|-|\n");
    (0..80).for_each(|_| out += &renderer.push(&row));
    assert!(out.len() > 64 * 1024, "{}", out.len());
}

#[test]
fn the_heads_of_a_wide_table_are_cut() {
    let head = "h".repeat(4000);
    let table = format!("|{head}|b|\n|-|-|\n{}", "|a|b|\n".repeat(9000));
    let shown = render(&table, 80);
    assert!(without_codes(&shown).starts_with(&format!("{}…: a\nb: b\n───\n", "h".repeat(19))), "{:.200}", shown);
    assert!(shown.len() < 40 * table.len(), "{} of {}", shown.len(), table.len());
    let marks = format!("|{}x{}|\n|-|\n|a|\n", "\u{301}".repeat(2000), "y".repeat(90));
    assert!(render(&marks, 80).len() < 2 * marks.len());
}

#[test]
fn cells_that_are_not_there_take_no_room() {
    let table = format!("|{}\n|{}\n{}", "a|".repeat(20), "-|".repeat(20), "|\n".repeat(9000));
    let shown = render(&table, 200);
    assert!(shown.len() < 8 * table.len(), "{} of {}", shown.len(), table.len());
}

/// For any length of `text`, at most a line of marks or of a table is held back: the beginning of a line
/// is looked at again with each character of it.
#[track_caller]
fn keeps_up(begin: &str, text: &str) {
    let mut renderer = Renderer::new(80);
    let mut shown = without_codes(&renderer.push(begin)).chars().count();
    for (n, c) in text.chars().enumerate() {
        shown += without_codes(&renderer.push(c.encode_utf8(&mut [0; 4]))).chars().count();
        assert!(n < shown + ROW + MARKS, "{begin:?}: {shown} characters are out after {n}");
    }
}

#[test]
fn hostile_lines_are_not_held_back() {
    let spaces = " ".repeat(20_000);
    for begin in ["", "> ", "> ```\n> a\n", "> ~~~\n>", "> > ```\n> ", "```\n", "   ```\n", "- ", "1. ", "# "] {
        keeps_up(begin, &spaces);
    }
    // Only the length of a run of emphasis marks or backticks is held.
    for mark in ["-", "#", "+", "1", ">"] {
        keeps_up("", &mark.repeat(20_000));
    }
    for mark in ["`", "~", "-", ">", " "] {
        keeps_up("```\n", &mark.repeat(20_000));
    }
}

#[test]
fn quotes_end_at_some_depth() {
    let shown = without_codes(&render(&"> ".repeat(1000), 10_000));
    assert_eq!(shown, "│ ".repeat(QUOTES) + &"> ".repeat(1000 - QUOTES));
    let code = "> ".repeat(QUOTES) + "```\n";
    let shown = without_codes(&render(&format!("{code}{}let\n", "> ".repeat(QUOTES)), 80));
    assert!(shown.ends_with("┌\nlet\n"), "{shown}");
}

#[test]
fn controls_are_made_visible() {
    check("a\u{1b}[2Jb\u{9b}\r\nc\u{202e}", "a␛[2Jb\u{fffd}\nc\u{fffd}");
    check("```\n\u{1b}]52;c;x\u{7}\n```", "┌\n␛]52;c;x␇\n└");
}

#[test]
fn after_the_end_a_new_text_begins() {
    let mut renderer = Renderer::new(80);
    let first = renderer.push("```\n**a") + &renderer.finish();
    assert_eq!(without_codes(&first), "┌\n**a");
    assert_eq!(renderer.push("b") + &renderer.end_line(), "b\n");
    assert_eq!(renderer.push("b\n") + &renderer.end_line(), "b\n");
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Pieces that make Markdown of every kind.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9é日]{1,6}",
        2 => Just(" ".to_owned()),
        2 => Just("\n".to_owned()),
        1 => prop::sample::select(vec![
            "*", "**", "***", "_", "__", "~~", "`", "``", "```", "```rust\n", "\n```\n", "~~~", "# ", "## ", "- ", "* ", "> ",
            "1. ", "|", "| a | b |\n|---|---|\n", "---\n", "[", "](", ")", "![", "\\", "\t", "\n\n", "\r\n", "\u{1b}[31m",
            "\"", "//", "/*", "'",
        ]).prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn the_output_does_not_depend_on_how_the_input_is_cut(pieces in prop::collection::vec(piece(), 0..40), cut in 1..7_usize) {
        let text = pieces.concat();
        let whole = render(&text, 80);
        let mut renderer = Renderer::new(80);
        let chars: Vec<char> = text.chars().collect();
        let mut parts: String = chars.chunks(cut).map(|part| renderer.push(&part.iter().collect::<String>())).collect();
        parts += &renderer.finish();
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn the_words_stay_in_their_order(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let shown = words(&without_codes(&render(&text, 100_000)));
        let mut shown = shown.join(" ");
        for word in words(&text) {
            let at = shown.find(&word);
            prop_assert!(at.is_some(), "`{}` of {:?} is not in {:?}", word, text, shown);
            shown = shown[at.unwrap() + word.len()..].to_owned();
        }
    }

    #[test]
    fn the_terminal_gets_no_codes_but_colours(pieces in prop::collection::vec(piece(), 0..40)) {
        let shown = without_codes(&render(&pieces.concat(), 80));
        prop_assert!(!shown.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{:?}", shown);
        let whole = render(&pieces.concat(), 80);
        let (codes, escapes) = (whole.matches("\u{1b}[").count(), whole.matches('\u{1b}').count());
        prop_assert_eq!(codes, escapes);
    }
}
