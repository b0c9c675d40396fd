//! The digital twin: topology from Terraform state, governance, constraints, precedents.
//!
//! Owns what is known of the infrastructure and of its past, as values; each layer has one writer outside of this
//! package. Reads no file and asks no clock: texts, instants and states arrive as arguments.
//!
//! ```text
//! state file --State::parse--> State --TopologyObject::of--> object --Topology::merge--> Topology
//!              (secrets leave here)      (one for each state)          (ids, aliases, edges)
//! ```

mod address;
mod attributes;
mod build;
mod constraints;
mod copies;
mod copy;
mod declared;
mod edge;
mod embedding;
mod export;
mod flat;
mod glob;
mod governance;
mod hash;
mod json;
mod kind;
mod layer;
mod likely;
mod lookup;
mod names;
mod namespace;
mod naming;
mod node;
mod object;
mod path;
mod picture;
mod plan;
mod policy;
mod precedent;
mod radius;
mod redact;
mod relate;
mod resolve;
mod scan;
mod state;
mod topology;
mod vector;
mod view;

pub use address::{InstanceKey, config_address};
pub use constraints::{
    ClockTime, Constraints, CronTimes, Day, ForbiddenOperation, Instant, Length, MaintenanceWindow, Pattern, Weekly,
    WindowKind, Zone,
};
pub use edge::{Edge, Failure, Relation};
pub use embedding::{LOCAL_DIMENSION, LOCAL_MODEL, embed_local};
pub use export::{EXPORT_SCHEMA, Export};
pub use governance::{Condition, DEFAULT_POLICIES, DeniedAction, Governance, GovernanceForm, TagCondition};
pub use kind::{Attribute, Form, Kind, kind_of, kinds};
pub use layer::{Document, Layer, LayerProblem};
pub use namespace::{Meaning, knows, meanings, metric_of, metric_of_name, partition};
#[cfg(test)]
pub(crate) use node::only_node;
pub use node::{Node, NodeId};
pub use object::{ObjectError, TopologyObject};
pub use path::{Path, PathMeaning};
pub use picture::picture;
pub use policy::{Budget, Effect, Finding, Policy, Principal, Question, Rule, Step, Verdict, policy_schema};
pub use precedent::{Gates, Precedent, Recall, RecallError, Standing, TrackRecord, track_records};
pub use radius::{MOST_REACHED, Reached};
pub use resolve::{Place, Resolution, alarm_names};
pub use state::{Instance, LeftOut, State, StateError, SuccessionError};
pub use topology::{Lookup, MergeError, NodeRef, ReadError, Source, Topology};
pub use vector::{Hit, Vector, VectorError, VectorIndex, VectorKind};

#[cfg(test)]
mod tests;
