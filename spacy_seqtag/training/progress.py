"""Show in the terminal how far training is: steps, time left, and how the score went."""

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Optional, TypeAlias

from spacy.language import Language
from spacy.training.loggers import console_logger_v3
from spacy.util import registry
from tqdm import tqdm

# What spaCy's loop tells a logger; None for a step that was not evaluated.
LogStep: TypeAlias = Callable[[dict[str, Any] | None], None]
Logger: TypeAlias = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]

PROGRESS_LOGGER = "spacy_seqtag.ProgressLogger.v1"
RICH_LOGGER = "spacy_seqtag.RichLogger.v1"

MARK = "has_status_line"
"""The attribute of a logger that shows how far it is already."""

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=^"
PLOT_WIDTH = 24
"""How many of the last scores the plot shows."""


@registry.loggers(PROGRESS_LOGGER)  # type: ignore[untyped-decorator]
def create_progress_logger(
    logger: Optional[Callable[..., Any]] = None,  # noqa: UP045
) -> Logger:
    """Create a logger that adds a status line to another: steps, time left, a plot of the score.

    The line is shown in a terminal only, on standard error, below what the other logger prints.
    `python -m spacy seqtag train` adds it to the logger of any config that has no progress bar.

    logger (Callable | None): The other logger; None for `spacy.ConsoleLogger.v3`.
    RETURNS (Logger): For `[training.logger]`.
    """
    return with_progress(logger or console_logger_v3(), others=(RICH_LOGGER,))


def with_progress(
    logger: Logger, done: int = 0, others: Sequence[str] = (PROGRESS_LOGGER, RICH_LOGGER)
) -> Logger:
    """Add the status line to a logger.

    logger (Logger): The logger.
    done (int): How many steps were taken before the run was interrupted: they do not count for the
        time that is left.
    others (Sequence[str]): Registered loggers that show how far training is themselves: beside one
        of these there is no line.
    RETURNS (Logger): What prints the same, and shows the line in a terminal.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log_step, finalize = logger(nlp, stdout, stderr)
        settings = nlp.config.interpolate()["training"]
        has_bar = any(
            each.get("progress_bar") or each.get("@loggers") in others
            for each in loggers_in(settings.get("logger", {}))
        )
        if has_bar or hasattr(logger, MARK) or not stderr.isatty():
            return log_step, finalize
        line = _StatusLine(int(settings["max_steps"]), done, stderr)

        def log_and_show(info: dict[str, Any] | None) -> None:
            if info is None:
                log_step(info)
            else:
                with tqdm.external_write_mode(file=stderr):
                    log_step(info)
            line.step(info)

        def end() -> None:
            line.close()
            finalize()

        return log_and_show, end

    setattr(setup, MARK, True)
    return setup


def loggers_in(settings: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the settings of a logger and of those within it, as in `spacy.ChainLogger.v1`.

    settings (Mapping[str, object]): Of `[training.logger]`.
    """
    yield settings
    for value in settings.values():
        if isinstance(value, Mapping):
            yield from loggers_in(value)


class _StatusLine:
    """The line: a progress bar of tqdm with the scores behind it.

    max_steps (int): Where training ends at the latest; 0 if that is not known.
    done (int): Steps that were taken before.
    stream (IO[str]): The terminal.
    """

    def __init__(self, max_steps: int, done: int, stream: IO[str]) -> None:
        self._left = done
        self._scores: list[tuple[float, int]] = []
        self._bars = BARS if can_print(BARS, stream) else ASCII_BARS
        # spaCy's loop begins with step 0, and `max_steps` is the last. Without smoothing, the time
        # that evaluations take counts.
        self._bar = tqdm(
            total=max_steps + 1 if max_steps else None,
            initial=done,
            file=stream,
            unit="step",
            smoothing=0,
            leave=False,
            dynamic_ncols=True,
        )

    def step(self, info: dict[str, Any] | None) -> None:
        """Count a step, and plot the score if it was evaluated."""
        if self._left:
            self._left -= 1
        else:
            self._bar.update(1)
        if info is not None:
            self._scores.append((float(info["score"]), int(info["step"])))
            self._bar.set_postfix_str(describe_scores(self._scores, self._bars))

    def close(self) -> None:
        """Remove the line."""
        self._bar.close()


def describe_scores(scores: Sequence[tuple[float, int]], bars: str = BARS) -> str:
    """Plot scores as one line of text, with the last and the best of them.

    scores (Sequence[tuple[float, int]]): Each with its step; at least one.
    bars (str): Characters from low to high.
    RETURNS (str): For instance "▁▅█▇ score 0.74, best 0.76 at step 96".
    """
    numbers = [pair for pair in scores if not math.isnan(pair[0])] or scores
    best, step = max(numbers, key=lambda pair: (pair[0], -pair[1]))
    plot = sparkline([score for score, _ in scores[-PLOT_WIDTH:]], bars)
    return f"{plot} score {scores[-1][0]:.2f}, best {best:.2f} at step {step}"


def sparkline(values: Sequence[float], bars: str = BARS) -> str:
    """Draw numbers as a row of bars, from the least to the greatest of them.

    values (Sequence[float]): The numbers; one that is not finite is left blank.
    bars (str): Characters from low to high.
    """
    finite = [value for value in values if value - value == 0]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(bars) - 1) / (high - low) if high > low else 0.0
    return "".join(
        bars[round((value - low) * scale)] if value - value == 0 else " " for value in values
    )


def can_print(text: str, stream: IO[str]) -> bool:
    """Tell whether a stream can show some characters as they are."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
