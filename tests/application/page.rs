//! The approval page: a GET shows, a POST by an approver decides, once.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::Path,
};

use serde_json::Value;

use crate::support::{Up, effects, files, place, sao, standing};

/// The first address of an approval page in what a process says; the rest is read and forgotten.
pub(crate) fn address_in(said: impl Read + Send + 'static) -> String {
    let mut lines = BufReader::new(said).lines().map_while(Result::ok);
    let address =
        lines.find_map(|line| line.split_whitespace().find(|word| word.contains("/hitl/")).map(str::to_owned));
    // Nobody may be kept waiting by a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    address.expect("the address of the approval page is shown")
}

/// Asks for a page; answers its status and text.
pub(crate) fn get(address: &str) -> (u16, String) {
    request(|http| http.get(address))
}

/// Sends the form of a page back.
pub(crate) fn post(address: &str, page: &str, verb: &str, name: &str, code: &str) -> (u16, String) {
    let (token, digest) = (field(page, "form_token"), field(page, "digest"));
    let body = format!("verb={verb}&name={name}&code={code}&reason=&digest={digest}&form_token={token}");
    request(|http| http.post(address).header("content-type", "application/x-www-form-urlencoded").body(body.clone()))
}

fn field(page: &str, name: &str) -> String {
    let start = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_default();
    start.split('"').next().unwrap_or_default().to_owned()
}

pub(crate) fn request(make: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = make(&http).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

/// The address in the mail that asks; the mail's text is quoted-printable.
fn address_of_mail(data: &Path) -> String {
    let mails = files(&data.join("mailbox"));
    let mail = mails.iter().find(|path| path.to_string_lossy().contains("-ask-")).expect("a mail asks");
    let text = std::fs::read_to_string(mail).unwrap().replace("=\r\n", "").replace("=3D", "=");
    let start = text.find("http://").expect("the mail has an address");
    text[start..].split_whitespace().next().unwrap().to_owned()
}

fn code(data: &Path) -> String {
    sao(&["approver", "code", "--data", data.to_str().unwrap()]).out.trim().to_owned()
}

#[test]
fn the_page_of_the_mail_shows_everything_and_decides_once() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let incident = up.begin("events/orders-duration.json");
    let proposal = up.until_asked(&incident)["proposal"].clone();
    let address = address_of_mail(&data);

    let (status, page) = get(&address);
    assert_eq!(status, 200);
    for words in [
        "lambda_update_timeout",
        "shop-prod-orders",
        proposal["nonce"].as_str().unwrap(),
        "Rules reasoned, not a model",
    ] {
        assert!(page.contains(words), "`{words}` is missing");
    }
    for _ in 0..3 {
        assert_eq!(get(&address).0, 200);
    }
    assert_eq!(up.look(&incident)["waits_for_decision"], true, "looking decides nothing");

    let (status, _) = post(&address, &page, "approve", "operator", "000000");
    assert_eq!(status, 403, "a wrong code decides nothing");
    let (status, answer) = post(&address, &page, "approve", "operator", &code(&data));
    assert!(status == 200 && answer.contains("Approved"), "{answer}");
    assert_eq!(standing(&up.until_ended(&incident)), ("SUCCEEDED", "recovered"));

    let (status, answer) = post(&address, &page, "reject", "operator", &code(&data));
    assert!(status == 409 && answer.contains("second"), "{answer}");
    assert_eq!(effects(&data).len(), 1);
}

#[test]
fn pages_are_private_and_nothing_else_is_on_their_listener() {
    let (_directory, data) = place();
    let up = Up::start(&data);
    let pages = up.ready["pages"].as_str().unwrap().to_owned();
    for path in ["/", "/health", "/incident", "/hitl/", "/hitl/AAAA", "/operator/decision"] {
        assert_eq!(get(&format!("{pages}{path}")).0, 404, "{path}");
    }
    let headers = request_headers(&format!("{pages}/hitl/AAAA"));
    for (name, words) in [
        ("content-security-policy", "default-src 'none'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert!(headers.get(name).and_then(Value::as_str).is_some_and(|value| value.contains(words)), "{name}");
    }
}

fn request_headers(address: &str) -> serde_json::Map<String, Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(address).send().await.unwrap();
        let headers = answer.headers().iter();
        headers.map(|(name, value)| (name.to_string(), Value::from(value.to_str().unwrap()))).collect()
    })
}
