//! Embeddings: Titan on Bedrock where it is configured, else the local one.
//!
//! Owns the call and its fall back. A vector carries the name of the model that made it, so that a precedent which was embedded
//! locally, because the model did not answer, is never compared with one of the model's.

use activities::twin::{Vector, embed_local};
use aws_sdk_bedrockruntime::primitives::Blob;
use serde_json::{Value, json};

use super::Aws;
use super::failure::failed;
use super::settings::Embedding;
use crate::error::EdgeError;

/// Embeds a text by the configured model, or locally when there is none or it does not answer.
pub(super) async fn embed(aws: &Aws, text: &str) -> Result<Vector, EdgeError> {
    if let Some(embedding) = aws.settings().embedding()? {
        let model = embedding.model.as_str();
        match titan(aws, &embedding, text).await {
            Ok(vector) => return Ok(vector),
            // A precedent without the model's vector is worth more than none.
            Err(error) => {
                tracing::warn!(model, %error, "the embedding model did not answer, the local embedding is used")
            }
        }
    }
    local(text)
}

/// Embeds a text locally.
pub(super) fn local(text: &str) -> Result<Vector, EdgeError> {
    embed_local(text).map_err(|problem| EdgeError::new("Sao.BadInput", problem.to_string()))
}

async fn titan(aws: &Aws, embedding: &Embedding, text: &str) -> Result<Vector, EdgeError> {
    let model = embedding.model.as_str();
    let text: String = text.chars().take(LONGEST).collect();
    let mut body = json!({"inputText": text});
    if embedding.is_asked_for_dimensions() {
        body["dimensions"] = embedding.dimension.into();
        body["normalize"] = true.into();
    }
    let call = aws.bedrock().invoke_model().model_id(model).content_type(JSON).accept(JSON);
    let call = call.body(Blob::new(body.to_string().into_bytes()));
    let answer = call.send().await.map_err(|error| failed("bedrock:InvokeModel", &error))?;
    let broken = |problem: String| {
        EdgeError::new("Sao.BadModelAnswer", format!("the answer of `{model}` is no embedding: {problem}"))
    };
    let answer: Value =
        serde_json::from_slice(answer.body().as_ref()).map_err(|problem| broken(problem.to_string()))?;
    let values: Vec<f32> = serde_json::from_value(answer.get("embedding").cloned().unwrap_or_default())
        .map_err(|problem| broken(problem.to_string()))?;
    if values.len() != embedding.dimension {
        return Err(broken(format!("it has {} dimensions and must have {}", values.len(), embedding.dimension)));
    }
    Vector::new(model, values).map_err(|problem| broken(problem.to_string()))
}

const JSON: &str = "application/json";
/// Titan takes 8,192 tokens; a precedent's text is far shorter.
const LONGEST: usize = 20_000;
