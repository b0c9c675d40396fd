//! The public listener: the approval pages, and nothing else.
//!
//! Owns the way from HTTP to `edge` and back: path, form and two headers in, a page with its headers out. What a page shows,
//! and whether a form decides, is `edge`'s and `activities`'. A GET changes nothing.

use activities::approval::{Page, not_found_page};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use edge::{Browser, Form};

use crate::embedded::Platform;

/// The routes of the public listener.
pub(crate) fn router(platform: Platform) -> Router {
    Router::new()
        .route("/hitl/{*link}", get(show).post(decide))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(platform)
}

async fn show(State(platform): State<Platform>, Path(link): Path<String>) -> Response {
    answer(platform.edge.approval_page(&link).await)
}

async fn decide(
    State(platform): State<Platform>,
    Path(link): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let browser = Browser { origin: text(header::ORIGIN), fetch_site: text(HeaderName::from_static("sec-fetch-site")) };
    let form = Form::of(fields(&body));
    answer(platform.edge.decide(&link, form, browser, &platform).await)
}

async fn nothing() -> Response {
    answer(not_found_page("There is nothing at this address. Approval links begin with /hitl/ and come by mail."))
}

fn answer(page: Page) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, page.html).into_response();
    for (name, value) in Page::headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The fields of an `application/x-www-form-urlencoded` body, in their order.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let pair = |part: &[u8]| {
        let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        (decoded(&part[..at]), decoded(part.get(at + 1..).unwrap_or_default()))
    };
    body.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digit = |place: usize| tail.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        rest = tail;
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = &tail[2..];
            }
            (b'+', ..) => bytes.push(b' '),
            (byte, ..) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The largest form, in bytes; ours has a reason of a thousand characters at most.
const LARGEST_FORM: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &[(&str, &str)]) {
        let expect: Vec<(String, String)> =
            expect.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(fields(body.as_bytes()), expect);
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        check(
            "verb=approve&name=Ana+M%C3%BCller&reason=a%26b%3D1",
            &[("verb", "approve"), ("name", "Ana Müller"), ("reason", "a&b=1")],
        );
        check("", &[]);
        check("a&b=&c=%zz%4", &[("a", ""), ("b", ""), ("c", "%zz%4")]);
    }
}
