"""JSON Schema validators that are fast for `anyOf` with many choices.

jsonschema's `anyOf` collects every error of every choice. Slack's blocks are nested choices among twenty types;
these validators reject a choice at its first error, and compare its constant (its `type`) first. They accept the
same documents, and report fewer reasons.
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
