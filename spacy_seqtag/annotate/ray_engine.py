"""An engine on Ray Data: batches are read where the command runs, and annotated anywhere.

One task reads the input on this machine, batch by batch, and waits when nobody asks for more. A
pool of actors annotates, each with a pipeline and CPU cores or a GPU of its own. Pieces come back
in order. Ray starts an actor that died anew, and gives its batches to others.

Source: https://docs.ray.io/en/latest/data/data.html
"""

import logging
import os
import pickle
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import first_line, settings_error
from ..extras import need
from .annotator import Annotator, Job
from .batches import Source
from .items import Batch, Piece
from .local import WorkersDiedError, died_message, threads_each

_MOST_DEATHS = 3  # of actors at one batch
_STORE_BYTES = 1_000_000_000  # of memory for what is under way, on this machine alone


@dataclass(frozen=True)
class Cluster:
    """Where and how wide a run is.

    address (str | None): Of a Ray cluster; None for this machine alone.
    workers (int): Actors; 0 for as many as fit.
    cores (int): CPU cores of each.
    """

    address: str | None
    workers: int
    cores: int


def annotate_on_ray(
    job: Job, source: Source, skip: int, cluster: Cluster
) -> Generator[Piece, None, None]:
    """Annotate inputs on a Ray cluster.

    job (Job): What to do. A GPU number of 0 or more gives each worker a GPU.
    source (Source): The inputs, which only this machine has to see.
    skip (int): Parts to leave out.
    cluster (Cluster): Where.
    RETURNS (Generator[Piece]): In the order of the input.
    RAISES: ImportError: Ray is missing. ConfigValidationError (a ValueError): Standard input.
        OSError: No such cluster. WorkersDiedError: Actors are killed again and again. What an
        `Annotator` raises.
    """
    ray, data = need("ray"), need("ray.data")
    if any(one.path is None for one in source.inputs):
        raise settings_error(
            "annotate: engine = 'ray': standard input cannot be read twice, as Ray may have to; "
            "set engine to local, or give a file"
        )
    if job.gpu >= 0:
        job = replace(job, gpu=0)  # Ray shows each actor its own GPU alone
    if Path(job.model).is_dir():
        job = replace(job, model=str(Path(job.model).resolve()))
    source = replace(source, inputs=[_absolute(one) for one in source.inputs])
    with _connected(ray, cluster):
        dataset = _dataset(ray, data, job, source, skip, cluster)
        try:
            for table in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
                for content in table.column("content").to_pylist():
                    yield _piece_of(pickle.loads(content))  # made by a worker of this run
        except ray.exceptions.RayError as error:
            raise WorkersDiedError(
                f"Ray has given up ({first_line(error)}). The same command goes on from the last "
                "whole part"
            ) from error


def _absolute(one: Any) -> Any:  # noqa: ANN401
    return replace(one, path=one.path.resolve())


def _piece_of(found: Piece | Exception) -> Piece:
    if isinstance(found, Exception):
        raise found
    return found


