use super::*;

#[test]
fn what_was_not_understood_is_harmless_and_bounded() {
    for (raw, expected) in [
        ("a\nb\r\t\0c", "a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}c".to_owned()),
        ("\u{1b}[31mred", "\u{fffd}[31mred".to_owned()),
        ("a\u{202e}b\u{2028}c\u{200b}", "a\u{fffd}b\u{fffd}c\u{fffd}".to_owned()),
        ("日本|ápi", "日本|ápi".to_owned()),
        (&"é".repeat(200), "é".repeat(200)),
        (&"é".repeat(201), format!("{}…", "é".repeat(200))),
    ] {
        assert_eq!(Fragment::of_text("here", "text", raw).raw, expected);
    }
}

#[test]
fn a_value_is_shown_as_json_as_far_as_it_fits() {
    for (value, expected) in [
        (json!("text"), "text".to_owned()),
        (json!(1.5), "1.5".to_owned()),
        (json!({"a": [null, true]}), r#"{"a":[null,true]}"#.to_owned()),
        (json!(vec![7; 100_000]), format!("{}…", &json!(vec![7; 200]).to_string()[..200])),
        (json!(["é".repeat(500_000)]), format!("[\"{}…", "é".repeat(198))),
        (json!({"日": "本".repeat(500)}), format!("{{\"日\":\"{}…", "本".repeat(194))),
    ] {
        assert_eq!(Fragment::of_value("here", "text", Some(&value)).raw, expected);
    }
}

#[test]
fn a_page_keeps_so_many_fragments_and_counts_the_rest() {
    let page_of = |bad: usize| {
        let names: Vec<_> = (0..bad).map(|number| format!("bad {number}")).collect();
        page(&notice(|event| event["resources"] = json!(names))).not_understood
    };
    assert_eq!(page_of(20).last().unwrap().raw, "bad 19");
    let fragments = page_of(9_000);
    assert_eq!(fragments.len(), 20);
    assert_eq!(fragments[18].raw, "bad 18");
    assert_eq!(fragments[19].what, "8981 more parts were not understood");
}
