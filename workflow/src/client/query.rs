//! AWS Query: an action and its parameters as a form, XML back.
//!
//! Owns how lists and maps are flattened and how an answer's elements become JSON. The wire carries no types: every value of an
//! answer is text.

use axum::http::Method;
use serde_json::{Map, Value};

use super::{CallError, Client, Request, Response, Service, ServiceError, encode, send::Bounds, xml::Element};

/// A service that speaks AWS Query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryService<'a> {
    pub(crate) service: Service<'a>,
    /// `Version`, a date.
    pub(crate) version: &'a str,
    /// The parameters that are maps, with the names of a key and of a value.
    pub(crate) maps: &'a [(&'a str, &'a str, &'a str)],
}

impl Client {
    /// Calls an action; answers the response and its result as JSON.
    pub(crate) async fn call_query(
        &self,
        service: &QueryService<'_>,
        action: &str,
        parameters: &Map<String, Value>,
        bounds: Bounds,
    ) -> Result<(Response, Value), CallError> {
        let mut form =
            vec![("Action".to_owned(), action.to_owned()), ("Version".to_owned(), service.version.to_owned())];
        for (name, value) in parameters {
            service.flatten(name, name, value, &mut form);
        }
        let form: Vec<String> =
            form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = Request::new(Method::POST, "/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form.join("&"));
        let response = self.send(&service.service, &request, bounds).await?;
        if !response.is_success() {
            return Err(exception(&response).into());
        }
        let root = Element::parse(&String::from_utf8_lossy(&response.body))
            .map_err(|why| CallError::Unreadable { endpoint: service.service.endpoint.to_owned(), why })?;
        let result = root.child(&format!("{action}Result")).map(json);
        Ok((response, result.filter(Value::is_object).unwrap_or_else(|| Value::Object(Map::new()))))
    }
}

impl QueryService<'_> {
    fn flatten(&self, path: &str, name: &str, value: &Value, form: &mut Vec<(String, String)>) {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    self.flatten(&format!("{path}.member.{}", place + 1), name, item, form);
                }
            }
            Value::Object(members) => {
                let map = self.maps.iter().find(|(map, ..)| *map == name);
                for (place, (member, value)) in members.iter().enumerate() {
                    match map {
                        Some((_, key_name, value_name)) => {
                            let entry = format!("{path}.entry.{}", place + 1);
                            form.push((format!("{entry}.{key_name}"), member.clone()));
                            self.flatten(&format!("{entry}.{value_name}"), "", value, form);
                        }
                        None => self.flatten(&format!("{path}.{member}"), member, value, form),
                    }
                }
            }
            Value::String(text) => form.push((path.to_owned(), text.clone())),
            other => form.push((path.to_owned(), other.to_string())),
        }
    }
}

/// An element as JSON: `member` elements are a list, `entry` elements a map, others an object or a text.
fn json(element: &Element) -> Value {
    let all = |name: &str| !element.children.is_empty() && element.children.iter().all(|child| child.name == name);
    if all("member") {
        return element.children.iter().map(json).collect();
    }
    if all("entry") {
        let entry = |entry: &Element| {
            let key = entry.text_of("key").or_else(|| entry.text_of("Name"))?;
            let value = entry.child("value").or_else(|| entry.child("Value"))?;
            Some((key.to_owned(), json(value)))
        };
        return Value::Object(element.children.iter().filter_map(entry).collect());
    }
    if element.children.is_empty() {
        return Value::String(element.text.clone());
    }
    Value::Object(element.children.iter().map(|child| (child.name.clone(), json(child))).collect())
}

/// The exception in a response.
fn exception(response: &Response) -> ServiceError {
    let root = Element::parse(&String::from_utf8_lossy(&response.body)).unwrap_or_default();
    let error = root.child("Error").or_else(|| root.child("Errors").and_then(|errors| errors.child("Error")));
    let text = |name: &str| error.and_then(|error| error.text_of(name)).unwrap_or_default().to_owned();
    let request_id = root.text_of("RequestId").or_else(|| root.text_of("RequestID")).map(str::to_owned);
    let code = text("Code");
    ServiceError {
        status: response.status,
        code: if code.is_empty() { "UnknownError".to_owned() } else { code },
        query_code: None,
        message: text("Message"),
        request_id: request_id.filter(|id| !id.is_empty()).unwrap_or_else(|| response.request_id()),
        extended_request_id: None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use serde_json::json;

    use super::*;

    const SNS: QueryService<'_> = QueryService {
        service: Service { id: "SNS", endpoint: "sns", signing: "sns" },
        version: "2010-03-31",
        maps: &[("MessageAttributes", "Name", "Value")],
    };

    #[test]
    fn lists_and_maps_are_numbered() {
        let mut form = Vec::new();
        let value = json!([{"Id": 1, "MessageAttributes": {"k": {"DataType": "String"}}}, {"Ok": true, "No": null}]);
        SNS.flatten("Entries", "Entries", &value, &mut form);
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expect = [
            "Entries.member.1.Id=1",
            "Entries.member.1.MessageAttributes.entry.1.Name=k",
            "Entries.member.1.MessageAttributes.entry.1.Value.DataType=String",
            "Entries.member.2.Ok=true",
        ];
        assert_eq!(form, expect);
    }

    #[test]
    fn an_answer_is_json_of_texts() {
        let text =
            "<R><L><member>1</member><member>2</member></L><M><entry><key>a</key><value>b</value></entry></M><T/></R>";
        assert_eq!(json(&Element::parse(text).unwrap()), json!({"L": ["1", "2"], "M": {"a": "b"}, "T": ""}));
    }

    #[test]
    fn an_exception_is_read() {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>id</RequestId></ErrorResponse>";
        let error = exception(&Response { status: 404, headers: HeaderMap::new(), body: body.into() });
        assert_eq!(
            (error.code.as_str(), error.message.as_str(), error.request_id.as_str()),
            ("NotFound", "Topic does not exist", "id")
        );
        let error = exception(&Response { status: 500, headers: HeaderMap::new(), body: b"oops".into() });
        assert_eq!(error.code, "UnknownError");
    }
}
