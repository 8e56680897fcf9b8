//! Text of a model on its way to a terminal or into a line of JSON, and secrets in the text of a server.

pub use llmroute::ui::sanitize;
use llmroute_core::model::redact::redact;

/// Neutralises `data` and looks for what is still harmful.
pub fn terminal(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let shown = sanitize::text(&text);
    let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!shown.contains(harmful), "a control character in {shown:?}");
    assert!(!shown.contains(['\u{202e}', '\u{2066}']), "a turn of direction in {shown:?}");
    assert_eq!(sanitize::text(&shown), shown, "what is harmless stays");
    assert!(shown.len() <= 3 * text.len(), "{} bytes of {}", shown.len(), text.len());
    let value = serde_json::Value::from(text.as_ref());
    let line = value.to_string();
    let line = sanitize::json(&line);
    assert!(!line.contains(char::is_control), "a control character in {line:?}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).ok(), Some(value));
    secrets(&text);
}

/// Takes the first line for a secret that the rest may hold.
fn secrets(text: &str) {
    let (secret, said) = text.split_once('\n').unwrap_or((text, ""));
    let said: String = said.chars().take(1000).collect();
    let clean = redact(&said, &[secret]);
    let mark = "[redacted]";
    // What can stand in a header, and is no part of what stands in its place.
    let is_secret = secret.len() >= 8 && secret.bytes().all(|byte| byte.is_ascii_graphic()) && !mark.contains(secret);
    assert!(!is_secret || !clean.contains(secret), "a secret is left in {clean:?}");
}
