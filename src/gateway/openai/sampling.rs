//! Members about sampling for which the crate has no option. Most models with open weights have them under the same
//! names.

use super::members::number;
use crate::gateway::dialect::{Asked, leave_out};
use crate::gateway::failure::Failure;
use crate::json::{Json, View, Writer};
use crate::model::ModelId;
use crate::provider::has_sampling;

/// The member for a seed. OpenAI does not promise the same answer for it, so it is left out for models without seeds.
const SEED: &str = "seed";

/// Reads the seed and the penalties. A penalty of 0 has no effect and is left out.
pub(crate) fn read(body: View<'_>) -> Result<Vec<(&'static str, Json)>, Failure> {
    let mut sampling = Vec::new();
    for name in [SEED, "presence_penalty", "frequency_penalty"] {
        let is_set = number(body, name)?.is_some_and(|value| name == SEED || value != 0.0);
        sampling.extend(body.get(name).filter(|_| is_set).map(|value| (name, Json::from(value))));
    }
    Ok(sampling)
}

/// Sends the members to a model whose own format has them. A seed for other models is left out.
///
/// # Errors
/// `Invalid`, for a penalty that the model does not have: leaving it out would change the answer.
pub(crate) fn send(asked: &mut Asked, model: &ModelId) -> Result<(), Failure> {
    let mut w = Writer::new();
    w.begin_object();
    let mut any = false;
    for (name, value) in std::mem::take(&mut asked.sampling) {
        match has_sampling(model, name) {
            true => {
                any = true;
                w.member(name, value.view());
            }
            false if name == SEED => leave_out(&mut asked.removed, name),
            false => {
                let message = format!("`{name}` is not supported for this model; leave it out");
                return Err(Failure::of_field(name, message));
            }
        }
    }
    w.end_object();
    if any {
        asked.options.model_kwargs = Some(Json::written(w));
    }
    Ok(())
}
