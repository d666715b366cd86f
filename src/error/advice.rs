//! Advice for errors of the service whose message does not say what to do.

use crate::text::has;

/// A message of the service and what to do about it.
pub(super) struct Advice {
    /// The parts that the message has, in lower case. Apostrophes are left out: the service writes `'` and `’`.
    says: &'static [&'static str],
    pub(super) advice: &'static str,
    /// The option that the advice is about, if it has a different name in other languages. The error's field is then
    /// this name, so that they can replace it.
    pub(super) option: Option<&'static str>,
}

const fn advice(says: &'static [&'static str], advice: &'static str) -> Advice {
    Advice { says, advice, option: None }
}

/// Creates a row about tool calls without results. Each vendor words the error differently.
const fn unanswered(says: &'static [&'static str]) -> Advice {
    Advice {
        says,
        advice: "add a result for every tool call, or set `fill_missing_tool_results`",
        option: Some("fill_missing_tool_results"),
    }
}

/// The first row whose parts are all in the message is used. The texts are from public reports.
static TABLE: &[Advice] = &[
    // A model that is sold through profiles only.
    advice(
        &["on-demand throughput isn"],
        "use the model's inference profile: its id with a prefix such as `us.`, `eu.` or `global.`, or the profile's ARN",
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html
    advice(
        &["data retention mode"],
        "set the mode of the account or project in this region to `provider_data_share` or `aws_review`; no option of a call changes it",
    ),
    // enricoros/big-AGI#1167
    advice(
        &["does not support the '", "' api"],
        "set `api` to an API that serves this model; the model's card in the Bedrock user guide lists them",
    ),
    advice(
        &["supported on this route"],
        "set `api` to an API that serves this model; the model's card in the Bedrock user guide lists them",
    ),
    // bedrock-access-gateway#185
    advice(
        &["support this api"],
        "check the id and its prefix (`us.`, `global.`), or set `api` to an API of this model",
    ),
    // apache/airflow#72521
    advice(&["marked by provider as legacy"], "`models()` lists the active models"),
    // gsd-build/gsd-2#5425
    advice(&["reached the end of its life"], "use an active model; `models()` lists them"),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html (FTUFormNotFilled)
    advice(
        &["use case details have not been submitted"],
        "submit the form in the Bedrock console under the model catalog, once per account (PutUseCaseForModelAccess)",
    ),
    // aws/aws-cli#8717, kirodotdev/Kiro#11191: the service has no other text for an account that may not use models.
    advice(
        &["operation not allowed"],
        "the account may not use the model yet: submit the provider's use-case form in the Bedrock console, or ask AWS Support",
    ),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html
    advice(
        &["aws-marketplace:subscribe"],
        "call the model once with an identity that has these permissions; it is then enabled for the account",
    ),
    // Tracer-Cloud/opensre#1812
    advice(&["invalid_payment_instrument"], "add a valid payment method to the AWS account"),
    // https://repost.aws/knowledge-center/bedrock-invokemodel-api-error
    advice(
        &["have access to the model"],
        "check that this region has the model, and that IAM and service control policies allow it",
    ),
    // tidyverse/ellmer#1064
    advice(
        &["model identifier is invalid"],
        "check that this region has the model; some models need a prefix (`us.`, `global.`), others another `api`",
    ),
    // Anthropic.
    unanswered(&["tool_use", "without", "tool_result"]),
    // Converse.
    unanswered(&["expected toolresult blocks"]),
    // OpenAI and servers that have its format.
    unanswered(&["tool_calls", "must be followed by tool messages"]),
    unanswered(&["tool_call_ids did not have response"]),
];

/// Returns what to do about a message of the service, if the message itself does not say it.
pub(super) fn of(message: &str) -> Option<&'static Advice> {
    let lower = message.to_ascii_lowercase();
    TABLE.iter().find(|row| row.says.iter().all(|part| has(&lower, part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_texts_of_the_service_have_advice() {
        for (message, words) in [
            (
                "Invocation of model ID anthropic.claude-sonnet-4-6 with on-demand throughput isn\u{2019}t supported.",
                "inference profile",
            ),
            ("Invocation of model ID x with on-demand throughput isn't supported.", "inference profile"),
            ("data retention mode 'default' is not available for this model", "`provider_data_share`"),
            ("The model 'openai.gpt-5.6-terra' does not support the '/v1/chat/completions' API", "set `api`"),
            ("model `x` isn't supported on this route", "set `api`"),
            (
                "The model doesn't exist or doesn't support this API. Retry your request with a different model ID.",
                "prefix",
            ),
            (
                "Access denied. This Model is marked by provider as Legacy and you have not been actively using the \
                 model in the last 30 days. Please upgrade to an active model on Amazon Bedrock",
                "`models()`",
            ),
            ("This model version has reached the end of its life.", "`models()`"),
            (
                "Model use case details have not been submitted for this account. Fill out the Anthropic use case \
                 details form before using the model.",
                "console",
            ),
            ("Operation not allowed", "use-case form"),
            (
                "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
                 Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access.",
                "call the model once",
            ),
            ("Model access is denied due to INVALID_PAYMENT_INSTRUMENT:A valid payment instrument", "payment method"),
            ("You don't have access to the model with the specified model ID.", "this region"),
            ("The provided model identifier is invalid.", "prefix"),
            (
                "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each \
                 `tool_use` block must have a corresponding `tool_result` block in the next message.",
                "`fill_missing_tool_results`",
            ),
            (
                "Expected toolResult blocks at messages.2.content for the following Ids: tooluse_1",
                "`fill_missing_tool_results`",
            ),
            (
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
                 'tool_call_id'. The following tool_call_ids did not have response messages: call_1",
                "`fill_missing_tool_results`",
            ),
        ] {
            let advice = of(message).map(|row| row.advice);
            assert!(advice.is_some_and(|advice| has(advice, words)), "{message}: {advice:?}");
        }
    }

    #[test]
    fn other_error_texts_have_no_advice() {
        for message in [
            "",
            "max_tokens: must be positive",
            "Too many requests",
            "The model is not ready",
            "unexpected `tool_use_id` found in `tool_result` blocks: toolu_1",
        ] {
            assert_eq!(of(message).map(|row| row.advice), None, "{message}");
        }
    }

    #[test]
    fn every_row_of_the_advice_table_is_reached() {
        for row in TABLE {
            let message = row.says.join(" x ");
            assert!(of(&message).is_some_and(|found| std::ptr::eq(found, row)), "{message}");
            assert_eq!(message, message.to_ascii_lowercase(), "parts are compared in lower case");
            assert!(row.advice.len() <= 160 && !row.advice.ends_with('.'), "{}", row.advice);
            assert!(row.option.is_none_or(|option| has(row.advice, &format!("`{option}`"))), "{}", row.advice);
        }
    }
}
