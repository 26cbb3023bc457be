//! Mappings: what they can read and write, what may be saved, what they would make of records, and what they then make of them.
#![expect(clippy::too_many_lines, reason = "a story, or a table of cases, reads better whole")]

mod check;
mod custom_field;
mod preview;
mod random;
mod remap;
mod sources;
