"""From a batch to a piece: what each worker does."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from spacy import util
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import one_line, printable, settings_error
from ..files import sha256
from ..loading import check_pipeline, load_pipeline
from ..records import LAYERS, TOKEN_FIELDS, Layer, Plan, TokenField
from .items import Batch, Failure, Item, Piece
from .outputs import OUTPUTS

_DIGITS = 4  # of confidences
_SHOWN = 200  # characters of a text that failed

# Words of the first batches stay known, so that the frequent ones need no second look. Then words
# are forgotten after so many batches, so that memory does not grow with the corpus.
_KNOWN_BATCHES = 64
_ZONE_BATCHES = 32

# What a component assigns if it annotates a layer, as its factory says.
_ASSIGNED: dict[Layer, tuple[str, ...]] = {
    "sentences": ("doc.sents", "token.is_sent_start"),
    "entities": ("doc.ents",),
}
_TAGGER = "seqtag_pos"
_ROLES = "seqtag_srl"


@dataclass(frozen=True)
class Job:
    """What an annotator needs to know; it travels to workers.

    model (str): The pipeline: package name or folder.
    digest (str): See `model_digest`; "" for any.
    layers (tuple[Layer, ...]): The layers to write; () for all that the pipeline annotates.
    confidences (bool): Write them, too.
    format (str): A name of `OUTPUTS`.
    gpu (int): Number of the GPU, or -1 for the CPU.
    threads (int): Of PyTorch; 0 leaves them as they are.
    fail_fast (bool): Stop at the first Doc that fails.
    """

    model: str
    digest: str
    layers: tuple[Layer, ...]
    confidences: bool
    format: str
    gpu: int = -1
    threads: int = 0
    fail_fast: bool = False


class FailedDocError(ValueError):
    """A Doc that could not be annotated, where the run is to stop at the first."""


class Annotator:
    """A loaded pipeline, and the format to write.

    job (Job): What to do.
    RAISES: ConfigValidationError (a ValueError): A pipeline that cannot be loaded, that is not the
        one of the job, or that does not annotate a layer that is asked for. OSError: No pipeline.
        ImportError: A package that the format needs is missing.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        # The model may use a GPU from the moment when it is loaded.
        if job.gpu >= 0:
            from thinc.api import require_gpu

            require_gpu(job.gpu)
        if job.threads:
            import torch

            torch.set_num_threads(job.threads)
        self.nlp = load_pipeline(job.model)
        if job.digest and model_digest(job.model) != job.digest:
            raise settings_error(
                f"{printable(job.model)}: this pipeline is not the one that the run began with. "
                "Put the same files on every machine"
            )
        self.plan = make_plan(self.nlp, job)
        self._encode = OUTPUTS[job.format].encoder(self.plan)
        self._n_batches = 0
        self._zone = ExitStack()

    def __call__(self, batch: Batch) -> Piece:
        """Annotate a batch.

        batch (Batch): Any batch, in any order.
        RAISES: FailedDocError: A Doc fails, and `job.fail_fast`.
        """
        self._renew_zone()
        failures: dict[int, str] = {}
        docs: dict[int, Doc] = {}
        for i, item in enumerate(batch.items):
            if item.reason:
                failures[i] = item.reason
                continue
            try:
                docs[i] = self._make_doc(item)
            except Exception as error:  # such as a text that is longer than `nlp.max_length`
                failures[i] = one_line(error)
        numbers = list(docs)
        try:
            content = self._annotate(batch.items, numbers, list(docs.values()))
        except Exception:  # one of them is to blame, and components raise what they like
            good = list(self._one_by_one(batch.items, numbers, failures))
            numbers = [i for i, _ in good]
            content = self._encode([(doc, batch.items[i]) for i, doc in good])
            docs = dict(good)
        if failures and self.job.fail_fast:
            first = min(failures)
            raise FailedDocError(f"{batch.items[first].source}: {failures[first]}")
        return Piece(
            batch.part,
            batch.position,
            batch.ends_part,
            content,
            docs=len(numbers),
            words=sum(len(docs[i]) for i in numbers),
            failures=tuple(_failure(batch.items[i], failures[i]) for i in sorted(failures)),
        )

    def _annotate(self, items: Sequence[Item], numbers: Sequence[int], docs: list[Doc]) -> bytes:
        # In place: `nlp.pipe` yields the Docs that it gets.
        done = list(self.nlp.pipe(docs, batch_size=max(1, len(docs))))
        return self._encode([(doc, items[i]) for i, doc in zip(numbers, done, strict=True)])

    def _one_by_one(
        self, items: Sequence[Item], numbers: Sequence[int], failures: dict[int, str]
    ) -> Iterator[tuple[int, Doc]]:
        """Annotate each item by itself; note those that fail."""
        for i in numbers:
            try:
                doc = self.nlp(self._make_doc(items[i]))
                self._encode([(doc, items[i])])
            except Exception as error:
                failures[i] = one_line(error)
            else:
                yield i, doc

    def _make_doc(self, item: Item) -> Doc:
        if item.words is None:
            return self.nlp.make_doc(item.text)
        return Doc(self.nlp.vocab, item.words, item.spaces, sent_starts=item.sent_starts)

    def _renew_zone(self) -> None:
        """Forget words now and then. No Doc of an earlier batch is there any more."""
        after = self._n_batches - _KNOWN_BATCHES
        self._n_batches += 1
        if after >= 0 and after % _ZONE_BATCHES == 0:
            self._zone.close()
            self._zone.enter_context(self.nlp.memory_zone())


