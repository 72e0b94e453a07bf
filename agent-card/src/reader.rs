//! A lenient reader of cards that others wrote.
//!
//! One thing is required, the ids in `skills`: the seed's minimal card has little else, and what
//! A2A requires beyond that differs between 0.2, 0.3 and 1.0. Members that are not needed are not
//! looked at, whatever their type or depth.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::MAX_CARD_BYTES;

/// A card as read from somebody else's bytes.
///
/// Its texts are a stranger's: escape them in a page, and never pass them to a language model as
/// instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCard {
    name: Option<String>,
    description: Option<String>,
    skills: Vec<ForeignSkill>,
}

impl ForeignCard {
    /// Reads a card of at most [`MAX_CARD_BYTES`] bytes.
    ///
    /// A byte order mark at the start is skipped, as RFC 8259 §8.1 allows: some editors write one.
    /// Unknown members are ignored. `name` and `description` are taken when they are strings; the
    /// last one counts if they are repeated. `skills` and a skill's `id` must not be repeated, since
    /// two readers could then see two different cards.
    ///
    /// # Errors
    /// [`ReadError`] when the bytes are no JSON object with an array `skills` of objects that have
    /// a string `id`. The array may be empty; [`check_card`](crate::check_card) asks for more.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_CARD_BYTES {
            return Err(ReadError::TooLarge { bytes: bytes.len() });
        }
        let text = str::from_utf8(bytes)
            .map_err(|error| ReadError::NotUtf8 { offset: error.valid_up_to() })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);

        // This pass checks the grammar of the whole document without recursion, so that everything
        // after it deals with types only.
        let document: &RawValue = serde_json::from_str(text).map_err(|e| not_json(&e))?;
        if !document.get().starts_with('{') {
            return Err(ReadError::NotAnObject);
        }
        let card: Members<'_> = serde_json::from_str(text).map_err(|e| not_json(&e))?;
        Ok(Self {
            name: card.text("name"),
            description: card.text("description"),
            skills: skills(&card)?,
        })
    }

    /// The agent's name, if the card has one that is a string.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The agent's description, if the card has one that is a string.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The declared skills, in the card's order; an id may occur twice.
    #[must_use]
    pub fn skills(&self) -> &[ForeignSkill] {
        &self.skills
    }

    /// Whether the card declares a skill with exactly this id: no trimming, no change of case.
    #[must_use]
    pub fn declares(&self, skill_id: &str) -> bool {
        self.skills.iter().any(|skill| skill.id == skill_id)
    }
}

/// A skill of a [`ForeignCard`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignSkill {
    id: String,
    description: Option<String>,
}

impl ForeignSkill {
    /// The skill's id, as written.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it does, if the card says so with a string.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
}

/// Why bytes are not a card. See [`ForeignCard::from_slice`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// More than [`MAX_CARD_BYTES`] bytes.
    #[error("the card has {bytes} bytes, expected at most {MAX_CARD_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not UTF-8, which JSON requires (RFC 8259 §8.1).
    #[error("the card is not UTF-8: the byte at offset {offset} does not belong there")]
    NotUtf8 {
        /// The offset of the first wrong byte, from 0.
        offset: usize,
    },
    /// Not JSON.
    #[error("the card is not JSON: {problem} at line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1; 0 when the line had not begun. A byte order mark is not
        /// counted.
        column: usize,
        /// What the parser expected or met.
        problem: String,
    },
    /// JSON, but an array or a scalar.
    #[error("the card is not a JSON object")]
    NotAnObject,
    /// A required member is absent.
    #[error("`{field}` is missing, expected {expected}")]
    Missing {
        /// Its path, as in `skills[2].id`.
        field: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A required member has another type.
    #[error("`{field}` has the wrong type, expected {expected}")]
    WrongType {
        /// Its path, as in `skills[2].id`.
        field: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A required member is there more than once.
    #[error("`{field}` is there more than once, expected one")]
    Repeated {
        /// Its path, as in `skills[2].id`.
        field: String,
    },
}

const SKILLS: &str = "an array of skills";
const SKILL: &str = "an object with an `id`";
const ID: &str = "a string";

fn skills(card: &Members<'_>) -> Result<Vec<ForeignSkill>, ReadError> {
    let field = || "skills".to_owned();
    let skills = card.required("skills", SKILLS, field)?;
    let skills: Vec<&RawValue> = typed(skills, SKILLS, field)?;
    skills.into_iter().enumerate().map(|(index, raw)| skill(index, raw)).collect()
}

fn skill(index: usize, raw: &RawValue) -> Result<ForeignSkill, ReadError> {
    let members: Members<'_> = typed(raw, SKILL, || format!("skills[{index}]"))?;
    let field = || format!("skills[{index}].id");
    let id = typed(members.required("id", ID, field)?, ID, field)?;
    Ok(ForeignSkill { id, description: members.text("description") })
}

fn typed<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    expected: &'static str,
    field: impl Fn() -> String,
) -> Result<T, ReadError> {
    serde_json::from_str(raw.get()).map_err(|_| ReadError::WrongType { field: field(), expected })
}

fn not_json(error: &serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    let message = error.to_string();
    let position = format!(" at line {line} column {column}");
    let problem = message.strip_suffix(&position).unwrap_or(&message).to_owned();
    ReadError::NotJson { line, column, problem }
}

/// The members of one JSON object in their order, values unparsed, repetitions kept.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    fn named(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a RawValue> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| *value)
    }

    fn required(
        &self,
        name: &str,
        expected: &'static str,
        field: impl Fn() -> String,
    ) -> Result<&'a RawValue, ReadError> {
        let mut found = self.named(name);
        match (found.next(), found.next()) {
            (None, _) => Err(ReadError::Missing { field: field(), expected }),
            (Some(value), None) => Ok(value),
            (Some(_), Some(_)) => Err(ReadError::Repeated { field: field() }),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.named(name).next_back().and_then(|value| serde_json::from_str(value.get()).ok())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
