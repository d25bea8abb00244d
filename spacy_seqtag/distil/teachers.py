"""Teachers: trained pipelines, and whether they can teach one student together."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from spacy.language import Language

from ..errors import printable, settings_error
from ..loading import load_pipeline
from ..pipeline.base import Tagger
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.token_tagger import TokenTagger
from ..soft_labels import PREDICATE_LAYER

# What a component writes if it finds sentences, as its factory says.
_SENTENCES = {"token.is_sent_start", "doc.sents"}

AnyTagger = Tagger[Any, Any, Any]
Component = TypeVar("Component", TokenTagger, SemanticRoleLabeller)


@dataclass
class Teacher:
    """A trained pipeline.

    name (str): As the user gave it.
    nlp (Language): The pipeline.
    """

    name: str
    nlp: Language

    @property
    def taggers(self) -> dict[str, AnyTagger]:
        """The components whose layers have soft labels, by name."""
        kinds = (TokenTagger, SemanticRoleLabeller)
        return {name: pipe for name, pipe in self.nlp.pipeline if isinstance(pipe, kinds)}

    @property
    def finds_sentences(self) -> bool:
        """Whether a component sets sentence boundaries."""
        metas = (self.nlp.get_pipe_meta(name) for name in self.nlp.pipe_names)
        return any(_SENTENCES & set(meta.assigns) for meta in metas)


@dataclass
class Panel(Generic[Component]):
    """The components that annotate one layer.

    layer (str): The layer of soft labels.
    members (list[tuple[int, Component]]): Each with the number of its teacher.
    speaker (Component): Writes what they agree on: the first of them, with the labels of all.
    """

    layer: str
    members: list[tuple[int, Component]]
    speaker: Component


@dataclass
class Panels:
    """The panels of all layers.

    tokens (list[Panel[TokenTagger]]): Those that give each token a class.
    roles (Panel[SemanticRoleLabeller] | None): That of semantic roles.
    """

    tokens: list[Panel[TokenTagger]]
    roles: Panel[SemanticRoleLabeller] | None

    @property
    def layers(self) -> list[str]:
        """The layers as users know them: those of `tokens`, and `roles`."""
        return [panel.layer for panel in self.tokens] + (["roles"] if self.roles else [])


def load_teachers(names: Sequence[str], purpose: str = "teach") -> list[Teacher]:
    """Load the teachers. The first one that finds sentences comes first.

    names (Sequence[str]): Package names or folders.
    purpose (str): What they are to do, for the message.
    RAISES: ConfigValidationError (a ValueError): A pipeline that has no component of this package,
        or of another language than the first. OSError: No such pipeline.
    """
    teachers = [Teacher(name, load_pipeline(name)) for name in names]
    first = teachers[0]
    for teacher in teachers:
        if not teacher.taggers:
            raise settings_error(
                f"{printable(teacher.name)}: no component of this pipeline can {purpose} "
                f"({', '.join(teacher.nlp.pipe_names) or 'it has none'}). Give a pipeline with "
                "seqtag_pos, seqtag_ner or seqtag_srl"
            )
        if teacher.nlp.lang != first.nlp.lang:
            raise settings_error(
                f"{printable(teacher.name)}: a pipeline for the language {teacher.nlp.lang!r}, but "
                f"{printable(first.name)} is for {first.nlp.lang!r}. Give pipelines of one language"
            )
    return sorted(teachers, key=lambda teacher: not teacher.finds_sentences)


@contextmanager
def memory_zones(teachers: Iterable[Teacher]) -> Iterator[None]:
    """Within a `with` block, let words that the teachers meet be forgotten at its end.

    teachers (Iterable[Teacher]): See `Language.memory_zone`.
    """
    with ExitStack() as stack:
        for teacher in teachers:
            stack.enter_context(teacher.nlp.memory_zone())
        yield


def make_panels(teachers: Sequence[Teacher], *, union_labels: bool = False) -> Panels:
    """Put the components together that annotate the same layer.

    teachers (Sequence[Teacher]): At least one.
    union_labels (bool): Let the labels of teachers of one layer differ.
    RAISES: ConfigValidationError (a ValueError): They differ without leave, or a teacher has two
        components of one layer.
    """
    by_layer: dict[str, list[tuple[int, AnyTagger]]] = {}
    for number, teacher in enumerate(teachers):
        for tagger in teacher.taggers.values():
            members = by_layer.setdefault(layer_of(tagger), [])
            if members and members[-1][0] == number:
                raise settings_error(
                    f"{printable(teacher.name)}: its components {members[-1][1].name!r} and "
                    f"{tagger.name!r} annotate the same layer ({layer_of(tagger)}). Give a "
                    "pipeline with one of them"
                )
            members.append((number, tagger))
    if not union_labels:
        for members in by_layer.values():
            _check_labels(teachers, members)
    panels = Panels([], None)
    for layer, members in by_layer.items():
        speaker = _speaker([tagger for _, tagger in members])
        if isinstance(speaker, SemanticRoleLabeller):
            labellers = cast("list[tuple[int, SemanticRoleLabeller]]", members)
            panels.roles = Panel(layer, labellers, speaker)
        elif isinstance(speaker, TokenTagger):
            panels.tokens.append(
                Panel(layer, cast("list[tuple[int, TokenTagger]]", members), speaker)
            )
    return panels


def layer_of(tagger: AnyTagger) -> str:
    """Return the layer of soft labels that a component annotates.

    tagger (Tagger): Any of this package, or on its base classes.
    """
    return tagger.soft_layer if isinstance(tagger, TokenTagger) else PREDICATE_LAYER


def _check_labels(teachers: Sequence[Teacher], members: Sequence[tuple[int, AnyTagger]]) -> None:
    (first, known), *others = members
    for number, tagger in others:
        lacks = sorted(set(known.labels) - set(tagger.labels))
        more = sorted(set(tagger.labels) - set(known.labels))
        if not lacks and not more:
            continue
        differ = [
            f"{what} {', '.join(map(printable, labels[:5]))}{' …' if len(labels) > 5 else ''}"
            for what, labels in (("lacks", lacks), ("adds", more))
            if labels
        ]
        raise settings_error(
            f"{printable(teachers[number].name)}: its component {tagger.name!r} has other labels "
            f"than {known.name!r} of {printable(teachers[first].name)}: it {' and '.join(differ)}. "
            f"Train both with the same labels, or give "
            "--union-labels: a label has the probability 0 of a teacher that does not know it"
        )


def _speaker(taggers: Sequence[AnyTagger]) -> AnyTagger:
    """Copy the first component, to write with the labels of all into fresh Docs."""
    speaker = copy(taggers[0])
    labels = list(dict.fromkeys(label for tagger in taggers for label in tagger.labels))
    speaker.cfg = {**speaker.cfg, "labels": labels, "overwrite": True}
    return speaker
