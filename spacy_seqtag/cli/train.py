"""`python -m spacy seqtag train`: train as `spacy train` does, and go on after a kill."""

import signal
from configparser import Error as ConfigParserError
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from spacy.cli._util import import_code, parse_config_overrides
from spacy.util import RegistryError, load_config  # type: ignore[attr-defined]
from thinc.api import Config, ConfigValidationError

from ..errors import one_line, printable, settings_error, without_code
from ..files import Terminated, terminable
from ..loading import check_pipeline
from . import fail, seqtag
from .console import examples, warn
from .gpu import set_up_gpu
from .options import GpuOption, QuietOption

_EXTRA = {"allow_extra_args": True, "ignore_unknown_options": True}


_ConfigArgument = Annotated[Path, typer.Argument(metavar="CONFIG", help="Config file")]
_OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        help="Folder for model-best and model-last, and for the state while training runs",
        file_okay=False,
    ),
]
_ChangesOption = Annotated[
    bool,
    typer.Option(
        "--allow-changes", help="With --resume: go on even if the run began with other settings"
    ),
]
_EarlyStoppingOption = Annotated[
    int | None,
    typer.Option(
        help="Stop after this many steps without a better score (training.patience); 0: never",
        metavar="STEPS",
    ),
]


@seqtag.command(
    "train",
    context_settings=_EXTRA,
    epilog=examples(
        "train my.cfg --output mine --paths.train train.spacy",
        "train my.cfg --output mine --resume",
    ),
)
def train_cli(
    ctx: typer.Context,
    config_path: _ConfigArgument,
    output: _OutputOption,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run in --output")
    ] = False,
    or_begin: Annotated[
        bool,
        typer.Option(
            "--resume-or-begin", help="The same, or begin one there if there is none to go on with"
        ),
    ] = False,
    allow_changes: _ChangesOption = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            "--force",
            "-F",
            help="Begin anew, even if --output holds trained pipelines or an interrupted run",
        ),
    ] = False,
    early_stopping: _EarlyStoppingOption = None,
    code: Annotated[
        Path | None, typer.Option("--code", "-c", help="Python file with registered functions")
    ] = None,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
) -> None:
    """Train a pipeline, with the arguments of `spacy train`.

    Settings of the config are overridden as there: --paths.train train.spacy. At each evaluation
    the whole state is saved, and --resume goes on from it.
    """
    try:
        with terminable():
            _check_options(resume or or_begin, allow_changes, overwrite, early_stopping)
            overrides = parse_config_overrides(ctx.args)
            if early_stopping is not None:
                overrides["training.patience"] = early_stopping
            import_code(code)
            config = _load_config(config_path, overrides)
            _check_sources(config)
            set_up_gpu(gpu_id, silent=False)
            from ..training.resume import train_resumable  # loads PyTorch, which takes seconds

            train_resumable(
                config,
                output,
                use_gpu=gpu_id,
                resume=resume or or_begin,
                or_begin=or_begin,
                allow_changes=allow_changes,
                overwrite=overwrite,
            )
    except KeyboardInterrupt:
        _stop(output, 128 + signal.SIGINT)
    except Terminated as end:
        _stop(output, int(str(end)))
    except (ConfigValidationError, ConfigParserError, RegistryError, OSError, ImportError) as err:
        text = one_line(err)
        fail(without_code(text) or text)
    except ValueError as err:
        if (said := without_code(one_line(err))) is None:
            raise
        fail(said)


def _stop(output: Path, code: int) -> NoReturn:
    """Say how to go on with a run that was interrupted, and exit with the code of the signal."""
    from ..training.resume import describe_rest

    warn(f"Interrupted. {describe_rest(output)}")
    raise typer.Exit(code)


def _load_config(path: Path, overrides: dict[str, object]) -> Config:
    """Load the config file.

    RAISES: ConfigValidationError (a ValueError): It is not there, is no config, or lacks what all
        configs for training have.
    """
    shown = printable(str(path), limit=None)
    fix = "Give a config for training, such as `python -m spacy seqtag init-config` writes"
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise settings_error(f"{shown}: {what}. {fix}")
    try:
        config = load_config(path, overrides=overrides, interpolate=False)
    except UnicodeDecodeError as error:
        raise settings_error(f"{shown}: this is no text. {fix}") from error
    except (ValueError, ConfigParserError) as error:
        raise settings_error(f"{shown}: {one_line(error)}") from error
    lacks = [name for name in ("nlp", "components", "training") if not config.get(name)]
    if lacks:
        raise settings_error(
            f"{shown}: this is no config for training, it has no [{lacks[0]}]. {fix}"
        )
    return config


def _check_sources(config: Config) -> None:
    """Check that there are the pipelines whose components are taken.

    RAISES: ConfigValidationError (a ValueError): One of them is not there.
    """
    for name, part in config.get("components", {}).items():
        source = part.get("source")
        if isinstance(source, str) and "$" not in source:  # a setting that is put in later
            try:
                check_pipeline(source)
            except OSError as error:
                raise settings_error(f"[components.{name}] source = {error}") from error


def _check_options(
    resume: bool, allow_changes: bool, overwrite: bool, early_stopping: int | None
) -> None:
    """Check options that depend on each other.

    RAISES: ConfigValidationError (a ValueError): They do not fit.
    """
    if resume and overwrite:
        raise settings_error(
            "--resume goes on with a run, --overwrite removes it: give one of them"
        )
    if allow_changes and not resume:
        raise settings_error("--allow-changes is of use with --resume only: leave it out")
    if early_stopping is not None and early_stopping < 0:
        raise settings_error(
            f"--early-stopping = {early_stopping}; set it to a whole number of at least 0"
        )
