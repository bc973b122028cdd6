//! The JSON of `assess` has the form that is written down.

use std::path::Path;

use serde_json::Value;

/// What does not fit the schema, each with where it stands. Knows what our schema uses, and no more.
pub(super) fn misfits(value: &Value) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/assess.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    fits(value, &schema, &schema, "$", &mut found);
    found
}

fn fits(value: &Value, schema: &Value, whole: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let own =
            whole.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("no {name}"));
        return fits(value, own, whole, at, found);
    }
    if let Some(wanted) = schema.get("const").filter(|wanted| *wanted != value) {
        found.push(format!("{at}: {value} is not {wanted}"));
    }
    if schema["enum"].as_array().is_some_and(|known| !known.contains(value)) {
        found.push(format!("{at}: {value} is not one of {}", schema["enum"]));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wanted = &schema["type"];
    let is_among = wanted.as_array().is_some_and(|kinds| kinds.contains(&kind.into()));
    let allowed = wanted.is_null() || is_among || *wanted == kind;
    if !allowed {
        found.push(format!("{at}: a {kind} is not {}", schema["type"]));
    }
    for (at_item, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(item, &schema["items"], whole, &format!("{at}[{at_item}]"), found);
    }
    let Some(object) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(name.as_str().unwrap()) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, item) in object {
        match schema["properties"].get(name) {
            Some(own) => fits(item, own, whole, &format!("{at}.{name}"), found),
            None if schema["additionalProperties"] == false => {
                found.push(format!("{at}: {name} is not written down"));
            }
            None => {}
        }
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let told = serde_json::json!({ "format": 2, "grade": "fine", "extra": 1 });
    let found = misfits(&told).join("; ");
    for part in
        ["2 is not 1", "\"fine\" is not one of", "extra is not written down", "\"ways\" is missing"]
    {
        assert!(found.contains(part), "{part}: {found}");
    }
}
