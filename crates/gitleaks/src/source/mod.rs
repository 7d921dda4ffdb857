//! What text gitleaks sees: pieces of files, and what commits added.

mod added;
mod chunk;
mod kind;
mod patch;
mod walk;

pub use added::{Added, added, middle, whole_lines};
pub use chunk::{Buffers, Chunks};
pub use kind::{Packing, is_application, packing};
pub use patch::{FileChange, Hunk, Patches};
pub use walk::{Target, Walk};
