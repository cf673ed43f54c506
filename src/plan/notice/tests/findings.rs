//! What was found out, put into pages.

use super::*;

fn findings() -> Findings {
    let tasks = [
        (TaskId::plain(1), (Some("prd".into()), of_service("api"))),
        (TaskId::plain(2), (None, Owner::Gone)),
    ];
    Findings { tasks: tasks.into(), services: [("old".into(), "prd".into())].into() }
}

#[test]
fn only_what_was_open_is_filled_in() {
    let short = |name: &str| Entity::ShortService(name.into());
    for (before, after) in [
        (task(1, None, None), Some(task(1, Some("prd"), Some(of_service("api"))))),
        (task(1, None, Some(standalone())), None),
        (task(2, None, None), Some(task(2, None, Some(Owner::Gone)))),
        (task(2, Some("stg"), None), Some(task(2, Some("stg"), Some(Owner::Gone)))),
        (task(3, None, None), None),
        (short("old"), Some(service("old"))),
        (short("new"), None),
        (service("old"), None),
    ] {
        let untouched = (service("other"), false);
        let page = |entity| page("a", 0, &[(entity, true), untouched.clone()]);
        assert_eq!(page(before).with(&findings()), after.map(page));
    }
}
