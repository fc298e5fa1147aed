use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::*;

#[derive(Serialize)]
struct Item<T> {
    price: T,
}

#[derive(Serialize)]
struct Newtype<T>(T);

#[derive(Serialize)]
struct Flat<T> {
    id: u8,
    #[serde(flatten)]
    rest: Item<T>,
}

#[derive(Serialize)]
enum Shape<T> {
    Newtype(T),
    Tuple(u8, T),
    Struct { side: T },
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Tagged<T> {
    Struct { side: T },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged<T> {
    Struct { side: T },
}

/// A map that serializes keys and values one after the other.
struct Slow<T>(&'static str, T);

impl<T: Serialize> Serialize for Slow<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_key(self.0)?;
        map.serialize_value(&self.1)?;
        map.end()
    }
}

fn refused(value: &impl Serialize) -> String {
    to_text("args", value).unwrap_err().to_string()
}

fn entry<K: Ord, V>(key: K, value: V) -> BTreeMap<K, V> {
    BTreeMap::from([(key, value)])
}

#[test]
fn a_float_that_json_cannot_hold_is_refused_with_its_place() {
    for (float, name) in [
        (f64::NAN, "NaN"),
        (-f64::NAN, "NaN"),
        (f64::INFINITY, "infinity"),
        (f64::NEG_INFINITY, "-infinity"),
    ] {
        let because = format!("`{name}` cannot be written as JSON; make it an `Option` or a text");
        let places = [
            ("args", refused(&float)),
            ("args", refused(&(float as f32))),
            ("args", refused(&Some(Newtype(float)))),
            ("args[1]", refused(&(1, float))),
            ("args[2]", refused(&vec![0.0, 1.0, float])),
            ("args[2].price", refused(&((), "a", Item { price: float }))),
            ("args[0].a[0]", refused(&[entry("a", [float])])),
            ("args.7", refused(&entry(7_u128, float))),
            (r#"args["a key"]"#, refused(&entry("a key", Some(float)))),
            (r#"args[""]"#, refused(&entry("", float))),
            ("args.Newtype", refused(&Shape::Newtype(float))),
            ("args.Tuple[1]", refused(&Shape::Tuple(0, float))),
            ("args.Struct.side", refused(&Shape::Struct { side: float })),
            ("args.side", refused(&Tagged::Struct { side: float })),
            ("args.side", refused(&Untagged::Struct { side: float })),
            ("args.side", refused(&Slow("side", float))),
            (
                "args.price",
                refused(&Flat {
                    id: 0,
                    rest: Item { price: float },
                }),
            ),
        ];
        for (place, message) in places {
            assert_eq!(message, format!("{place}: {because}"));
        }
    }
}

#[test]
fn what_json_cannot_hold_otherwise_is_refused_with_its_place() {
    let message = refused(&Item {
        price: [entry((1, 2), 3)],
    });
    assert_eq!(
        message,
        "args.price[0]: cannot be written as JSON: key must be a string"
    );
    let message = refused(&[BTreeMap::from([([0.5_f64.to_bits()], 1)])]);
    assert!(message.starts_with("args[0]: "), "{message}");
}

#[test]
fn what_is_written_is_what_serde_json_writes() {
    fn same(value: &impl Serialize) {
        let written = to_text("args", value).unwrap();
        assert_eq!(written, serde_json::to_string(value).unwrap());
    }
    same(&());
    same(&None::<f64>);
    same(&(
        true, 'x', "ada", 1_u8, -1_i8, 0.1_f32, 0.1_f64, -0.0_f64, [1_u8; 3],
    ));
    same(&(
        u64::MAX,
        i64::MIN,
        u128::from(u64::MAX),
        i128::from(i64::MIN),
    ));
    same(&(f64::MAX, f64::MIN_POSITIVE, 5e-324, 0.1 + 0.2));
    same(&json!({"a": [null, 1.5, {"b": "\0 \u{7f} 🦀"}], "": {}}));
    same(&entry(i128::MIN, entry(true, entry('x', [1.0]))));
    same(&(
        Shape::Newtype(1),
        Shape::Tuple(1, 2),
        Shape::Struct { side: 1 },
    ));
    same(&(Tagged::Struct { side: 1 }, Untagged::Struct { side: 1 }));
    same(&Flat {
        id: 0,
        rest: Item {
            price: Newtype(Some(1)),
        },
    });
    same(&Slow("side", 1));
    same(&std::net::Ipv4Addr::LOCALHOST);
    same(&chrono::DateTime::UNIX_EPOCH);
}

/// Writes, checks and reads a value, as the scheduler does with arguments.
fn returned<T: Serialize + for<'de> Deserialize<'de>>(value: &T) -> T {
    let text = to_text("args", value).unwrap();
    check("args", &text).unwrap();
    let tree: Value = serde_json::from_str(&text).unwrap();
    let exported: Value = serde_json::from_str(&tree.to_string()).unwrap();
    serde_json::from_value(exported).unwrap()
}

#[test]
fn floats_survive_to_the_bit() {
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    let named = [
        0.0,
        -0.0,
        0.1,
        5e-324,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        f64::EPSILON,
    ];
    let random = (0..20_000).map(|_| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        f64::from_bits(bits)
    });
    for float in named
        .into_iter()
        .chain(random)
        .filter(|float| float.is_finite())
    {
        assert_eq!(returned(&float).to_bits(), float.to_bits(), "{float:?}");
    }
}

#[test]
fn integers_survive_up_to_64_bits() {
    assert_eq!(
        returned(&(i64::MIN, i64::MAX, u64::MAX)),
        (i64::MIN, i64::MAX, u64::MAX)
    );
    let wide = (i128::from(i64::MIN), u128::from(u64::MAX));
    assert_eq!(returned(&wide), wide);
    assert_eq!(returned(&entry(u128::MAX, 1)), entry(u128::MAX, 1));
}

fn message_of(text: &str) -> String {
    check("args", text).unwrap_err().to_string()
}

#[test]
fn an_integer_that_would_be_rounded_is_refused_with_its_place() {
    let because = "is an integer beyond 64 bits, which would be read as the nearest float; write \
                   it as text";
    for (text, place) in [
        ("18446744073709551616", "args"),
        (" [1, \"]\", -9223372036854775809]", "args[2]"),
        (
            r#"{"a": {"b c": [{}, [18446744073709551616]]}}"#,
            "args.a[\"b c\"][1][0]",
        ),
        (r#"{"a": 1, "\u0062": 18446744073709551616}"#, "args.b"),
        (
            r#"{"1e999\\": "\"1e999", "x\"y": 18446744073709551616}"#,
            "args[\"x\\\"y\"]",
        ),
        (
            r#"[{"a": [1, 2], "b": 12345678901234567890123}]"#,
            "args[0].b",
        ),
    ] {
        let message = message_of(text);
        assert!(
            message.starts_with(&format!("{place}: `")),
            "{text}: {message}"
        );
        assert!(message.ends_with(because), "{message}");
    }
    for message in [
        refused(&Item { price: u128::MAX }),
        refused(&Item {
            price: i128::from(i64::MIN) - 1,
        }),
        refused(&Item {
            price: entry(7, Some(i128::from(u64::MAX) + 1)),
        }),
    ] {
        assert!(message.starts_with("args.price"), "{message}");
        assert!(message.ends_with(because), "{message}");
    }
}

#[test]
fn a_number_beyond_the_largest_float_is_refused_with_its_place() {
    for number in [
        "1e400",
        "-1E+400",
        "1.8e308",
        &format!("1{}.0", "0".repeat(400)),
    ] {
        let message = message_of(&format!("[0, {{\"x\": {number}}}]"));
        assert!(message.starts_with("args[1].x: `"), "{message}");
        assert!(message.contains("beyond the largest float"), "{message}");
    }
}

#[test]
fn other_numbers_and_texts_that_look_like_them_are_left_alone() {
    for text in [
        "null",
        "[18446744073709551615, -9223372036854775808, 9223372036854775808, -0, -0.0]",
        "[1e30, 1.0e-400, 1.7976931348623157e308, 12345678901234567890123.0]",
        r#"{"12345678901234567890123": "1e400", "a\"1e400": ["\\", "18446744073709551616"]}"#,
    ] {
        check("args", text).unwrap();
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        "[",
        "NaN",
        "[Infinity]",
        "[1,]",
        "1 2",
        "-",
        "\"\\ud800\"",
        "{1:2}",
        "'a'",
    ] {
        assert!(
            message_of(text).contains("is not valid JSON"),
            "{text}: {}",
            message_of(text)
        );
    }
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn what_is_nested_too_deep_is_refused_before_a_reader_gives_up() {
    check("args", &nested(MAX_JSON_DEPTH)).unwrap();
    let deepest: Value = serde_json::from_str(&nested(MAX_JSON_DEPTH)).unwrap();
    to_text("args", &deepest).unwrap();
    check_depth("args", &deepest).unwrap();
    let deeper = json!([deepest]);
    for error in [
        check("args", &nested(MAX_JSON_DEPTH + 1)).unwrap_err(),
        check("args", &nested(1_000_000)).unwrap_err(),
        check("args", &"[".repeat(1_000_000)).unwrap_err(),
        check_depth("args", &deeper).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(error.to_string(), "args: is nested deeper than 100 levels");
    }
    assert!(refused(&deeper).contains("deeper than 100 levels"));
}

#[test]
fn the_configuration_of_a_custom_trigger_in_a_text_is_exact_too() {
    for text in [
        r#"{"type": "custom", "name": "tides", "config": {"moon": [NUMBER]}}"#,
        r#"custom(name="tides", config={"moon": [NUMBER]})"#,
    ] {
        let with = |number| text.replace("NUMBER", number).parse::<crate::Trigger>();
        with("18446744073709551615").unwrap();
        let message = with("18446744073709551616").unwrap_err().to_string();
        assert!(
            message.starts_with("trigger.") && message.contains("moon[0]: `1844"),
            "{message}"
        );
    }
}
