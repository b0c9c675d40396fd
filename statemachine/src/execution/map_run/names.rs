//! The names of map runs and of their children. They are derived, not drawn, so that a child that is asked for twice
//! has the same ARN.

use sha2::{Digest, Sha256};

use super::MapRun;
use crate::{command::StartChild, execution::Identity};

impl MapRun {
    /// The start of a child, with the input that its record holds.
    pub(crate) fn start_of(&self, index: u64, input: &str) -> StartChild {
        let name = self.child_name(index);
        StartChild {
            run: self.id,
            index,
            map_run_arn: self.arn.clone(),
            execution_arn: self.child_arn(index),
            name,
            state_machine_arn: self.state_machine_arn(),
            state_machine_name: part_of(&self.arn, 6).to_owned(),
            part: self.part,
            items: self.children.get(index as usize).map_or(1, |child| child.items),
            input: input.to_owned(),
            redrives: self.children.get(index as usize).map_or(0, |child| child.redrives),
            since: self.children.get(index as usize).map_or(self.started_at, |child| child.started_at),
        }
    }

    pub(crate) fn child_name(&self, index: u64) -> String {
        named_uuid(&[part_of(&self.arn, 7), &index.to_string()])
    }

    pub(crate) fn child_arn(&self, index: u64) -> String {
        let redrives = self.children.get(index as usize).map_or(0, |child| child.redrives);
        self.redriven_arn(&self.child_name(index), redrives)
    }

    /// The ARN of a child that was redriven so often: one that runs in memory is another execution each time.
    pub(crate) fn redriven_arn(&self, name: &str, redrives: u32) -> String {
        let id = match redrives {
            _ if !self.part.express => return self.sibling_arn("execution", name),
            0 => named_uuid(&[name]),
            count => named_uuid(&[name, &count.to_string()]),
        };
        format!("{}:{id}", self.sibling_arn("express", name))
    }

    pub(crate) fn state_machine_arn(&self) -> String {
        let arn = self.sibling_arn("stateMachine", "");
        arn.trim_end_matches(':').to_owned()
    }

    fn sibling_arn(&self, kind: &str, name: &str) -> String {
        let head: Vec<&str> = self.arn.split(':').take(5).collect();
        format!("{}:{kind}:{}:{name}", head.join(":"), part_of(&self.arn, 6))
    }
}

/// The ARN of a new map run of an execution.
pub(crate) fn map_run_arn(identity: &Identity, label: &str, name: &str) -> String {
    let head: Vec<&str> = identity.execution_arn.split(':').take(5).collect();
    let machine = part_of(&identity.execution_arn, 6);
    let machine = machine.split('/').next().unwrap_or(machine);
    format!("{}:mapRun:{machine}/{label}:{name}", head.join(":"))
}

/// A UUID that follows from texts: the custom version 8 of RFC 9562, over SHA-256.
///
/// INVARIANT: a child that is asked for again must get the name that it had; this never changes.
pub(crate) fn named_uuid(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let mut bytes: [u8; 16] = std::array::from_fn(|at| digest[at]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A part of an ARN, counted from 0.
fn part_of(arn: &str, place: usize) -> &str {
    arn.split(':').nth(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_names_never_change() {
        assert_eq!(named_uuid(&["a", "b"]), named_uuid(&["a", "b"]));
        assert_ne!(named_uuid(&["a", "b"]), named_uuid(&["ab", ""]));
        assert_eq!(named_uuid(&["run", "0"]), "e1065e0d-b3cc-8c5d-a2d6-b183174572d3");
    }
}
