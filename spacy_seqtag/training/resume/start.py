"""A run from its start to its end: what it finds in its folder, and what it leaves there.

Until the pipeline is initialised, nothing is written. From then on the folder has a record of the
run; one that goes on leaves record and states as they are until it has a state of its own.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from spacy.language import Language
from spacy.training.initialize import init_nlp
from thinc.api import Config, get_torch_default_device
from wasabi import msg

from ...files import Terminated, check_writable, new_folder, write_file
from ...models.network.precision import auto_is, has_bfloat16, measure_auto
from ..save_aside import tidy_folder
from .loop import Run
from .record import FOLDER, MODELS, Record, check_free, find_models, go_on, holds_run
from .states import find_states, load_newest, remove_states, step_of, tidy_states


def train_resumable(
    config: Config,
    output: Path,
    *,
    use_gpu: int = -1,
    resume: bool = False,
    or_begin: bool = False,
    allow_changes: bool = False,
    overwrite: bool = False,
) -> Language | None:
    """Train a pipeline as `spacy train` does, so that it can go on after a kill.

    config (Config): As loaded, with overrides, not interpolated.
    output (Path): Folder for `model-best`, `model-last`, and meanwhile `training-state`.
    use_gpu (int): The GPU, which must be set up, or -1 for the CPU.
    resume (bool): Go on with the run in the folder.
    or_begin (bool): Begin one if there is none to go on with. One that is complete counts if its
        settings are the same.
    allow_changes (bool): Go on even if its settings were others.
    overwrite (bool): Begin anew even if the folder holds a run that is not complete, or trained
        pipelines, which are replaced.
    RETURNS (Language | None): The pipeline, with its last weights; None if the run to go on with
        was complete.
    RAISES: ConfigValidationError (a ValueError): For bad settings, a folder without a run to go on
        with, a run with other settings, or what is not to be replaced. OSError: The folder cannot
        be written.
    """
    record = Record.of(config, use_gpu)
    goes_on = resume and (not or_begin or holds_run(output, record))
    state, damaged = None, list[Path]()
    if goes_on:
        record, notes = go_on(output, record, allow_changes=allow_changes)
        if record.steps is not None:
            _tidy(output)
            remove_states(output / FOLDER)  # if it was killed before it did so itself
            msg.good(f"The run in {output} is complete: it took {record.steps} steps")
            return None
        for note in notes:
            msg.warn(note)
        state, damaged = load_newest(output / FOLDER, msg.warn)
        where = f"from step {state.step}" if state else "from the beginning: nothing was saved yet"
        msg.info(f"Going on {where}")
    else:
        check_free(output, overwrite=overwrite, or_begin=or_begin)
        if or_begin and find_models(output):
            msg.info(f"The run in {output} is complete, with other settings. Beginning anew")
    check_writable(output)
    record = _with_precision(record)
    assert record.auto_precision is not None
    with auto_is(record.auto_precision):
        nlp = init_nlp(config, use_gpu=use_gpu)
        # What fails leaves no folder that was not there, and no run with nothing to go on with.
        with new_folder(output, output):
            _tidy(output)

            def keep() -> None:
                """Put the run that goes on in the place of the one that was interrupted."""
                record.save(output)
                for path in damaged:
                    path.unlink(missing_ok=True)

            run = Run(nlp, output, state, keep)
            del state  # the run frees its arrays once they are restored
            with _log_anew(record, run) if goes_on else _begun(output, record):
                run.train(use_gpu)
    record.steps = run.step
    record.save(output)
    remove_states(output / FOLDER)
    return nlp


def describe_rest(output: Path) -> str:
    """Say what there is to go on with, of a run that was interrupted just now.

    output (Path): Its folder, which may not exist.
    RETURNS (str): A sentence or two.
    """
    try:
        record = Record.load(output)
    except ValueError:
        return "Nothing was saved yet"
    if record.steps is not None:
        return f"The run in {output} is as complete as it was"
    states = find_states(output / FOLDER)
    where = f"from step {step_of(states[0])}" if states else "from the beginning"
    return f"The same command goes on {where} with --resume"


def _with_precision(record: Record) -> Record:
    """Let "auto" be the precision that it was when the run began; note it, if it begins now.

    Which is faster is measured, and may come out differently the next time.
    """
    device = get_torch_default_device()
    before = record.auto_precision
    if before is None:
        return replace(record, auto_precision=measure_auto(device))
    if before == "bfloat16" and not has_bfloat16(device):
        msg.warn(
            f'precision = "auto" was {before} when the run began, and this {device.type.upper()} '
            "has no instructions for it. The run goes on in float32, so its weights will not be "
            "those of an uninterrupted run"
        )
        return replace(record, auto_precision="float32")
    return record


def _tidy(output: Path) -> None:
    """Remove what was half written when an earlier run was killed."""
    tidy_states(output / FOLDER)
    for name in MODELS:
        tidy_folder(output / name)


@contextmanager
def _begun(output: Path, record: Record) -> Iterator[None]:
    """Begin a run in an output folder, for as long as a `with` block trains it.

    If that fails before there is anything to go on with, the folder is as it was before, but for
    states, which are removed first. A run that is interrupted stays.

    output (Path): The folder, as `check_free` allows.
    record (Record): Of the run.
    RAISES: OutputError: The folder cannot be written.
    """
    path = Record.path(output)
    before, models = path.read_bytes() if path.exists() else None, _times(find_models(output))
    remove_states(output / FOLDER)
    record.save(output)
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        raise
    except BaseException:
        if not find_states(output / FOLDER) and _times(find_models(output)) == models:
            if record.log_file is not None:
                Path(record.log_file).unlink(missing_ok=True)
            if before is None:
                shutil.rmtree(output / FOLDER, ignore_errors=True)
            else:
                write_file(path, before)
        raise


def _times(paths: Sequence[Path]) -> list[tuple[str, int]]:
    """Tell folders from those that take their place."""
    return [(path.name, path.stat().st_mtime_ns) for path in paths]


@contextmanager
def _log_anew(record: Record, run: Run) -> Iterator[None]:
    """Put a log file out of the way of a run that goes on, for as long as a `with` block trains it.

    The loggers of spaCy write to no file that exists, and are told everything again. If the run
    fails before it goes on, the file is as it was.

    record (Record): It names the file.
    run (Run): The run.
    """
    path = None if record.log_file is None else Path(record.log_file)
    before = path.read_bytes() if path is not None and path.is_file() else None
    if path is not None:
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        if path is not None and before is not None and not run.goes_on:
            write_file(path, before)
