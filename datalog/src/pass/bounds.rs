//! The times from which and until which a pass counts, as its caveats say.

use crate::engine::caveat::{Binary, Caveat, Kind, Op, Slot};
use crate::pass::block::{Block, ReadError};
use crate::words::value::Value;

/// A time limit that a caveat with one condition states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Valid to this second, inclusive.
    Until(u64),
    /// Valid from this second on.
    From(u64),
}

/// The limit, if the caveat is exactly `check if time($t), $t <= DATE` or one of its variants.
pub(crate) fn time_bound(caveat: &Caveat) -> Option<Bound> {
    let ([query], Kind::One) = (caveat.queries.as_slice(), caveat.kind) else { return None };
    let ([pattern], [expression]) = (query.patterns.as_slice(), query.expressions.as_slice()) else {
        return None;
    };
    if &*pattern.name != "time" || pattern.slots != [Slot::Variable(0)] {
        return None;
    }
    match expression.as_slice() {
        [Op::Variable(0), Op::Value(Value::Date(date)), Op::Binary(binary)] => match binary {
            Binary::LessOrEqual => Some(Bound::Until(*date)),
            Binary::LessThan => date.checked_sub(1).map(Bound::Until),
            Binary::GreaterOrEqual => Some(Bound::From(*date)),
            Binary::GreaterThan => date.checked_add(1).map(Bound::From),
            _ => None,
        },
        _ => None,
    }
}

/// The second until which all blocks count, and the second from which all of them count.
pub(super) fn bounds(blocks: &[Block]) -> Result<(u64, u64), ReadError> {
    let of = |block: &Block| block.caveats.iter().filter_map(time_bound).collect::<Vec<_>>();
    let until = |bounds: &[Bound]| {
        bounds.iter().filter_map(|b| if let Bound::Until(at) = b { Some(*at) } else { None }).min()
    };
    let authority = blocks.first().map(of).unwrap_or_default();
    until(&authority).ok_or(ReadError::Endless)?;
    let all: Vec<Bound> = blocks.iter().flat_map(of).collect();
    let from = all.iter().filter_map(|b| if let Bound::From(at) = b { Some(*at) } else { None }).max();
    Ok((until(&all).ok_or(ReadError::Endless)?, from.unwrap_or(0)))
}
