//! Reads the fields that matter out of a JSON document, in one pass and without copying.
//!
//! serde's derive would ignore where a problem lies, and reads numbers through binary floats. Here
//! every field keeps its exact text, a key that comes twice is noticed, and each problem names its
//! field; all other keys are passed over.

mod scan;

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

/// What to look for in an object.
pub(crate) struct Shape {
    /// How errors call the object, such as `params.message`.
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [(&'static str, Slot)],
}

/// What a key holds.
pub(crate) enum Slot {
    /// A value, kept as text at this index of [`Found::values`]; errors call it by this path.
    Value(usize, &'static str),
    /// An object to look into.
    Object(&'static Shape),
    /// A list of objects to look into.
    Objects(&'static Shape),
}

/// Why the fields could not be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    NotJson { line: usize, column: usize },
    NotAnObject { field: &'static str },
    Duplicate { field: &'static str },
}

/// Reads `body`: the values of `shape`, by the index its slots give them.
pub(crate) fn read<'a, const COUNT: usize>(
    body: &'a [u8],
    shape: &'static Shape,
) -> Result<[Field<'a>; COUNT], Problem> {
    match scan::scan(body, shape) {
        Some(values) => Ok(values),
        None => read_thoroughly(body, shape),
    }
}

/// The same for every document, and with the reason if it is not one.
fn read_thoroughly<'a, const COUNT: usize>(
    body: &'a [u8],
    shape: &'static Shape,
) -> Result<[Field<'a>; COUNT], Problem> {
    // Checked as a whole first, because serde_json does not look into the strings it passes over.
    let text = std::str::from_utf8(body).map_err(|error| {
        let (line, column) = position(body.get(..error.valid_up_to()).unwrap_or_default());
        Problem::NotJson { line, column }
    })?;
    let mut found = Found { values: [Field::ABSENT; COUNT], at: shape.name, problem: None };
    let mut document = serde_json::Deserializer::from_str(text);
    let read = Object { shape, found: &mut found }.deserialize(&mut document);
    match read.and_then(|()| document.end()) {
        Ok(()) => Ok(found.values),
        Err(error) => Err(found.problem.unwrap_or(if error.is_data() {
            Problem::NotAnObject { field: found.at }
        } else {
            Problem::NotJson { line: error.line(), column: error.column() }
        })),
    }
}

fn position(before: &[u8]) -> (usize, usize) {
    let line = before.split(|&byte| byte == b'\n').count();
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    (line, column)
}

/// The value of a field as its JSON text, or nothing when it is absent or `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    raw: Option<&'a str>,
    /// Whether a backslash is in it.
    escaped: bool,
}

impl<'a> Field<'a> {
    const ABSENT: Self = Self { raw: None, escaped: false };

    /// Of a text that is not `null`.
    fn any(raw: &'a str) -> Self {
        Self { raw: Some(raw), escaped: raw.contains('\\') }
    }

    /// Of one in which no backslash is.
    fn unescaped(raw: &'a str) -> Self {
        Self { raw: Some(raw), escaped: false }
    }

    /// The JSON text.
    pub(crate) fn raw(self) -> Option<&'a str> {
        self.raw
    }

    pub(crate) fn is_string(self) -> bool {
        self.raw().is_some_and(|raw| raw.starts_with('"'))
    }

    /// The text of a JSON string; `None` for anything else.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.raw()?;
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        if self.escaped {
            serde_json::from_str::<String>(raw).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }
}

struct Found<'a, const COUNT: usize> {
    values: [Field<'a>; COUNT],
    /// The field being read, for errors.
    at: &'static str,
    problem: Option<Problem>,
}

struct Object<'f, 'a, const COUNT: usize> {
    shape: &'static Shape,
    found: &'f mut Found<'a, COUNT>,
}

impl<'a, const COUNT: usize> DeserializeSeed<'a> for Object<'_, 'a, COUNT> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.found.at = self.shape.name;
        deserializer.deserialize_map(self)
    }
}

impl<'a, const COUNT: usize> Visitor<'a> for Object<'_, 'a, COUNT> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { shape, found } = self;
        let mut seen = 0_u32;
        while let Some(key) = map.next_key_seed(Key(shape.keys))? {
            let Some((index, slot)) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = match slot {
                Slot::Value(_, path) => path,
                Slot::Object(shape) | Slot::Objects(shape) => shape.name,
            };
            if seen & (1 << index) != 0 {
                found.problem = Some(Problem::Duplicate { field });
                return Err(A::Error::custom("duplicate field"));
            }
            seen |= 1 << index;
            match slot {
                Slot::Value(at, _) => {
                    let value = map.next_value::<Option<&RawValue>>()?;
                    if let Some(place) = found.values.get_mut(*at) {
                        *place = value.map(RawValue::get).map_or(Field::ABSENT, Field::any);
                    }
                }
                Slot::Object(shape) => map.next_value_seed(Object { shape, found })?,
                Slot::Objects(shape) => map.next_value_seed(Objects { shape, found })?,
            }
        }
        Ok(())
    }
}

struct Objects<'f, 'a, const COUNT: usize> {
    shape: &'static Shape,
    found: &'f mut Found<'a, COUNT>,
}

impl<'a, const COUNT: usize> DeserializeSeed<'a> for Objects<'_, 'a, COUNT> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.found.at = self.shape.name;
        deserializer.deserialize_seq(self)
    }
}

impl<'a, const COUNT: usize> Visitor<'a> for Objects<'_, 'a, COUNT> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { shape, found } = self;
        while list.next_element_seed(Object { shape, found: &mut *found })?.is_some() {}
        Ok(())
    }
}

