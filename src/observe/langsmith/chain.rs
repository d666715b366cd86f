//! Runs of callers.

use std::fmt;
use std::sync::Arc;

use super::run::{Outcome, Started};
use super::{CANCELLED, LangSmith};
use crate::json::Json;
use crate::observe::RunConfig;

/// A custom run in LangSmith, such as an agent or a request, which can contain model calls and other runs. From
/// [`LangSmith::chain`]. A run that is dropped without an end is reported as cancelled.
///
/// ```
/// use bedrock_chat::{BedrockChat, Json, LangSmith, RunConfig};
///
/// async fn serve(chat: &BedrockChat, langsmith: &LangSmith, question: &str) -> bedrock_chat::Result<String> {
///     let config = RunConfig::default().with_name("answer");
///     let run = langsmith.chain(&config, Json::string(question));
///     match chat.with_config(run.config()).invoke(question).await {
///         Ok(reply) => {
///             run.end(Json::string(&reply.text()));
///             Ok(reply.text())
///         }
///         Err(error) => {
///             run.fail(&error);
///             Err(error)
///         }
///     }
/// }
/// ```
pub struct ChainRun {
    langsmith: LangSmith,
    run: Arc<Started>,
    /// Whether the end of the run is still to be posted.
    open: bool,
}

impl fmt::Debug for ChainRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainRun").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl ChainRun {
    pub(super) fn new(langsmith: LangSmith, run: Arc<Started>, open: bool) -> Self {
        Self { langsmith, run, open }
    }

    /// Returns the run's id, a UUID.
    pub fn id(&self) -> &str {
        &self.run.place.id
    }

    /// Returns the position of the run in its trace: LangSmith's dotted order. Another process can receive it in the
    /// header `langsmith-trace`, so that its runs become part of this run: see [`RunConfig::parent_dotted_order`].
    pub fn dotted_order(&self) -> &str {
        &self.run.place.dotted_order
    }

    /// Returns the configuration of runs that are part of this run. They have its tags and metadata.
    pub fn config(&self) -> RunConfig {
        RunConfig {
            parent_id: Some(self.id().to_owned()),
            parent_dotted_order: Some(self.dotted_order().to_owned()),
            tags: self.run.tags.clone(),
            metadata: self.run.metadata.clone(),
            ..RunConfig::default()
        }
    }

    /// Ends the run with its outputs.
    pub fn end(mut self, outputs: impl Into<Json>) {
        self.finish(Outcome::Outputs(outputs.into()));
    }

    /// Ends the run with an error.
    pub fn fail(mut self, error: &dyn fmt::Display) {
        self.finish(Outcome::Failed { error: error.to_string(), partial: None });
    }

    fn finish(&mut self, outcome: Outcome) {
        if std::mem::take(&mut self.open) {
            self.langsmith.end(&self.run, outcome, Vec::new(), Vec::new());
        }
    }
}

impl Drop for ChainRun {
    fn drop(&mut self) {
        self.finish(Outcome::Failed { error: CANCELLED.to_owned(), partial: None });
    }
}
