//! What became of notices, bounded.

use super::*;

#[test]
fn room_is_made_by_the_oldest_that_is_not_needed() {
    let max = i64::try_from(Retirement::KEPT_MAX).unwrap();
    let noticed = |hour| Retirement {
        event: None,
        noticed_at: at(hour),
        before: TaskSample::default(),
        raised: None,
        ended: None,
    };
    for (before, needed_from, after, room) in [
        (0..max - 1, 0, 0..max - 1, true),
        (0..max, 0, 0..max, false),
        (0..max, 1, 1..max, true),
        (0..max, max, 1..max, true),
        (0..max + 3, max, 4..max + 3, true),
    ] {
        let mut list: Vec<_> = before.clone().map(noticed).collect();
        let has_room = Retirement::make_room(&mut list, |one| one.noticed_at >= at(needed_from));
        assert_eq!(list, after.map(noticed).collect::<Vec<_>>(), "{before:?} {needed_from}");
        assert_eq!(has_room, room, "{before:?} {needed_from}");
    }
}

#[test]
fn the_last_thing_that_happened_counts() {
    let raised = Raised { cutoff: at(1), task: TaskId::plain(1), stopped_at: at(5) };
    let ended = |hours| Ended { by: EndedBy::Aws, at: at(hours), after: TaskSample::default() };
    for (raised, ended, last_at) in [
        (None, None, 3),
        (None, Some(ended(4)), 4),
        (None, Some(ended(2)), 3),
        (Some(raised.clone()), Some(ended(4)), 5),
        (Some(raised), Some(ended(6)), 6),
    ] {
        let before = TaskSample::default();
        let one = Retirement { event: None, noticed_at: at(3), before, raised, ended };
        assert_eq!(one.last_at(), at(last_at));
    }
}
