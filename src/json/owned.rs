//! An owned JSON value, kept as its own text.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::{JsonError, Kind, View, Writer};

/// A JSON value, stored as its own text. Numbers keep their digits and objects their order, so a received value
/// is sent back unchanged. Only a lone surrogate (`"\ud800"`) becomes U+FFFD, as services refuse it.
///
/// Values are compared by meaning: the order of members and white space are ignored.
///
/// `Serialize` passes numbers through serde's own types. Integers that fit neither `i64` nor
/// `u64`, and numbers with an exponent, become `f64`, at most its largest number. [`Json::as_str`] has their digits.
///
/// ```
/// use bedrock_chat::Json;
/// let args = Json::parse(r#"{"location": "Paris", "days": 3}"#)?;
/// assert_eq!(args, serde_json::json!({"days": 3, "location": "Paris"}));
///
/// #[derive(serde::Deserialize)]
/// struct Args { location: String }
/// assert_eq!(args.read_as::<Args>()?.location, "Paris");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Json(Box<str>);

impl Json {
    /// Parses a text.
    ///
    /// # Errors
    /// Fails if the text is not JSON, or nests deeper than 128 levels.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        View::parse(text).map(Self::from)
    }

    /// Same as [`Json::parse`], without a copy of a text that may be long.
    #[cfg(feature = "gateway")]
    pub(crate) fn from_text(text: String) -> Result<Self, JsonError> {
        let is_whole = View::parse(&text)?.raw().len() == text.len();
        if is_whole { Ok(Self::kept(text)) } else { Self::parse(&text) }
    }

    /// Keeps valid JSON text, with U+FFFD instead of each lone surrogate: services refuse those.
    fn kept(text: String) -> Self {
        let mut kept = String::new();
        let mut from = 0;
        while let Some(at) = lone_surrogate(&text, from) {
            kept.push_str(text.get(from..at).unwrap_or_default());
            kept.push_str("\\ufffd");
            from = at + ESCAPE;
        }
        if from == 0 {
            return Self(text.into());
        }
        kept.push_str(text.get(from..).unwrap_or_default());
        Self(kept.into())
    }

    /// Returns the empty object, `{}`.
    pub fn empty_object() -> Self {
        Self("{}".into())
    }

    /// Creates a string value.
    pub fn string(text: &str) -> Self {
        let mut w = Writer::new();
        w.string(text);
        Self(w.finish().into())
    }

    /// Creates a value from a type that serde can serialize.
    ///
    /// # Errors
    /// Returns the errors of the type's own `Serialize`.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(|text| Self(text.into()))
    }

    /// Deserializes the value into a type.
    ///
    /// # Errors
    /// Fails if the value does not fit the type.
    pub fn read_as<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(&self.0)
    }

    /// Returns the value's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the value's text as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_string().into_bytes()
    }

    /// Creates a value from a writer's text without checking it. The writer must have written one whole value.
    pub(crate) fn written(writer: Writer) -> Self {
        Self::kept(writer.finish())
    }

    /// Returns a borrowed view.
    pub fn view(&self) -> View<'_> {
        View::trusted(&self.0)
    }
}

impl From<View<'_>> for Json {
    fn from(view: View<'_>) -> Self {
        Self::kept(view.raw().to_owned())
    }
}

/// The length of an escape such as `\u0041`.
const ESCAPE: usize = 6;

/// Returns the position of the first lone surrogate's escape.
fn lone_surrogate(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // An image is megabytes without an escape, so this first search is a fast one.
    if !bytes.get(from..)?.contains(&b'\\') {
        return None;
    }
    let unit = |at: usize| match text.get(at..at + ESCAPE)?.strip_prefix("\\u") {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => None,
    };
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'\\') {
        at += found;
        match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + ESCAPE), Some(0xDC00..=0xDFFF)) => at += 2 * ESCAPE,
            Some(0xD800..=0xDFFF) => return Some(at),
            Some(_) => at += ESCAPE,
            None => at += 2,
        }
    }
    None
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || same(self.view(), other.view())
    }
}

impl PartialEq<serde_json::Value> for Json {
    fn eq(&self, other: &serde_json::Value) -> bool {
        View::parse(&other.to_string()).is_ok_and(|view| same(self.view(), view))
    }
}

/// Returns whether two values mean the same.
pub(crate) fn same(a: View<'_>, b: View<'_>) -> bool {
    a.kind() == b.kind()
        && match a.kind() {
            Kind::Object => {
                // The values of a key that is repeated are compared in their order.
                let before = |key: &str, at: usize| a.entries().take(at).filter(|(k, _)| k == key).count();
                let find = |key: &str, at: usize| b.entries().filter(|(k, _)| k == key).nth(before(key, at));
                a.entries().count() == b.entries().count()
                    && a.entries().enumerate().all(|(at, (key, v))| find(&key, at).is_some_and(|(_, w)| same(v, w)))
            }
            Kind::Array => a.items().count() == b.items().count() && a.items().zip(b.items()).all(|(v, w)| same(v, w)),
            Kind::String => a.str() == b.str(),
            Kind::Number => a.raw() == b.raw() || a.f64() == b.f64(),
            Kind::Bool | Kind::Null => a.raw() == b.raw(),
        }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Walk(self.view()).serialize(serializer)
    }
}

