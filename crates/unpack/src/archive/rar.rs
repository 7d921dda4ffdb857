//! RAR, which is known and not opened: the licence of what reads it does not go with ours.

use super::{Format, Kind};

pub(super) const FORMAT: Format = Format {
    name: "rar",
    is: |start| start.starts_with(b"Rar!\x1a\x07"),
    kind: Kind::Closed,
};
