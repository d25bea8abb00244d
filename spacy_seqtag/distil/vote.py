"""The mean of what the teachers think of each token."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.types import Ints2d

from ..arrays import Bools, Floats
from ..errors import printable, settings_error
from ..pipeline.listening import was_read
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.token_tagger import TokenTagger
from ..schemes.soft_rows import SoftRows
from .raw_text import RawText
from .teachers import AnyTagger, Panel, Teacher

# What a component predicts for a batch, by its layer.
Predictions = dict[str, Any]


def make_docs(teacher: Teacher, texts: Sequence[RawText]) -> list[Doc]:
    """Make Docs of raw text, with the words that it has or those of the teacher's tokenizer.

    teacher (Teacher): The first one.
    texts (Sequence[RawText]): A batch.
    """
    vocab = teacher.nlp.vocab
    return [
        teacher.nlp.make_doc(text.text)
        if text.words is None
        else Doc(vocab, text.words, text.spaces, sent_starts=text.sent_starts)
        for text in texts
    ]


def copy_words(docs: Sequence[Doc], vocab: Vocab) -> list[Doc]:
    """Make Docs with the same words and sentence boundaries, and nothing else.

    docs (Sequence[Doc]): Any Docs.
    vocab (Vocab): Of the pipeline whose they are to be.
    """
    return [
        Doc(
            vocab,
            [token.text for token in doc],
            [bool(token.whitespace_) for token in doc],
            sent_starts=[token.is_sent_start for token in doc]
            if doc.has_annotation("SENT_START")
            else None,
        )
        for doc in docs
    ]


def ask_each(
    teachers: Sequence[Teacher], texts: Sequence[RawText]
) -> tuple[list[list[Doc]], list[Predictions]]:
    """Let all teachers annotate a batch of texts, each on Docs of its own; see `ask`.

    teachers (Sequence[Teacher]): The first sets words and sentence boundaries for all.
    texts (Sequence[RawText]): A batch, none of them empty.
    RETURNS (tuple[list[list[Doc]], list[Predictions]]): The Docs and probabilities of each.
    RAISES: ConfigValidationError (a ValueError): A component had no vectors to read, or one merges
        or splits words.
    """
    own_docs: list[list[Doc]] = []
    predictions: list[Predictions] = []
    for number, teacher in enumerate(teachers):
        own = copy_words(own_docs[0], teacher.nlp.vocab) if number else make_docs(teacher, texts)
        own, found = ask(teacher, own)
        own_docs.append(own)
        _check_words(teacher, own, own_docs[0], found)
        for doc, first in zip(own, own_docs[0]):
            starts = first.to_array("SENT_START")
            if not np.array_equal(doc.to_array("SENT_START"), starts):
                # A component found others. (The type stub knows arrays of several columns alone.)
                doc.from_array(["SENT_START"], cast(Ints2d, starts))
        predictions.append(found)
    return own_docs, predictions


def _check_words(
    teacher: Teacher, docs: Sequence[Doc], first: Sequence[Doc], found: Predictions
) -> None:
    """Check that all speak of the same words.

    docs, first (Sequence[Doc]): The batch as this teacher has it, and as the first one has it.
    found (Predictions): The probabilities of this teacher.
    RAISES: ConfigValidationError (a ValueError): They do not.
    """
    lengths = [len(doc) for doc in first]
    if any([len(rows) for rows in own] != lengths for own in (docs, *found.values())):
        raise settings_error(
            f"{printable(teacher.name)}: a component of this pipeline merges or splits words, so "
            "that not all components speak of the same words. Give a pipeline without it"
        )


def ask(teacher: Teacher, docs: list[Doc]) -> tuple[list[Doc], Predictions]:
    """Let a teacher annotate Docs, and keep the probabilities.

    Semantic roles are not asked for yet, as the teachers have to agree on the predicates first.

    teacher (Teacher): The teacher.
    docs (list[Doc]): A batch.
    RETURNS (tuple[list[Doc], Predictions]): The Docs, which have the encoder's vectors now; and the
        probabilities by layer.
    RAISES: ConfigValidationError (a ValueError): A component had no vectors to read.
    """
    predictions: Predictions = {}
    for _, pipe in teacher.nlp.pipeline:
        if isinstance(pipe, SemanticRoleLabeller):
            continue
        if isinstance(pipe, TokenTagger):
            probs = pipe.predict(docs)
            if not all(was_read(own) for own, doc in zip(probs, docs) if len(doc)):
                raise no_vectors(teacher, pipe)
            pipe.set_annotations(docs, probs)
            predictions[pipe.soft_layer] = probs
        elif hasattr(pipe, "pipe"):
            docs = list(pipe.pipe(docs, batch_size=len(docs)))
        else:
            docs = [pipe(doc) for doc in docs]
    return docs, predictions


def no_vectors(teacher: Teacher, pipe: AnyTagger) -> ValueError:
    """Make the error for a component whose encoder did not run.

    teacher (Teacher): The pipeline.
    pipe (Tagger): The component.
    """
    return settings_error(
        f"{printable(teacher.name)}: the transformer that {pipe.name!r} listens to did not run: it "
        "is disabled or not in the pipeline. Give the pipeline as it was trained"
    )


def mean_of(
    panel: Panel[TokenTagger] | Panel[SemanticRoleLabeller], arrays: Sequence[Floats]
) -> Floats:
    """Return the mean of the probabilities that the members give to the classes of the speaker.

    panel (Panel): The members; a class that one does not know has the probability 0 of it.
    arrays (Sequence[Floats]): Of each member, (rows, its classes).
    RETURNS (float32, (rows, classes of the speaker)): The mean.
    """
    result: Floats = np.zeros((len(arrays[0]), len(panel.speaker.classes)), dtype=np.float32)
    for probs in align_classes(panel, arrays):  # one at a time: those of roles are large
        result += probs
    result /= len(arrays)
    return result


def align_classes(
    panel: Panel[TokenTagger] | Panel[SemanticRoleLabeller], arrays: Sequence[Floats]
) -> Iterator[Floats]:
    """Give the probabilities of each member the columns of the speaker's classes.

    panel (Panel), arrays (Sequence[Floats]): See `mean_of`.
    YIELDS (float32, (rows, classes of the speaker)): Of each member.
    """
    columns = {name: i for i, name in enumerate(panel.speaker.classes)}
    members: Sequence[tuple[int, AnyTagger]] = panel.members
    for (_, member), probs in zip(members, arrays, strict=True):
        aligned: Floats = np.zeros((len(probs), len(columns)), dtype=np.float32)
        aligned[:, [columns[name] for name in member.classes]] = probs
        yield aligned


def vote(
    panel: Panel[TokenTagger], docs: Sequence[Doc], predictions: Sequence[Predictions], top: int
) -> list[SoftRows]:
    """Write what the teachers agree on into the Docs, and return what they think.

    panel (Panel): Of the layer.
    docs (Sequence[Doc]): A batch, without annotation of this layer, none of them empty.
    predictions (Sequence[Predictions]): Of each teacher.
    top (int): The most classes of a token that are kept.
    RETURNS (list[SoftRows]): Of each Doc one row a token; of whitespace nothing is known.
    """
    by_member = [predictions[n][panel.layer] for n, _ in panel.members]
    probs = [mean_of(panel, own) for own in zip(*by_member, strict=True)]
    panel.speaker.decode(docs, probs)
    classes = list(panel.speaker.classes)
    return [
        SoftRows.from_dense(without(own, doc.to_array("IS_SPACE") == 1), classes, top)
        for own, doc in zip(probs, docs, strict=True)
    ]


def without(probs: Floats, rows: Bools) -> Floats:
    """Return probabilities of which those of some rows are not known.

    probs (float32, (rows, classes)): Probabilities.
    rows (Bools, (rows,)): True for these rows.
    """
    result: Floats = probs.copy()
    result[rows] = np.nan
    return result
