//! One attempt to find credentials: reads the files again, and connects to containers, instances and services.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use zeroize::Zeroizing;

use super::Context;
use super::files::Files;
use super::looked::Found;
use super::settings::Settings;
use super::waiting::Waiting;
use crate::credentials::{Credentials, ProvideCredentials, Variables};
use crate::error::Result;
use crate::headers::Headers;
use crate::json::Writer;
use crate::machine::{ContainerCredentials, ImdsCredentials};
use crate::method::Method;
use crate::platform::Runtime;
use crate::sources::http::Connection;
use crate::sources::service_host::ServiceHost;
use crate::transport::{HttpRequest, Transport};

/// Limit on one request to SSO or AWS Sign-In.
const LIMIT: Duration = Duration::from_secs(15);

/// The state of one attempt: the contents of the files, the chosen profile and the connection settings.
pub(super) struct Attempt {
    pub(super) variables: Arc<dyn Variables>,
    /// The variables. For a variable that is not set, the profile's setting is used.
    pub(super) settings: Arc<dyn Variables>,
    pub(super) files: Files,
    pub(super) profile: String,
    /// Whether the profile was chosen in code.
    pub(super) explicit: bool,
    pub(super) region: Option<String>,
    pub(super) transport: Option<Arc<dyn Transport>>,
    direct: Option<Arc<dyn Transport>>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) waiting: Arc<Waiting>,
}

impl Attempt {
    /// Reads the files.
    ///
    /// # Errors
    /// `Config`, if a file is malformed, or if a profile was chosen that does not exist.
    pub(super) fn new(context: &Context) -> Result<Self> {
        context.waiting.clear();
        let files = Files::read(&*context.variables)?;
        let chosen = match &context.profile {
            Some(name) => Some((name.clone(), "")),
            None => chosen_profile(&*context.variables),
        };
        if let Some((name, from)) = &chosen
            && files.profile(name).is_none()
        {
            return Err(files.no_profile(name, from));
        }
        let profile = chosen.map_or_else(|| "default".to_owned(), |(name, _)| name);
        Ok(Self {
            variables: Arc::clone(&context.variables),
            settings: Arc::new(Settings::read(&context.variables, &files, &profile)?),
            files,
            profile,
            explicit: context.profile.is_some(),
            region: context.region.clone(),
            transport: context.transport.clone(),
            direct: context.direct.clone(),
            runtime: Arc::clone(&context.runtime),
            waiting: Arc::clone(&context.waiting),
        })
    }

    /// Returns the credentials of a container, if variables name its address.
    pub(super) async fn container(&self) -> Result<Found> {
        if !ContainerCredentials::is_configured(&*self.variables) {
            let names =
                "neither `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set";
            return Ok(Err(names.to_owned()));
        }
        let mut provider = ContainerCredentials::new().with_environment(self.environment());
        if let Some(transport) = &self.direct {
            provider = provider.with_transport(Arc::clone(transport));
        }
        let provider = provider.with_runtime(Arc::clone(&self.runtime));
        self.waiting.on("the container".to_owned(), provider.credentials()).await.map(Ok)
    }

    /// Returns the credentials of an instance.
    pub(super) async fn instance(&self) -> Result<Credentials> {
        let mut provider = ImdsCredentials::new().with_environment(self.environment());
        if let Some(transport) = &self.direct {
            provider = provider.with_transport(Arc::clone(transport));
        }
        let provider = provider.with_runtime(Arc::clone(&self.runtime));
        self.waiting.on("the instance (IMDS)".to_owned(), provider.credentials()).await
    }

    /// Returns a function that reads a variable, or else the profile's setting for it.
    pub(super) fn environment(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let settings = Arc::clone(&self.settings);
        move |name| settings.get(name)
    }

    /// Returns how services are reached.
    pub(super) fn connection(&self) -> Connection {
        let mut connection = Connection::new(LIMIT);
        if let Some(transport) = &self.transport {
            connection.set_transport(Arc::clone(transport));
        }
        connection.runtime = Arc::clone(&self.runtime);
        connection
    }

    /// Returns the settings of a service's host.
    pub(super) fn service_host(&self, region: &str) -> ServiceHost {
        let variables = Arc::clone(&self.settings);
        ServiceHost { region: Some(region.to_owned()), endpoint_url: None, fips: None, variables }
    }

    /// Returns an unsigned request with a JSON body.
    pub(super) fn post_json(&self, url: String, body: Writer) -> HttpRequest {
        let mut headers = Headers::new();
        headers.push("content-type", "application/json");
        headers.push("accept", "application/json");
        let body = Bytes::from_owner(Zeroizing::new(body.finish().into_bytes()));
        HttpRequest::new(Method::Post, url).with_headers(headers).with_body(body)
    }
}

/// Returns the profile in `AWS_DEFAULT_PROFILE`, else in `AWS_PROFILE`, and the variable, as in errors. botocore has the same
/// order.
fn chosen_profile(variables: &dyn Variables) -> Option<(String, &'static str)> {
    let set = |name: &str| variables.get(name).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let first = set("AWS_DEFAULT_PROFILE").map(|name| (name, " (`AWS_DEFAULT_PROFILE`)"));
    first.or_else(|| set("AWS_PROFILE").map(|name| (name, " (`AWS_PROFILE`)")))
}
