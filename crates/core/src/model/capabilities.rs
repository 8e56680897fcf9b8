//! The capabilities of a deployment besides text.

/// The capabilities of a deployment. `None` is unknown: the deployment may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// It accepts images.
    pub vision: Option<bool>,
    /// It accepts PDF files.
    pub pdf: Option<bool>,
    /// It calls tools.
    pub tools: Option<bool>,
    /// It can be held to a JSON Schema, natively or by an instruction.
    pub schema: Option<bool>,
}
