"""The part of JSON Schema (draft 2020-12) that our schema uses, keyword by keyword, as the specification words it."""

from __future__ import annotations

import re
from typing import Any

_TYPES = {"object": dict, "array": list, "string": str}
_KNOWN = {"$schema", "$defs", "title", "description", "$ref", "oneOf", "anyOf", "not", "enum", "type", "pattern"}
_KNOWN |= {"required", "properties", "additionalProperties", "items", "minItems", "minProperties"}


def is_valid(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> bool:
    """Whether a value is an instance of a schema.

    Args:
        value: What `json.loads` returned.
        schema: The schema, or the part of it that is applied.
        root: The whole schema, in which references are looked up; None where `schema` is it.

    Returns:
        Whether every keyword of the schema agrees.

    Raises:
        NotImplementedError: The schema has a keyword that is not written here.
    """
    root = schema if root is None else root
    if unknown := schema.keys() - _KNOWN:
        raise NotImplementedError(f"keywords {sorted(unknown)}")

    def agrees(part: dict[str, Any], item: Any = value) -> bool:
        return is_valid(item, part, root)

    checks = [
        "$ref" not in schema or agrees(root["$defs"][schema["$ref"].removeprefix("#/$defs/")]),
        "oneOf" not in schema or sum(agrees(part) for part in schema["oneOf"]) == 1,
        "anyOf" not in schema or any(agrees(part) for part in schema["anyOf"]),
        "not" not in schema or not agrees(schema["not"]),
        "enum" not in schema or value in schema["enum"],
        "type" not in schema or isinstance(value, _TYPES[schema["type"]]),
    ]
    if isinstance(value, str):
        checks.append("pattern" not in schema or re.search(schema["pattern"], value) is not None)
    if isinstance(value, list):
        checks.append(len(value) >= schema.get("minItems", 0))
        checks += [agrees(schema["items"], item) for item in value if "items" in schema]
    if isinstance(value, dict):
        checks.append(len(value) >= schema.get("minProperties", 0))
        checks += [key in value for key in schema.get("required", [])]
        known = schema.get("properties", {})
        checks += [agrees(known[key], item) for key, item in value.items() if key in known]
        others = schema.get("additionalProperties", True)
        extra = [item for key, item in value.items() if key not in known]
        checks += [agrees(others, item) if isinstance(others, dict) else others for item in extra]
    return all(checks)
