"""Confidences of spans and tokens: the extensions `span._.confidence`, `token._.tag_confidence`.

spaCy keeps the value of an extension by its characters alone, whatever the label: the entity over
some words, an argument over the same words, and what replaces either later would share one. Here
the value is a mapping that says whose each probability is, so that all answer for themselves:

- of a span from its label to its probability, `{"LOC": 0.99, "ARG1 -12": 0.69}`. An argument is
  known by its tie, too (see `frames`), as one stretch may be an argument of several predicates.
- of a token from its tag and length, `{"NOUN 5": 0.98}`: a token that was merged or split since, or
  given another tag, has none.

It is stored in `doc.user_data` under spaCy's own keys, and so goes wherever spaCy takes those. A
plain number, as Docs had before, is that of the entity over these characters, or of the token.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import Underscore

from .errors import settings_error

CONFIDENCE = "confidence"
TAG_CONFIDENCE = "tag_confidence"
# Of a predicate, next to its own: the probability of its roleset.
ROLESET = "roleset"
# And 0.0 where that is a guess, see `Frame.roleset_known`.
ROLESET_KNOWN = "roleset known"

TIE = re.compile(r"[+-][0-9]{1,9}")


@dataclass(frozen=True)
class SpanConfidence:
    """A Span extension that holds one probability a label.

    name (str): The extension's name.
    """

    name: str

    def get(self, span: Span, what: str | None = None) -> float | None:
        """The probability of exactly this span (its characters, its label, its predicate), or of
        `what` else is known of it."""
        value = span.doc.user_data.get(self._key(span))
        if value is None:
            return None
        if isinstance(value, dict):
            return value.get(_span_label(span, what))
        if what is None and (not span.label or (len(span) and span[0].ent_type == span.label)):
            return value
        return None

    def set(
        self, span: Span, value: float | Mapping[str, float] | None, what: str | None = None
    ) -> None:
        """Give a span its probability (or that of `what` else is known of it), None for none, or
        all that are known of its characters."""
        data, key = span.doc.user_data, self._key(span)
        old = data.get(key)
        known = dict(old) if isinstance(old, dict) else {}
        if isinstance(value, Mapping):
            known.update(value)
        elif value is not None and not span.label and not known:
            data[key] = value  # of the characters, as there is no label
            return
        elif value is not None:
            known[_span_label(span, what)] = float(value)
        else:
            known.pop(_span_label(span, what), None)
        if known:
            data[key] = known
        else:
            data.pop(key, None)

    def add(self, spans: Iterable[Span], values: Iterable[float], what: str | None = None) -> None:
        """Give many spans their probabilities, as `set` does one by one."""
        for span, value in zip(spans, values):
            data, key = span.doc.user_data, self._key(span)
            label = _span_label(span, what)
            known = data.get(key)
            if isinstance(known, dict):
                known[label] = value
            else:
                data[key] = {label: value}

    def _key(self, span: Span) -> Any:  # the type stub of Doc knows keys of strings only
        return ("._.", self.name, span.start_char, span.end_char)


@dataclass(frozen=True)
class TokenConfidence:
    """A Token extension that holds the probability of the token's tag.

    name (str): The extension's name.
    """

    name: str

    def get(self, token: Token) -> float | None:
        """The probability of the tag that this token has, in `pos_` or `tag_`."""
        key: Any = ("._.", self.name, token.idx, None)
        value: Any = token.doc.user_data.get(key)
        if not isinstance(value, dict):
            return value
        found = value.get(token_label(token.pos_, len(token)))
        return value.get(token_label(token.tag_, len(token))) if found is None else found

    def set(self, token: Token, value: float | Mapping[str, float] | None) -> None:
        """Give a token a probability, whatever its tag, or those of its tags."""
        key: Any = ("._.", self.name, token.idx, None)
        if value is None:
            token.doc.user_data.pop(key, None)
        else:
            token.doc.user_data[key] = value


def token_label(tag: str, length: int) -> str:
    """Whose probability it is: tag and number of characters of a token."""
    return f"{tag} {length}"


def _span_label(span: Span, what: str | None) -> str:
    if what is None and span.kb_id:
        kb_id = span.kb_id_
        what = kb_id if TIE.fullmatch(kb_id) else None
    return span.label_ if what is None else f"{span.label_} {what}"


def use_span_extension(name: str = CONFIDENCE, component: str | None = None) -> SpanConfidence:
    """Make the extension `span._.NAME`, if there is none; where a pipeline is loaded, its
    components do it.

    component (Optional[str]): The component whose setting the name is, for the message.

    Raises ConfigValidationError (a ValueError) if somebody else made an extension of that name.
    """
    extension = SpanConfidence(name)
    _use(Span, extension, component)
    return extension


def use_token_extension(
    name: str = TAG_CONFIDENCE, component: str | None = None
) -> TokenConfidence:
    """The same for `token._.NAME`."""
    extension = TokenConfidence(name)
    _use(Token, extension, component)
    return extension


def confidence_of(span: Span, what: str | None = None) -> float | None:
    """The probability of a span, under whatever name it is stored; None where there is none."""
    if not span.doc.user_data:
        return None
    for name in _names():
        found = SpanConfidence(name).get(span, what)
        if found is not None:
            return found
    return None


def drop_cut(doc: Doc) -> None:
    """Drop the confidences of what merging tokens has cut: no Span has these characters now, and
    `Doc.from_json` fails at such."""
    starts, lengths = doc.to_array([IDX, LENGTH]).reshape(-1, 2).T
    begins, ends = set(starts.tolist()), set((starts + lengths).tolist())
    names = _names()
    data: dict[Any, Any] = doc.user_data
    for key in [key for key in data if isinstance(key, tuple) and len(key) == 4]:
        kind, name, start, end = key
        ours = kind == "._." and name in names and None not in (start, end)
        if ours and (start not in begins or end not in ends):
            del data[key]


def _names() -> list[str]:
    """Names of the Span extensions that are of this module."""
    names = [name for name in Underscore.span_extensions if _owner(Span, name) is SpanConfidence]
    return names or [CONFIDENCE]


def _use(kind: type[Span] | type[Token], extension: Any, component: str | None) -> None:
    name = extension.name
    if not kind.has_extension(name):
        kind.set_extension(name, getter=extension.get, setter=extension.set)
    elif _owner(kind, name) is not type(extension):
        setting = f"[components.{component}] confidence = {name!r}" if component else repr(name)
        thing = kind.__name__
        raise settings_error(
            f"{setting}: there is another extension {thing.lower()}._.{name}, which was not made "
            "for the confidences of this package. Give the setting another name, or null for no "
            f"confidences; or call {thing}.remove_extension({name!r}) before you load the pipeline."
        )


def _owner(kind: type[Span] | type[Token], name: str) -> type | None:
    getter = kind.get_extension(name)[2]
    return type(getattr(getter, "__self__", None))
