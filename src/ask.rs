//! Asking the policies: both layers as they are on the disk, and what they say about one action on one node.
//!
//! Owns the question as the platform would put it, with all that is known here, for `sao twin check` and for the MCP server. What
//! a rule means is `activities`'; it decides here as it decides about a proposal.

use std::path::Path;

use activities::{
    action::{Action, ActionName, Configuration, action_schema},
    observe::{configuration_of, physical_name},
    shape::{ConfigurationAnswer, LayerAnswer, ObserveAnswer, Read, ReadRequest, RecentActionsAnswer, Settings},
    twin::{
        Budget, Document, Finding, Layer, LayerProblem, Lookup, Node, Policy, Principal, Question, Step, Topology,
        Verdict,
    },
};
use edge::{EdgeError, Embedded};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{command::context, error::CommandError};

/// Both layers as they are now.
pub(crate) struct Layers {
    /// The policies.
    pub(crate) policy: Policy,
    /// The files of the governance layer.
    pub(crate) governance: Vec<String>,
    /// The files of the constraints layer.
    pub(crate) constraints: Vec<String>,
    /// What denies everything until it is put right.
    pub(crate) problems: Vec<LayerProblem>,
    /// What deserves a second look.
    pub(crate) warnings: Vec<LayerProblem>,
}

impl Layers {
    /// Reads them; what cannot be read is a problem of theirs and no error.
    pub(crate) fn read(edge: &Embedded, data: &Path, now: Timestamp) -> Self {
        let (governance, constraints) = (edge.twin().governance(), edge.twin().constraints());
        let policy = Policy::read(&documents(&governance), &documents(&constraints));
        // A layer that is there and cannot be read from the disk is more than missing.
        let unread = [("governance", &governance), ("constraints", &constraints)].into_iter().filter_map(unread);
        let unread: Vec<LayerProblem> = unread.collect();
        let known = |problem: &LayerProblem| unread.iter().any(|unread| unread.file == problem.file);
        let others: Vec<LayerProblem> = policy.problems().into_iter().filter(|problem| !known(problem)).collect();
        let warnings = policy.warnings(now).into_iter().chain(passed_over(data)).collect();
        Self {
            governance: names(&governance),
            constraints: names(&constraints),
            problems: unread.into_iter().chain(others).collect(),
            warnings,
            policy,
        }
    }

    /// State and files of each layer, as JSON.
    pub(crate) fn document(&self) -> Value {
        let layer = |state: &str, files: &[String]| json!({ "state": state, "files": files });
        json!({
            "version": self.policy.version(),
            "governance": layer(state(&self.policy.governance), &self.governance),
            "constraints": layer(state(&self.policy.constraints), &self.constraints),
            "problems": self.problems,
            "warnings": self.warnings,
        })
    }
}

/// `present`, `missing` or `broken`.
pub(crate) fn state<T>(layer: &Layer<T>) -> &'static str {
    match layer {
        Layer::Present(_) => "present",
        Layer::Missing => "missing",
        Layer::Broken(_) => "broken",
    }
}

fn documents(layer: &Result<LayerAnswer, EdgeError>) -> Vec<Document<'_>> {
    let documents = layer.as_ref().map(|layer| layer.documents.as_slice()).unwrap_or_default();
    documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}

fn names(layer: &Result<LayerAnswer, EdgeError>) -> Vec<String> {
    documents(layer).iter().map(|document| document.name.to_owned()).collect()
}

fn unread((name, layer): (&str, &Result<LayerAnswer, EdgeError>)) -> Option<LayerProblem> {
    let error = layer.as_ref().err().filter(|error| error.error != "NotFound")?;
    Some(LayerProblem { file: name.to_owned(), line: None, what: error.to_string(), help: None })
}

/// Files among the layers' that are not read: their names end in neither of the two words.
fn passed_over(data: &Path) -> Vec<LayerProblem> {
    let inside = |layer: &str| {
        let entries = std::fs::read_dir(data.join("twin").join(layer)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.map(|name| format!("{layer}/{name}")).collect::<Vec<_>>()
    };
    let mut files: Vec<String> = ["governance", "constraints"].into_iter().flat_map(inside).collect();
    files.retain(|file| !file.ends_with(".cedar") && !file.ends_with(".json"));
    files.sort();
    let what = "it is not read: the names of files of rules end in `.cedar` or `.json`";
    files.into_iter().map(|file| LayerProblem { file, line: None, what: what.to_owned(), help: None }).collect()
}

/// What somebody wants to know.
pub(crate) struct Wish<'a> {
    /// The action's name.
    pub(crate) action: &'a str,
    /// What the node is called.
    pub(crate) node: &'a str,
    /// The parameters; none where only the action is asked about.
    pub(crate) parameters: Option<Map<String, Value>>,
    /// The instant that is meant.
    pub(crate) at: Timestamp,
    /// Who wants it; anybody, where it is not said.
    pub(crate) principal: Option<Principal>,
}

