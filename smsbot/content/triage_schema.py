"""A file of triage rules as a typed document. docs/triage.md explains it to analysts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from smsbot.content.schema import Strict, Text
from smsbot.text.typology import Shape

TypeId = Annotated[str, Field(pattern=r"^T\d{2}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Words = dict[Language, Annotated[list[Text], Field(min_length=1)]]
Shown = Annotated[Shape, Field(strict=False)]
ByLanguage = dict[Language, Text]


class SignDoc(Strict):
    """One sign: words by language, or shapes, that show it."""

    name: Name
    weight: Annotated[float, Field(gt=0, le=10)]
    reason: ByLanguage
    words: Words = Field(default_factory=dict)
    shapes: list[Shown] = Field(default_factory=list)
    needs: list[Shown] = Field(default_factory=list)
    without: list[Shown] = Field(default_factory=list)
    unless_negated: bool = False
    hard: bool = False

    @model_validator(mode="after")
    def _shows(self) -> SignDoc:
        if not self.words and not self.shapes:
            raise PydanticCustomError("words_or_shapes", "needs `words`, or `shapes`, to show by")
        if "en" not in self.reason:
            raise PydanticCustomError("reason_en", "needs a `reason` in `en`")
        return self


class TypeDoc(Strict):
    """One type with its signs."""

    id: TypeId
    name: ByLanguage
    signs: list[SignDoc] = Field(default_factory=list)

    @model_validator(mode="after")
    def _named(self) -> TypeDoc:
        if "en" not in self.name:
            raise PydanticCustomError("name_en", "needs a `name` in `en`")
        return self


class RulesDoc(Strict):
    """A whole file: lists of words that patterns name as `@list`, and types."""

    lists: dict[Name, Annotated[list[Text], Field(min_length=1)]] = Field(default_factory=dict)
    types: list[TypeDoc] = Field(default_factory=list)
