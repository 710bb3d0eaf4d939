//! Rules as text, messages as bytes, and what comes out, as the original does it.

mod actions;
mod coverage;
mod diagnostics;
mod rows;
mod stage;
mod wordings;
