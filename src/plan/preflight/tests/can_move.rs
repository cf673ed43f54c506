use crate::plan::fleet::Strategy;
use crate::plan::preflight::Name;
use crate::plan::preflight::fixture::a_case;
use crate::plan::tests::fixture::{a_service, nightly};

#[test]
fn there_has_to_be_room_between_the_percentages() {
    for (desired, percents, says) in [
        (3, (100, 200), "fine: 3 tasks, 100 to 200 percent: never fewer than 3, never more than 6"),
        (4, (50, 200), "fine: 4 tasks, 50 to 200 percent: never fewer than 2, never more than 8"),
        (
            3,
            (100, 125),
            "bad: 3 tasks, 100 to 125 percent: never fewer than 3, never more than 3 | a maximum \
             percent of 134 lets it start one more, a minimum healthy percent of 66 lets it stop \
             one first",
        ),
        (
            2,
            (75, 100),
            "bad: 2 tasks, 75 to 100 percent: never fewer than 2, never more than 2 | a maximum \
             percent of 150 lets it start one more, a minimum healthy percent of 50 lets it stop \
             one first",
        ),
        (
            1,
            (100, 150),
            "bad: 1 task, 100 to 150 percent: never fewer than 1, never more than 1 | a maximum \
             percent of 200 lets it start one more",
        ),
        (
            2,
            (200, 200),
            "bad: 2 tasks, 200 to 200 percent: never fewer than 4, never more than 4 | a maximum \
             percent of 250 lets it start one more, a minimum healthy percent of 50 lets it stop \
             one first",
        ),
        (
            4,
            (50, 100),
            "notable: 4 tasks, 50 to 100 percent: never fewer than 2, never more than 4; tasks stop \
             before others start, down to 2 of 4 | a maximum percent of 200 takes nothing away",
        ),
        (
            1,
            (0, 200),
            "notable: 1 task, 0 to 200 percent: never fewer than 0, never more than 2; old tasks \
             may stop before a new one is healthy | set the minimum healthy percent to 100",
        ),
        (
            3,
            (0, 50),
            "bad: 3 tasks, 0 to 50 percent: never fewer than 0, never more than 1, so that new \
             tasks have no room | a maximum percent of 100 is the least, and one of 200 takes \
             nothing away",
        ),
    ] {
        let case = a_case(a_service("api").desired(desired).percents(Some(percents)));
        assert_eq!(case.says(Name::CanMove), says);
    }
}

#[test]
fn the_percentages_of_a_hint_do_let_it_move() {
    use crate::plan::fleet::Percents;
    for desired in 1..500 {
        for stuck in [(100, 100), (100, 101), (99, 100)] {
            let case = a_case(a_service("api").desired(desired).percents(Some(stuck)));
            let found = case.found(Name::CanMove);
            let Some(hint) = found.hint.filter(|_| found.sentence.ends_with(&format!("{desired}")))
            else {
                continue;
            };
            let numbers: Vec<u32> =
                hint.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            let maximum = Percents { minimum_healthy: stuck.0, maximum: numbers[0] };
            assert!(maximum.batch(desired) > 0, "{desired} tasks, {stuck:?}: {hint}");
            if let Some(minimum_healthy) = numbers.get(1) {
                let minimum = Percents { minimum_healthy: *minimum_healthy, maximum: stuck.1 };
                assert!(minimum.batch(desired) > 0, "{desired} tasks, {stuck:?}: {hint}");
            }
        }
    }
}

#[test]
fn a_service_that_stops_altogether_has_to_be_allowed_to() {
    let case = |desired| a_case(a_service("api").desired(desired).percents(Some((0, 100))));
    assert_eq!(
        case(1).says(Name::CanMove),
        "bad: 1 task, 0 to 100 percent: never fewer than 0, never more than 1; the only task stops \
         before a new one starts | set the maximum percent to 200, or allow_downtime = true if it \
         can do without"
    );
    assert!(case(3).says(Name::CanMove).contains("; all of them may stop before a new one starts"));
    // Rounding down leaves no room for a second task.
    let rounded = a_case(a_service("api").desired(1).percents(Some((0, 150))));
    assert!(rounded.says(Name::CanMove).starts_with("bad: "));
    let allowed = case(1).policy(nightly().checked().allow_downtime());
    assert_eq!(
        allowed.says(Name::CanMove),
        "fine: 1 task, 0 to 100 percent: never fewer than 0, never more than 1; the policy allows \
         that all of them stop first"
    );
    // What cannot move at all is not allowed by that.
    let stuck = a_case(a_service("api").desired(1).percents(Some((100, 100))));
    let stuck = stuck.policy(nightly().checked().allow_downtime());
    assert!(stuck.says(Name::CanMove).starts_with("bad: "));
}

#[test]
fn percentages_matter_only_where_they_move_something() {
    let stuck = || a_service("api").desired(1).percents(Some((100, 100)));
    let whatever = "fine: all new tasks come before old ones go, whatever the percentages are";
    for (service, says) in [
        (stuck().desired(0), "fine: desired count is 0: nothing has to move"),
        (stuck().strategy(Strategy::BlueGreen), whatever),
        (stuck().strategy(Strategy::Linear), whatever),
        (stuck().strategy(Strategy::Canary), whatever),
        (stuck().by_code_deploy(), whatever),
        (
            a_service("api").percents(None),
            "fine: 2 tasks, 100 to 200 percent (ECS's default, as it reports none): never fewer \
             than 2, never more than 4",
        ),
    ] {
        assert_eq!(a_case(service).says(Name::CanMove), says);
    }
}
