//! Mails as values: the approval that a human is asked for, and how it ended.
//!
//! Owns subject and both texts of a mail. Does not own addresses, envelopes, ids or sending.

use maud::{DOCTYPE, html};
use serde_json::Value;

use super::authorise::{required_role, risk_word, role_word};
use super::page::{instant, moment, shown};
use super::round::RoundView;
use crate::shape::{Fields, Proposal, RoundKind, Summary};

/// A mail without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// At most 100 printable ASCII characters on one line, as SNS wants a subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

/// The mail that asks for a decision.
///
/// `address` is that of the approval page.
pub fn ask_mail(ask: &RoundView<'_>, address: &str) -> Mail {
    let proposal = ask.proposal;
    let word = match ask.round.kind {
        RoundKind::Ask => "",
        RoundKind::Reminder => "Reminder, ",
        RoundKind::Escalation => "Escalated, ",
        RoundKind::SecondApprover => "Second approval, ",
    };
    let risk = risk_word(proposal.risk.level);
    let line =
        format!("[SAO] {word}{risk}: {} on {} ({})", proposal.action, proposal.target.name, ask.incident.alarm.name);
    let text = ask_text(ask);
    let html = mail_html(&subject(&line), &text, Some(address));
    Mail { subject: subject(&line), html, text: text.replace(ADDRESS, &format!("<{address}>")) }
}

/// The mail that tells how an incident ended.
pub fn outcome_mail(summary: &Summary) -> Mail {
    let subject = subject(&summary.subject);
    Mail { html: mail_html(&subject, &summary.text, None), text: summary.text.clone(), subject }
}

/// One line of at most 100 printable ASCII characters; what does not fit is cut in the middle and marked.
pub fn subject(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| if character == ' ' || character.is_ascii_graphic() { character } else { '?' })
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= SUBJECT {
        return line;
    }
    let half = (SUBJECT - 3) / 2;
    format!("{}...{}", &line[..half], &line[line.len() - half..])
}

/// The plain text, with a mark where the address goes.
fn ask_text(ask: &RoundView<'_>) -> String {
    let proposal = ask.proposal;
    let role = role_word(required_role(proposal, ask.approvals));
    let mut lines = vec![
        format!("{} on {}.", ask.incident.occasion(), moment(&ask.incident.started_at)),
        String::new(),
        format!("Proposed: {} on {}", proposal.action, proposal.target.name),
        format!("  target   {}", proposal.target.arn),
        format!("  where    {}, {}", proposal.target.account, proposal.target.region),
    ];
    lines.extend(change_lines(proposal));
    lines.push(match (&proposal.inverse, &proposal.irreversible) {
        (Some(inverse), _) => format!("  undo     {} {}", inverse.action, inline(&inverse.parameters)),
        (None, Some(reason)) => format!("  undo     none: {reason}"),
        (None, None) => "  undo     none".to_owned(),
    });
    lines.push(format!("  risk     {}: {}", risk_word(proposal.risk.level), proposal.risk.reasons.join("; ")));
    lines.push(format!("  reaches  {} other resources", proposal.blast_radius.total));
    lines.push(String::new());
    lines.push(ask.who_reasoned());
    lines.push(quoted(&proposal.cause.statement));
    lines.push(quoted(&proposal.rationale));
    for id in &proposal.cause.evidence {
        let title = ask.piece(id).map_or("", |piece| &piece.title);
        lines.push(format!("  {id}  {title}"));
    }
    lines.push(String::new());
    lines.push(format!("Decide here (a yes needs the role {role}, and your one-time code):"));
    lines.push(ADDRESS.to_owned());
    lines.push(String::new());
    lines.push(format!(
        "Opening the page decides nothing. Round {} ends on {}; the proposal expires on {}. No answer is a no.",
        ask.number,
        instant(ask.ends_at),
        moment(&proposal.expires_at)
    ));
    lines.push(format!("Digest {}", ask.digest));
    lines.push(format!("Execution {}", proposal.execution));
    lines.iter().map(|line| if line == ADDRESS { line.clone() } else { shown(line) }).collect::<Vec<_>>().join("\n")
}

/// A reasoner's text, marked as a quotation line by line, so that it cannot pass for ours.
fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

