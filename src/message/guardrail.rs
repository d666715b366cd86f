//! The outcome of a guardrail.

use crate::json::{Json, Kind, View};

/// The outcome of a guardrail, from [`AiMessage::guardrail`](crate::AiMessage::guardrail).
///
/// ```
/// use bedrock_chat::{AiMessage, StopReason};
/// let mut reply = AiMessage::default();
/// assert!(reply.guardrail().is_none());
/// reply.stop_reason = Some(StopReason::GuardrailIntervened);
/// assert!(reply.guardrail().is_some_and(|outcome| outcome.intervened));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GuardrailOutcome<'a> {
    /// Whether the guardrail intervened. The reply is then the guardrail's message, not the model's.
    pub intervened: bool,
    /// The guardrail's trace, if one was requested.
    pub trace: Option<&'a Json>,
}

impl<'a> GuardrailOutcome<'a> {
    pub(super) fn new(intervened: bool, trace: Option<&'a Json>) -> Self {
        Self { intervened, trace }
    }

    /// Returns the guardrails that were applied, from the trace, each one once. There may be guardrails that the
    /// call did not set: an account or an organization can enforce its own.
    pub fn applied(&self) -> Vec<AppliedGuardrail> {
        self.trace.map_or_else(Vec::new, |trace| AppliedGuardrail::all(trace.view()))
    }
}

/// A guardrail that was applied to a call, from [`GuardrailOutcome::applied`] or
/// [`GuardrailAssessment::applied`](crate::GuardrailAssessment::applied).
///
/// See [AppliedGuardrailDetails](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_AppliedGuardrailDetails.html).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedGuardrail {
    /// Its id.
    pub id: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its ARN.
    pub arn: Option<String>,
    /// The reasons why it was applied.
    pub origins: Vec<GuardrailOrigin>,
    /// `SELF` for a guardrail of this account, `CROSS_ACCOUNT` for one that another account shares.
    pub ownership: Option<String>,
}

impl AppliedGuardrail {
    /// Returns the details of all guardrails in a trace or in assessments, each one once. Converse and InvokeModel
    /// hold them at different depths.
    pub(crate) fn all(view: View<'_>) -> Vec<Self> {
        let mut all = Vec::new();
        Self::find(view, &mut all);
        all
    }

    fn find(view: View<'_>, out: &mut Vec<Self>) {
        match view.kind() {
            Kind::Array => view.items().for_each(|item| Self::find(item, out)),
            Kind::Object => {
                for (key, value) in view.raw_entries() {
                    if key != "appliedGuardrailDetails" {
                        Self::find(value, out);
                        continue;
                    }
                    let found = Self::read(value);
                    if !out.contains(&found) {
                        out.push(found);
                    }
                }
            }
            _ => {}
        }
    }

    fn read(view: View<'_>) -> Self {
        let origins = view.list("guardrailOrigin").filter_map(View::string);
        Self {
            id: view.string_at("guardrailId"),
            version: view.string_at("guardrailVersion"),
            arn: view.string_at("guardrailArn"),
            origins: origins.map(|word| GuardrailOrigin::parse(&word)).collect(),
            ownership: view.string_at("guardrailOwnership"),
        }
    }
}

/// The reason why a guardrail is applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardrailOrigin {
    /// The call.
    Request,
    /// The account, which enforces it for all calls.
    AccountEnforced,
    /// The organization, which enforces it for all its accounts.
    OrganizationEnforced,
    /// Another origin, as the service writes it.
    Other(String),
}

impl GuardrailOrigin {
    /// Parses the service's name of the origin.
    pub fn parse(word: &str) -> Self {
        match word {
            "REQUEST" => Self::Request,
            "ACCOUNT_ENFORCED" => Self::AccountEnforced,
            "ORGANIZATION_ENFORCED" => Self::OrganizationEnforced,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the service's name of the origin.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Request => "REQUEST",
            Self::AccountEnforced => "ACCOUNT_ENFORCED",
            Self::OrganizationEnforced => "ORGANIZATION_ENFORCED",
            Self::Other(word) => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::AiMessage;

    fn details(id: &str, origins: &str) -> String {
        format!(
            r#"{{"appliedGuardrailDetails":{{"guardrailId":"{id}","guardrailVersion":"1","guardrailArn":"arn:{id}","guardrailOrigin":{origins},"guardrailOwnership":"SELF"}}}}"#
        )
    }

    #[test]
    fn applied_guardrails_are_found_in_traces_of_both_apis() {
        let (own, enforced) = (details("g1", r#"["REQUEST"]"#), details("g2", r#"["ACCOUNT_ENFORCED","NEW"]"#));
        let converse = format!(
            r#"{{"guardrail":{{"inputAssessment":{{"g1":{own}}},"outputAssessments":{{"g1":[{own}],"g2":[{enforced}]}}}}}}"#
        );
        let invoke =
            format!(r#"{{"guardrail":{{"input":{{"g1":{own}}},"outputs":[{{"g1":{own}}},{{"g2":{enforced}}}]}}}}"#);
        for (key, trace) in [("trace", converse), ("amazon-bedrock-trace", invoke)] {
            let mut reply = AiMessage::default();
            reply.set_metadata(key, Json::parse(&trace).unwrap());
            let applied = reply.guardrail().unwrap().applied();
            let [first, second] = applied.as_slice() else { panic!("{applied:?}") };
            assert_eq!((first.id.as_deref(), first.version.as_deref()), (Some("g1"), Some("1")));
            assert_eq!((first.arn.as_deref(), first.ownership.as_deref()), (Some("arn:g1"), Some("SELF")));
            assert_eq!(first.origins, [GuardrailOrigin::Request]);
            assert_eq!(second.origins, [GuardrailOrigin::AccountEnforced, GuardrailOrigin::Other("NEW".into())]);
        }
        let mut reply = AiMessage::default();
        reply.set_metadata("trace", Json::parse(r#"{"guardrail":{"inputAssessment":{"g":{}}}}"#).unwrap());
        assert_eq!(reply.guardrail().unwrap().applied(), []);
    }

    #[test]
    fn guardrail_origins_round_trip() {
        for word in ["REQUEST", "ACCOUNT_ENFORCED", "ORGANIZATION_ENFORCED", "BRAND_NEW"] {
            assert_eq!(GuardrailOrigin::parse(word).as_str(), word);
        }
    }
}
