//! Profiles: any text is a profile or is told what is wrong with it, in its place.

use llmroute_router::profile::{EnvVars, LoadOptions, Profile, Severity, Source};

/// Reads `data` as a profile; no file of this machine is.
pub fn profile(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace("file:", "env:");
    let vars = EnvVars::from_iter([("KEY", "sk-0123456789abcdef")]);
    let inputs = LoadOptions { env: &vars, long_lived: false };
    match Profile::parse(Source::Demo, &text, &inputs) {
        Ok(profile) => {
            assert!(profile.notes.iter().all(|note| note.severity != Severity::Error), "a profile with a mistake");
            assert_eq!(profile.endpoints.len(), profile.keys.len());
            let _ = profile.render_notes(true);
        }
        Err(error) => {
            assert!(error.diagnostics.iter().any(|found| found.severity == Severity::Error), "wrong, but not why");
            assert!(error.document.text.len() <= text.len(), "the copy is longer than the text");
            assert!(!error.render(false).is_empty());
        }
    }
}
