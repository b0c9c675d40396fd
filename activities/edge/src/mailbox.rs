//! The mailbox: each mail as it would be sent, in `DATA/mailbox/*.eml`.
//!
//! Owns envelope, ids and file names. Everything in a mail follows from what it is about, so that a mail which is written again
//! after a crash is the same file with the same bytes: no second mail.

use std::path::PathBuf;
use std::time::SystemTime;

use activities::approval::{Mail, sha256_hex};
use activities::shape::errors;
use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{MultiPart, SinglePart};

use crate::embedded::World;
use crate::error::EdgeError;
use crate::files::{self, Privacy};

/// A mail with its envelope.
pub(crate) struct Letter<'a> {
    /// What it is about: the same for the same mail, another for another.
    pub(crate) about: &'a str,
    /// A word for the file's name.
    pub(crate) kind: &'a str,
    /// The recipient.
    pub(crate) to: &'a str,
    /// When it is sent.
    pub(crate) at: Timestamp,
    /// Subject and texts.
    pub(crate) mail: &'a Mail,
}

/// Writes a mail; answers its Message-ID.
pub(crate) fn send(world: &World, letter: &Letter<'_>) -> Result<String, EdgeError> {
    let (id, bytes) = message(&world.config.addresses.from, letter)?;
    files::replace(&path(world, letter), &bytes, Privacy::Shared)
        .map_err(|error| EdgeError::new(errors::MAIL_FAILED, error.to_string()))?;
    Ok(id)
}

fn path(world: &World, letter: &Letter<'_>) -> PathBuf {
    let at = letter.at.strftime("%Y%m%dT%H%M%S");
    world.config.path("mailbox").join(format!(
        "{at}-{}-{}.eml",
        letter.kind,
        &sha256_hex(letter.about.as_bytes())[..16]
    ))
}

fn message(from: &str, letter: &Letter<'_>) -> Result<(String, Vec<u8>), EdgeError> {
    let failed = |problem: String| EdgeError::new(errors::MAIL_FAILED, problem);
    let from: lettre::message::Mailbox =
        from.parse().map_err(|error| failed(format!("the sender `{from}` is no address: {error}")))?;
    let to =
        letter.to.parse().map_err(|error| failed(format!("the recipient `{}` is no address: {error}", letter.to)))?;
    let hash = sha256_hex(letter.about.as_bytes());
    let id = format!("<{}@{}>", &hash[..32], from.email.domain());
    let parts = MultiPart::alternative()
        .boundary(format!("=_{}", &hash[32..]))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(letter.mail.text.clone()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(letter.mail.html.clone()));
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject(letter.mail.subject.clone())
        .message_id(Some(id.clone()))
        .date(SystemTime::from(letter.at))
        .multipart(parts)
        .map_err(|error| failed(format!("the mail cannot be made: {error}")))?;
    Ok((id, message.formatted()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(mail: &Mail) -> (String, String) {
        let at = "2026-11-23T10:15:30Z".parse().unwrap();
        let letter = Letter { about: "execution 1 ask", kind: "ask", to: "on-call@example.com", at, mail };
        let (id, bytes) = message("SAO <sao@example.com>", &letter).unwrap();
        (id, String::from_utf8(bytes).unwrap())
    }

    fn mail(text: String) -> Mail {
        Mail { subject: "[SAO] LOW".to_owned(), html: format!("<p>{text}</p>"), text }
    }

    #[test]
    fn a_mail_has_every_header_that_a_mail_has() {
        let (id, text) = letter(&mail("hello".to_owned()));
        for header in [
            "From: SAO <sao@example.com>\r\n",
            "To: on-call@example.com\r\n",
            "Subject: [SAO] LOW\r\n",
            "Date: Mon, 23 Nov 2026 10:15:30",
            &format!("Message-ID: {id}\r\n"),
            "multipart/alternative",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
        ] {
            assert!(text.contains(header), "{header} in {text}");
        }
    }

    #[test]
    fn the_same_mail_is_the_same_bytes() {
        assert_eq!(letter(&mail("hello".to_owned())), letter(&mail("hello".to_owned())));
    }

    #[test]
    fn a_link_longer_than_a_line_of_mail_survives_its_folding() {
        let address = format!("http://127.0.0.1:8084/hitl/{}", "Ab9_-".repeat(700));
        let (_, text) = letter(&mail(format!("Decide here:\n<{address}>\n")));
        assert!(text.lines().all(|line| line.len() <= 998));
        let plain = text.split("text/plain").nth(1).unwrap().split("--=_").next().unwrap();
        let body = plain.split("\r\n\r\n").nth(1).unwrap();
        assert!(plain.contains("quoted-printable"), "{plain}");
        assert!(body.replace("=\r\n", "").contains(&address));
    }

    #[test]
    fn a_recipient_that_is_no_address_is_an_error_and_no_mail() {
        let at = "2026-11-23T10:15:30Z".parse().unwrap();
        let mail = mail(String::new());
        let letter = Letter { about: "x", kind: "ask", to: "nobody", at, mail: &mail };
        assert_eq!(message("sao@example.com", &letter).unwrap_err().error, errors::MAIL_FAILED);
    }
}
