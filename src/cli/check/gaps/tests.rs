//! Which gaps are told of, in which words, and that none is missed.

use proptest::prelude::*;

use super::*;
use crate::settings::{self, RawFiles, Sources};

const NOW: &str = "2026-11-21T12:00:00Z";

/// A policy with these lines.
fn policy(lines: &str) -> Policy {
    let text = format!(
        "[[policy]]\nname = \"p\"\nservices = {{ clusters = [\"*\"] }}\nmax_task_age = \"7d\"\n{lines}\n"
    );
    let files = RawFiles::embedded("x.toml", &text);
    let settings = settings::parse(&files, &Sources::default());
    settings.unwrap_or_else(|problems| panic!("{problems}\n{text}")).policies.policies.remove(0)
}

fn told(lines: &str) -> Vec<String> {
    find(&policy(lines), now())
}

fn now() -> Time {
    NOW.parse().unwrap()
}

const NIGHTLY: &str = r#"windows = [{ cron = "0 3 * * *", duration = "2h" }]"#;
const WEEKLY: &str = r#"windows = [{ cron = "0 3 * * SUN", duration = "2h" }]"#;
const MONTHLY: &str = r#"windows = [{ cron = "0 3 1 * *", duration = "2h" }]"#;
const ALWAYS: &str = r#"windows = "always""#;

fn retirement(mode: &str, margin: &str) -> String {
    format!("\nretirement = {{ mode = {mode:?}, margin = {margin:?} }}")
}

fn freeze(from: &str, until: &str) -> String {
    format!("\nfreezes = [{{ from = {from:?}, until = {until:?}, why = \"year end\" }}]")
}

#[test]
fn windows_too_far_apart_are_told_with_the_longest_gap_and_what_follows() {
    assert_eq!(
        told(WEEKLY),
        ["policy \"p\": up to 6d 22h pass without a window, such as Sun 2026-11-22 05:00 UTC to \
          Sun 2026-11-29 03:00 UTC; a retirement is announced 7d ahead by default, which less the \
          margin of 1d leaves 6d: services may be refreshed outside of windows\n    \
          hint: windows closer together, or margin = \"2h\"; it is no matter where \
          fargateTaskRetirementWaitPeriod is 14 days"]
    );
    assert_eq!(
        told(&(WEEKLY.to_owned() + &retirement("window-only", "1d"))),
        ["policy \"p\": up to 6d 22h pass without a window, such as Sun 2026-11-22 05:00 UTC to \
          Sun 2026-11-29 03:00 UTC; a retirement is announced 7d ahead by default, which less the \
          margin of 1d leaves 6d: services may be refreshed late, within the margin\n    \
          hint: windows closer together, or mode = \"before-deadline\", or margin = \"2h\"; it is no \
          matter where fargateTaskRetirementWaitPeriod is 14 days"]
    );
    assert_eq!(
        told(&(MONTHLY.to_owned() + &retirement("window-only", "8d"))),
        ["policy \"p\": up to 30d 22h pass without a window, such as Tue 2026-12-01 05:00 UTC to \
          Fri 2027-01-01 03:00 UTC; a retirement is announced 7d ahead by default, which less the \
          margin of 8d leaves nothing: AWS may replace their tasks itself, at a time of its own\n    \
          hint: windows closer together, or mode = \"before-deadline\""]
    );
    // A notice may also come now: what is left of a gap counts.
    let leap_days = r#"windows = [{ cron = "0 3 29 2 *", duration = "2h" }]"#;
    let expected = "policy \"p\": up to 464d 15h pass without a window, such as Sat 2026-11-21 12:00 \
                    UTC to Tue 2028-02-29 03:00 UTC; ";
    assert!(told(leap_days)[0].starts_with(expected), "{:?}", told(leap_days));
}

