//! Spans in the form that a collector receives: exported over OTLP, read with OpenTelemetry's own protobuf messages.

use std::collections::BTreeMap;

use local_bedrock::{HANGS, soon};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1 as wire;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message as _;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use crate::recorder::Recorder;

/// A program whose spans go to a collector.
pub(crate) struct Exporting {
    provider: SdkTracerProvider,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Exporting {
    /// Sends all spans of this thread to the collector at this URL.
    pub(crate) fn to(url: &str) -> Self {
        // The exporter uses reqwest too. This crate installs the cryptography provider, so it must be first.
        bedrock_chat::ReqwestTransport::new(None).unwrap();
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{url}/v1/traces"))
            .with_timeout(HANGS)
            .build()
            .unwrap();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        Self { provider, _subscriber: subscriber }
    }

    /// Waits until all spans that have ended are sent.
    pub(crate) async fn flush(&self) {
        let flush = async || {
            let provider = self.provider.clone();
            tokio::task::spawn_blocking(move || provider.force_flush()).await.unwrap()
        };
        // A flush has a fixed limit of 5 seconds, which is short on a busy machine.
        let flushed = async {
            loop {
                match flush().await {
                    Err(OTelSdkError::Timeout(_)) => {}
                    done => return done,
                }
            }
        };
        soon(flushed).await.unwrap();
    }

    /// Sends all spans and returns all that the collector has received, in the order of their ends.
    pub(crate) async fn spans(&self, collector: &Recorder) -> Vec<Span> {
        self.flush().await;
        let mut spans = Vec::new();
        for request in collector.requests() {
            let export = ExportTraceServiceRequest::decode(request.body.as_slice()).expect("a message of OTLP's");
            for resource in export.resource_spans {
                spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(Span::from));
            }
        }
        spans
    }

    /// The only span.
    pub(crate) async fn span(&self, collector: &Recorder) -> Span {
        let [span] = <[Span; 1]>::try_from(self.spans(collector).await).expect("one span");
        span
    }
}

/// A span in a form that is easy to check.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) kind: wire::span::SpanKind,
    pub(crate) id: Vec<u8>,
    pub(crate) parent: Vec<u8>,
    pub(crate) status: Option<wire::Status>,
    pub(crate) attributes: BTreeMap<String, Value>,
    pub(crate) events: Vec<(String, BTreeMap<String, Value>)>,
}

impl Span {
    /// An attribute; null if there is none.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.attributes.get(name).cloned().unwrap_or_default()
    }

    /// An attribute whose text is JSON.
    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(self.get(name).as_str().unwrap_or("null")).unwrap()
    }
}

impl From<wire::Span> for Span {
    fn from(span: wire::Span) -> Self {
        Self {
            kind: span.kind(),
            name: span.name,
            id: span.span_id,
            parent: span.parent_span_id,
            status: span.status,
            attributes: attributes(span.attributes),
            events: span.events.into_iter().map(|event| (event.name, attributes(event.attributes))).collect(),
        }
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, Value> {
    let mut attributes = BTreeMap::new();
    for pair in pairs {
        let twice = attributes.insert(pair.key.clone(), pair.value.map(plain).unwrap_or_default());
        assert!(twice.is_none(), "{} is there twice", pair.key);
    }
    attributes
}

fn plain(value: AnyValue) -> Value {
    match value.value {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::IntValue(number)) => json!(number),
        Some(any_value::Value::DoubleValue(number)) => json!(number),
        Some(any_value::Value::BoolValue(truth)) => json!(truth),
        other => panic!("no test expects {other:?}"),
    }
}