/// A question and its answer.
pub(crate) struct Asked {
    /// The action.
    pub(crate) action: ActionName,
    /// The node that its name means.
    pub(crate) node: Node,
    /// The instant.
    pub(crate) at: Timestamp,
    /// What was told to the policies, by name.
    pub(crate) known: Vec<(&'static str, Value)>,
    /// What was not.
    pub(crate) unknown: Vec<&'static str>,
    /// What the catalogue has against the parameters; then the policies were asked without them.
    pub(crate) out_of_bounds: Vec<String>,
    /// What the policies decide.
    pub(crate) verdict: Verdict,
    /// What each rule means for it.
    pub(crate) findings: Vec<Finding>,
    /// The conditions of each rule, by its name.
    steps: Vec<(String, Vec<Step>)>,
}

impl Asked {
    /// Asks.
    pub(crate) async fn of(
        edge: &Embedded,
        settings: &Settings,
        policy: &Policy,
        topology: &Topology,
        wish: Wish<'_>,
    ) -> Result<Self, CommandError> {
        let action: ActionName =
            wish.action.parse().map_err(|problem: activities::action::ActionProblem| usage(&problem))?;
        let node = &target(topology, action, wish.node)?;
        let world = World::look(edge, node).await?;
        let radius = topology.blast_radius(node.id.as_str()).len();
        let mut question = Question {
            principal: wish.principal,
            radius: u32::try_from(radius).ok(),
            budget: world
                .automatic
                .map(|done| Budget { automatic_last_hour: done, automatic_per_hour: settings.automatic_per_hour }),
            ..Question::new(action, node, wish.at)
        };
        let mut out_of_bounds = Vec::new();
        let parameters = wish.parameters.or_else(|| asks_for_nothing(action).then(Map::new));
        if let (Some(current), Some(parameters)) = (&world.configuration, parameters) {
            match action.validate(&Value::Object(parameters), node, current) {
                Ok(change) => {
                    question = told(question, &change, current);
                }
                Err(problems) => out_of_bounds = problems.iter().map(ToString::to_string).collect(),
            }
        }
        Ok(Self {
            action,
            node: node.clone(),
            at: wish.at,
            known: known(&question),
            unknown: question.unknown(),
            out_of_bounds,
            verdict: policy.judge(&question),
            findings: policy.findings(&question),
            steps: policy.steps(&question).into_iter().map(|(rule, steps)| (rule.name.clone(), steps)).collect(),
        })
    }

    /// The conditions of a rule.
    pub(crate) fn steps_of(&self, rule: &str) -> &[Step] {
        self.steps.iter().find(|(name, _)| name == rule).map_or(&[], |(_, steps)| steps.as_slice())
    }
}

fn told<'a>(question: Question<'a>, change: &Action, current: &Configuration) -> Question<'a> {
    let risk = change.risk(current, question.node).level;
    Question { risk: Some(risk), ..question.changing(change, current) }
}

/// What the account says of a node, as far as it answers.
struct World {
    configuration: Option<Configuration>,
    automatic: Option<u32>,
}

impl World {
    async fn look(edge: &Embedded, node: &Node) -> Result<Self, CommandError> {
        let config = edge.config();
        let read = |id: &str, read: Read| ReadRequest { id: id.to_owned(), max_bytes: LARGEST_ANSWER, read };
        let reads = [
            read(
                "configuration",
                Read::Configuration { resource_type: node.resource_type.clone(), name: physical_name(node) },
            ),
            read("recent_actions", Read::RecentActions { seconds: 3_600 }),
        ];
        let request = json!({ "incident": "none", "account": config.account, "region": config.region, "reads": reads, "at": Timestamp::now().to_string() });
        let failed = |problem: String| CommandError::Function(problem);
        let answer = edge.call("observe", request, "none").await.map_err(|error| failed(error.to_string()))?;
        let answer: ObserveAnswer = serde_json::from_value(answer).map_err(|error| failed(error.to_string()))?;
        let found = |id: &str| answer.observations.iter().find(|one| one.id == id)?.answer.clone();
        let configuration = found("configuration")
            .and_then(|answer| serde_json::from_value::<ConfigurationAnswer>(answer).ok())
            .and_then(|answer| configuration_of(&answer).ok());
        let automatic = found("recent_actions").and_then(|answer| serde_json::from_value(answer).ok());
        Ok(Self { configuration, automatic: automatic.map(|recent: RecentActionsAnswer| recent.automatic) })
    }
}

/// The node that a name means; of several that share it, the one that the action can be done to.
fn target(topology: &Topology, action: ActionName, name: &str) -> Result<Node, CommandError> {
    if let Lookup::Ambiguous(ids) = topology.find(name) {
        let nodes = ids.iter().filter_map(|id| topology.node(id.as_str()));
        let fitting: Vec<_> = nodes.filter(|node| action.target_type() == Some(node.resource_type())).collect();
        if let [one] = fitting.as_slice() {
            return one.read().map_err(|error| CommandError::Function(error.to_string()));
        }
    }
    context::find(topology, name)
}

/// The schema of an action's parameters, their bounds in words.
pub(crate) fn bounds(action: ActionName) -> Value {
    action_schema(action).pointer("/properties/parameters/properties").cloned().unwrap_or_default()
}

/// Whether an action changes nothing in particular, so that it needs no words.
fn asks_for_nothing(action: ActionName) -> bool {
    bounds(action).as_object().is_none_or(Map::is_empty)
}

fn known(question: &Question<'_>) -> Vec<(&'static str, Value)> {
    let facts = [
        ("risk", question.risk.map(|risk| json!(risk))),
        ("radius", question.radius.map(|radius| json!(radius))),
        ("before", question.before.clone().map(Value::Object)),
        ("after", question.after.clone().map(Value::Object)),
        ("automatic_last_hour", question.budget.map(|budget| json!(budget.automatic_last_hour))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn usage(problem: &dyn std::fmt::Display) -> CommandError {
    CommandError::Usage(problem.to_string())
}

const LARGEST_ANSWER: u32 = 8_000;