#[test]
fn windows_that_every_notice_finds_are_not_told_of() {
    for lines in [
        NIGHTLY.to_owned(),
        ALWAYS.to_owned(),
        ALWAYS.to_owned() + &retirement("before-deadline", "14d"),
        NIGHTLY.to_owned() + &retirement("window-only", "6d"),
        // From the close of one window to the opening of the next it is 166 hours.
        WEEKLY.to_owned() + &retirement("before-deadline", "2h"),
        WEEKLY.to_owned() + &retirement("window-only", "2h"),
        MONTHLY.to_owned() + &retirement("immediately", "1d"),
        MONTHLY.to_owned() + &retirement("ignore", "1d"),
        MONTHLY.to_owned() + "\nenabled = false",
        NIGHTLY.to_owned() + &freeze("2026-12-28", "2027-01-01"),
    ] {
        assert_eq!(told(&lines), [""; 0], "{lines}");
    }
    for margin in ["121m", "3h", "24h", "7d", "14d"] {
        let lines = WEEKLY.to_owned() + &retirement("before-deadline", margin);
        assert_eq!(told(&lines).len(), 1, "{lines}");
    }
}

#[test]
fn a_freeze_that_alone_makes_the_gap_is_told_by_itself() {
    let year_end = freeze("2026-12-28", "2027-01-05");
    let expected = "policy \"p\": for 9d 22h nothing starts because of a freeze (year end), Sun \
                    2026-12-27 05:00 UTC to Wed 2027-01-06 03:00 UTC; a retirement is announced 7d \
                    ahead by default, which less the margin of 1d leaves 6d: AWS may replace their \
                    tasks itself, at a time of its own\n    \
                    hint: a shorter freeze, or one with a pause in it; it is no matter where \
                    fargateTaskRetirementWaitPeriod is 14 days";
    assert_eq!(told(&(NIGHTLY.to_owned() + &year_end)), [expected]);
}

#[test]
fn what_follows_of_a_freeze_depends_on_what_else_may_start_something() {
    const BY_AWS: &str = "AWS may replace their tasks itself";
    const OUTSIDE: &str = "refreshed outside of windows";
    const LATE: &str = "refreshed late";
    let check = |lines: &str, expected: &[&str]| {
        let told = told(lines);
        let as_expected = told.len() == expected.len()
            && told.iter().zip(expected).all(|(told, expected)| told.contains(expected));
        assert!(as_expected, "{lines}\n{told:#?}");
    };
    for (windows, mode, until, expected) in [
        // Eight days: past the deadline of a notice that came as it began.
        (NIGHTLY, "before-deadline", "2027-01-04", vec![BY_AWS]),
        (NIGHTLY, "window-only", "2027-01-04", vec![BY_AWS]),
        (ALWAYS, "before-deadline", "2027-01-04", vec![BY_AWS]),
        (NIGHTLY, "immediately", "2027-01-04", vec![BY_AWS]),
        // Six days and a night: past the margin, not past the deadline.
        (NIGHTLY, "before-deadline", "2027-01-02", vec![OUTSIDE]),
        (NIGHTLY, "window-only", "2027-01-02", vec![LATE]),
        (NIGHTLY, "immediately", "2027-01-02", vec![]),
        // Seven days to the minute.
        (ALWAYS, "before-deadline", "2027-01-03", vec![LATE]),
        (NIGHTLY, "immediately", "2027-01-03", vec![LATE]),
        // What the windows lead to anyhow is not told again; what is worse is.
        (WEEKLY, "before-deadline", "2026-12-28", vec![OUTSIDE]),
        (WEEKLY, "before-deadline", "2027-01-04", vec![OUTSIDE, BY_AWS]),
        (MONTHLY, "window-only", "2027-02-02", vec![BY_AWS]),
    ] {
        let freeze = freeze("2026-12-28", until);
        check(&(windows.to_owned() + &retirement(mode, "24h") + &freeze), &expected);
    }
    // Eight days, which a margin of fourteen cannot begin before.
    let freeze = freeze("2026-12-28", "2027-01-04");
    check(&(ALWAYS.to_owned() + &retirement("before-deadline", "14d") + &freeze), &[BY_AWS]);
}

