"""A logger for `[training.logger]` that shows a run as it goes: bar, time left, scores so far."""

import math
import sys
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Optional

from spacy.language import Language
from spacy.training.loggers import console_logger_v3
from spacy.util import registry

from .progress import (
    ASCII_BARS,
    BARS,
    MARK,
    PLOT_WIDTH,
    RICH_LOGGER,
    Logger,
    LogStep,
    can_print,
    sparkline,
)

if TYPE_CHECKING:
    from rich.progress import Progress

# The scores of a line, where the config has many.
_MOST_SCORES = 6


@registry.loggers(RICH_LOGGER)  # type: ignore[untyped-decorator]
def create_rich_logger(
    output_file: Optional[str] = None,  # noqa: UP045
) -> Logger:
    """Create a logger with a progress bar, a line for each evaluation and a plot of the scores.

    The bar has the steps, the time that is left, and the scores so far as a row of bars. A line for
    each evaluation has epoch, step, losses and scores; the best score so far is marked. Where the
    output is no terminal, spaCy's own table is printed (`spacy.ConsoleLogger.v3`).

    output_file (str | None): A file for the log, a JSON object a line, as that logger writes it.
        `python -m spacy seqtag report` draws it where it lies beside the pipeline.
    RETURNS (Logger): For `[training.logger]`.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        shown = stdout.isatty()
        plain: list[tuple[LogStep, Callable[[], None]]] = []
        if output_file is not None or not shown:
            log = console_logger_v3(console_output=not shown, output_file=output_file)
            plain.append(log(nlp, stdout, stderr))
        if not shown:
            return plain[0]
        screen = _Screen(nlp, stdout)

        def log_and_show(info: dict[str, Any] | None) -> None:
            for log_step, _ in plain:
                log_step(info)
            screen.step(info)

        def end() -> None:
            screen.close()
            for _, finalize in plain:
                finalize()

        return log_and_show, end

    setattr(setup, MARK, True)
    return setup


class _Screen:
    """What a terminal shows of a run.

    nlp (Language): The pipeline, which has the settings of the run.
    stream (IO[str]): The terminal.
    """

    def __init__(self, nlp: Language, stream: IO[str]) -> None:
        settings = nlp.config.interpolate()["training"]
        self._names = [
            name for name, weight in settings["score_weights"].items() if weight is not None
        ][:_MOST_SCORES]
        self._scores: list[float] = []
        self._best = -math.inf
        self._bars = BARS if can_print(BARS, stream) else ASCII_BARS
        self._progress = _make_progress(stream)
        steps = int(settings["max_steps"])
        # spaCy's loop begins with step 0, and `max_steps` is the last.
        self._task = self._progress.add_task("", total=steps + 1 if steps else None, plot="")
        self._progress.start()

    def step(self, info: dict[str, Any] | None) -> None:
        """Count a step, and print what an evaluation found."""
        if info is not None:
            self._print(info)
        self._progress.advance(self._task)

    def _print(self, info: dict[str, Any]) -> None:
        from rich.text import Text

        score = float(info["score"])
        is_best = score > self._best
        self._best = max(self._best, score) if not math.isnan(score) else self._best
        self._scores.append(score)
        parts = [f"epoch {info['epoch']}", f"step {info['step']:,}"]
        parts += [f"loss {sum(map(float, info['losses'].values())):.2f}"]
        parts += [f"{name} {_shown(name, info['other_scores'].get(name))}" for name in self._names]
        line = Text("  ".join(parts) + "  ")
        line.append(f"score {score:.3f}", style="bold green" if is_best else "bold")
        if is_best:
            line.append(" best", style="green")
        self._progress.console.print(line, soft_wrap=True)
        plot = f"{sparkline(self._scores[-PLOT_WIDTH:], self._bars)} best {max(self._best, 0):.3f}"
        self._progress.update(self._task, plot=plot)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


def _make_progress(stream: IO[str]) -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: Sequence[Any] = (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("steps, left:"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[plot]}"),
    )
    console = Console(file=stream, markup=False, highlight=False)
    return Progress(*columns, console=console, expand=True, redirect_stdout=False)


def _shown(name: str, value: object) -> str:
    """Write a score as spaCy's logger does: of a hundred, but the speed in words a second."""
    if not isinstance(value, int | float):
        return "-"
    return f"{value if name == 'speed' else 100 * value:.1f}"
