"""Choose the sentences of raw text that are worth labelling next."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..arrays import Floats
from ..corpus.cut import sentence_bounds
from ..corpus.docbin_read import find_docbins, read_docs
from ..corpus.errors import FormatError
from ..corpus.formats.lines import Progress
from ..distil.raw_text import RawText, check_output, find_raw, read_raw
from ..distil.teachers import Panels, Teacher, load_teachers, make_panels
from ..errors import Number, OneOf, Whole, check_settings, settings_error
from ..files import write_file
from .candidates import find_candidates, sentence_vectors, trimmed
from .diversity import choose
from .export import FORMATS, write_rows
from .sentence import Sentence, key_of

MEASURES = ("entropy", "disagreement")

# In which order a layer is looked for, where none is asked for.
_LAYERS = ("ents", "roles", "pos", "tag")

# Of so many of the most uncertain sentences those that are unlike each other are chosen.
_POOL_FACTOR = 10
_SMALLEST_POOL = 1000


@dataclass
class Suggested:
    """What was suggested.

    layers (list[str]): What is to be labelled.
    measure (str): What the order goes by.
    read, short, known (int): How many sentences there were, were too short, or annotated already.
    sentences (list[Sentence]): Those that were chosen, in their order.
    """

    layers: list[str] = field(default_factory=list)
    measure: str = ""
    read: int = 0
    short: int = 0
    known: int = 0
    sentences: list[Sentence] = field(default_factory=list)


def suggest(
    names: Sequence[str],
    raw: Path,
    output: Path,
    *,
    n: int = 100,
    tool: str = "prodigy",
    layers: Sequence[str] = (),
    measure: str | None = None,
    diversity: float = 0.5,
    annotated: Path | None = None,
    min_words: int = 3,
    union_labels: bool = False,
    progress: Progress | None = None,
) -> Suggested:
    """Choose sentences of raw text, and write them for an annotation tool.

    Memory does not follow the length of the text: only the most uncertain sentences are kept, ten
    times as many as are asked for, or a thousand.

    names (Sequence[str]): Trained pipelines: package names or folders.
    raw (Path): Raw text, see `find_raw` and `read_raw`.
    output (Path): The file, which stays as it was on an error.
    n (int): How many sentences to choose, at most.
    tool (str): One of `export.FORMATS`.
    layers (Sequence[str]): What is to be labelled and what the order goes by, of those that the
        pipelines annotate. By default all for Label Studio, and for other tools, which take one,
        the first of entities, roles and tags.
    measure (str | None): One of `MEASURES`; by default disagreement where several pipelines
        annotate each layer.
    diversity (float, 0 to 1): See `diversity.choose`.
    annotated (Path | None): A `.spacy` file or a folder of them: its sentences are not suggested,
        nor, for their own sake, those that are like them.
    min_words (int): Shorter sentences are left out; punctuation does not count.
    union_labels (bool): Let the labels of pipelines of one layer differ.
    progress (Progress | None): Called with the number of bytes that were read: of the raw text,
        and unless `diversity` is 0 those of `annotated`.
    RETURNS (Suggested): What was written.
    RAISES: FormatError (a ValueError): Text or a corpus that cannot be read, or no sentence to
        suggest. ValueError: Pipelines that do not fit each other, or a setting out of its range.
        OSError: No such pipeline, or a file that cannot be written.
    """
    check_settings(
        "suggest:",
        n=(n, Whole(1)),
        format=(tool, OneOf(tuple(FORMATS))),
        diversity=(diversity, Number(least=0.0, most=1.0)),
        min_words=(min_words, Whole(0)),
    )
    files, corpora = _find_inputs(raw, annotated, output)
    teachers = load_teachers(names, "suggest")
    panels = _chosen(make_panels(teachers, union_labels=union_labels), layers, tool)
    result = Suggested([name for name in _LAYERS if name in panels.layers])
    result.measure = _measure(panels, measure)
    texts = (text for file in files for text in read_raw(file, progress=progress))
    known = {key for file in corpora for key in _keys(read_docs(file, Vocab()))}
    candidates = _counted(find_candidates(teachers, panels, texts), result, known, min_words)
    pool = keep_most(candidates, max(_POOL_FACTOR * n, _SMALLEST_POOL))
    if not pool:
        raise _nothing_left(raw, result, min_words)
    scores = np.asarray([sentence.score for sentence in pool])
    vectors = np.asarray([sentence.vector for sentence in pool])
    taken = _taken(teachers, panels, corpora, progress) if diversity else ()
    order = choose(scores, vectors, n, diversity, taken)
    result.sentences = [pool[i] for i in order]
    write_file(output, write_rows(result.sentences, tool, result.layers))
    return result


def keep_most(sentences: Iterable[Sentence], size: int) -> list[Sentence]:
    """Keep the sentences with the highest scores, each text once, in the order of their scores.

    sentences (Iterable[Sentence]): Any number of them. Of equals, the first is kept.
    size (int): How many to keep.
    """
    numbers = count()
    heap: list[tuple[float, int, str, Sentence]] = []
    kept: set[str] = set()
    for sentence in sentences:
        key = key_of(sentence.text)
        if key in kept:
            continue
        entry = (sentence.score, -next(numbers), key, sentence)
        if len(heap) < size:
            heapq.heappush(heap, entry)
        elif entry[:2] > heap[0][:2]:
            kept.discard(heapq.heapreplace(heap, entry)[2])
        else:
            continue
        kept.add(key)
    heap.sort(key=lambda entry: entry[:2], reverse=True)
    return [entry[3] for entry in heap]


def _find_inputs(raw: Path, annotated: Path | None, output: Path) -> tuple[list[Path], list[Path]]:
    """Find the files of raw text and of annotation, none of which may be the output.

    RAISES: FormatError: One of them is, or there are none.
    """
    files = find_raw(raw)
    corpora = find_docbins(annotated) if annotated is not None else []
    check_output(output, [*files, *corpora], "a file")
    return files, corpora


def _nothing_left(raw: Path, result: Suggested, min_words: int) -> FormatError:
    """Make the error for raw text without a sentence to suggest."""
    if not result.read:
        return FormatError(raw, None, "there is no text", "Give raw text, one sentence a line")
    return FormatError(
        raw,
        None,
        f"no sentence is left to suggest: of {result.read:,}, {result.known:,} are annotated "
        f"already and {result.short:,} have fewer than {min_words} words",
        "Give more raw text, or another --min-words",
    )


def _counted(
    sentences: Iterable[Sentence], result: Suggested, known: set[str], min_words: int
) -> Iterator[Sentence]:
    """Leave out what is short or known, count both, and score what is left."""
    for sentence in sentences:
        result.read += 1
        if sum(any(map(str.isalnum, word.text)) for word in sentence.words) < min_words:
            result.short += 1
        elif key_of(sentence.text) in known:
            result.known += 1
        else:
            by_layer = (
                sentence.uncertainty if result.measure == "entropy" else sentence.disagreement
            )
            sentence.score = sum(by_layer.values()) / len(by_layer)
            yield sentence


def _chosen(panels: Panels, layers: Sequence[str], tool: str) -> Panels:
    """Take the panels of the layers that are to be labelled.

    RAISES: ConfigValidationError (a ValueError): There is no such layer, or the tool takes one.
    """
    there = [name for name in _LAYERS if name in panels.layers]
    several = tool == "label-studio"
    wanted = list(dict.fromkeys(layers)) or (there if several else there[:1])
    for name in wanted:
        if name not in there:
            raise settings_error(
                f"--layers {name}: no pipeline annotates that; give some of: {', '.join(there)}"
            )
    if len(wanted) > 1 and not several:
        raise settings_error(
            f"--layers {','.join(wanted)}: {tool} labels one layer at a time; give one of them, or "
            "--format label-studio"
        )
    if not wanted:
        raise settings_error("no pipeline annotates tags, entities or roles; give one that does")
    tokens = [panel for panel in panels.tokens if panel.layer in wanted]
    return Panels(tokens, panels.roles if "roles" in wanted else None)


def _measure(panels: Panels, measure: str | None) -> str:
    """Decide what the order goes by.

    RAISES: ConfigValidationError (a ValueError): A measure that there is not, or not for so few
        pipelines.
    """
    members = [len(panel.members) for panel in panels.tokens]
    members += [len(panels.roles.members)] if panels.roles else []
    can_disagree = min(members) > 1
    if measure is None:
        return "disagreement" if can_disagree else "entropy"
    check_settings("suggest:", by=(measure, OneOf(MEASURES)))
    if measure == "disagreement" and not can_disagree:
        raise settings_error(
            "--by disagreement: each layer needs two pipelines or more that annotate it; give more "
            "pipelines, or --by entropy"
        )
    return measure


def _keys(docs: Iterable[Doc]) -> Iterator[str]:
    """Yield what tells the sentences of a corpus apart."""
    for doc in docs:
        for start, end in sentence_bounds(doc):
            yield key_of(trimmed(doc, start, end).text)


def _taken(
    teachers: Sequence[Teacher],
    panels: Panels,
    corpora: Sequence[Path],
    progress: Progress | None,
) -> Iterator[Floats]:
    texts: Iterator[RawText] = (
        text for file in corpora for text in read_raw(file, progress=progress)
    )
    return sentence_vectors(teachers, panels, texts)