/// Serializes a view into any format, in its order.
struct Walk<'a>(View<'a>);

impl Serialize for Walk<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.0;
        match view.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool => serializer.serialize_bool(view.raw() == "true"),
            Kind::String => serializer.serialize_str(&view.str().unwrap_or_default()),
            Kind::Number => match (view.raw().parse::<i64>(), view.raw().parse::<u64>()) {
                (Ok(n), _) => serializer.serialize_i64(n),
                (_, Ok(n)) => serializer.serialize_u64(n),
                // Serde's formats write an infinite number as `null`.
                _ => serializer.serialize_f64(view.f64().unwrap_or_default().clamp(f64::MIN, f64::MAX)),
            },
            Kind::Array => {
                let mut seq = serializer.serialize_seq(None)?;
                for item in view.items() {
                    seq.serialize_element(&Walk(item))?;
                }
                seq.end()
            }
            Kind::Object => {
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in view.entries() {
                    map.serialize_entry(&*key, &Walk(value))?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut writer = Writer::new();
        deserializer.deserialize_any(Transcribe(&mut writer))?;
        Ok(Self::written(writer))
    }
}

/// Writes the input of a deserializer as JSON text, in its order. Unlike raw values, it also works where serde
/// buffers (tagged and flattened types).
struct Transcribe<'w>(&'w mut Writer);

impl<'de> serde::de::DeserializeSeed<'de> for Transcribe<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Transcribe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<(), E> {
        self.0.bool(v);
        Ok(())
    }
    fn visit_i64<E>(self, v: i64) -> Result<(), E> {
        self.0.raw(View::trusted(&v.to_string()));
        Ok(())
    }
    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.0.u64(v);
        Ok(())
    }
    fn visit_f64<E>(self, v: f64) -> Result<(), E> {
        // serde_json's own form keeps the fraction of a whole float (1.0).
        match serde_json::Number::from_f64(v) {
            Some(n) => self.0.raw(View::trusted(&n.to_string())),
            None => self.0.f64(v),
        }
        Ok(())
    }
    fn visit_str<E>(self, v: &str) -> Result<(), E> {
        self.0.string(v);
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.raw(View::trusted("null"));
        Ok(())
    }
    fn visit_none<E>(self) -> Result<(), E> {
        self.0.raw(View::trusted("null"));
        Ok(())
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.begin_array();
        while seq.next_element_seed(Transcribe(self.0))?.is_some() {}
        self.0.end_array();
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.begin_object();
        while let Some(key) = map.next_key::<String>()? {
            self.0.key(&key);
            map.next_value_seed(Transcribe(self.0))?;
        }
        self.0.end_object();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_member_order_through_serde() {
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "type")]
        enum Tagged {
            Holder { value: Json },
        }
        let text = r#"{"z":1,"a":[1.0,-2,18446744073709551615,true,null,{"k":"\n"}]}"#;
        let holder = Tagged::Holder { value: Json::parse(text).unwrap() };
        let Tagged::Holder { value } = serde_json::from_str(&serde_json::to_string(&holder).unwrap()).unwrap();
        assert_eq!(value.as_str(), text);
    }

    #[test]
    fn json_number_above_f64_stays_a_number_through_serde() {
        for (text, number) in [("1e400", f64::MAX), ("-1e400", f64::MIN)] {
            let written = serde_json::to_string(&Json::parse(text).unwrap()).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&written).unwrap(), number);
        }
    }

    #[test]
    fn json_lone_surrogates_become_replacement_characters() {
        for (text, expected) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (
                r#"{"\uDC00":["\ud83d\ude00","\ud83dx","\ud83d\ud83d\ude00"]}"#,
                r#"{"\ufffd":["\ud83d\ude00","\ufffdx","\ufffd\ud83d\ude00"]}"#,
            ),
            (r#""\\ud800 \u0041\n\udfff""#, r#""\\ud800 \u0041\n\ufffd""#),
        ] {
            assert_eq!(Json::parse(text).unwrap().as_str(), expected);
            let mut w = Writer::new();
            w.raw(View::parse(text).unwrap());
            assert_eq!(Json::written(w).as_str(), expected);
        }
    }

    #[test]
    fn json_equality_ignores_formatting() {
        let json = |t| Json::parse(t).unwrap();
        assert_eq!(json("{\"a\":1,\"b\":[1.0]}"), json(" { \"b\" : [ 1 ], \"a\" : 1 }"));
        assert_ne!(json("{\"a\":1}"), json("{\"a\":1,\"b\":2}"));
        assert_ne!(json("[1,2]"), json("[2,1]"));
        let repeated = json("{\"a\":1,\"a\":2}");
        assert_eq!(repeated, json(" {\"a\":1,\"\\u0061\":2}"));
        for other in ["{\"a\":2,\"a\":1}", "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2}"] {
            assert!(repeated != json(other) && json(other) != repeated, "{other}");
        }
    }
}
