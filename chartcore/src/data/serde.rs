//! To and from serde.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, SerializeMap, SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

use super::{Map, Str, Value};

/// How deep a value may nest; see [`super::yaml::MAX_DEPTH`].
const MAX_DEPTH: usize = super::yaml::MAX_DEPTH;

impl Serialize for Str {
    /// Bytes that are not UTF-8 become U+FFFD, as in Go's JSON.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Str {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::String(text) => text.serialize(serializer),
            Self::List(list) => {
                let mut out = serializer.serialize_seq(Some(list.len()))?;
                for item in list.iter() {
                    out.serialize_element(item)?;
                }
                out.end()
            }
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            out.serialize_entry(key, value)?;
        }
        out.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    /// Integers stay integers; what is too large for an i64 becomes a float.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reader { depth: 0 }.deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Map(map) => Ok(std::sync::Arc::unwrap_or_clone(map)),
            other => {
                Err(de::Error::custom(format!("expected a map, found {}", super::json::type_name(&other))))
            }
        }
    }
}

/// Reads a value at some depth.
#[derive(Clone, Copy)]
struct Reader {
    depth: usize,
}

impl Reader {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("exceeded max depth of {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deeper()?.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deeper()?.deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::String(bytes.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(item)? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(key) = items.next_key::<Str>()? {
            entries.push((key, items.next_value_seed(item)?));
        }
        Ok(Map::from_entries(entries).into())
    }
}

/// Why something cannot be a [`Value`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerializeError(String);

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SerializeError {}

impl ser::Error for SerializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl Value {
    /// Makes a value of anything serde can serialize. Integers stay [`Value::Int`].
    ///
    /// # Errors
    /// A map whose keys are no strings, numbers or truth values; nesting beyond
    /// [`super::yaml::MAX_DEPTH`]; whatever the type's own `Serialize` reports.
    pub fn from_serialize<T: Serialize + ?Sized>(source: &T) -> Result<Self, SerializeError> {
        source.serialize(Builder { depth: 0 })
    }
}

/// Builds a value at some depth.
#[derive(Clone, Copy)]
struct Builder {
    depth: usize,
}

