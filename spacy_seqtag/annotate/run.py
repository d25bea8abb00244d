"""A whole run: from inputs to a file, or to a folder of parts that can be gone on with."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..corpus.errors import FormatError
from ..errors import settings_error
from ..files import new_folder, terminable, write_file
from .annotator import Job, model_digest
from .batches import PartCheck, Source
from .inputs import Input, digests, find_inputs
from .items import Failure, Piece
from .local import annotate_here, annotate_in_processes, threads_each
from .manifest import (
    FolderError,
    Manifest,
    Part,
    add_errors,
    error_lines,
    finish_part,
    locked,
    open_folder,
    part_name,
)
from .outputs import OUTPUTS
from .settings import Settings, check, check_place, format_of


@dataclass
class Result:
    """What a run has written.

    docs, words, errors (int): In the whole output, those of an earlier run included.
    kept_parts (int): Parts that an earlier run had written.
    was_complete (bool): Whether these were all, so that there was nothing to do.
    first_error (str): The first failure of this run, "" if there is none.
    errors_path (Path | None): Where the failures are.
    """

    docs: int = 0
    words: int = 0
    errors: int = 0
    kept_parts: int = 0
    was_complete: bool = False
    first_error: str = ""
    errors_path: Path | None = None

    def add(self, docs: int, words: int, failures: Sequence[Failure]) -> None:
        """Count a piece."""
        self.docs += docs
        self.words += words
        self.errors += len(failures)
        if failures and not self.first_error:
            self.first_error = f"{failures[0].source}: {failures[0].reason}"


Watch = Callable[[Result, int], object]
"""Called with what is written so far, and the position in the input in bytes."""


def annotate(
    model: str,
    names: Sequence[str],
    output: Path,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Result:
    """Annotate a corpus of any size.

    model (str): The pipeline: package name or folder.
    names (Sequence[str]): Inputs, see `find_inputs`.
    output (Path): A folder, to which parts and a manifest are written, and where a run that was cut
        goes on; or, with the ending of a format, a file.
    settings (Settings | None): Everything else.
    watch (Watch | None): Is told how far the run is.
    RETURNS (Result): What is written.
    RAISES: ValueError: Inputs, settings or an output that will not do, and with `fail_fast` a Doc
        that fails. OSError: A pipeline that is not there, or an output that cannot be written.
        ImportError: A package is missing. RuntimeError: Workers were killed.
    """
    settings = settings or Settings()
    check(settings)
    inputs = find_inputs(names, settings.input_format)
    check_place(output, names)
    single = format_of(output)
    file_format = settings.file_format or single or "jsonl"
    if single and settings.file_format not in (None, single):
        raise settings_error(
            f"annotate: format = {settings.file_format!r}, but {output} ends in .{single}. Leave "
            "--format out, or name a folder"
        )
    job = Job(
        model,
        model_digest(model),
        settings.layers,
        settings.confidences,
        file_format,
        settings.gpu,
        _threads(settings),
        settings.fail_fast,
    )
    source = Source(inputs, settings.text_key, settings.sent_starts, settings.part_chars)
    run = _Run(source, settings, job, watch or (lambda *_: None))
    with terminable():
        return run.to_file(output) if single else run.to_folder(output)


def _threads(settings: Settings) -> int:
    if settings.engine == "ray":
        return settings.cores or 1
    return settings.cores or (threads_each(settings.workers) if settings.workers > 1 else 0)


@dataclass
class _Run:
    """What the steps of a run share."""

    source: Source
    settings: Settings
    job: Job
    watch: Watch
    result: Result = field(default_factory=Result)
    check: PartCheck | None = None

    def pieces(self, skip: int = 0) -> Generator[Piece, None, None]:
        """Annotate the inputs from a part on, on the engine of the settings."""
        settings = self.settings
        if settings.engine == "ray":
            from .ray_engine import Cluster, annotate_on_ray

            cluster = Cluster(settings.address, settings.workers, settings.cores or 1)
            return annotate_on_ray(self.job, self.source, skip, cluster)
        batches = self.source.batches(skip, self.check)
        if settings.workers > 1:
            return annotate_in_processes(self.job, batches, settings.workers)
        return annotate_here(self.job, batches)

    @property
    def inputs(self) -> list[Input]:
        """The files to read."""
        return self.source.inputs

    # A file

    def to_file(self, output: Path) -> Result:
        """Write all to one file, which appears when it is whole; failures to a file beside it."""
        paths = [one.path.resolve() for one in self.inputs if one.path is not None]
        if output.resolve() in paths:
            raise FormatError(output, None, "the output is one of the inputs", "Name another file")
        failures: list[Failure] = []
        with (
            new_folder(output.parent, output),
            OUTPUTS[self.job.format].opened(output) as write,
            closing(self.pieces()) as pieces,
        ):
            for piece in pieces:
                write(piece.content)
                failures += piece.failures
                self.result.add(piece.docs, piece.words, piece.failures)
                self.watch(self.result, piece.position)
            self._require_docs()
        if failures:
            self.result.errors_path = output.with_name(f"{output.name}.errors.jsonl")
            write_file(self.result.errors_path, error_lines(failures))
        return self.result

    # A folder

    def to_folder(self, folder: Path) -> Result:
        """Write parts to a folder, and go on where an earlier run stopped."""
        manifest = self._manifest()
        if folder.exists() and not folder.is_dir():
            raise FolderError(folder, "the output is a file", "Name a folder")
        for one in self.inputs:
            if one.path is not None and folder.resolve() in one.path.resolve().parents:
                raise FolderError(folder, "the folder is that of an input", "Name another folder")
        with new_folder(folder, folder), locked(folder):
            manifest = open_folder(folder, manifest, overwrite=self.settings.overwrite)
            self._keep(manifest.parts)
            self.result.was_complete = manifest.complete
            if not manifest.complete:
                self._write_parts(folder, manifest)
        if self.result.errors:
            self.result.errors_path = folder / "errors.jsonl"
        return self.result

    def _manifest(self) -> Manifest:
        """Describe the run: whatever decides about the bytes of its parts."""
        settings = self.settings
        return Manifest(
            {"name": Path(self.job.model).name, "sha256": self.job.digest},
            digests(self.inputs),
            {
                "format": self.job.format,
                "layers": list(settings.layers) or "all",
                "confidences": settings.confidences,
                "input_format": settings.input_format or "by name",
                "text_key": settings.text_key,
                "sent_starts": settings.sent_starts,
                "part_chars": settings.part_chars,
            },
        )

    def _keep(self, parts: Sequence[Part]) -> None:
        result = self.result
        result.kept_parts = len(parts)
        for part in parts:
            result.docs += part.docs
            result.words += part.words
            result.errors += part.errors
        if parts:
            self.watch(result, parts[-1].position)

    def _write_parts(self, folder: Path, manifest: Manifest) -> None:
        if any(one.path is None for one in self.inputs):
            self.check = PartCheck([part.items for part in manifest.parts])
        with closing(self.pieces(skip=len(manifest.parts))) as pieces:
            for first in pieces:
                self._write_part(folder, manifest, first.part, _of_part(first, pieces))
        self._require_docs()
        manifest.complete = True
        manifest.save(folder)

    def _write_part(
        self, folder: Path, manifest: Manifest, number: int, pieces: Iterable[Piece]
    ) -> None:
        """Write a part, then its failures, then the manifest: only then it counts."""
        before = (self.result.docs, self.result.words, self.result.errors)
        failures: list[Failure] = []
        position = 0
        path = folder / part_name(number, self.job.format)
        with OUTPUTS[self.job.format].opened(path) as write:
            for piece in pieces:
                write(piece.content)
                failures += piece.failures
                position = piece.position
                self.result.add(piece.docs, piece.words, piece.failures)
                self.watch(self.result, position)
        docs, words, errors = (
            now - then
            for now, then in zip((self.result.docs, self.result.words, self.result.errors), before)
        )
        part = finish_part(
            path,
            docs=docs,
            words=words,
            errors=errors,
            position=position,
            error_bytes=add_errors(folder, failures),
            items=self.check.digests[number] if self.check is not None else "",
        )
        manifest.parts.append(part)
        manifest.save(folder)

    def _require_docs(self) -> None:
        if self.result.docs:
            return
        if self.result.first_error:
            raise FolderError(
                Path(self.inputs[0].name),
                f"not one text could be annotated. The first: {self.result.first_error}",
                "Correct the input or the settings",
            )
        raise FormatError(self.inputs[0].name, None, "there is no text", "Give texts to annotate")


def _of_part(first: Piece, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces of a part, and look at none of the next, which may take long or fail."""
    piece: Piece | None = first
    while piece is not None:
        yield piece
        piece = None if piece.ends_part else next(pieces, None)
