//! Succeed: ends its block well; its only fields are the shared ones.

use super::reader::Reader;
use crate::definition::StateKind;

pub(super) fn succeed(_reader: &Reader<'_>) -> StateKind {
    StateKind::Succeed
}
