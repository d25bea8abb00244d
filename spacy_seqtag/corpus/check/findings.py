"""What surveys show to be wrong with a corpus.

An error means that the corpus cannot be trained on; everything else is a warning.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import printable
from ...schemes.inventory import FrameInventory
from ...schemes.propositions import PREDICATE
from ..plural import counted, forms
from .survey import LONG, TITLES, Survey
from .tally import list_labels, share

FEW_LABELS = 10
"""Labels that occur less often than this are hardly learned."""
FEW_SENTENCES = 100
"""Fewer sentences than this hardly train anything (spaCy's `debug data` draws the same line)."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or may be.

    message (str): What was found and how to mend it, in one line.
    error (bool): Whether it makes training impossible; else it is a warning.
    """

    message: str
    error: bool = False


def findings(survey: Survey) -> Iterator[Finding]:
    """Yield what is wrong, or may be, within a split.

    Semantic roles that do not hold together are left to `frames.problems`.
    """
    if not survey.words:
        yield Finding("there is no document with words. Make the file anew", error=True)
        return
    if not survey.trainable:
        yield Finding(
            "no layer is annotated: neither parts of speech nor entities nor semantic roles. "
            "Add one with `python -m spacy seqtag convert`",
            error=True,
        )
    yield from _about_entities(survey)
    if survey.layers["srl"].words and not survey.rolesets:
        yield Finding("semantic roles are annotated, but there is no predicate")
    yield from _about_documents(survey)
    yield from _about_repetitions(survey)
    for name in survey.trainable:
        alike = _alike(survey.layers[name].labels)
        if alike:
            yield Finding(f"labels of {TITLES[name]} that differ in case or blanks alone: {alike}")
    yield from _about_encoder(survey)
    yield from _about_raw_text(survey)


def _about_entities(survey: Survey) -> Iterator[Finding]:
    n_ents = survey.layers["ents"].labels.total()
    if survey.spaced.n:
        yield Finding(
            counted(survey.spaced.n, f"of {n_ents:,} entities <begins or ends|begin or end>")
            + f" in white space, where no tagger finds one: {survey.spaced}. Let them begin and "
            "end with words",
            error=True,
        )
    if survey.unlabelled.n:
        yield Finding(
            counted(survey.unlabelled.n, "<entity has|entities have>")
            + f" no label: {survey.unlabelled}. Name them",
            error=True,
        )
    if survey.crossing.n:
        yield Finding(
            counted(survey.crossing.n, f"of {n_ents:,} entities <goes|go>")
            + " on over the end of a sentence, where no tagger finds one: "
            f"{survey.crossing}. Mend the sentence or the entity"
        )
    if survey.entities_alone:
        yield Finding(
            "no word is annotated as outside of entities, so that a model may learn to find them "
            "everywhere. Set entity_share in [components.ner] to the share of words in entities"
        )
    if "ents" in survey.trainable and not n_ents:
        yield Finding("entities are annotated, but there is not one of them")


def _about_documents(survey: Survey) -> Iterator[Finding]:
    if survey.empty_documents:
        what = "<document has|documents have> no words"
        yield Finding(counted(survey.empty_documents, what))
    if survey.unbounded_words > survey.unbounded.n:  # a word alone needs no boundary
        yield Finding(
            counted(survey.unbounded.n, f"of {survey.documents:,} documents <has|have>")
            + f" no sentence boundaries; each counts as one sentence: {survey.unbounded}"
        )


def _about_repetitions(survey: Survey) -> Iterator[Finding]:
    n = survey.duplicates.n
    if n:
        yield Finding(
            f"{n:,} of {survey.sentences:,} sentences ({share(n, survey.sentences)}) "
            f"{forms(n, '<repeats|repeat>')} one of before (of {LONG} words and more): "
            f"{survey.duplicates}"
        )
    for name, tally in survey.contradictions.items():
        if tally.n:
            yield Finding(
                counted(tally.n, "<sentence has|sentences have>")
                + f" other {TITLES[name]} than one of before with the same words: {tally}"
            )


def _about_encoder(survey: Survey) -> Iterator[Finding]:
    for tally, what in (
        (survey.unreadable, "<has|have> no wordpiece: the encoder does not see <it|them>"),
        (survey.unknown, "<has|have> wordpieces that the encoder does not know"),
    ):
        if tally.n:
            yield Finding(
                f"{tally.n:,} of {survey.words:,} words ({share(tally.n, survey.words)}) "
                f"{forms(tally.n, what)}: {tally}"
            )
    if survey.long.n and survey.encoder is not None:
        yield Finding(
            counted(survey.long.n, f"of {survey.sentences:,} sentences <has|have> more than")
            + f" {survey.encoder.window} wordpieces and {forms(survey.long.n, '<is|are>')} read in "
            f"pieces: {survey.long}. Check the sentence boundaries, or raise max_wordpieces"
        )


def _about_raw_text(survey: Survey) -> Iterator[Finding]:
    n = survey.other_words.n
    if n:
        yield Finding(
            f"{n:,} of {survey.words:,} words ({share(n, survey.words)}) "
            f"{forms(n, '<is another|are others>')} where the language's tokenizer cuts the raw "
            f"text: {survey.other_words}. Scores on the corpus's own words do not hold for raw text"
        )
    n = survey.lost_entities.n
    if n:
        yield Finding(
            f"{n:,} of {survey.layers['ents'].labels.total():,} entities "
            f"{forms(n, '<begins or ends|begin or end>')} within a word of the language's "
            f"tokenizer: {survey.lost_entities}. They cannot be found in raw text"
        )


def training_findings(train: Survey) -> Iterator[Finding]:
    """Yield what is too little to train on."""
    if 0 < train.sentences < FEW_SENTENCES:
        yield Finding(
            counted(train.sentences, "<sentence is|sentences are>")
            + f" few to train on; at least {FEW_SENTENCES} are needed, better thousands"
        )
    of_entities = train.layers["ents"].labels
    if unknown := [label for label in train.looked_for if label not in of_entities]:
        yield Finding(
            f"entities were looked for of {forms(len(unknown), '<a label|labels>')} that no entity "
            f"has: {', '.join(map(printable, unknown))}. Name labels of these: "
            f"{', '.join(map(printable, of_entities)) or 'there are none'}",
            error=True,
        )
    for name in train.trainable:
        labels = train.layers[name].labels
        rare = {label: n for label, n in labels.most_common()[::-1] if n < FEW_LABELS}
        if rare:
            yield Finding(
                f"{len(rare):,} of {len(labels):,} labels of {TITLES[name]} "
                f"{forms(len(rare), '<occurs|occur>')} less than {FEW_LABELS} times: "
                f"{list_labels(rare)}"
            )


def frame_findings(survey: Survey, inventory: FrameInventory) -> Iterator[Finding]:
    """Yield what a split has and an inventory of frames lacks.

    survey (Survey): The split.
    inventory (FrameInventory): The rolesets that there are, with their roles.
    """
    lacking = {
        name: n
        for name, n in survey.rolesets.most_common()
        if name not in ("", PREDICATE) and name not in inventory
    }
    if lacking:
        n = sum(lacking.values())
        yield Finding(
            f"{len(lacking):,} of {len(survey.rolesets):,} rolesets, those of {n:,} of "
            f"{survey.rolesets.total():,} predicates, {forms(len(lacking), '<is|are>')} not in the "
            f"inventory of frames: {list_labels(lacking)}"
        )
    roles = {
        f"{roleset} {role}": n
        for (roleset, role), n in survey.roles.most_common()
        if inventory.lacks(roleset, role)
    }
    if roles:
        yield Finding(
            counted(sum(roles.values()), "<argument has a role|arguments have roles>")
            + f" that the inventory of frames does not give to its roleset: {list_labels(roles)}"
        )


def split_findings(train: Survey, other: Survey) -> Iterator[Finding]:
    """Yield what two splits share but should not, and what they should share but do not."""
    position = other.names.index(train.name)
    overlap = other.overlaps.get(position)
    if overlap is not None:
        yield Finding(
            f"{overlap.n:,} of {other.sentences:,} sentences "
            f"({share(overlap.n, other.sentences)}) {forms(overlap.n, '<occurs|occur>')} in "
            f"{train.name}, too (of {LONG} words and more), so that scores are too high: {overlap}"
        )
    if not (train.words and other.words):
        return
    for one, two in ((train, other), (other, train)):
        for name in one.trainable:
            theirs = two.layers[name].labels
            if name not in two.trainable:
                yield Finding(f"{TITLES[name]}: annotated in {one.name}, but not in {two.name}")
                continue
            alone = {
                label: n for label, n in one.layers[name].labels.items() if label not in theirs
            }
            if alone:
                yield Finding(
                    f"{counted(len(alone), '<label|labels>')} of {TITLES[name]} "
                    f"{forms(len(alone), '<is|are>')} in {one.name}, but not in {two.name}: "
                    f"{list_labels(alone)}"
                )


def _alike(labels: Iterable[str]) -> str:
    """Show the labels that differ in case or blanks alone."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault("".join(label.split()).casefold(), []).append(label)
    alike = [
        " and ".join(f"'{printable(label)}'" for label in sorted(group))
        for group in groups.values()
        if len(group) > 1
    ]
    return "; ".join(alike)
