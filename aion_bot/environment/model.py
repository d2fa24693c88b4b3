"""The base of every component's settings model, and how a wrong variable is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that is wrong, and how to mend it. Never repeats the value: it may be a secret."""

    variable: str
    mend: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.mend}"


def _check_switch(value: object) -> object:
    if isinstance(value, str) and value.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value


Switch = Annotated[bool, BeforeValidator(_check_switch)]
"""True or false, in capitals or not; pydantic alone would also take "yes", "1" and "on"."""


class EnvironmentSource(PydanticBaseSettingsSource):
    """Reads the fields of a settings model from a mapping of environment variables. An empty value counts as unset."""

    def __init__(self, settings_cls: type["EnvironmentSettings"], env: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._env = env
        self._verbatim = settings_cls.verbatim

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a field's value, None where it is unset; its name; and that the value is no JSON."""
        given = self._env.get(str(field.validation_alias), "")
        stripped = given.strip()
        # Of blanks alone nothing is left, so that they count as unset for every field.
        value = given if stripped and field_name in self._verbatim else stripped
        return value or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the fields that are set, by name."""
        fields = self.settings_cls.model_fields.items()
        found = {
            name: self.get_field_value(field, name)[0] for name, field in fields if field.validation_alias
        }
        return {name: value for name, value in found.items() if value is not None}


class EnvironmentSettings(BaseSettings):
    """The settings of one component: each field has its variable as `validation_alias`, its type, limits and rules.

    A field without a variable is filled by whoever reads the environment.

    A secret is a `SecretStr`. Making settings from arguments reads no environment. What a rule raises is the end of a
    sentence that begins with the variable's name, says how to mend it, and does not repeat the value.
    """

    sentences: ClassVar[Mapping[str, str]] = {
        "missing": "is not set",
        "extra_forbidden": "is no setting",
        "literal_error": "must be one of: {expected}",
        "float_parsing": "must be a number",
        "int_parsing": "must be a whole number",
        "greater_than": "must be more than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "finite_number": "must be a finite number",
    }
    """What is wrong with a field, by pydantic's name of the error. `{given}`: the required variables that are set."""

    verbatim: ClassVar[frozenset[str]] = frozenset()
    """Fields whose variables are checked with the spaces around them; those around other values do not count."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        # Arguments go by the fields' names, variables by their own.
        populate_by_name=True,
        loc_by_alias=False,
        # A default is the value itself; a validator may expect the text of a variable.
        validate_default=False,
        # An error's text must not hold a mistyped key.
        hide_input_in_errors=True,
    )

    def __init__(self, **values: Any) -> None:
        # Arguments alone, so that no environment variable changes settings that a caller made from arguments. To give
        # pydantic-settings sources of ours would cost six times as much: it reads the whole environment twice before it asks.
        BaseModel.__init__(self, **values)

    @classmethod
    def variables(cls) -> tuple[str, ...]:
        """Every variable, in the order of the fields."""
        return tuple(cls.variable(name) for name, field in cls.model_fields.items() if field.validation_alias)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The variables without a default."""
        return tuple(cls.variable(name) for name, field in cls.model_fields.items() if field.is_required())

    @classmethod
    def given(cls, env: Mapping[str, str]) -> Sequence[str]:
        """Return the required variables that are set."""
        return [name for name in cls.required() if env.get(name, "").strip()]

    @classmethod
    def variable(cls, field: str) -> str:
        """Name the variable of a field."""
        return str(cls.model_fields[field].validation_alias)

    @classmethod
    def from_mapping(cls, env: Mapping[str, str], **overrides: Any) -> Self:
        """Read a mapping of environment variables. Raises pydantic's `ValidationError`, which has all problems."""
        return cls(**(EnvironmentSource(cls, env)() | overrides))

    @classmethod
    def wrapped(cls, env: Mapping[str, str]) -> dict[str, str]:
        """Return the fields whose values stand in quotes, which `.env` takes away and other ways to set them do not.

        Of fields that are `verbatim` also those with spaces or line ends around them.
        """
        found = {}
        for name, field in cls.model_fields.items():
            value = env.get(str(field.validation_alias), "")
            inner = value.strip()
            if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "\"'":
                found[name] = "has quotes around its value; take them away"
            elif inner and inner != value and name in cls.verbatim:
                found[name] = "has a space or line end around its value; take it away"
        return found

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read a mapping of environment variables: the settings, or None and every problem."""
        wrapped, settings, found = cls.wrapped(env), None, {}
        try:
            settings = cls.from_mapping(env)
        except ValidationError as error:
            found = cls.explain(error, ", ".join(cls.given(env)))
        problems = [Problem(cls.variable(name), mend) for name, mend in (found | wrapped).items()]
        return (None if wrapped else settings), tuple(problems)

    @classmethod
    def explain(cls, error: ValidationError, given: str = "") -> dict[str, str]:
        """Return what is wrong with each field, in the order of the fields; of several problems of one field the first.

        `given`: the required variables that are set, for a sentence about one that is not.
        """
        found: dict[str, str] = {}
        for item in error.errors(include_input=False, include_url=False):
            context: dict[str, Any] = {**item.get("ctx", {}), "given": given}
            sentence = cls.sentences.get(item["type"])
            problem = sentence.format(**context) if sentence else str(context.get("error", item["msg"]))
            found.setdefault(str(item["loc"][0]), problem)
        return found
