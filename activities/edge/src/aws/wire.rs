//! The bytes of a call, beneath the SDK's types.
//!
//! Two calls must be exact to the byte: a model is asked just what `reason` wrote, and a history is archived just as the service
//! showed it, with fields that this build's SDK does not know yet. Owns the interceptor that puts a body in and keeps the one that
//! comes back; signing, endpoints and retries stay the SDK's.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

/// Puts a body into a call, where one is given, and keeps the body of its answer; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wire {
    request: Option<Arc<Vec<u8>>>,
    response: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Wire {
    /// Sends this body in place of the SDK's.
    pub(super) fn sending(body: Vec<u8>) -> Self {
        Self { request: Some(Arc::new(body)), ..Self::default() }
    }

    /// The JSON of the last answer.
    pub(super) fn answer(&self) -> Option<Value> {
        let kept = self.response.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(kept.as_deref()?).ok()
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = &self.request {
            let request = context.request_mut();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.as_slice());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.response.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}
