"""The error for a corpus file that cannot be read, and how its messages quote the file.

Every message names the file, the line, what is wrong and how to mend it, on one line. What it
quotes comes from strangers, so nothing in it may control the terminal or fill the screen.
"""

import re
from pathlib import Path

from ..errors import SHOWN, printable
from ..schemes.upos import UPOS_TAGS

_LONG = re.compile(r"(\S{200})\S{300,}")


class FormatError(ValueError):
    """A file that cannot be read as what it should be.

    As a string it is one line: `path:line: message. fix`.

    path (Path): The file.
    line (int | None): 1-based number of the line; None where the whole file is meant.
    message (str): What is wrong, and what was expected.
    fix (str): How to mend it, as a full sentence.
    """

    def __init__(self, path: str | Path, line: int | None, message: str, fix: str) -> None:
        super().__init__(path, line, message, fix)
        self.path = Path(path)
        self.line = line
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{printable(place, limit=None)}: {safe_line(self.message)}. {safe_line(self.fix)}"


def quoted(value: str) -> str:
    """Quote a value from a file on one line, shortened if it is long."""
    length = f" ({len(value)} characters)" if len(value) > SHOWN else ""
    return f"'{printable(value)}'{length}"


def safe_line(text: str) -> str:
    r"""Escape what could control a terminal, and shorten very long runs of characters.

    Control and format characters, and white space other than a blank, become escapes such as
    `\x1b`. A run of 500 or more characters without a blank is cut after the first 200: no message
    of ours has one, so it was quoted from a file.

    RETURNS (str): The text as one line.
    """
    return _LONG.sub(
        lambda found: f"{found[1]}… ({len(found[0])} characters)", printable(text, limit=None)
    )


# Errors that several formats raise


def damaged_archive(path: Path, line: int | None, error: Exception) -> FormatError:
    """Make the error for a compressed file that cannot be read to its end.

    line (int | None): Of its text, where that breaks off.
    """
    return FormatError(
        path, line, str(error), "Get it anew, or compress it once more from the text itself"
    )


def no_sentence(path: Path) -> FormatError:
    """Make the error for a file that holds lines, but no sentence."""
    return FormatError(
        path, None, "there is no sentence in the file", "Give a file with one word per line"
    )


def comment_within(path: Path, line: int, text: str) -> FormatError:
    """Make the error for a comment between the rows of a sentence."""
    return FormatError(
        path,
        line,
        f"{quoted(text)} stands within a sentence, where there are no comments",
        "Put a blank line before it, or if it is a word, write its row in full",
    )


def unequal_columns(path: Path, line: int, found: int, expected: int) -> FormatError:
    """Make the error for a row with other columns of arguments than the sentence's first row."""
    return FormatError(
        path,
        line,
        f"{found} columns, but {expected} in the sentence's first row",
        "Give each predicate of the sentence a column in every row",
    )


def id_out_of_order(path: Path, line: int, found: str, expected: int) -> FormatError:
    """Make the error for a row of CoNLL's whose ID is not the number of its word."""
    return FormatError(
        path,
        line,
        f"ID {quoted(found)} is out of order, expected word {expected}",
        "Number the words of a sentence 1, 2, 3 and end a sentence with a blank line",
    )


def unknown_upos(path: Path, line: int, tag: str) -> FormatError:
    """Make the error for a UPOS value that Universal Dependencies does not have."""
    return FormatError(
        path,
        line,
        f"unknown UPOS {quoted(tag)}, expected one of {', '.join(UPOS_TAGS)}",
        "Correct the tag, or write `_` where it is missing",
    )
