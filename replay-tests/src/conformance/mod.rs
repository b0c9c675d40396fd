//! Cases recorded on AWS, run against the engine's core.
//!
//! A case is a definition, an input and the history that AWS wrote. The tasks answer what the recorded history says
//! they answered; everything else is ours. Two histories agree when every event does, after generated names are
//! matched and what only another service's HTTP answer can supply is left out; where branches or iterations run at
//! once, another interleaving counts.

mod call;
mod case;
mod children;
mod compare;
mod run;

pub use case::{Case, Kind};
pub use compare::{Matcher, normalised};
pub use run::{Report, run_folder};
