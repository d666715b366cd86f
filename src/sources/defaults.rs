//! The settings that the default provider of a chat depends on.

use std::sync::Arc;

use crate::credentials::Variables;
use crate::platform::Runtime;
use crate::transport::Transport;

/// The settings of a chat that its default provider needs.
#[allow(dead_code, reason = "on wasm32 only the variables are read")]
pub(crate) struct DefaultOf<'a> {
    pub(crate) variables: Arc<dyn Variables>,
    /// The profile that was chosen on the builder.
    pub(crate) profile: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) transport: Arc<dyn Transport>,
    /// The transport, if it was set on the builder.
    pub(crate) own_transport: Option<Arc<dyn Transport>>,
    pub(crate) runtime: Arc<dyn Runtime>,
}
