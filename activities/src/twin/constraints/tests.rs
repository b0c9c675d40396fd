//! When windows are open, across clocks that are put forward and back, and what is refused to be a window.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::action::ActionName;
use crate::twin::*;

fn node() -> Node {
    let file = json!({"version": 4, "serial": 1, "lineage": "l", "resources": [
        {"mode": "managed", "type": "aws_lambda_function", "name": "a", "module": "module.ledger",
         "instances": [{"attributes": {"function_name": "orders"}}]}]});
    only_node(&file)
}

fn policy(constraints: &Value) -> Policy {
    let constraints = constraints.to_string();
    Policy::read(&[Document { name: "g.json", text: "{}" }], &[Document { name: "c.json", text: &constraints }])
}

fn cron(pattern: &str, duration: &str, zone: &str) -> Value {
    json!({"name": "w", "cron": {"pattern": pattern, "duration": duration, "time_zone": zone}})
}

fn window(value: Value) -> MaintenanceWindow {
    serde_json::from_value(value).unwrap()
}

/// Checks at which times a window opens and closes within a day, to the minute.
#[track_caller]
fn check(value: Value, from: &str, expect: &[&str]) {
    let window = window(value);
    let from: Timestamp = from.parse().unwrap();
    let open = |minute: i64| window.is_open(from + SignedDuration::from_mins(minute));
    let turns = (1..24 * 60).filter(|minute| open(*minute) != open(*minute - 1));
    let told: Vec<String> = turns.map(|minute| (from + SignedDuration::from_mins(minute)).to_string()).collect();
    assert_eq!(told, expect);
}

/// Checks which window, if any, stands against a change at an instant.
#[track_caller]
fn check_denied(windows: &Value, now: &str, expect: Option<&str>) {
    let verdict = policy(&json!({"maintenance_windows": windows})).permit(
        ActionName::LambdaUpdateTimeout,
        &node(),
        now.parse().unwrap(),
    );
    let expect = expect.map(|name| format!("constraints.maintenance_windows `{name}`"));
    assert_eq!(verdict.rule, expect, "{}", verdict.reason);
}

#[track_caller]
fn check_refused(window: Value, expect: &str) {
    let policy = policy(&json!({"maintenance_windows": [window]}));
    let problems = policy.problems();
    assert!(problems.len() == 1 && problems[0].what.contains(expect), "{problems:?}");
    assert!(!policy.permit(ActionName::LambdaUpdateTimeout, &node(), Timestamp::UNIX_EPOCH).allowed);
}

#[test]
fn a_cron_window_is_open_for_its_duration() {
    let nightly = cron("30 22 * * *", "2h", "UTC");
    check(nightly, "2026-11-23T12:00:00Z", &["2026-11-23T22:30:00Z", "2026-11-24T00:30:00Z"]);
    let second_saturday = cron("0 22 * * SAT#2", "PT4H", "Europe/Stockholm");
    check(second_saturday.clone(), "2026-11-14T12:00:00Z", &["2026-11-14T21:00:00Z", "2026-11-15T01:00:00Z"]);
    check(second_saturday, "2026-11-21T12:00:00Z", &[]);
    check(cron("0 18 L * *", "90m", "UTC"), "2028-02-29T12:00:00Z", &["2028-02-29T18:00:00Z", "2028-02-29T19:30:00Z"]);
}

#[test]
fn a_cron_window_opens_by_the_clock_on_the_wall() {
    let morning = || cron("0 9 * * MON", "1h", "Europe/Stockholm");
    check(morning(), "2026-11-23T00:00:00Z", &["2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"]);
    check(morning(), "2026-07-06T00:00:00Z", &["2026-07-06T07:00:00Z", "2026-07-06T08:00:00Z"]);
}

/// On 29 March 2026 the clocks of Stockholm jump from 02:00 to 03:00, at 01:00 UTC.
#[test]
fn a_time_that_is_left_out_opens_when_the_clock_goes_on() {
    let before = "2026-03-28T20:00:00Z";
    check(cron("30 2 * * *", "2h", "Europe/Stockholm"), before, &["2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"]);
    // A window over the jump lasts as long as any other.
    check(cron("0 1 * * *", "4h", "Europe/Stockholm"), before, &["2026-03-29T00:00:00Z", "2026-03-29T04:00:00Z"]);
    // What the clock shows between two times is an hour shorter.
    let weekly = json!({"name": "w", "weekly": {"days": ["sun"], "from": "01:00", "to": "05:00", "time_zone": "Europe/Stockholm"}});
    check(weekly, before, &["2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"]);
    let left_out = json!({"name": "w", "weekly": {"days": ["sun"], "from": "02:00", "to": "03:00", "time_zone": "Europe/Stockholm"}});
    check(left_out, before, &[]);
}

