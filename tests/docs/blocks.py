"""The blocks of code in README.md and docs/: finding them, and running them as a reader would.

An HTML comment directly above a block says how it is run, where that is not the ordinary way:

- `<!-- run: slow -->`: takes minutes; run by the test marked `slow` alone.
- `<!-- run: no, REASON -->`: never run. `test_blocks.NOT_RUN` counts these, page by page.
- `<!-- output -->` above a block of text: what the block before it prints, to the letter. `…` on a
  line of its own stands for any lines.
- `<!-- output of the model -->`: the same, but the decimals are those of a trained pipeline.

A block with a title, as in ```` ```ini title="own.cfg" ````, is a file that the reader saves. A
page is read from its top: what one block defines or saves, the next one knows.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sybil import Document, Region
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
CODE = ("python", "bash")

_LEXER = RawFencedCodeBlockLexer(re.compile(r"(?P<language>[^\n]*)$\n", re.MULTILINE))
_COMMENT = re.compile(r"<!-- (run|output)(.*?) -->\n[ ]*\Z")
_FENCE = re.compile(r'(?P<language>\S*)(?: title="(?P<title>[^"]+)")?')
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_DECIMAL = re.compile(r"\d+\.\d+")
# A run of `spacy train` that ends at once.
_SHORT = ("--training.max_steps", "4", "--training.eval_frequency", "2")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    page (str): the file, from the folder of the project. line (int): of its opening fence, from 1.
    language (str): as the fence says it. source (str): its lines.
    title (str): name of the file that it is; "" for none.
    run (str): "" for the ordinary way, "slow" or "no". reason (str): why it is never run.
    output (str): "" for code; for text that is compared "exact" or "model".
    """

    page: str
    line: int
    language: str
    source: str
    run: str = ""
    reason: str = ""
    output: str = ""
    title: str = ""


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in their order.

    RAISES: ValueError: a comment above a block that is none of those that this module knows.
    """
    document = Document.parse(str(page), _parse)
    return [example.parsed for example in document.examples()]


def _parse(document: Document) -> Iterator[Region]:
    page = Path(document.path).relative_to(ROOT).as_posix()
    for region in _LEXER(document):
        lexemes = region.lexemes or {}
        line = document.text.count("\n", 0, region.start) + 1
        comment = _COMMENT.search(document.text, 0, region.start)
        how = _how(*comment.groups(), f"{page}:{line}") if comment else {}
        # Not the lexer's source, which is without the indentation that all lines have.
        _, *lines, _ = document.text[region.start : region.end].split("\n")
        source = "".join(f"{line}\n" for line in lines)
        fence = _FENCE.fullmatch(lexemes["language"].strip())
        if fence is None:
            raise ValueError(f"{page}:{line}: ```{lexemes['language']} is no fence that is known")
        block = Block(page, line, fence["language"], source, title=fence["title"] or "", **how)
        yield Region(region.start, region.end, parsed=block, evaluator=lambda _: None)


def _how(kind: str, rest: str, where: str) -> dict[str, str]:
    known = {
        ("run", ": slow"): {"run": "slow"},
        ("output", ""): {"output": "exact"},
        ("output", " of the model"): {"output": "model"},
    }
    if (kind, rest) in known:
        return known[kind, rest]
    if kind == "run" and rest.startswith(": no, "):
        return {"run": "no", "reason": rest.removeprefix(": no, ")}
    raise ValueError(f"{where}: <!-- {kind}{rest} --> is no comment that the tests know")


@dataclass
class Reader:
    """Somebody who types in what a page says.

    folder (Path): where commands run; the current folder of this process, too.
    base_model (str): of the short training runs.
    in_full (bool): whether `spacy train` runs as long as the page says, each command in a process
        of its own. Otherwise training ends after a few steps with a tiny encoder, and spaCy's
        commands run in this process, as loading PyTorch takes longer than most of them.
    """

    folder: Path
    base_model: str
    in_full: bool = False
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    def run(self, block: Block) -> str:
        """Run a block of Python or shell commands, and return what it prints."""
        runners: dict[str, Callable[[Block], str]] = {"python": self._python, "bash": self._bash}
        return _ANSI.sub("", runners[block.language](block))

    def save(self, block: Block) -> None:
        """Save a block that is a file."""
        (self.folder / block.title).write_text(block.source, encoding="utf8")

    def _python(self, block: Block) -> str:
        printed = io.StringIO()
        # Line numbers in an error are those of the page.
        code = compile("\n" * block.line + block.source, block.page, "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, self.namespace)
        return printed.getvalue()

    def _bash(self, block: Block) -> str:
        if self.in_full:
            return self._process(block.source)
        return "".join(self._command(*command) for command in commands(block.source))

    def _command(self, line: str, words: list[str]) -> str:
        if words[:3] != ["python", "-m", "spacy"]:
            return self._process(line)
        short = (*_SHORT, "--paths.base_model", self.base_model)
        trains = words[3] == "train" or words[3:5] == ["seqtag", "train"]
        return spacy_command([*words[3:], *(short if trains else ())])

    def _process(self, commands: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            encoding="utf8",
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout


def commands(source: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block of shell, each as a line and as words."""
    lines = re.sub(r"\\\n", " ", source).splitlines()
    for command in (part for line in lines for part in re.split(r"\s&&\s", line)):
        words = shlex.split(command, comments=True)
        if words:
            yield command, words


def spacy_command(args: list[str]) -> str:
    """What a command of spaCy prints, run in this process."""
    from spacy.cli import app
    from typer.testing import CliRunner

    import spacy_seqtag.cli  # noqa: F401  # registers `seqtag`, as its entry point does

    result = CliRunner().invoke(app, args)
    wanted = result.exit_code == 0 and isinstance(result.exception, SystemExit | None)
    assert wanted, f"spacy {shlex.join(args)}\n{result.output}\n{result.exception!r}"
    return result.stdout


def same_output(shown: str, printed: str, *, tolerance: float | None = 0.0) -> bool:
    """Whether a page shows what was printed. Spaces at the ends of lines do not count.

    tolerance (float): how far decimals may be apart; None for any distance.
    """
    shown, printed = (
        "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
        for text in (shown, printed)
    )
    pattern = re.escape(shown + "\n").replace("…\\\n", "(?:.*\n)*")
    if tolerance != 0.0:
        pattern = re.sub(r"\d+\\\.\d+", r"(\\d+\\.\\d+)", pattern)
    match = re.fullmatch(pattern, printed + "\n")
    if match is None or not tolerance:
        return match is not None
    pairs = zip(_DECIMAL.findall(shown), match.groups(), strict=True)
    return all(abs(float(a) - float(b)) <= tolerance for a, b in pairs)