impl Builder {
    fn deeper(self) -> Result<Self, SerializeError> {
        if self.depth >= MAX_DEPTH {
            return Err(SerializeError(format!("exceeded max depth of {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }

    fn list(self, variant: Option<&'static str>, length: usize) -> Result<ListBuilder, SerializeError> {
        Ok(ListBuilder { item: self.deeper()?, variant, items: Vec::with_capacity(length.min(1_024)) })
    }

    fn map(self, variant: Option<&'static str>) -> Result<MapBuilder, SerializeError> {
        Ok(MapBuilder { item: self.deeper()?, variant, entries: Vec::new(), key: None })
    }
}

fn wrapped(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(variant) => Map::from_entries(vec![(variant.into(), value)]).into(),
        None => value,
    }
}

struct ListBuilder {
    item: Builder,
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl ListBuilder {
    fn push<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerializeError> {
        self.items.push(item.serialize(self.item)?);
        Ok(())
    }

    fn finish(self) -> Value {
        wrapped(self.variant, self.items.into())
    }
}

struct MapBuilder {
    item: Builder,
    variant: Option<&'static str>,
    entries: Vec<(Str, Value)>,
    key: Option<Str>,
}

impl MapBuilder {
    fn push<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), SerializeError> {
        self.entries.push((key.into(), value.serialize(self.item)?));
        Ok(())
    }

    fn finish(self) -> Value {
        wrapped(self.variant, Map::from_entries(self.entries).into())
    }
}

impl Serializer for Builder {
    type Ok = Value;
    type Error = SerializeError;
    type SerializeSeq = ListBuilder;
    type SerializeTuple = ListBuilder;
    type SerializeTupleStruct = ListBuilder;
    type SerializeTupleVariant = ListBuilder;
    type SerializeMap = MapBuilder;
    type SerializeStruct = MapBuilder;
    type SerializeStructVariant = MapBuilder;

    fn serialize_bool(self, truth: bool) -> Result<Value, SerializeError> {
        Ok(Value::Bool(truth))
    }

    fn serialize_i8(self, number: i8) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_i16(self, number: i16) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_i32(self, number: i32) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_i64(self, number: i64) -> Result<Value, SerializeError> {
        Ok(Value::Int(number))
    }

    fn serialize_u8(self, number: u8) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_u16(self, number: u16) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_u32(self, number: u32) -> Result<Value, SerializeError> {
        Ok(Value::Int(number.into()))
    }

    fn serialize_u64(self, number: u64) -> Result<Value, SerializeError> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn serialize_f32(self, number: f32) -> Result<Value, SerializeError> {
        Ok(Value::Float(number.into()))
    }

    fn serialize_f64(self, number: f64) -> Result<Value, SerializeError> {
        Ok(Value::Float(number))
    }

    fn serialize_char(self, letter: char) -> Result<Value, SerializeError> {
        Ok(Value::String(letter.into()))
    }

    fn serialize_str(self, text: &str) -> Result<Value, SerializeError> {
        Ok(text.into())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, SerializeError> {
        Ok(Value::String(bytes.into()))
    }

    fn serialize_none(self) -> Result<Value, SerializeError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, SerializeError> {
        value.serialize(self.deeper()?)
    }

    fn serialize_unit(self) -> Result<Value, SerializeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, SerializeError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, SerializeError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Value, SerializeError> {
        value.serialize(self.deeper()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, SerializeError> {
        Ok(wrapped(Some(variant), value.serialize(self.deeper()?)?))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<ListBuilder, SerializeError> {
        self.list(None, length.unwrap_or(0))
    }

    fn serialize_tuple(self, length: usize) -> Result<ListBuilder, SerializeError> {
        self.list(None, length)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        length: usize,
    ) -> Result<ListBuilder, SerializeError> {
        self.list(None, length)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<ListBuilder, SerializeError> {
        self.list(Some(variant), length)
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<MapBuilder, SerializeError> {
        self.map(None)
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<MapBuilder, SerializeError> {
        self.map(None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<MapBuilder, SerializeError> {
        self.map(Some(variant))
    }
}

impl SerializeSeq for ListBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerializeError> {
        self.push(item)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for ListBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerializeError> {
        self.push(item)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for ListBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerializeError> {
        self.push(item)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleVariant for ListBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), SerializeError> {
        self.push(item)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl SerializeMap for MapBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerializeError> {
        self.key = Some(match key.serialize(self.item)? {
            Value::String(text) => text,
            Value::Int(number) => number.to_string().into(),
            Value::Bool(truth) => truth.to_string().into(),
            other => {
                let found = super::json::type_name(&other);
                return Err(SerializeError(format!("expected a string as key, found {found}")));
            }
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerializeError> {
        let value = value.serialize(self.item)?;
        self.entries.push((self.key.take().unwrap_or_default(), value));
        Ok(())
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for MapBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), SerializeError> {
        self.push(key, value)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for MapBuilder {
    type Ok = Value;
    type Error = SerializeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), SerializeError> {
        self.push(key, value)
    }

    fn end(self) -> Result<Value, SerializeError> {
        Ok(self.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Record {
        name: &'static str,
        count: u32,
        ratio: f64,
        missing: Option<bool>,
        kind: Kind,
    }

    #[derive(Serialize)]
    enum Kind {
        Pair(i8, char),
    }

    #[test]
    fn a_record_becomes_a_map_with_integers() {
        let record = Record { name: "a", count: 3, ratio: 3.0, missing: None, kind: Kind::Pair(-1, 'é') };
        let value = Value::from_serialize(&record).unwrap();
        assert_eq!(value.get("count"), Some(&Value::Int(3)));
        assert_eq!(value.get("ratio"), Some(&Value::Float(3.0)));
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            r#"{"count":3,"kind":{"Pair":[-1,"é"]},"missing":null,"name":"a","ratio":3.0}"#
        );
    }

    #[test]
    fn json_through_serde_keeps_integers_and_the_last_of_equal_keys() {
        let value: Value =
            serde_json::from_str(r#"{"b":1,"a":[1.5,18446744073709551615,null,true],"b":2}"#).unwrap();
        assert_eq!(value.get("b"), Some(&Value::Int(2)));
        assert_eq!(
            value.get("a").and_then(Value::as_list),
            Some(
                &[Value::Float(1.5), Value::Float(18_446_744_073_709_551_615.0), Value::Null, true.into()][..]
            )
        );
        assert!(serde_json::from_str::<Map>("[1]").unwrap_err().to_string().starts_with("expected a map"));
    }

    #[test]
    fn keys_that_are_no_text_are_refused() {
        let map = std::collections::BTreeMap::from([(vec![1], 2)]);
        assert_eq!(
            Value::from_serialize(&map).unwrap_err().to_string(),
            "expected a string as key, found array"
        );
        let map = std::collections::BTreeMap::from([(1, 2)]);
        assert_eq!(Value::from_serialize(&map).unwrap().get("1"), Some(&Value::Int(2)));
    }

    #[test]
    fn endless_nesting_is_an_error() {
        struct Endless;
        impl Serialize for Endless {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut out = serializer.serialize_seq(None)?;
                out.serialize_element(&Endless)?;
                out.end()
            }
        }
        assert_eq!(Value::from_serialize(&Endless).unwrap_err().to_string(), "exceeded max depth of 500");
    }
}
