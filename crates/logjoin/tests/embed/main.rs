//! What an embedding program relies on.

mod dependencies;
mod events;
mod progress;
mod rules;
mod threads;
