//! Room for what calls itself.
//!
//! Owns the stack on which policies are read and evaluated. Cedar refuses to evaluate what would not fit on the stack that is
//! left, so that without a stack of its own a verdict would turn on who asked for it.

/// Does something on a stack that is large enough for the deepest policy that is read.
pub(super) fn deep<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(ROOM, STACK, work)
}

/// Address space, of which only what is used costs memory. The deepest policy takes less than a quarter of it without optimisation.
const STACK: usize = 64 * 1024 * 1024;
/// What must be left of it by who is on it already.
const ROOM: usize = STACK - 1024 * 1024;