def make_plan(nlp: Language, job: Job) -> Plan:
    """Decide what is written: what is asked for, or all that the pipeline annotates.

    nlp (Language): The pipeline.
    job (Job): Its layers and confidences.
    RAISES: ConfigValidationError (a ValueError): A layer that the pipeline does not annotate.
    """
    metas = [nlp.get_pipe_meta(name) for name in nlp.pipe_names]
    assigned = {what for meta in metas for what in meta.assigns}
    there: set[Layer] = {"tokens"}
    there |= {layer for layer, names in _ASSIGNED.items() if assigned & set(names)}
    if any(meta.factory == _ROLES for meta in metas):
        there.add("frames")
    for layer in job.layers:
        if layer not in there:
            raise settings_error(
                f"{printable(job.model)}: this pipeline does not annotate {layer} (components: "
                f"{', '.join(nlp.pipe_names) or 'none'}). Leave {layer} out of --layers, or give "
                "another pipeline"
            )
    tokens = {what for name in nlp.pipe_names for what in _token_fields(nlp, name)}
    fields = tuple(name for name in TOKEN_FIELDS if name in tokens)
    layers = tuple(layer for layer in LAYERS if layer in (job.layers or there))
    return Plan(layers, fields, job.confidences, _DIGITS)


def _token_fields(nlp: Language, name: str) -> list[TokenField]:
    """Tell what a component writes to tokens, of `TOKEN_FIELDS`."""
    meta = nlp.get_pipe_meta(name)
    if meta.factory == _TAGGER:  # one of the two that its factory says
        layer: TokenField = nlp.get_pipe(name).cfg["layer"]  # type: ignore[attr-defined]
        return [layer]
    return [field for field in TOKEN_FIELDS if f"token.{field}" in meta.assigns]


def model_digest(model: str) -> str:
    """Return the SHA-256 of a pipeline: of the names and the bytes of its files.

    model (str): Package name or folder.
    RAISES: OSError: There is no such pipeline.
    """
    check_pipeline(model)
    folder = Path(model) if Path(model).is_dir() else _package_folder(model)
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and "__pycache__" not in name.parts:
            digest.update(f"{name.as_posix()}\0{sha256(path)}\0".encode())
    return digest.hexdigest()


def _package_folder(name: str) -> Path:
    package = util.get_package_path(name)
    meta = util.get_model_meta(package)
    return package / f"{meta['lang']}_{meta['name']}-{meta['version']}"


def _failure(item: Item, reason: str) -> Failure:
    return Failure(item.source, printable(reason, limit=None), item.text[:_SHOWN], item.meta)