#[test]
fn a_freeze_without_an_end_in_sight_and_very_many_are_told_of_briefly() {
    let endless = ALWAYS.to_owned() + &freeze("2026-12-28", "2099-12-31");
    assert_eq!(
        told(&endless),
        [
            "policy \"p\": a freeze (year end) leaves no window for two years from Mon 2026-12-28 00:00 \
          UTC on; a retirement is announced 7d ahead by default, which less the margin of 1d leaves \
          6d: AWS may replace their tasks itself, at a time of its own\n    \
          hint: a shorter freeze, or one with a pause in it"
        ]
    );
    let freeze = |month: u32| {
        format!("{{ from = \"2027-{month:02}-01\", until = \"2027-{month:02}-20\" }}, ")
    };
    let monthly: String = (1..=9).map(freeze).collect();
    let told = told(&format!("{NIGHTLY}\nfreezes = [{monthly}]"));
    assert_eq!(told.len(), FREEZES_SHOWN + 1);
    assert_eq!(told[FREEZES_SHOWN], "policy \"p\": the same goes for 4 more freezes");
}

/// The worst that becomes of a notice, found by trying one at every hour of 200 days, in which all
/// that these policies do happens once.
fn worst_of_every_hour(policy: &Policy, now: Time) -> Option<Then> {
    const HOURS: i64 = 24 * 200;
    let is_thawed = |hour: i64| {
        let at = now + TimeDelta::hours(hour);
        !policy.schedule.freezes().iter().any(|freeze| freeze.span().contains(at))
    };
    let thawed: Vec<bool> = (0..=HOURS).map(is_thawed).collect();
    let mut open = vec![false; thawed.len()];
    for span in policy.schedule.spans_from(now) {
        let hours = |at: Time| (at.max(now).min(now + TimeDelta::days(400)) - now).num_hours();
        if hours(span.opens) > HOURS {
            break;
        }
        for hour in hours(span.opens)..hours(span.closes).min(HOURS + 1) {
            open[hour as usize] = true;
        }
    }
    let margin = margin(policy).num_hours().min(NOTICE.num_hours());
    let of_notice = |at: i64| {
        let deadline = at + NOTICE.num_hours();
        let any = |hours: &[bool], from: i64, to: i64| {
            hours[from as usize..=to as usize].iter().any(|hour| *hour)
        };
        let starts = match policy.retirement.mode {
            RetirementMode::Immediately => &thawed,
            _ => &open,
        };
        if any(starts, at, deadline - margin) {
            return None;
        }
        let before_deadline = policy.retirement.mode == RetirementMode::BeforeDeadline;
        let outside = before_deadline && policy.schedule.windows().is_some();
        let rescue = if before_deadline { &thawed } else { starts };
        match any(rescue, deadline - margin, deadline) || any(starts, at, deadline) {
            true if outside => Some(Then::Outside),
            true => Some(Then::Late),
            false => Some(Then::ByAws),
        }
    };
    (0..=HOURS - NOTICE.num_hours()).filter_map(of_notice).max()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_worst_that_becomes_of_any_notice_is_told(
        windows in prop::sample::select(vec![
            NIGHTLY,
            WEEKLY,
            MONTHLY,
            ALWAYS,
            r#"windows = [{ cron = "0 0 * * MON", duration = "2d" }]"#,
            r#"windows = [{ cron = "0 1 * * MON-FRI", duration = "4h" }]"#,
            r#"windows = [{ cron = "0 1 1,15 * *", duration = "3d" }, { cron = "0 8 8 * *", duration = "1h" }]"#,
        ]),
        mode in prop::sample::select(vec!["before-deadline", "window-only", "immediately"]),
        margin in prop::sample::select(vec!["0s", "1h", "2h", "24h", "3d", "6d", "7d", "8d", "14d"]),
        freezes in prop::collection::vec((0i64..90, 0i64..15), 0..3),
    ) {
        let day = |days: i64| (now() + TimeDelta::days(days)).date_naive();
        let freezes: String = freezes
            .iter()
            .map(|(from, days)| format!("{{ from = {}, until = {} }}, ", day(*from), day(from + days)))
            .collect();
        let lines = format!("{windows}\nfreezes = [{freezes}]{}", retirement(mode, margin));
        let policy = policy(&lines);
        let told = find(&policy, now());
        let then = |text: &String| match text {
            text if text.contains("AWS may replace") => Then::ByAws,
            text if text.contains("refreshed outside") => Then::Outside,
            _ => Then::Late,
        };
        prop_assert_eq!(told.iter().map(then).max(), worst_of_every_hour(&policy, now()), "{}", lines);
    }
}
