//! Which replica acts: leader election over a lease in the store, after the pattern of Kubernetes.
//!
//! Owns who may act and until when. It decides nothing about services, and knows nothing of AWS's
//! calls but that they take time: a replica may send one only while its lease outlasts the longest wait
//! for the answer. What remains cannot be fenced: ECS takes no fencing token, so a request that a
//! network holds back for longer than its sender waits can arrive under the next leader. The next
//! leader sees its deployment like anybody else's.
//!
//! No machine's clock is compared with another's. The holder counts its lease from before it sent the
//! renewal; the others count from when they saw the renewal. Both by a clock that only goes forward.

mod elector;
mod keeper;
mod leadership;

pub use keeper::Keeper;
pub use leadership::{Calling, Leadership, View};