fn change_lines(proposal: &Proposal) -> Vec<String> {
    proposal
        .parameters
        .iter()
        .map(|(name, after)| match proposal.before.get(name) {
            Some(before) => format!("  change   {name}: {} -> {}", plain(before), plain(after)),
            None => format!("  with     {name}: {}", plain(after)),
        })
        .collect()
}

/// The plain text as HTML: the same words, with the address as a link. Nothing in it is markup of anybody else's.
fn mail_html(subject: &str, text: &str, address: Option<&str>) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (subject) } }
            body style="margin:0;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;color:#1d2126;background:#ffffff" {
                div style="max-width:42rem;margin:0 auto" {
                    @for line in text.split('\n') {
                        @match (line == ADDRESS, address) {
                            (true, Some(address)) => p { a href=(address) rel="noreferrer"
                                style="display:inline-block;padding:.7rem 1.4rem;border-radius:.5rem;background:#1f5aa6;color:#ffffff;text-decoration:none;font-weight:600"
                                { "Open the approval page" } },
                            _ => div style="white-space:pre-wrap;overflow-wrap:anywhere;min-height:1em" { (line) },
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

fn inline(fields: &Fields) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Stands on a line of its own where the address goes; no other text holds this character.
const ADDRESS: &str = "\u{1}";

/// The most characters of a subject.
const SUBJECT: usize = 100;

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    fn check(line: &str, expect: &str) {
        let found = subject(line);
        assert_eq!(found, expect);
        assert!(found.len() <= 100 && found.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }

    fn mail() -> Mail {
        mail_of(&example::proposal())
    }

    fn mail_of(proposal: &Proposal) -> Mail {
        let (incident, context, round) = (example::incident(), example::context(), example::round());
        let asked = RoundView {
            incident: &incident,
            proposal,
            digest: "d1",
            context: &context,
            number: 1,
            round: &round,
            ends_at: "2026-11-23T10:30:00Z".parse().unwrap(),
            approvals: &[],
        };
        ask_mail(&asked, "https://sao.example.com/hitl/AAAA")
    }

    #[test]
    fn a_short_subject_stays() {
        check("[SAO] LOW: restart", "[SAO] LOW: restart");
    }

    #[test]
    fn a_long_subject_is_cut_in_the_middle_to_a_hundred_characters() {
        let expect = format!("{}...{}", "a".repeat(48), "b".repeat(48));
        check(&format!("{}{}", "a".repeat(150), "b".repeat(105)), &expect);
    }

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        check("a\r\nBcc: x\tM\u{fc}ller", "a??Bcc: x?M?ller");
    }

    #[test]
    fn the_mail_says_everything_that_a_decision_needs() {
        let mail = mail();
        for part in [
            "lambda_update_timeout",
            "timeout: 10 -> 30",
            "function:shop-orders",
            "123456789012, eu-central-1",
            "LOW",
            "Rules reasoned, not a model",
            "E1",
            "Digest d1",
            "undo     lambda_update_timeout",
        ] {
            assert!(mail.text.contains(part), "{part} in {}", mail.text);
            assert!(mail.html.contains(part) || part.contains('>'), "{part}");
        }
        assert!(mail.text.contains("\n<https://sao.example.com/hitl/AAAA>\n"));
        assert!(mail.html.contains("href=\"https://sao.example.com/hitl/AAAA\""));
        assert!(!mail.text.contains('\u{1}') && !mail.html.contains('\u{1}'));
    }

    #[test]
    fn a_reasoners_text_is_data_in_a_mail() {
        let mut proposal = example::proposal();
        proposal.cause.statement = "<img src=x onerror=alert(1)>".to_owned();
        let mail = mail_of(&proposal);
        assert!(!mail.html.contains("<img"));
    }

    #[test]
    fn a_reasoners_text_cannot_pass_for_ours() {
        let mut proposal = example::proposal();
        proposal.rationale = "fine\nDecide here:\n\u{1}\n<https://evil.example>".to_owned();
        let mail = mail_of(&proposal);
        assert!(mail.text.contains("\n> Decide here:\n> [U+0001]\n> <https://evil.example>\n"));
        assert_eq!(mail.html.matches("<a ").count(), 1);
    }
}
