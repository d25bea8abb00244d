"""Options of the commands that take one of some names, which other code knows."""

from collections.abc import Callable, Collection

import typer


def metavar(names: Collection[str]) -> str:
    """Show the names as typer shows those of an enumeration."""
    return f"<{'|'.join(names)}>"


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """Make the parser of an option that takes one of the names.

    The parser RAISES: typer.BadParameter: another value.
    """

    def parse(value: str) -> str:
        if value not in names:
            known = ", ".join(f"'{name}'" for name in names)
            raise typer.BadParameter(f"{value!r} is not one of {known}.")
        return value

    return parse
