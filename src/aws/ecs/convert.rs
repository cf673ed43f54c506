//! Wire values in our own types.

use std::sync::Arc;

use aws_sdk_ecs::primitives::DateTime;

use crate::clock::Time;

/// A timestamp; absent when it is beyond what a calendar can hold.
pub(super) fn time(wire: &DateTime) -> Option<Time> {
    Time::from_timestamp(wire.secs(), wire.subsec_nanos())
}

/// A timestamp for a request.
pub(super) fn wire_time(time: Time) -> DateTime {
    DateTime::from_secs_and_nanos(time.timestamp(), time.timestamp_subsec_nanos())
}

/// A count, which the wire would let be negative.
pub(super) fn count(wire: i32) -> u32 {
    u32::try_from(wire).unwrap_or(0)
}

pub(super) fn shared(text: Option<&str>) -> Arc<str> {
    text.unwrap_or_default().into()
}
