//! A script's values as JSON and back: what `state` keeps, what `after` hands on.

use rhai::{Array, Dynamic, Map};
use serde_json::{Number, Value};

/// Whether a value can be kept; if not, what it is.
pub(super) fn check(value: &Dynamic) -> Result<(), String> {
    if let Ok(array) = value.as_array_ref() {
        return array.iter().try_for_each(check);
    }
    if let Ok(map) = value.as_map_ref() {
        return map.values().try_for_each(check);
    }
    if value.as_float().is_ok_and(|number| !number.is_finite()) {
        return Err(format!("the number {value}"));
    }
    let plain = value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_char()
        || value.is_string();
    if plain { Ok(()) } else { Err(super::explain::kind(value.type_name())) }
}

/// A value that [`check`] lets through.
pub(super) fn to_json(value: &Dynamic) -> Value {
    if let Ok(array) = value.as_array_ref() {
        return array.iter().map(to_json).collect();
    }
    if let Ok(map) = value.as_map_ref() {
        return Value::Object(object(&map));
    }
    if let Ok(number) = value.as_int() {
        return number.into();
    }
    if let Ok(number) = value.as_float() {
        return Number::from_f64(number).map_or(Value::Null, Value::Number);
    }
    if let Ok(truth) = value.as_bool() {
        return truth.into();
    }
    if value.is_unit() { Value::Null } else { value.to_string().into() }
}

pub(super) fn object(map: &Map) -> serde_json::Map<String, Value> {
    map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect()
}

pub(super) fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.into(),
        Value::Array(items) => items.iter().map(to_dynamic).collect::<Array>().into(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.into(), to_dynamic(value)))
            .collect::<Map>()
            .into(),
    }
}
