//! The parts that OpenAI's two APIs have in common: options, tools, reasoning, errors, and bodies that are passed on.

pub(crate) mod citations;
pub(crate) mod input;
pub(crate) mod line;
pub(crate) mod members;
pub(crate) mod models;
pub(crate) mod options;
pub(crate) mod passing;
pub(crate) mod problem;
pub(crate) mod reasoning;
pub(crate) mod relay;
pub(crate) mod sampling;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tools;
pub(crate) mod usage;
