//! Tests the exact errors for lines of other crons, and that their advice has the intended meaning.

use std::collections::BTreeSet;

use crate::{Cron, Crontab, Fold, Gap, Trigger};

/// Returns the message, which is the same in code, as text and in JSON.
fn message_of(expr: &str) -> String {
    let code = Crontab::new(expr).build().unwrap_err().to_string();
    let text = expr.parse::<Trigger>().unwrap_err().to_string();
    assert_eq!(text, code, "{expr}");
    let json = serde_json::json!({"type": "crontab", "expr": expr});
    let json = serde_json::from_value::<Trigger>(json).unwrap_err();
    assert_eq!(json.to_string(), code, "{expr}");
    code
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(expr, message)| (expr, message_of(expr), message))
        .filter(|(_, actual, message)| actual != *message)
        .map(|(expr, actual, message)| format!("{expr}\n  {actual}\n  {message}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Returns the last text in backticks of a message, which is the advice.
fn advice(message: &str) -> &str {
    message.rsplit('`').nth(1).unwrap()
}

fn trigger(text: &str) -> Trigger {
    text.parse()
        .unwrap_or_else(|error| panic!("the advice `{text}` is refused: {error}"))
}

#[test]
fn time_zones_belong_elsewhere() {
    check(&[
        (
            "CRON_TZ=Europe/Paris 30 2 * * *",
            r#"expr: `CRON_TZ=Europe/Paris` names a time zone; leave it out and give timezone="Europe/Paris""#,
        ),
        (
            "TZ=UTC 30 2 * * *",
            r#"expr: `TZ=UTC` names a time zone; leave it out and give timezone="UTC""#,
        ),
        (
            "tz='America/New_York' @daily",
            r#"expr: `tz='America/New_York'` names a time zone; leave it out and give timezone="America/New_York""#,
        ),
        (
            "TZ= 30 2 * * *",
            "expr: `TZ=` names a time zone; leave it out and give it as timezone",
        ),
        (
            "30 2 * * * Europe/Paris",
            r#"expr: `Europe/Paris` names a time zone (at position 11); leave it out and give timezone="Europe/Paris""#,
        ),
        (
            "30 2 * * * europe/pari",
            r#"expr: `europe/pari` names a time zone (at position 11); leave it out and give timezone="europe/pari""#,
        ),
        (
            "30 2 * * * UTC",
            r#"expr: `UTC` names a time zone (at position 11); leave it out and give timezone="UTC""#,
        ),
        (
            "0 30 2 * * * Asia/Tokyo",
            r#"expr: `Asia/Tokyo` names a time zone (at position 13); leave it out and give timezone="Asia/Tokyo""#,
        ),
        (
            "@daily America/New_York",
            r#"expr: `America/New_York` names a time zone (at position 7); leave it out and give timezone="America/New_York""#,
        ),
        (
            "30 2 * * * TZ=Europe/Paris",
            r#"expr: `TZ=Europe/Paris` names a time zone (at position 11); leave it out and give timezone="Europe/Paris""#,
        ),
    ]);
}

#[test]
fn comments_commands_and_variables_are_left_out() {
    check(&[
        (
            "30 2 * * * # nightly",
            "expr: `# nightly` is a comment (at position 11); leave it out",
        ),
        (
            "30 2 * * * # 夜间 5",
            "expr: `# 夜间 5` is a comment (at position 11); leave it out",
        ),
        (
            "30 2 * * * #nightly",
            "expr: `#nightly` is a comment (at position 11); leave it out",
        ),
        (
            "# nightly",
            "expr: `# nightly` is a comment; write five fields such as `*/5 9-17 * * mon-fri`",
        ),
        (
            "@daily # nightly",
            "expr: `# nightly` is a comment (at position 7); leave it out",
        ),
        (
            "30 2 * * * /usr/bin/backup",
            "expr: `/usr/bin/backup` follows the fields of the time (at position 11); leave it out, since the job names the task",
        ),
        (
            "30 2 * * * root /usr/bin/backup -v",
            "expr: `root /usr/bin/backup -v` follows the fields of the time (at position 11); leave it out, since the job names the task",
        ),
        (
            "0 30 2 * * * backup",
            "expr: `backup` follows the fields of the time (at position 13); leave it out, since the job names the task",
        ),
        (
            "@hourly /usr/bin/backup",
            "expr: `/usr/bin/backup` follows the fields of the time (at position 8); leave it out, since the job names the task",
        ),
        (
            "30 2 * * 9 /usr/bin/backup",
            "expr: `/usr/bin/backup` follows the fields of the time (at position 11); leave it out, since the job names the task",
        ),
        (
            "MAILTO=me@example.org",
            "expr: `MAILTO=me@example.org` sets a variable of a crontab file; keep the fields of the time only",
        ),
        (
            "\"30 2 * * *\"",
            r#"expr: `"30 2 * * *"` is in quotes; write `30 2 * * *`"#,
        ),
        (
            "30 2 * * *\n30 3 * * *",
            r"expr: `30 2 * * *\n30 3 * * *` is more than one line; make a trigger of each and combine them with `or`",
        ),
    ]);
}

#[test]
fn a_year_needs_seven_fields() {
    check(&[
        (
            "0 12 1 1 * 2027",
            "expr: `0 12 1 1 * 2027` has six fields, the first of which is the second; with a year write seven (second minute hour day month weekday year), such as `0 0 12 1 1 * 2027`",
        ),
        (
            "0 12 ? * MON-FRI 2027-2029",
            "expr: `0 12 ? * MON-FRI 2027-2029` has six fields, the first of which is the second; with a year write seven (second minute hour day month weekday year), such as `0 0 12 ? * MON-FRI 2027-2029`",
        ),
        (
            "0 12 * * ? *",
            "expr: `0 12 * * ? *` has six fields, the first of which is the second; with a year write seven (second minute hour day month weekday year), such as `0 0 12 * * ? *`",
        ),
        (
            "0 0 12 1 1 2027",
            "expr: `0 0 12 1 1 2027` has six fields, the first of which is the second; with a year write seven (second minute hour day month weekday year), such as `0 0 0 12 1 1 2027`",
        ),
        (
            "0 12 1 1 2027",
            "expr: `0 12 1 1 2027` has five fields, the last of which is the weekday; with a year write seven (second minute hour day month weekday year), such as `0 30 2 1 1 * 2027`",
        ),
    ]);
}

#[test]
fn the_advice_for_a_year_fires_in_that_year() {
    let first = |expr| {
        let advised = trigger(advice(&message_of(expr)).to_owned().as_str());
        let next = advised.after("2026-11-29T00:00:00Z".parse().unwrap());
        next.unwrap().to_rfc3339()
    };
    assert_eq!(first("0 12 1 1 * 2027"), "2027-01-01T12:00:00+00:00");
    assert_eq!(
        first("0 12 ? * MON-FRI 2027-2029"),
        "2027-01-01T12:00:00+00:00"
    );
    assert_eq!(first("0 12 * * ? *"), "2026-11-29T12:00:00+00:00");
}

#[test]
fn characters_that_only_look_right() {
    check(&[
        (
            "30\u{a0}2 * * *",
            r"expr: `30\u{a0}2 * * *` holds a no-break space (U+00A0) (at position 2); write `30 2 * * *`",
        ),
        (
            "30 2 * *\u{3000}*",
            r"expr: `30 2 * *\u{3000}*` holds an ideographic space (U+3000) (at position 8); write `30 2 * * *`",
        ),
        (
            "30 2 * * *\u{200b}",
            r"day_of_week: `*\u{200b}` holds a zero-width space (U+200B) (at position 10); write `*`",
        ),
        (
            "３0 2 * * *",
            "minute: `３0` holds the full-width `３` (U+FF13) (at position 0); write `30`",
        ),
        (
            "0 9–17 * * *",
            "hour: `9–17` holds the dash `–` (U+2013) (at position 3); write `9-17`",
        ),
        (
            "0 9 * * mon—fri",
            "day_of_week: `mon—fri` holds the dash `—` (U+2014) (at position 11); write `mon-fri`",
        ),
        (
            "＊/５ * * * *",
            "minute: `＊/５` holds the full-width `＊` (U+FF0A) (at position 0); write `*/5`",
        ),
        (
            "٣ * * * *",
            "minute: `٣` holds `٣` (U+0663) (at position 0); write `3`",
        ),
        (
            "“30 2 * * *”",
            "expr: `“30 2 * * *”` holds `“` (U+201C) (at position 0); write `30 2 * * *`",
        ),
        (
            "0 0 * * mon\u{0}",
            r"day_of_week: `mon\u{0}` holds a character that cannot be seen (U+0000) (at position 11); write `mon`",
        ),
        (
            "30 \u{202e}2 * * *",
            r"hour: `\u{202e}2` holds a character that cannot be seen (U+202E) (at position 3); write `2`",
        ),
    ]);
    for expr in [
        "30\u{a0}2 * * *",
        "３0 2 ＊ ＊ ＊",
        "“30 2 * * *”",
        "30 2 * *\u{3000}*\u{200b}",
    ] {
        assert_eq!(advice(&message_of(expr)), "30 2 * * *");
    }
}

#[test]
fn fields_of_cron_are_told_the_same() {
    for (built, message) in [
        (
            Cron::new().hour("9–17"),
            "hour: `9–17` holds the dash `–` (U+2013) (at position 1); write `9-17`",
        ),
        (
            Cron::new().minute("H/15"),
            "minute: `H/15` is a hash, which Jenkins knows; write `*/15` and give the job a jitter",
        ),
        (
            Cron::new().minute("0~59"),
            "minute: `0~59` is a random number, which cronie knows; write one number and give the job a jitter",
        ),
        (
            Cron::new().hour("22-4/2"),
            "hour: `22-4/2` runs backwards and ranges do not wrap around; write `22,0-4/2`",
        ),
        (
            Cron::new().day_of_week("fri-mon"),
            "day_of_week: `fri-mon` runs backwards and ranges do not wrap around; write `4-6,0`",
        ),
        (
            Cron::new().hour("L"),
            "hour: `L` stands for a day of the month; move it to day",
        ),
        (
            Cron::new().day("LW"),
            "day: `LW` is not understood; the last working day is known to crontab only",
        ),
        (
            Cron::new().day("L-3"),
            "day: `L-3` is not understood; days before the last are for a custom trigger",
        ),
    ] {
        let actual = built.build().unwrap_err().to_string();
        assert_eq!(actual, message);
    }
}

#[test]
fn hashes_and_random_numbers_are_a_jitter_here() {
    check(&[
        (
            "H/15 * * * *",
            "minute: `H/15` is a hash, which Jenkins knows (at position 0); write `*/15` and give the job a jitter",
        ),
        (
            "H H * * *",
            "minute: `H` is a hash, which Jenkins knows (at position 0); write one number and give the job a jitter",
        ),
        (
            "H(0-29)/10 * * * *",
            "minute: `H(0-29)/10` is a hash, which Jenkins knows (at position 0); write `0-29/10` and give the job a jitter",
        ),
        (
            "0 H(9-17) * * *",
            "hour: `H(9-17)` is a hash, which Jenkins knows (at position 2); write one number and give the job a jitter",
        ),
        (
            "0~59 * * * *",
            "minute: `0~59` is a random number, which cronie knows (at position 0); write one number and give the job a jitter",
        ),
        (
            "~ * * * *",
            "minute: `~` is a random number, which cronie knows (at position 0); write one number and give the job a jitter",
        ),
        (
            "0~59/10 * * * *",
            "minute: `0~59/10` is a random number, which cronie knows (at position 0); write `0-59/10` and give the job a jitter",
        ),
    ]);
}

#[test]
fn nicknames_of_others() {
    check(&[
        (
            "@reboot",
            "expr: `@reboot` names no time; give the job a date trigger for now when the program starts",
        ),
        (
            "@every_minute",
            "expr: `@every_minute` is not a known nickname; write `* * * * *`",
        ),
        (
            "@fortnightly",
            "expr: `@fortnightly` is not a known nickname; write @hourly, @daily, @weekly, @monthly or @yearly",
        ),
    ]);
}

#[test]
fn lines_in_words() {
    check(&[
        (
            "@evry 5m",
            "expr: `@evry 5m` is not a known nickname; write `@every 5m`",
        ),
        (
            "@evry",
            "expr: `@evry` is not a known nickname; write for example `@every 90s`",
        ),
        (
            "@every5m",
            "expr: `@every5m` is not a known nickname; write `@every 5m`",
        ),
        (
            "@ daily",
            "expr: `@ daily` has a blank behind the `@`; write `@daily`",
        ),
        (
            "@ every 5m",
            "expr: `@ every 5m` has a blank behind the `@`; write `@every 5m`",
        ),
        (
            "@dayly",
            "expr: `@dayly` is not a known nickname; did you mean `@daily`?",
        ),
        ("5m", "expr: `5m` is a length of time; write `@every 5m`"),
        (
            "every 5 minutes",
            "expr: `every 5 minutes` is a length of time; write `@every 5 minutes`",
        ),
        (
            "every day",
            "expr: `every day` is not a crontab line; write `@daily`",
        ),
        ("daily", "expr: `daily` lacks an `@`; write `@daily`"),
        (
            "Every",
            "expr: `Every` lacks an `@`; write for example `@every 90s`",
        ),
        (
            "interval",
            "expr: `interval` is a type of trigger without its fields; write for example `interval(minutes=5)`",
        ),
        (
            "every 0 minutes",
            "expr: `every 0 minutes` has 3 fields, not 5 (minute hour day month weekday), 6 (seconds first) or 7 (year last)",
        ),
    ]);
}

#[test]
fn the_advice_for_a_line_in_words_is_understood() {
    for line in [
        "@evry 5m",
        "@every5m",
        "@ daily",
        "5m",
        "every day",
        "every minute",
        "daily",
        "interval",
        "cron",
        "crontab",
        "date",
        "calendar_interval",
        "every weekday",
        "@every night",
    ] {
        trigger(advice(&message_of(line)));
    }
}

#[test]
fn what_has_no_effect_on_every_is_refused() {
    let message = |builder: crate::CrontabBuilder| builder.build().unwrap_err().to_string();
    let refused = |field: &str| {
        format!(
            "{field}: has no effect on `@every`, which counts elapsed time; leave it out, or write \
             the fields of a crontab line"
        )
    };
    let every = || Crontab::new("@every 5m");
    assert_eq!(message(every().gap(Gap::Skip)), refused("gap"));
    assert_eq!(message(every().fold(Fold::Both)), refused("fold"));
    assert_eq!(
        message(every().day_and_weekday(true)),
        refused("day_and_weekday")
    );
}

#[test]
fn a_position_counts_from_the_beginning_of_the_text() {
    for (text, position) in [(" 75 * * * *", 1), ("75 * * * *", 0), ("  @every 5x", 10)] {
        let code = Crontab::new(text).build().unwrap_err();
        let read = text.parse::<Trigger>().unwrap_err();
        assert_eq!(
            (code.position(), read.position()),
            (Some(position), Some(position)),
            "{text}"
        );
    }
}

#[test]
fn every_makes_an_interval() {
    for (expr, micros) in [
        ("@every 90m", 5_400_000_000),
        ("@every 1h30m10s", 5_410_000_000),
        ("@every  1.5s ", 1_500_000),
        ("@EVERY 500ms", 500_000),
        ("@every 7d", 604_800_000_000),
    ] {
        let Trigger::Interval(interval) = trigger(expr) else {
            panic!("{expr}: no interval");
        };
        assert_eq!(interval.length_micros(), micros, "{expr}");
        assert!(!interval.is_anchored());
    }
    let bounded = Crontab::new("@every 1h").start("2026-03-01T00:30:00");
    let bounded = bounded.timezone("Europe/Paris").build().unwrap();
    assert_eq!(
        bounded.to_string(),
        r#"interval(hours=1, timezone="Europe/Paris", start="2026-03-01T00:30:00")"#
    );
    check(&[
        (
            "@every",
            "expr: `@every` lacks the length of the interval; write for example `@every 90s`",
        ),
        (
            "@every 90",
            "expr: `@every 90` has no unit (at position 7); write `90s` for seconds",
        ),
        (
            "@every 1h 5x",
            "expr: `@every 1h 5x` has the unknown unit `x` (at position 11); the units are weeks, days, h, m, s, ms and us",
        ),
        (
            "@every 0s",
            "expr: `@every 0s` is below the minimum of one millisecond (at position 7); write `1ms` or more, such as `5m`",
        ),
        (
            "@every day",
            "expr: `@every day` lacks the length of the interval; write `@daily`",
        ),
    ]);
}

#[test]
fn a_misspelt_name() {
    check(&[
        (
            "0 0 * * mno",
            "day_of_week: `mno` is not a weekday (at position 8); did you mean `mon`?",
        ),
        (
            "0 0 * ferb *",
            "month: `ferb` is not a month (at position 6); did you mean `feb`?",
        ),
        (
            "0 0 * * someday",
            "day_of_week: `someday` is not a weekday (at position 8); write mon to sun",
        ),
    ]);
}

#[test]
fn marks_of_days_in_other_fields() {
    check(&[
        (
            "0 L * * *",
            "hour: `L` stands for a day of the month (at position 2); move it to day",
        ),
        (
            "0 15W * * *",
            "hour: `15W` stands for a day of the month (at position 2); move it to day",
        ),
        (
            "0 0 * 5#2 *",
            "month: `5#2` stands for a weekday (at position 6); move it to day_of_week",
        ),
        (
            "0 5L * * *",
            "hour: `5L` stands for a weekday (at position 2); move it to day_of_week",
        ),
        (
            "0 0 L-3 * *",
            "day: `L-3` counts back from the last day, which is not supported (at position 4); days before the last are for a custom trigger",
        ),
        (
            "0 0 * * 5#L",
            "day_of_week: `5#L` has no number from 1 to 5 after the # (at position 8); write 5#2 for the second Friday, or 5L for the last",
        ),
        (
            "0 0 * * L",
            "day_of_week: `L` names no weekday (at position 8); write 5L or friL for the last Friday",
        ),
        (
            "0 0 W * *",
            "day: `W` is not one day before the W (at position 4); write 15W for the working day nearest to the 15th, or LW",
        ),
    ]);
}

#[test]
fn wrapped_ranges_are_told_the_list_that_was_meant() {
    check(&[
        (
            "0 22-4/2 * * *",
            "hour: `22-4/2` runs backwards and ranges do not wrap around (at position 2); write `22,0-4/2`",
        ),
        (
            "0 21-4/2 * * *",
            "hour: `21-4/2` runs backwards and ranges do not wrap around (at position 2); write `21-23/2,1-4/2`",
        ),
        (
            "58-2/2 * * * *",
            "minute: `58-2/2` runs backwards and ranges do not wrap around (at position 0); write `58,0-2/2`",
        ),
        (
            "0 22-4 * * *",
            "hour: `22-4` runs backwards and ranges do not wrap around (at position 2); write `22-23,0-4`",
        ),
        (
            "0 22-0 * * *",
            "hour: `22-0` runs backwards and ranges do not wrap around (at position 2); write `22-23,0`",
        ),
        (
            "0 0 * 11-2/2 *",
            "month: `11-2/2` runs backwards and ranges do not wrap around (at position 6); write `11,1`",
        ),
        (
            "0 0 * * 5-1/2",
            "day_of_week: `5-1/2` runs backwards and ranges do not wrap around (at position 8); write `5,0`",
        ),
        (
            "0 0 * * fri-mon",
            "day_of_week: `fri-mon` runs backwards and ranges do not wrap around (at position 8); write `5-6,0-1`",
        ),
        (
            "0 0 0 1 1 * 2030-2027",
            "year: `2030-2027` runs backwards and ranges do not wrap around (at position 12); write `2027-2030`",
        ),
    ]);
}

/// Each wrapped range of a field, with some steps, becomes the list of its values.
#[test]
fn the_advice_for_a_wrapped_range_has_the_values_that_were_meant() {
    type Values = fn(&Trigger) -> u64;
    fn pattern(trigger: &Trigger) -> &crate::trigger::cron::pattern::Pattern {
        match trigger {
            Trigger::Crontab(crontab) => &crontab.compiled().pattern,
            _ => panic!("no crontab"),
        }
    }
    // The weekdays of a crontab begin with Sunday, and those of the pattern with Monday.
    let fields: [(&str, u64, u64, Values); 5] = [
        ("@ * * * *", 0, 59, |t| pattern(t).minutes),
        ("0 @ * * *", 0, 23, |t| pattern(t).hours.into()),
        ("0 0 @ * *", 1, 31, |t| pattern(t).days.into()),
        ("0 0 * @ *", 1, 12, |t| pattern(t).months.into()),
        ("0 0 * * @", 0, 6, |t| {
            let monday_first = u64::from(pattern(t).weekdays);
            (monday_first << 1 & 0x7e) | monday_first >> 6
        }),
    ];
    for (line, min, max, values) in fields {
        for (first, last) in
            (min..=max).flat_map(|first| (min..first).map(move |last| (first, last)))
        {
            for step in [1, 2, 3, 5, 8, 15, 40] {
                let item = format!("{first}-{last}/{step}");
                let built = Crontab::new(line.replace('@', &item)).build();
                let message = built.unwrap_err().to_string();
                let advised = trigger(&line.replace('@', advice(&message)));
                let in_turn = (first..=max).chain(min..=last).step_by(step);
                let meant: BTreeSet<u64> = in_turn.collect();
                let got: BTreeSet<u64> =
                    (0..64).filter(|n| values(&advised) >> n & 1 == 1).collect();
                assert_eq!(got, meant, "{item}: {message}");
            }
        }
    }
}
