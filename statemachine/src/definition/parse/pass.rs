//! Pass: hands on its input or a fixed result.

use super::reader::Reader;
use super::{Scope, Walk, suspect};
use crate::definition::StateKind;

pub(super) fn pass<'t>(walk: &mut Walk<'t>, reader: &Reader<'t>, scope: &mut Scope<'t>) -> StateKind {
    suspect::result(reader);
    StateKind::Pass { result: reader.get("Result").cloned(), next: walk.next(reader, scope) }
}
