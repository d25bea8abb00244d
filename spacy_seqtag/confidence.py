"""Confidences of spans and tokens: the extensions `span._.confidence` and `token._.tag_confidence`.

spaCy keeps the value of an extension by its characters alone, whatever the label. So the entity
over some words, an argument over the same words, and whatever replaces either of them later would
all share one value. Here the value is a dict that says whose each probability is:

- of a span, from its label to its probability: `{"LOC": 0.99, "ARG1 -12": 0.69}`. The label of an
  argument includes its tie (see `frames`), as the same words may be arguments of several
  predicates.
- of a token, from its tag and length to its probability: `{"NOUN 5": 0.98}`. A token that was
  merged or split since, or that was given another tag, has none.

The dicts are stored in `doc.user_data` under spaCy's own keys, and so they go wherever spaCy takes
those. Docs made by older versions have plain numbers there: the probability of the entity over
these characters, or of the token.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from spacy.attrs import IDX, LENGTH, POS, TAG
from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import Underscore

from .errors import settings_error

CONFIDENCE = "confidence"
TAG_CONFIDENCE = "tag_confidence"

# What else is known of a predicate, next to its own probability: that of its roleset, and 0.0 if
# that is a guess (see `Frame.roleset_known`).
ROLESET = "roleset"
ROLESET_KNOWN = "roleset known"

TIE = re.compile(r"[+-][0-9]{1,9}")

# A key of spaCy's for the value of an extension: "._.", its name, and the first and last character.
Key = tuple[str, str, int, int | None]
Value = float | dict[str, float]


def user_data(doc: Doc) -> dict[Key, Value]:
    """Return `doc.user_data`, with the types of our entries there.

    doc (Doc): spaCy's type stub says that its keys are strings.
    """
    return cast("dict[Key, Value]", doc.user_data)


@dataclass(frozen=True)
class SpanConfidence:
    """A Span extension that holds one probability for each label.

    name (str): The extension's name.
    """

    name: str

    def get(self, span: Span, what: str | None = None) -> float | None:
        """Return the probability of exactly this span: its characters, its label and its predicate.

        span (Span): Any span, of a group or of its own.
        what (str | None): What else is known of the span, such as `ROLESET`.
        RETURNS (float | None): From 0 to 1; None if nobody gave it one.
        """
        value = user_data(span.doc).get(self._key(span))
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
        """Give a span its probability, or take it away.

        span (Span): Any span.
        value (float, Mapping or None): A probability, None to remove it, or the probabilities of
            all labels over these characters.
        what (str | None): As in `get`.
        """
        data, key = user_data(span.doc), self._key(span)
        old = data.get(key)
        known = dict(old) if isinstance(old, dict) else {}
        if isinstance(value, Mapping):
            known.update(value)
        elif value is not None and not span.label and not known:
            data[key] = value  # a span without a label: of the characters alone
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
        """Give many spans their probabilities, faster than `set` one by one.

        spans (Iterable[Span]): Of one Doc or several.
        values (Iterable[float]): One for each span.
        what (str | None): As in `get`.
        """
        for span, value in zip(spans, values):
            data, key = user_data(span.doc), self._key(span)
            label = _span_label(span, what)
            known = data.get(key)
            if isinstance(known, dict):
                known[label] = value
            else:
                data[key] = {label: value}

    def _key(self, span: Span) -> Key:
        return ("._.", self.name, span.start_char, span.end_char)


@dataclass(frozen=True)
class TokenConfidence:
    """A Token extension that holds the probability of the token's tag.

    name (str): The extension's name.
    """

    name: str

    def get(self, token: Token) -> float | None:
        """Return the probability of the tag that this token has, in `pos_` or `tag_`.

        token (Token): Any token.
        RETURNS (float | None): From 0 to 1; None if it has another tag or other characters now.
        """
        value = user_data(token.doc).get(("._.", self.name, token.idx, None))
        if not isinstance(value, dict):
            return value
        found = value.get(token_label(token.pos_, len(token)))
        return value.get(token_label(token.tag_, len(token))) if found is None else found

    def set(self, token: Token, value: float | Mapping[str, float] | None) -> None:
        """Give a token its probability, or take it away.

        token (Token): Any token.
        value (float, Mapping or None): A probability, whatever the tag; None to remove it; or the
            probabilities by tag and length, see `token_label`.
        """
        data, key = user_data(token.doc), ("._.", self.name, token.idx, None)
        if value is None:
            data.pop(key, None)
        else:
            data[key] = dict(value) if isinstance(value, Mapping) else value

    def add(self, doc: Doc, starts: Iterable[int], values: Iterable[dict[str, float]]) -> None:
        """Give many tokens their probabilities, without a call for each token.

        doc (Doc): Of the tokens.
        starts (Iterable[int], characters): Where each token begins.
        values (Iterable[dict[str, float]]): For each token, its probability by `token_label`.
        """
        keys = [("._.", self.name, start, None) for start in starts]
        user_data(doc).update(zip(keys, values))


def token_label(tag: str, length: int) -> str:
    """Return the name under which a `TokenConfidence` keeps the probability of a tag.

    tag (str): The tag.
    length (int, characters): Of the token.
    """
    return f"{tag} {length}"


def _span_label(span: Span, what: str | None) -> str:
    if what is None and span.kb_id:
        kb_id = span.kb_id_
        what = kb_id if TIE.fullmatch(kb_id) else None
    return span.label_ if what is None else f"{span.label_} {what}"


def use_span_extension(name: str = CONFIDENCE, component: str | None = None) -> SpanConfidence:
    """Make the extension `span._.NAME`, if it does not exist yet.

    The components of a pipeline call this when they are loaded.

    name (str): The extension's name.
    component (str | None): The component whose setting the name is, for the message.

    RAISES: ConfigValidationError (a ValueError): Somebody else made an extension of this name.
    """
    extension = SpanConfidence(name)
    if Span.has_extension(name):
        _check_owner(Span, name, SpanConfidence, component)
    else:
        Span.set_extension(name, getter=extension.get, setter=extension.set)
    return extension


def use_token_extension(
    name: str = TAG_CONFIDENCE, component: str | None = None
) -> TokenConfidence:
    """Make the extension `token._.NAME`, if it does not exist yet; see `use_span_extension`.

    name (str): The extension's name.
    component (str | None): The component whose setting the name is, for the message.

    RAISES: ConfigValidationError (a ValueError): Somebody else made an extension of this name.
    """
    extension = TokenConfidence(name)
    if Token.has_extension(name):
        _check_owner(Token, name, TokenConfidence, component)
    else:
        Token.set_extension(name, getter=extension.get, setter=extension.set)
    return extension


def confidence_of(span: Span, what: str | None = None) -> float | None:
    """Return the probability of a span, whatever the name of the extension is.

    span (Span): Any span.
    what (str | None): See `SpanConfidence.get`.
    RETURNS (float | None): From 0 to 1; None if it has none.
    """
    if not span.doc.user_data:
        return None
    for name in _names():
        found = SpanConfidence(name).get(span, what)
        if found is not None:
            return found
    return None


def tag_confidence_of(token: Token) -> float | None:
    """Return the probability of a token's tag, whatever the name of the extension is.

    token (Token): Any token.
    RETURNS (float | None): From 0 to 1; None if it has none.
    """
    if not token.doc.user_data:
        return None
    for name in _token_names():
        found = TokenConfidence(name).get(token)
        if found is not None:
            return found
    return None


def tag_confidences(doc: Doc) -> list[float | None]:
    """Return the probability of each token's tag: `tag_confidence_of`, once for all tokens.

    doc (Doc): Any Doc.
    RETURNS (list[float | None]): One for each token.
    """
    result: list[float | None] = [None] * len(doc)
    if not doc.user_data or not len(doc):
        return result
    data = user_data(doc)
    # Without Token objects, which take longer than everything else here.
    starts, lengths, pos, tags = doc.to_array([IDX, LENGTH, POS, TAG]).T.tolist()
    names = doc.vocab.strings.as_string
    shown = {key: names(key) if key else "" for key in {*pos, *tags}}
    for name in reversed(_token_names()):
        for i, start in enumerate(starts):
            value = data.get(("._.", name, start, None))
            if isinstance(value, dict):
                found = value.get(token_label(shown[pos[i]], lengths[i]))
                if found is None:
                    found = value.get(token_label(shown[tags[i]], lengths[i]))
                value = found
            if value is not None:
                result[i] = value
    return result


def drop_cut(doc: Doc) -> None:
    """Drop the confidences of spans whose edges are inside a token since tokens were merged.

    No Span has these characters any more, and `Doc.from_json` fails at such entries.

    doc (Doc): Its `user_data` is changed.
    """
    starts, lengths = doc.to_array([IDX, LENGTH]).reshape(-1, 2).T
    begins, ends = set(starts.tolist()), set((starts + lengths).tolist())
    names = _names()
    data = user_data(doc)
    for key in [key for key in data if isinstance(key, tuple) and len(key) == 4]:
        kind, name, start, end = key
        ours = kind == "._." and name in names and None not in (start, end)
        if ours and (start not in begins or end not in ends):
            del data[key]


def drop_confidences(doc: Doc) -> None:
    """Drop the confidences of a Doc's spans and tokens.

    doc (Doc): Its `user_data` is changed.
    """
    names = {*_names(), *_token_names()}
    data = user_data(doc)
    for key in [key for key in data if isinstance(key, tuple) and len(key) == 4]:
        if key[0] == "._." and key[1] in names:
            del data[key]


def _names() -> list[str]:
    """Return the names of the Span extensions that are ours."""
    names = [name for name in Underscore.span_extensions if _owner(Span, name) is SpanConfidence]
    return names or [CONFIDENCE]


def _token_names() -> list[str]:
    """Return the names of the Token extensions that are ours."""
    known = Underscore.token_extensions
    names = [name for name in known if _owner(Token, name) is TokenConfidence]
    return names or [TAG_CONFIDENCE]


def _check_owner(
    kind: type[Span] | type[Token], name: str, owner: type, component: str | None
) -> None:
    if _owner(kind, name) is not owner:
        setting = f"[components.{component}] confidence = {name!r}" if component else repr(name)
        thing = kind.__name__
        raise settings_error(
            f"{setting}: there is another extension {thing.lower()}._.{name}, which was not made "
            "for the confidences of this package. Give the setting another name, or null for no "
            f"confidences; or call {thing}.remove_extension({name!r}) before you load the pipeline."
        )


def _owner(kind: type[Span] | type[Token], name: str) -> type:
    """Return the class whose method reads this extension."""
    getter = kind.get_extension(name)[2]
    return type(getattr(getter, "__self__", None))
