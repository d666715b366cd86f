//! The borrowed view of JSON and the lean writer that every codec shares.
//!
//! Codecs never build a `serde_json::Value` and derive nothing per message. They walk a [`View`], which is validated
//! once and then navigated without allocation, and write with a [`Writer`]. All wire shapes share one instantiation. A
//! field that is not read is still there as raw text, so it can be kept.

#[cfg(test)]
pub(crate) mod arbitrary;
mod check;
mod lex;
mod members;
mod merge;
mod number;
mod owned;
mod partial;
mod scan;
mod writer;

pub use check::JsonError;
pub(crate) use merge::{combined, merged};
pub(crate) use number::{parse_f64, parse_u64};
pub use owned::Json;
pub(crate) use owned::same;
pub use partial::{PartialJson, embedded};
pub(crate) use scan::unescaped;
pub use scan::{Entries, Items, Kind, View};
pub use writer::Writer;
pub(crate) use writer::quoted;
