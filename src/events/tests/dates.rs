use super::*;

#[test]
fn a_date_is_read_in_every_form_that_was_seen() {
    for (text, expected) in [
        ("Wed, 16 Aug 2023 23:18:51 GMT", "2023-08-16T23:18:51Z"),
        ("Fri, 3 Jun 2022 05:01:10 GMT", "2022-06-03T05:01:10Z"),
        ("Fri, 03 Jun 2022 5:01:10 GMT", "2022-06-03T05:01:10Z"),
        ("Wed, 16 Aug 2023, 23:18:51 GMT", "2023-08-16T23:18:51Z"),
        ("Wed, 16 Aug 2023 23:18:51 GMT,", "2023-08-16T23:18:51Z"),
        ("Wed,16Aug202323:18:51GMT", "2023-08-16T23:18:51Z"),
        ("Fri,3Jun20225:01:10GMT", "2022-06-03T05:01:10Z"),
        ("  wednesday  16 AUGUST 2023\t23:18:51 utc ", "2023-08-16T23:18:51Z"),
        ("16 Aug 2023 23:18:51 UT", "2023-08-16T23:18:51Z"),
        ("Thu, 17 Aug 2023 08:18:51 +0900", "2023-08-16T23:18:51Z"),
        ("Wed, 16 Aug 2023 19:18:51 -04:00", "2023-08-16T23:18:51Z"),
        ("Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00Z"),
        ("2023-08-16T23:18:51Z", "2023-08-16T23:18:51Z"),
        ("2023-08-16T23:18:51.250Z", "2023-08-16T23:18:51.250Z"),
        ("2023-08-16 23:18:51z", "2023-08-16T23:18:51Z"),
        ("2023-08-17T08:18:51+09:00", "2023-08-16T23:18:51Z"),
        ("2023-08-17T08:18:51+0900", "2023-08-16T23:18:51Z"),
        ("2023-08-17T08:18:51.5+09", "2023-08-16T23:18:51.500Z"),
        ("2015-01-01T00:00:00Z", "2015-01-01T00:00:00Z"),
        ("2100-12-31T23:59:59Z", "2100-12-31T23:59:59Z"),
    ] {
        assert_eq!(date::read(text.trim()), Some(at(expected)), "{text}");
    }
}

#[test]
fn what_leaves_a_doubt_is_no_date() {
    for text in [
        "",
        ",",
        "Wed",
        "tomorrow",
        "1692227931",
        // A weekday of another date, or of none.
        "Thu, 16 Aug 2023 23:18:51 GMT",
        "Abc, 16 Aug 2023 23:18:51 GMT",
        // Dates and times that do not exist.
        "Thu, 30 Feb 2023 23:18:51 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Wed, 0 Aug 2023 23:18:51 GMT",
        "16 Foo 2023 23:18:51 GMT",
        "Wed, 16 Aug 2023 24:00:00 GMT",
        "Wed, 16 Aug 2023 23:60:00 GMT",
        "Wed, 16 Aug 2023 23:18:61 GMT",
        "2023-13-01T00:00:00Z",
        "2023-02-30T00:00:00Z",
        // Years in which nothing was or will be retired.
        "Thu, 1 Jan 1970 00:00:00 GMT",
        "Wed, 31 Dec 2014 23:59:59 GMT",
        "Sat, 1 Jan 2101 00:00:00 GMT",
        "16 Aug 0023 23:18:51 GMT",
        "16 Aug 23 23:18:51 GMT",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "-2023-08-16T23:18:51Z",
        "2015-01-01T00:00:00+09:00",
        // Without a zone it may be any of 26 hours; the short names of zones are ambiguous.
        "Wed, 16 Aug 2023 23:18:51",
        "2023-08-16T23:18:51",
        "2023-08-16",
        "Wed, 16 Aug 2023 23:18:51 PST",
        "Wed, 16 Aug 2023 23:18:51 +99",
        "Wed, 16 Aug 2023 23:18:51 +2400",
        "Wed, 16 Aug 2023 23:18:51 +0960",
        // Blanks within a number, and something behind the date.
        "Wed, 1 6 Aug 2023 23:18:51 GMT",
        "Wed, 16 Aug 20 23 23:18:51 GMT",
        "Wed, 16 Aug 2023 123:18:51 GMT",
        "Wed, 16 Aug 2023 23:18 GMT",
        "Wed, 16 Aug 2023 23:18:51 GMT or so",
        "Wed, 16 Aug 2023 23:18:51 +0900 GMT",
        "Wed, 16 Aug 2023 23:18:51 GMT 2023-08-16",
        "2023-08-16T23:18:51ZZ",
        "Wed, １６ Aug 2023 23:18:51 GMT",
        "Wed, 99999999999999999999 Aug 2023 23:18:51 GMT",
    ] {
        assert_eq!(date::read(text), None, "{text}");
    }
    assert_eq!(date::read(&format!("Wed,{}16 Aug 2023 23:18:51 GMT", " ".repeat(64))), None);
}
