//! Looks for a message that makes the parser of events panic, hang, or name what the message does
//! not name. Stable Rust is enough, without sanitizers, which would look for what safe code cannot
//! do. From the package's directory:
//!
//! ```sh
//! cargo install cargo-fuzz --locked
//! mkdir -p fuzz/target/corpus
//! cargo fuzz run --sanitizer none events fuzz/target/corpus fuzz/corpus/events -- \
//!     -dict=fuzz/events.dict -runs=2000000 -max_len=16384 -timeout=5
//! ```
//!
//! That takes about two minutes. New inputs are kept in the first of the two corpora; what fails is
//! written to `fuzz/artifacts`, and `cargo fuzz run --sanitizer none events FILE` tries it again.

#![no_main]

// Not all that the parser offers is of use here.
#[allow(unused_imports)]
#[path = "../../src/events/mod.rs"]
mod events;
#[path = "../../src/events/tests/invariant.rs"]
mod invariant;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    if body.len() <= events::BODY_BYTES_MAX {
        let codes: Vec<_> =
            events::RETIREMENT_CODES.iter().map(|code| (*code).to_owned()).collect();
        invariant::read(body, &codes);
    }
});