@contextmanager
def _connected(ray: Any, cluster: Cluster) -> Iterator[None]:  # noqa: ANN401
    """Join a cluster, or start one on this machine; leave it at the end if we joined it."""
    if ray.is_initialized():
        yield
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # Ray's own warnings are about blocks and pools, which nobody here has chosen.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        if cluster.address is None:
            ray.init(
                address="local",
                num_cpus=max(threads_each(1), cluster.workers * cluster.cores),
                object_store_memory=_STORE_BYTES,
                include_dashboard=False,
                **quiet,
            )
        else:
            ray.init(address=cluster.address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise OSError(
            f"{cluster.address or 'Ray'}: no Ray cluster could be joined ({first_line(error)}). "
            "Start one with `ray start --head`, and run this on one of its machines"
        ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _dataset(
    ray: Any,  # noqa: ANN401
    data: Any,  # noqa: ANN401
    job: Job,
    source: Source,
    skip: int,
    cluster: Cluster,
) -> Any:  # noqa: ANN401
    """Make the Dataset of pieces: nothing runs before somebody iterates."""
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.target_max_block_size = 1  # a block is a batch, however small
    here = ray.get_runtime_context().get_node_id()
    batches = data.read_datasource(
        _datasource(data, source, skip),
        override_num_blocks=1,
        num_cpus=0,  # on a small machine all cores are for annotating
        label_selector={"ray.io/node-id": here},
    )
    resources = {"num_gpus": 1} if job.gpu >= 0 else {"num_cpus": cluster.cores}
    fit = _how_many_fit(ray.cluster_resources(), job, cluster)
    most = cluster.workers or fit
    return batches.map_batches(
        _Worker,
        fn_constructor_args=(job, secrets.token_hex(8)),
        batch_size=None,
        batch_format="pyarrow",
        compute=data.ActorPoolStrategy(min_size=max(1, min(most, fit)), max_size=most),
        **resources,
    )


def _how_many_fit(there: dict[str, float], job: Job, cluster: Cluster) -> int:
    """Count the workers that a cluster has room for.

    RAISES: ConfigValidationError (a ValueError): None fits.
    """
    kind, each = ("GPU", 1) if job.gpu >= 0 else ("CPU", cluster.cores)
    fit = int(there.get(kind, 0) // each)
    if not fit:
        raise settings_error(
            f"annotate: the cluster has {there.get(kind, 0):g} {kind}, and a worker needs {each}; "
            "set --cores or --gpu-id to what there is"
        )
    return fit


def _datasource(data: Any, source: Source, skip: int) -> Any:  # noqa: ANN401
    """Make Ray's view of the inputs: one task that yields a block for each batch."""

    class Batches(data.Datasource):  # type: ignore[misc]
        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *_: object, **__: object) -> list[Any]:
            nothing = data.block.BlockMetadata(
                num_rows=None, size_bytes=None, input_files=None, exec_stats=None
            )
            return [data.ReadTask(_reading(source, skip), nothing)]

        def get_name(self) -> str:
            return "Texts"

    return Batches()


def _reading(source: Source, skip: int) -> Callable[[], Iterator[Any]]:
    def read() -> Iterator[Any]:
        batches = source.batches(skip)
        while True:
            try:
                batch = next(batches, None)
            except Exception as error:  # to be raised where the command runs
                yield _row(error)
                return
            if batch is None:
                return
            yield _row(batch)

    return read


def _row(content: object) -> Any:  # noqa: ANN401
    return need("pyarrow").table({"content": [pickle.dumps(content)]})


class _Worker:
    """An actor: a pipeline, which is loaded when the first batch comes.

    What goes wrong is returned, since Ray would wrap an error into a page of its own. Ray would
    also give a batch that kills its worker to one worker after the other, for ever; so each leaves
    a mark while it is at a batch.

    job (Job): What to do.
    run (str): A name for the marks of this run.
    """

    def __init__(self, job: Job, run: str) -> None:
        self._job = job
        self._run = run
        self._annotator: Annotator | None = None

    def __call__(self, table: Any) -> Any:  # noqa: ANN401
        (content,) = table.column("content").to_pylist()
        return _row(self._annotate(pickle.loads(content)))  # made by the reading task

    def _annotate(self, batch: Batch | Exception) -> Piece | Exception:
        if isinstance(batch, Exception):
            return batch
        mark = Path(tempfile.gettempdir(), f"seqtag-{self._run}-{batch.part}-{batch.position}")
        try:
            with mark.open("ab") as file:
                file.write(b".")
            if mark.stat().st_size > _MOST_DEATHS:
                return WorkersDiedError(died_message(_MOST_DEATHS, batch))
            if self._annotator is None:
                self._annotator = Annotator(self._job)
            return self._annotator(batch)
        except Exception as error:
            return error
        finally:
            mark.unlink(missing_ok=True)
