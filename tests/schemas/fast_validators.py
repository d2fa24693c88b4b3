"""JSON Schema validators that find the right one of many choices quickly.

jsonschema's own `anyOf` lists every error of every choice before it goes on. Slack's blocks are choices among twenty
within choices; these validators turn a choice down at its first error, and look at its constant (its `type`) first.
What is valid is the same; a message names fewer reasons.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import extend


def _any_of(validator: Any, choices: Sequence[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if not any(validator.evolve(schema=choice).is_valid(instance) for choice in choices):
        yield ValidationError(f"{instance!r} is not valid under any of the given schemas")


def _properties(
    validator: Any, properties: Mapping[str, Any], instance: Any, _: Any
) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for name, schema in sorted(properties.items(), key=lambda one: "const" not in one[1]):
            if name in instance:
                yield from validator.descend(instance[name], schema, path=name, schema_path=name)


_QUICK = {"anyOf": _any_of, "properties": _properties}
QuickDraft7Validator: type[Draft7Validator] = extend(Draft7Validator, _QUICK)
QuickDraft202012Validator: type[Draft202012Validator] = extend(Draft202012Validator, _QUICK)