/// A key that matters, with its place among those of the shape.
struct Key(&'static [(&'static str, Slot)]);

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Option<(usize, &'static Slot)>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<(usize, &'static Slot)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let place = self.0.iter().enumerate().find(|(_, (name, _))| *name == key);
        Ok(place.map(|(index, (_, slot))| (index, slot)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    static OUTER: Shape = Shape {
        name: "body",
        keys: &[
            ("a", Slot::Value(0, "a")),
            ("inner", Slot::Object(&INNER)),
            ("list", Slot::Objects(&INNER)),
        ],
    };
    static INNER: Shape = Shape { name: "inner", keys: &[("b", Slot::Value(1, "inner.b"))] };

    fn values(body: &str) -> Result<[Option<&str>; 2], Problem> {
        read::<2>(body.as_bytes(), &OUTER).map(|found| found.map(Field::raw))
    }

    /// What the quick way reads, which must be what the thorough way reads.
    fn scanned(body: &[u8]) -> Option<[Field<'_>; 2]> {
        let scanned = scan::scan::<2>(body, &OUTER);
        if scanned.is_some() {
            assert_eq!(scanned, read_thoroughly(body, &OUTER).ok());
        }
        scanned
    }

    #[test]
    fn usual_documents_are_read_the_quick_way() {
        for body in [
            r#"{"a":1,"inner":{"b":"x"},"list":[{},{"y":[1,{"z":null}]}],"c":true}"#,
            r#"{"list":[{"b":1},{"b":null}]}"#,
            " { \"a\" : -0.5e+3 ,\n\"inner\":{ } , \"list\" : [ ] } ",
        ] {
            assert!(scanned(body.as_bytes()).is_some(), "{body}");
        }
        let deep = |levels| format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(scanned(deep(10).as_bytes()).is_some());
        assert_eq!(scanned(deep(100_000).as_bytes()), None);
    }

    /// A document of the keys that matter and one that does not.
    fn document() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            proptest::sample::select(vec![
                "null",
                "true",
                "false",
                "0",
                "-1",
                "1.50",
                "2e-3",
                "01",
                "1.",
                "nul",
                "\"\"",
                "\"t\u{e4}\"",
                "\"\\n\"",
                "\"\n\"",
                " 1 ",
            ])
            .prop_map(str::to_owned),
            "[-0-9.eE+]{1,6}",
        ];
        leaf.prop_recursive(4, 24, 4, |value| {
            let key = proptest::sample::select(vec!["a", "b", "inner", "list", "x", "\\u0061"]);
            let member = (key, value.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
            prop_oneof![
                3 => proptest::collection::vec(member, 0..4)
                    .prop_map(|members| format!("{{{}}}", members.join(","))),
                1 => proptest::collection::vec(value, 0..3)
                    .prop_map(|values| format!("[{}]", values.join(", "))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_quick_way_reads_what_the_thorough_way_does(
            document in document(),
            change in proptest::option::of((any::<proptest::sample::Index>(), any::<u8>())),
        ) {
            let mut body = document.into_bytes();
            if let Some((at, byte)) = change {
                let at = at.index(body.len());
                body[at] = byte;
            }
            scanned(&body);
        }
    }

    #[test]
    fn known_keys_are_kept_as_text_and_others_passed_over() {
        let body = r#"{"x":{"a":1e400},"a": 3.30,"inner":{"y":[1],"b":"t"}}"#;
        assert_eq!(values(body), Ok([Some("3.30"), Some("\"t\"")]));
        assert_eq!(values(r#"{"a":null}"#), Ok([None, None]));
        assert_eq!(values(r#"{"a":1e400}"#), Ok([Some("1e400"), None]));
    }

    #[test]
    fn problems_name_the_field() {
        let not_an_object = |field| Err(Problem::NotAnObject { field });
        let duplicate = |field| Err(Problem::Duplicate { field });
        assert_eq!(values("[]"), not_an_object("body"));
        assert_eq!(values("null"), not_an_object("body"));
        assert_eq!(values(r#"{"inner":null}"#), not_an_object("inner"));
        assert_eq!(values(r#"{"list":[1]}"#), not_an_object("inner"));
        assert_eq!(values(r#"{"a":1,"a":1}"#), duplicate("a"));
        assert_eq!(values(r#"{"a":1,"\u0061":1}"#), duplicate("a"));
        assert_eq!(values(r#"{"inner":{},"inner":{}}"#), duplicate("inner"));
        assert_eq!(values(r#"{"inner":{"b":1,"b":2}}"#), duplicate("inner.b"));
        assert_eq!(values(r#"{"list":[{"b":1},{"b":2}]}"#), Ok([None, Some("2")]));
        assert_eq!(values(r#"{"list":[{"b":1,"b":2}]}"#), duplicate("inner.b"));
    }

    #[test]
    fn what_is_not_json_has_a_position() {
        for (body, line, column) in
            [("", 1, 0), ("{", 1, 1), ("{\n\"a\":}", 2, 5), ("{} x", 1, 4), ("{\"a\":1,}", 1, 8)]
        {
            assert_eq!(values(body), Err(Problem::NotJson { line, column }), "{body:?}");
        }
        let not_utf8 = read::<2>(b"{\n\"x\":\"\xff\"}", &OUTER).map(|_| ());
        assert_eq!(not_utf8, Err(Problem::NotJson { line: 2, column: 6 }));
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(values(&format!("{{\"a\":{deep},\"x\":{deep}}}")), Ok([Some(&*deep), None]));
    }
}
