//! The Cedar schema, made from the catalogue of actions and the table of Terraform types.
//!
//! Owns what a policy may speak of. A policy that names an action, a type or an attribute that is not here is refused when it
//! is read, so that a slip of the pen cannot become a rule that never applies.

use std::fmt::Write as _;
use std::sync::LazyLock;

use cedar_policy::{Entity, Schema, Validator};

use crate::action::{ActionName, action_schema};
use crate::twin::kind::kinds;

/// The schema that policies are checked against, as Cedar text.
pub fn policy_schema() -> &'static str {
    &TEXT
}

/// The schema as it is used.
pub(super) struct Compiled {
    pub(super) validator: Validator,
    /// The actions with the groups that they are in.
    pub(super) actions: Vec<Entity>,
}

/// The schema, read once; a sentence where the catalogue makes none, which breaks every layer.
pub(super) fn compiled() -> Result<&'static Compiled, &'static str> {
    COMPILED.as_ref().map_err(String::as_str)
}

static TEXT: LazyLock<String> = LazyLock::new(write);
static COMPILED: LazyLock<Result<Compiled, String>> =
    LazyLock::new(|| compile().map_err(|error| format!("the schema: {error}")));

fn compile() -> Result<Compiled, String> {
    let (schema, _) = Schema::from_cedarschema_str(policy_schema()).map_err(|error| error.to_string())?;
    let entities = schema.action_entities().map_err(|error| error.to_string())?;
    Ok(Compiled { actions: entities.into_iter().collect(), validator: Validator::new(schema) })
}

fn write() -> String {
    let mut types: Vec<&str> = kinds().map(|kind| kind.terraform).collect();
    types.sort_unstable();
    let mut services: Vec<&str> = ActionName::ALL.into_iter().filter_map(ActionName::service).collect();
    services.dedup();
    let mut text = HEAD.replace("TYPES", &types.join(", ")).replace("SERVICES", &services.join(", "));
    for action in ActionName::ALL {
        let (Some(service), Some(target)) = (action.service(), action.target_type()) else { continue };
        let (before, after) = (parameters(action), parameters(action));
        let _ = write!(
            text,
            "\n// {}\naction {action} in [{service}] appliesTo {{\n  principal: [Model, Rules, Human],\n  \
             resource: [{target}],\n  context: {{\n{CONTEXT}    before: {{{before}}},\n    after: {{{after}}},\n  }},\n}};\n",
            action.description()
        );
    }
    text
}

/// The parameters that an action changes, with their types.
fn parameters(action: ActionName) -> String {
    let schema = action_schema(action);
    let properties = schema.pointer("/properties/parameters/properties").and_then(serde_json::Value::as_object);
    let one = |(name, schema): (&String, &serde_json::Value)| {
        let kind = if schema["type"] == "integer" { "Long" } else { "String" };
        let optional = if may_be_unset(action) { "?" } else { "" };
        format!("{name}{optional}: {kind}")
    };
    properties.into_iter().flatten().map(one).collect::<Vec<_>>().join(", ")
}

/// Whether AWS knows a resource without the value: a function without a reservation shares the account's limit.
fn may_be_unset(action: ActionName) -> bool {
    action == ActionName::LambdaUpdateReservedConcurrency
}

const HEAD: &str = "\
// Who wants to act: a language model, the platform's own rules, or a human. The id is the model's, the playbook's, the human's.
entity Model;
entity Rules;
entity Human {
  role: String, // on-call or manager
};

// Groups that the platform makes. Pattern::\"module.database.*\" holds what goes by such an address, ARN or name; *, ? and [...]
// mean what they mean to a shell. Tagged::\"Owner=team-?\" holds what has such a tag.
entity Pattern;
entity Tagged;

// What may be changed, by its Terraform type. ARN, account and region are not known of every resource, and its radius not by
// everybody: where a policy needs what is not known, its evaluation fails, and a forbid that fails forbids.
entity TYPES, Unlisted in [Pattern, Tagged] {
  address: String,    // the Terraform address with its instance key
  name: String,       // the physical name
  names: Set<String>, // all physical names
  arn: String,
  account: String,
  region: String,
  production: Bool,   // whether its tags call it production
  tainted: Bool,      // whether Terraform replaces it at its next apply
  radius: Long,       // how many resources fail when it fails
} tags String;

// The actions of each service.
action SERVICES;
";

const CONTEXT: &str = "    risk: String,    // LOW, MEDIUM or HIGH
    radius: Long,    // how many resources fail when the resource fails
    now: datetime,
    hour: Long,      // 0 to 23, UTC
    weekday: String, // mon, tue, wed, thu, fri, sat or sun, UTC
    windows: {
      open: Set<String>, // the names of the maintenance windows that are open now
      frozen: Bool,      // whether a freeze that is about the action and the resource is open
      admitted: Bool,    // whether an allow-only window that is about them is open
    },
    budget: {
      automatic_last_hour: Long, // actions that the policy decided by itself
      automatic_per_hour: Long,  // how many it may
    },
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_read() {
        let compiled = compiled().unwrap();
        // Six actions and the groups of three services.
        assert_eq!(compiled.actions.len(), 9);
    }

    #[test]
    fn every_action_has_its_parameters_and_its_group() {
        let text = policy_schema();
        assert!(text.contains("after: {timeout: Long}"), "{text}");
        assert!(text.contains("after: {reserved_concurrent_executions?: Long}"), "{text}");
        assert!(text.contains("action rds_reboot_instance in [rds] appliesTo {"), "{text}");
        assert!(text.contains("resource: [aws_db_instance]"), "{text}");
    }
}
