//! The policy's last look, made by `act` itself just before it changes anything.
//!
//! Owns what must be the same or allowed at that moment: the layers as they were approved under, and the hourly limit of what
//! the policy may do by itself. A layer that is missing or cannot be read refuses.

use activities::action::{Action, Configuration};
use activities::shape::{LayerAnswer, Proposal};
use activities::twin::{Budget, Document, Policy, Question};
use jiff::{SignedDuration, Timestamp};

use crate::account::ChangeKind;
use crate::embedded::World;
use crate::error::EdgeError;

/// Checks that the policy permits the action now: the same rules as at approval, and what they say at this moment.
pub(crate) fn check(
    world: &World,
    proposal: &Proposal,
    (action, current): (&Action, &Configuration),
    automatic: bool,
    now: Timestamp,
) -> Result<(), EdgeError> {
    let policy = read(world)?;
    if policy.version() != proposal.policy_version {
        let (now, then) = (policy.version(), &proposal.policy_version);
        return Err(EdgeError::refused(format!(
            "governance or constraints changed since the approval: `{now}` and not `{then}`"
        )));
    }
    let topology = world.twin.topology()?;
    let node = topology.node(&proposal.target.node);
    let node = node.ok_or_else(|| EdgeError::refused(format!("the twin holds no `{}`", proposal.target.node)))?;
    let node = node.read()?;
    let budget = Budget {
        automatic_last_hour: automatic_since(world, now, 3_600)?,
        automatic_per_hour: world.config.automatic_per_hour,
    };
    let question = Question { budget: Some(budget), ..Question::new(action.name(), &node, now) };
    let radius = topology.blast_radius(node.id.as_str()).len();
    let verdict = policy.judge(&question.proposed(proposal, radius).changing(action, current));
    if !verdict.allowed {
        let rule = verdict.rule.as_deref().unwrap_or("a missing layer");
        return Err(EdgeError::refused(format!("`{rule}` denies `{}` now: {}", proposal.action, verdict.reason)));
    }
    if automatic { check_limit(world, now) } else { Ok(()) }
}

/// Both layers, read now; one that is missing or unreadable is an error.
fn read(world: &World) -> Result<Policy, EdgeError> {
    let governance = world.twin.governance().map_err(EdgeError::refused)?;
    let constraints = world.twin.constraints().map_err(EdgeError::refused)?;
    Ok(Policy::read(&documents(&governance), &documents(&constraints)))
}

fn documents(layer: &LayerAnswer) -> Vec<Document<'_>> {
    layer.documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}

/// How many actions the policy decided in the seconds before `now`.
pub(crate) fn automatic_since(world: &World, now: Timestamp, seconds: u32) -> Result<u32, EdgeError> {
    let since = now.checked_sub(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MIN);
    let changes = world.account.changes()?;
    let recent = changes.iter().filter(|(_, change)| change.kind == ChangeKind::Automatic && change.begun_at > since);
    Ok(u32::try_from(recent.count()).unwrap_or(u32::MAX))
}

fn check_limit(world: &World, now: Timestamp) -> Result<(), EdgeError> {
    let done = automatic_since(world, now, 3_600)?;
    if done < world.config.automatic_per_hour {
        return Ok(());
    }
    Err(EdgeError::refused(format!(
        "the policy executed {done} actions in the last hour, its limit is {}",
        world.config.automatic_per_hour
    )))
}
