//! The repair of JSON: done once, never worse, and proportional to the input.

use llmroute_core::wire::json_repair::repair;
use serde_json::Value;

/// Repairs `data` twice.
pub fn repair_twice(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(repaired) = repair(&text) else { return };
    assert!(repaired.len() <= 6 * text.len(), "{} bytes became {}", text.len(), repaired.len());
    assert_eq!(repair(&repaired), None, "a repaired text is repaired again");
    if serde_json::from_str::<Value>(&text).is_ok() {
        assert!(serde_json::from_str::<Value>(&repaired).is_ok(), "JSON became {repaired:?}");
    }
}