/// On 25 October 2026 they show 02:00 to 03:00 twice, from 00:00 and from 01:00 UTC.
#[test]
fn a_time_that_comes_twice_opens_once() {
    let before = "2026-10-24T20:00:00Z";
    check(cron("0 2 * * *", "30m", "Europe/Stockholm"), before, &["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"]);
    // Several times of day are whatever the clock shows.
    check(
        cron("0 2,4 * * *", "30m", "Europe/Stockholm"),
        before,
        &[
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T03:00:00Z",
            "2026-10-25T03:30:00Z",
        ],
    );
    let weekly = json!({"name": "w", "weekly": {"days": ["sun"], "from": "02:00", "to": "03:00", "time_zone": "Europe/Stockholm"}});
    check(weekly, before, &["2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"]);
}

#[test]
fn a_freeze_forbids_inside() {
    let windows = json!([{"name": "w", "targets": ["module.ledger.*"], "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}]);
    check_denied(&windows, "2026-01-15T00:00:00Z", Some("w"));
    check_denied(&windows, "2026-02-01T00:00:00Z", None);
}

#[test]
fn an_allow_only_window_forbids_outside() {
    let allow = |name: &str, targets: Value, from: u32| json!({"name": name, "kind": "allow_only", "targets": targets, "cron": {"pattern": format!("0 {from} * * *"), "duration": "1h", "time_zone": "UTC"}});
    let (early, late) = (allow("early", json!(["module.ledger.*"]), 4), allow("late", json!(["*"]), 22));
    let other = allow("other", json!(["module.database.*"]), 10);
    let one = json!([early.clone(), other.clone()]);
    check_denied(&one, "2026-11-23T03:59:59Z", Some("early"));
    check_denied(&one, "2026-11-23T04:00:00Z", None);
    check_denied(&one, "2026-11-23T05:00:00Z", Some("early"));
    // One of several suffices, and one about other targets does not count.
    let both = json!([other, early.clone(), late]);
    check_denied(&both, "2026-11-23T22:30:00Z", None);
    check_denied(&both, "2026-11-23T10:30:00Z", Some("early"));
    // A freeze wins.
    let frozen = json!([early, {"name": "freeze", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}]);
    check_denied(&frozen, "2026-11-23T04:30:00Z", Some("freeze"));
}

#[test]
fn whoever_comes_too_early_is_told_when_to_come() {
    let windows = json!({"maintenance_windows": [{"name": "nightly", "kind": "allow_only", "reason": "as agreed with the bank",
        "cron": {"pattern": "0 22 * * *", "duration": "1h", "time_zone": "Europe/Stockholm"}}]});
    let verdict =
        policy(&windows).permit(ActionName::LambdaUpdateTimeout, &node(), "2026-11-23T09:00:00Z".parse().unwrap());
    assert_eq!(
        verdict.reason,
        "changes are for the maintenance window `nightly`, which is closed and opens next at 2026-11-23T21:00:00Z: as agreed with the bank"
    );
}

#[test]
fn a_weekly_window_says_when_it_opens_next() {
    let weekly = window(
        json!({"name": "w", "weekly": {"days": ["sun"], "from": "02:30", "to": "04:00", "time_zone": "Europe/Stockholm"}}),
    );
    let next = |now: &str| weekly.next_opening(now.parse().unwrap()).unwrap().to_string();
    assert_eq!(next("2026-11-23T09:00:00Z"), "2026-11-29T01:30:00Z");
    assert_eq!(next("2026-11-29T01:30:00Z"), "2026-12-06T01:30:00Z");
    // The day on which 02:30 is left out.
    assert_eq!(next("2026-03-28T09:00:00Z"), "2026-03-29T01:00:00Z");
    assert_eq!(next("2026-10-24T09:00:00Z"), "2026-10-25T00:30:00Z");
    let left_out = window(
        json!({"name": "w", "weekly": {"days": ["sun"], "from": "02:00", "to": "03:00", "time_zone": "Europe/Stockholm"}}),
    );
    let next = left_out.next_opening("2026-03-28T09:00:00Z".parse().unwrap()).unwrap();
    assert_eq!(next.to_string(), "2026-04-05T00:00:00Z");
}

#[test]
fn a_window_that_never_opens_is_refused() {
    check_refused(cron("0 0 30 2 *", "1h", "UTC"), "no day is `0 0 30 2 *`, so it never opens");
    check_refused(cron("0 0 31 4,6,9,11 *", "1h", "UTC"), "never opens");
    check_refused(json!({"name": "w", "start": "2026-01-02T00:00:00Z", "end": "2026-01-02T00:00:00Z"}), "never opens");
    check_refused(json!({"name": "w"}), "it needs either `start` and `end`, or `weekly`, or `cron`");
    let mut both = cron("0 0 * * *", "1h", "UTC");
    both["start"] = "2026-01-02T00:00:00Z".into();
    check_refused(both, "it needs either");
}

#[test]
fn what_is_no_cron_pattern_is_refused() {
    check_refused(cron("61 * * * *", "1h", "UTC"), "`61 * * * *` is no cron pattern");
    check_refused(cron("", "1h", "UTC"), "`` is no cron pattern");
    // Seconds and years would be another dialect.
    check_refused(cron("0 0 22 * * SAT", "1h", "UTC"), "`0 0 22 * * SAT` is no cron pattern");
    check_refused(cron(&"1,".repeat(200), "1h", "UTC"), "a cron pattern of 400 letters");
    check_refused(cron("0 0 * * *", "0s", "UTC"), "`0s` is no length of a window");
    check_refused(cron("0 0 * * *", "745h", "UTC"), "`745h` is no length of a window");
    check_refused(cron("0 0 * * *", "-1h", "UTC"), "`-1h` is no length of a window");
    check_refused(cron("0 0 * * *", "an hour", "UTC"), "`an hour` is no duration");
    check_refused(cron("0 0 * * *", "1h", "CEST"), "`CEST` is no time zone");
}

#[test]
fn a_window_that_is_over_is_reported() {
    let over =
        json!({"maintenance_windows": [{"name": "w", "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}]});
    let warnings = |now: &str| policy(&over).warnings(now.parse().unwrap());
    assert_eq!(warnings("2026-01-15T00:00:00Z"), []);
    assert_eq!(warnings("2026-02-01T00:00:00Z")[0].what, "maintenance window `w` does not open any more");
}

#[test]
fn windows_of_one_name_are_told_apart() {
    let windows = json!([
        {"name": "w", "targets": ["other"], "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        {"name": "w", "start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"}]);
    // The first is open, and about something else.
    check_denied(&windows, "2026-01-15T00:00:00Z", None);
    check_denied(&windows, "2026-03-15T00:00:00Z", Some("w (2)"));
}

#[test]
fn policies_see_the_windows() {
    let allow = json!({"name": "nightly", "kind": "allow_only", "targets": ["nobody"], "cron": {"pattern": "0 22 * * *", "duration": "1h", "time_zone": "UTC"}});
    let constraints = json!({"maintenance_windows": [allow]}).to_string();
    let text = "permit (principal, action, resource) when { context.windows.open.contains(\"nightly\") && !context.windows.admitted };";
    let policy =
        Policy::read(&[Document { name: "a.cedar", text }], &[Document { name: "c.json", text: &constraints }]);
    let allowed = |now: &str| policy.permit(ActionName::LambdaUpdateTimeout, &node(), now.parse().unwrap()).allowed;
    assert_eq!((allowed("2026-11-23T22:30:00Z"), allowed("2026-11-23T21:30:00Z")), (true, false));
}

#[test]
fn at_the_end_of_time_nothing_may_be_changed() {
    let freeze = json!([cron("0 0 1 1 *", "1h", "UTC")]);
    check_denied(&freeze, "9999-12-30T22:00:00Z", Some("w"));
    // Years before the first are none of Cedar's.
    let verdict = policy(&json!({})).permit(ActionName::LambdaUpdateTimeout, &node(), Timestamp::MIN);
    assert_eq!(verdict.rule.as_deref(), Some("governance.question"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_pattern_is_survived(pattern in "[0-9*/,LW#?A-Z@ -]{0,16}", seconds in -2_000_000_000i64..4_000_000_000) {
        let now = Timestamp::from_second(seconds).unwrap();
        let policy = policy(&json!({"maintenance_windows": [cron(&pattern, "1h", "America/St_Johns")]}));
        let verdict = policy.permit(ActionName::LambdaUpdateTimeout, &node(), now);
        prop_assert!(!verdict.allowed || policy.problems().is_empty());
    }

    /// An opening is the first minute that is open after one that is not.
    #[test]
    fn the_next_opening_is_where_it_opens(hour in 0..24u8, minute in 0..60u8, start in 0..525_600i64) {
        let pattern = format!("{minute} {hour} * * *");
        for value in [
            cron(&pattern, "61m", "Europe/Stockholm"),
            json!({"name": "w", "weekly": {"days": ["mon", "thu"], "from": format!("{hour:02}:{minute:02}"), "to": "24:00", "time_zone": "Europe/Stockholm"}}),
        ] {
            let window = window(value);
            let now = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(start);
            let next = window.next_opening(now).unwrap();
            prop_assert!(next > now && window.is_open(next));
            let between = (0..10).map(|part| now + (next.duration_since(now) / 10) * part);
            let mut closed = between.filter(|between| !window.is_open(*between)).peekable();
            // What is open at `now` may stay so for its length; after that it is closed until it opens.
            prop_assert!(window.is_open(now) || closed.peek().is_some());
        }
    }
}
