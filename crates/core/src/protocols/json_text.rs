//! Borrowed values for the frames of a stream. A frame that does not have these types is decoded the long way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Text that is borrowed from the frame unless it holds escapes; `null` is empty.
#[derive(Debug, Default)]
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text, unless it is empty.
    pub(crate) fn filled(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A field that must be missing or hold nothing: `null`, `false`, 0, or an empty text, list or object.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NothingVisitor;
        impl<'de> Visitor<'de> for NothingVisitor {
            type Value = Nothing;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("nothing")
            }
            fn visit_unit<E>(self) -> Result<Nothing, E> {
                Ok(Nothing)
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Nothing, E> {
                nothing_if(!value)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Nothing, E> {
                nothing_if(value == 0)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Nothing, E> {
                nothing_if(text.is_empty())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Nothing, A::Error> {
                nothing_if(list.next_element::<IgnoredAny>()?.is_none())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nothing, A::Error> {
                nothing_if(map.next_key::<IgnoredAny>()?.is_none())
            }
        }
        deserializer.deserialize_any(NothingVisitor)
    }
}

fn nothing_if<E: Error>(is_nothing: bool) -> Result<Nothing, E> {
    if is_nothing { Ok(Nothing) } else { Err(E::custom("something")) }
}
