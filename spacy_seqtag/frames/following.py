"""Span groups that follow the tokens of their Doc."""

import warnings
from collections.abc import Iterator

from spacy.attrs import IDX
from spacy.tokens import Doc, Span, SpanGroup

from ..confidence import drop_cut
from .groups import GROUPS, Attributes, attributes_of, set_attributes
from .retokenised import current_groups


def span_groups(doc: Doc) -> dict[str, SpanGroup]:
    """Return the span groups of a Doc by name, over its tokens as they are.

    Usually these are the groups that `doc.spans` holds. If tokens were merged or split, new groups
    replace those whose token numbers are out of date. Where the words of a span are parts of tokens
    now, the span covers the whole tokens, with these exceptions in semantic roles:

    - An argument that would overlap its predicate or another argument of it is left out. If several
      predicates share a token now, all but the one with the most arguments are left out. A warning
      names them.
    - A part of a predicate that is in one token with it now is left out.
    - A token counts as annotated only if all its words were.

    A span that has grown keeps no confidence, as that was the confidence of other words.

    doc (Doc): Any Doc. Its own `RoleGroup`s are brought up to date.
    """
    tokens = doc.to_array(IDX).tobytes() if len(doc.spans) else b""
    groups = dict(doc.spans.items())
    if all(isinstance(group, RoleGroup) and group.tokens == tokens for group in groups.values()):
        return groups  # as a pipeline left them, which is the usual case
    return _bring_up_to_date(doc)


def _bring_up_to_date(doc: Doc) -> dict[str, SpanGroup]:
    groups, lost = current_groups(doc)
    for line in lost:
        warnings.warn(line, stacklevel=3)
    for name, group in groups.items():
        held = doc.spans[name]
        if group is not held and isinstance(held, RoleGroup):
            held.take(group)
            groups[name] = held
            drop_cut(doc)
    return groups


def follow_tokens(doc: Doc) -> None:
    """Bring the span groups of a Doc up to date with its tokens, and keep them so.

    The groups of a Doc that a pipeline annotated follow by themselves. Call this function after
    `doc.retokenize()` on a Doc that was stored and read again, or that has groups of other kinds,
    before spaCy reads them: iterating over them, `Doc.copy`, `Doc.to_bytes` and `Doc.from_docs`
    fail if token numbers are out of date.

    doc (Doc): Its `spans` are replaced.
    """
    drop_cut(doc)
    for name, group in span_groups(doc).items():
        if name in GROUPS and not isinstance(group, RoleGroup):
            group = RoleGroup(doc, name=group.name, attrs=group.attrs, spans=list(group))
        doc.spans[name] = group


class RoleGroup(SpanGroup):
    """A span group that follows the tokens of its Doc, see `span_groups`.

    Iterate over it where you can: each indexing looks at all tokens of the Doc first.
    """

    # `doc.to_array(IDX)` of the tokens that the spans are over; b"" if that is unknown.
    tokens: bytes = b""

    def take(self, other: SpanGroup) -> None:
        """Become a copy of another group.

        other (SpanGroup): Over the tokens as they are now.
        """
        self.tokens = self.doc.to_array(IDX).tobytes()
        self.from_bytes(other.to_bytes())

    def _follow(self) -> None:
        doc = self.doc
        now = doc.to_array(IDX).tobytes()
        if now != self.tokens:
            self.tokens = now
            _bring_up_to_date(doc)

    @property
    def attrs(self) -> Attributes:
        """The attributes of the group; those with one value for each span follow the spans."""
        self._follow()
        return attributes_of(self)

    @attrs.setter
    def attrs(self, attrs: Attributes) -> None:
        set_attributes(self, attrs)

    def __len__(self) -> int:
        self._follow()
        return super().__len__()

    def __getitem__(self, i: int) -> Span:
        self._follow()
        return super().__getitem__(i)

    def __iter__(self) -> Iterator[Span]:
        self._follow()
        return map(super().__getitem__, range(super().__len__()))

    def to_bytes(self) -> bytes:
        """Save the group, over the tokens as they are."""
        self._follow()
        return super().to_bytes()

    def copy(self, doc: Doc | None = None) -> "RoleGroup":
        """Copy the group.

        doc (Doc | None): The Doc of the copy, with the same tokens; the same Doc if None.
        """
        group = super().copy(doc)
        return RoleGroup(group.doc, name=group.name, attrs=group.attrs, spans=list(group))
