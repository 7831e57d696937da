"""As much of JSON Schema draft 7 as our schema uses, written from its text: the slow plain twin of an editor."""

import re
from typing import Any

Json = dict[str, Any]
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
ANNOTATIONS = {"$schema", "title", "description", "default", "definitions"}
KNOWN = {
    *("$ref", "type", "enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("properties", "required", "additionalProperties", "propertyNames", "items"),
    *("allOf", "anyOf", "not", "if", "then"),
}


def accepts(schema: Any, value: Any, root: Json) -> bool:
    """Whether `value` is valid. A keyword nobody taught this function is an error, not a yes."""
    if isinstance(schema, bool):
        return schema
    unknown = schema.keys() - KNOWN - ANNOTATIONS
    assert not unknown, unknown
    if "$ref" in schema:
        assert schema.keys() == {"$ref"}, "draft 7 ignores what stands beside a $ref"
        return accepts(root["definitions"][schema["$ref"].removeprefix("#/definitions/")], value, root)
    return all(RULES[word](rule, value, root, schema) for word, rule in schema.items() if word in RULES)


def _type(rule: str, value: Any) -> bool:
    if rule == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _additional(rule: Any, value: Any, root: Json, schema: Json) -> bool:
    known = schema.get("properties", {})
    return not isinstance(value, dict) or all(accepts(rule, value[key], root) for key in value if key not in known)


def _if(rule: Any, value: Any, root: Json, schema: Json) -> bool:
    return not accepts(rule, value, root) or accepts(schema["then"], value, root)


RULES: dict[str, Any] = {
    "type": lambda rule, value, root, schema: _type(rule, value),
    "enum": lambda rule, value, root, schema: any(type(value) is type(item) and value == item for item in rule),
    "const": lambda rule, value, root, schema: type(value) is type(rule) and value == rule,
    "pattern": lambda rule, value, root, schema: not isinstance(value, str) or bool(re.search(rule, value)),
    "minimum": lambda rule, value, root, schema: not _number(value) or value >= rule,
    "maximum": lambda rule, value, root, schema: not _number(value) or value <= rule,
    "exclusiveMinimum": lambda rule, value, root, schema: not _number(value) or value > rule,
    "exclusiveMaximum": lambda rule, value, root, schema: not _number(value) or value < rule,
    "required": lambda rule, value, root, schema: not isinstance(value, dict) or set(rule) <= value.keys(),
    "items": lambda rule, value, root, schema: (
        not isinstance(value, list) or all(accepts(rule, item, root) for item in value)
    ),
    "properties": lambda rule, value, root, schema: (
        not isinstance(value, dict) or all(accepts(rule[key], value[key], root) for key in rule if key in value)
    ),
    "propertyNames": lambda rule, value, root, schema: (
        not isinstance(value, dict) or all(accepts(rule, key, root) for key in value)
    ),
    "additionalProperties": _additional,
    "allOf": lambda rule, value, root, schema: all(accepts(item, value, root) for item in rule),
    "anyOf": lambda rule, value, root, schema: any(accepts(item, value, root) for item in rule),
    "not": lambda rule, value, root, schema: not accepts(rule, value, root),
    "if": _if,
}
