"""Find the sentences of a corpus whose annotation is probably wrong.

Each sentence is ranked, layer by layer, by its least probable token: one wrong label among many
right ones is what such an error looks like (Wang & Mueller 2022, "Detecting Label Errors in Token
Classification Data", https://arxiv.org/abs/2210.03920). The probabilities have to come from a
pipeline that was not trained on the sentence, see `folds`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Config

from ..corpus.cut import sentence_bounds
from ..corpus.reader import corpus_as_trained, create_corpus
from ..distil.vote import copy_words
from ..errors import printable, settings_error
from ..evaluation import check_labels
from ..loading import load_pipeline
from ..stages import Stages, not_shown
from .folds import train_folds
from .given import Doubt, JudgedLayer, judge

# The share of words that a pipeline doubts in a corpus that it has learned by heart, at most.
_FEW_DOUBTS = 0.005


class Suspect(NamedTuple):
    """A sentence with annotation that is doubtful.

    layer (str): The component that doubts it.
    document, number (int): Its Doc in the corpus, and its number in the Doc, both from 0.
    sentence (Span): The sentence, of the corpus.
    probability (float, 0 to 1): Of its least probable token.
    doubts (list[Doubt]): The tokens that would be annotated in another way, the least probable
        first. Tokens are counted within the Doc.
    """

    layer: str
    document: int
    number: int
    sentence: Span
    probability: float
    doubts: list[Doubt]


def audit(
    model: str,
    data: Path,
    *,
    folds: int = 0,
    config: Path | None = None,
    gpu_id: int = -1,
    entity_labels: str | None = None,
    progress: Callable[[int], object] = lambda fold: None,
    stages: Stages = not_shown,
) -> dict[str, list[Suspect]]:
    """Read a corpus, judge its annotation, and rank its sentences.

    model (str): A pipeline: a package name or a folder.
    data (Path): The corpus, in .spacy format.
    folds (int): Train this many pipelines, each without the part of the corpus that it judges; see
        `train_folds`. 0: the pipeline itself judges, which was not trained on the corpus.
    config (Path | None): The settings to train folds with, in the place of the pipeline's own.
    gpu_id (int): The GPU to train on, or -1 for the CPU.
    entity_labels (str | None): Of which labels entities were looked for; see `partial.looked_for`.
    progress (Callable[[int], object]): Called with the number of each fold that is done, from 1.
    stages (Stages): Shows how far it is.
    RETURNS (dict[str, list[Suspect]]): See `find_suspects`.
    RAISES: ValueError: The pipeline has no component of ours, or the corpus no layer of those; with
        folds, a label that they do not have; or either cannot be read. OSError: One of them is not
        found.
    """
    if folds < 0 or folds == 1:
        raise settings_error(f"--folds {folds}: give 2 or more, or 0 for none")
    if config is not None and not folds:
        raise settings_error(f"--config {config}: this is for training folds: give --folds 5, too")
    if config is not None and not config.is_file():
        raise settings_error(
            f"--config {config}: there is no such file. Give a config for training"
        )
    stages("Load the pipeline", 0)
    nlp = load_pipeline(model)
    corpus = create_corpus(data)  # fails now if there is none
    settings = Config(nlp.config if config is None else util.load_config(config))
    alike = "train_corpus" if folds else "dev_corpus"
    corpus = corpus_as_trained(corpus, data, settings, alike, entity_labels)
    docs = [example.reference for example in corpus(nlp)]
    parts: Iterable[tuple[Language, list[Doc]]] = [(nlp, docs)]
    if folds:
        # Folds learn the labels of the pipeline, and no others.
        check_labels(nlp, [Example(Doc(nlp.vocab), doc) for doc in docs], data)
        parts = train_folds(nlp, settings, docs, folds, gpu_id)
    told = progress if folds else lambda fold: None
    found = find_suspects(_judge_parts(parts, docs, told, stages))
    if not any(found.values()):
        raise settings_error(
            f"{data}: there is nothing to judge: the corpus has no layer that a component of "
            f"{printable(model)} ({', '.join(nlp.pipe_names) or 'no components'}) annotates. Give "
            "a pipeline with seqtag_pos, seqtag_ner or seqtag_srl, and a corpus with its layer"
        )
    return found


def _judge_parts(
    parts: Iterable[tuple[Language, list[Doc]]],
    docs: Sequence[Doc],
    progress: Callable[[int], object],
    stages: Stages,
) -> Iterator[tuple[int, JudgedLayer]]:
    """Let each pipeline judge its part of the corpus.

    YIELDS (tuple[int, JudgedLayer]): The number of the Doc, and what a component says of it.
    """
    number = {id(doc): i for i, doc in enumerate(docs)}
    for fold, (nlp, part) in enumerate(parts, 1):
        for judged in judge(nlp, _examples(nlp, part, stages("Judge", len(part)))):
            yield number[id(judged.reference)], judged
        progress(fold)


def _examples(nlp: Language, docs: Iterable[Doc], step: Callable[[], object]) -> Iterator[Example]:
    # One at a time: a Doc that was annotated holds the vectors of its words.
    for doc in docs:
        yield Example(copy_words([doc], nlp.vocab)[0], doc)
        step()


def find_suspects(judged: Iterable[tuple[int, JudgedLayer]]) -> dict[str, list[Suspect]]:
    """Rank the sentences of a corpus by how improbable their annotation is.

    judged (Iterable[tuple[int, JudgedLayer]]): From `judge`, each with its Doc's number in the
        corpus.
    RETURNS (dict[str, list[Suspect]]): All sentences that are annotated, by layer, the least
        probable first.
    """
    found: dict[str, list[Suspect]] = {}
    for document, own in judged:
        suspects = found.setdefault(own.layer, [])
        for number, (start, end) in enumerate(sentence_bounds(own.reference)):
            chance = own.probabilities[start:end]
            if np.isnan(chance).all():
                continue
            doubts = [doubt for doubt in own.doubts if start <= doubt.token < end]
            doubts.sort(key=lambda doubt: doubt.probability)
            sentence = own.reference[start:end]
            least = float(np.nanmin(chance))
            suspects.append(Suspect(own.layer, document, number, sentence, least, doubts))
    for suspects in found.values():
        suspects.sort(key=lambda suspect: suspect.probability)
    return found


def knows(found: Mapping[str, Sequence[Suspect]]) -> bool:
    """Tell whether a pipeline doubts so few words that it was probably trained on the corpus.

    found (Mapping[str, Sequence[Suspect]]): From `find_suspects`.
    """
    for suspects in found.values():
        n_words = sum(len(suspect.sentence) for suspect in suspects)
        if sum(len(suspect.doubts) for suspect in suspects) > _FEW_DOUBTS * n_words:
            return False
    return True


def to_row(rank: int, suspect: Suspect) -> dict[str, object]:
    """Write a sentence as a row of JSONL.

    rank (int): Its place in the list of its layer, from 1.
    suspect (Suspect): The sentence.
    RETURNS (dict[str, object]): With `text` and `spans` as Prodigy reads them, characters within
        the sentence. `document` and `sentence` count from 0; `sent_id` is that of the file which
        the corpus was made of, if that has any.
    """
    sentence = suspect.sentence
    doc, offset = sentence.doc, sentence.start_char
    given = doc.user_data.get("sent_ids")
    ids = list(given) if isinstance(given, list | tuple) else []
    return {
        "rank": rank,
        "layer": suspect.layer,
        "document": suspect.document,
        "sentence": suspect.number,
        "sent_id": ids[suspect.number] if suspect.number < len(ids) else None,
        "text": sentence.text,
        "probability": round(suspect.probability, 6),
        "spans": [
            {
                "start": doc[doubt.token].idx - offset,
                "end": doc[doubt.token].idx + len(doc[doubt.token]) - offset,
                "text": doc[doubt.token].text,
                "label": doubt.given,
                "found": doubt.found,
                "probability": round(doubt.probability, 6),
                "found_probability": round(doubt.found_probability, 6),
            }
            for doubt in suspect.doubts
        ],
    }
