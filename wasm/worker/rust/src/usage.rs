//! The use of the gateway: a log line for each call, and a data point in Workers Analytics Engine.

use bedrock_chat::gateway::GatewayCall;
use worker::{AnalyticsEngineDataPointBuilder, AnalyticsEngineDataset, Env, console_error, console_log};

/// The maximum length of an index, in bytes.
const MAX_INDEX: usize = 96;

/// The maximum length of a blob here, in characters. All blobs of a data point together have at most 16 KB.
const MAX_BLOB: usize = 1000;

/// Returns a function that records a call. The binding `ANALYTICS` is optional.
pub(crate) fn recorder(env: &Env) -> impl Fn(&GatewayCall) + 'static {
    let dataset = env.analytics_engine("ANALYTICS").ok();
    move |call| {
        console_log!("{}", call.to_json());
        if let Some(dataset) = &dataset
            && let Err(error) = write(dataset, call)
        {
            console_error!("ANALYTICS: {error}");
        }
    }
}

/// Writes a data point. The README lists its columns.
fn write(dataset: &AnalyticsEngineDataset, call: &GatewayCall) -> worker::Result<()> {
    let request_id = call.request_id.as_deref().unwrap_or_default();
    let error = call.error.as_deref().unwrap_or_default();
    let texts = [&call.model, &call.model_id, &call.path, request_id, error];
    let (input, output) = (call.usage.input_token_details, call.usage.output_token_details);
    let numbers = [
        f64::from(call.status),
        f64::from(u8::from(call.streamed)),
        call.usage.input_tokens as f64,
        call.usage.output_tokens as f64,
        input.cache_read as f64,
        input.cache_creation as f64,
        output.reasoning as f64,
        call.cost.unwrap_or_default(),
        call.first_byte_ms.unwrap_or_default() as f64,
        call.duration_ms as f64,
    ];
    AnalyticsEngineDataPointBuilder::new()
        .indexes([call.key.get(..call.key.floor_char_boundary(MAX_INDEX)).unwrap_or_default()])
        .blobs(texts.map(|text| text.chars().take(MAX_BLOB).collect::<String>()))
        .doubles(numbers)
        .write_to(dataset)
}
