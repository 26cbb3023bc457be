//! Mappings: what they can read and write, what may be saved, what they would make of records, and what they then make of them.

mod check;
mod custom_field;
mod preview;
mod remap;
mod sources;
