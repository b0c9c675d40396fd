//! A proposal on the terminal: everything that the decision depends upon, in the order in which one asks.
//!
//! Owns the layout. What the page shows and this does not (blast radius in full, the canonical text) is on the page.

use activities::{
    approval::{risk_word, role_word},
    shape::{Context, Piece, Proposal, ReasonerKind, RiskLevel},
};
use serde_json::Value;

use crate::show::{Style, WIDTH, clean, short, wrapped};

/// A proposal in lines.
pub(crate) fn proposal(proposal: &Proposal, context: Option<&Context>, style: Style) -> Vec<String> {
    let mut lines = vec![format!("  {}  {}", style.bold("Proposal"), risk(proposal.risk.level, style)), String::new()];
    lines.push(format!(
        "    {} on {}",
        style.bold(&clean(&proposal.action)),
        style.bold(&clean(&proposal.target.name))
    ));
    lines.push(format!("    {}", style.soft(&clean(&proposal.target.node))));
    lines.extend(change(proposal, style));
    lines.push(String::new());
    lines.extend(block("Cause", &proposal.cause.statement, style));
    lines.extend(block("Why this", &proposal.rationale, style));
    for id in &proposal.cause.evidence {
        let piece = context.and_then(|context| context.pieces.iter().find(|piece| piece.evidence == *id));
        lines.extend(evidence(id, piece, style));
    }
    lines.extend(block("Risk", &proposal.risk.reasons.join(" "), style));
    lines.extend(block("Reach", &reach(proposal), style));
    lines.extend(block("Undo", &undo(proposal), style));
    lines.extend(block("Reasoned", &reasoned(proposal), style));
    lines.extend(block("Approval", &approval(proposal), style));
    lines.extend(block("Expires", &proposal.expires_at, style));
    lines
}

fn change(proposal: &Proposal, style: Style) -> Vec<String> {
    let parameters = proposal.parameters.iter().filter(|(_, value)| value.is_number() || value.is_boolean());
    let row = |(name, after): (&String, &Value)| {
        let before = proposal.before.get(name).map_or_else(|| "not set".to_owned(), plain);
        format!("    {name}: {before} → {}", style.bold(&plain(after)))
    };
    parameters.map(row).collect()
}

fn block(title: &str, text: &str, style: Style) -> Vec<String> {
    let mut lines = wrapped(text, INDENT, WIDTH);
    if let Some(first) = lines.first_mut() {
        *first = format!("    {}{}", style.soft(&format!("{title:<width$}", width = INDENT - 4)), first.trim_start());
    }
    lines
}

fn evidence(id: &str, piece: Option<&Piece>, style: Style) -> Vec<String> {
    let Some(piece) = piece else { return block(id, "not available", style) };
    let text: Vec<&str> = piece.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut lines = block(id, &short(&piece.title, WIDTH - INDENT), style);
    lines.extend(
        text.iter()
            .take(EVIDENCE_LINES)
            .map(|line| style.soft(&format!("{:INDENT$}{}", "", short(line, WIDTH - INDENT)))),
    );
    if text.len() > EVIDENCE_LINES {
        lines.push(style.soft(&format!("{:INDENT$}… {} more lines on the page", "", text.len() - EVIDENCE_LINES)));
    }
    lines
}

fn reach(proposal: &Proposal) -> String {
    let radius = &proposal.blast_radius;
    match radius.total {
        0 => "nothing else depends on it".to_owned(),
        total => format!(
            "{total} that depend on it: {}",
            radius.nodes.iter().take(4).cloned().collect::<Vec<_>>().join(", ")
        ),
    }
}

fn undo(proposal: &Proposal) -> String {
    match (&proposal.inverse, &proposal.irreversible) {
        (Some(inverse), _) => {
            let values: Vec<String> = inverse
                .parameters
                .iter()
                .filter(|(_, value)| value.is_number())
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            format!("{} ({}), by itself when it gets worse", inverse.action, values.join(", "))
        }
        (None, Some(reason)) => format!("cannot be undone: {reason}"),
        (None, None) => "cannot be undone".to_owned(),
    }
}

fn reasoned(proposal: &Proposal) -> String {
    match proposal.reasoner.kind {
        ReasonerKind::Rules => format!("by rules, not by a model ({})", proposal.reasoner.name),
        ReasonerKind::Model => format!("by a model ({}), which can be wrong", proposal.reasoner.name),
        ReasonerKind::Human => format!("values set by a person ({})", proposal.reasoner.name),
        ReasonerKind::Request => {
            format!("by nobody: requested by what calls itself {}", clean(&proposal.reasoner.name))
        }
    }
}

fn approval(proposal: &Proposal) -> String {
    match proposal.approval.approvals {
        0 | 1 => format!("one, by a person in the role {}", role_word(proposal.approval.role)),
        many => format!("{many}, by different people, one in the role {}", role_word(proposal.approval.role)),
    }
}

fn risk(level: RiskLevel, style: Style) -> String {
    let word = format!("{} risk", risk_word(level));
    match level {
        RiskLevel::Low => style.good(&word),
        RiskLevel::Medium => style.warn(&word),
        RiskLevel::High => style.bad(&word),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), clean)
}

const INDENT: usize = 14;
const EVIDENCE_LINES: usize = 2;
