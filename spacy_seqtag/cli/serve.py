"""`python -m spacy seqtag serve`: a pipeline behind HTTP."""

from math import ceil
from typing import Annotated

import typer
from spacy.cli._util import setup_gpu

from ..errors import one_line, printable
from ..extras import need
from ..loading import load_pipeline
from . import fail, seqtag
from .console import examples
from .doc_bar import stage_bar
from .options import GpuOption, PipelineArgument, QuietOption

# Seconds. Clients keep connections for later, and one that is closed as they use it again fails; so
# it is longer than most of them wait.
_KEEP_ALIVE = 75


@seqtag.command(
    "serve",
    no_args_is_help=True,
    epilog=examples(
        "serve my_pipeline --port 8000",
    ),
)
def serve_cli(
    model: PipelineArgument,
    host: Annotated[
        str, typer.Option(help="Address to listen at; 0.0.0.0 for the network")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 for any that is free")
    ] = 8000,
    max_bytes: Annotated[
        int, typer.Option(min=1, help="Bytes of a request; more is answered with 413")
    ] = 2_000_000,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Characters of a request's texts; more is answered with 413")
    ] = 200_000,
    max_waiting: Annotated[
        int, typer.Option(min=1, help="Characters that wait in all; more is answered with 503")
    ] = 2_000_000,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="Seconds to the answer, or it is 503")
    ] = 60.0,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
) -> None:
    """Serve a pipeline: JSON, a page to try it, and a backend for Label Studio.

    POST {"text": "..."} or {"texts": ["...", "..."]} to /annotate. Requests of one moment are
    annotated together. /docs describes all routes, /metrics has figures for Prometheus. Ctrl+C or
    SIGTERM stops it once what was asked is answered.
    """
    try:
        uvicorn, *_ = map(need, ("uvicorn", "fastapi_offline", "prometheus_client"))
    except ImportError as error:
        fail(error)
    from ..serve import Limits, create_app

    try:
        setup_gpu(gpu_id, silent=True)
        with stage_bar(quiet) as stages:
            stages(f"Load {model}", 0)
            nlp = load_pipeline(model)
        limits = Limits(max_bytes, max_characters, max_waiting, timeout)
    except (ValueError, OSError) as error:
        fail(one_line(error))
    config = uvicorn.Config(
        create_app(nlp, limits),
        host=host,
        port=port,
        log_level="warning",
        timeout_keep_alive=_KEEP_ALIVE,
        # By then all that was asked has its answer; who is still asking is not waited for.
        timeout_graceful_shutdown=ceil(timeout) + 1,
    )
    try:
        listening = config.bind_socket()
    except SystemExit:  # uvicorn has logged why
        fail(f"--host {host} --port {port}: the address is in use or not allowed. Give another one")
    with listening:
        listening.listen(config.backlog)  # from now on nobody is turned away
        address = f"[{host}]" if ":" in host else host
        where = f"http://{address}:{listening.getsockname()[1]}"
        # In one line, at once: a script may wait for the port.
        shown = printable(model, limit=None)
        print(f"Serving {shown} at {where} (a page to try it), /docs, /metrics", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
