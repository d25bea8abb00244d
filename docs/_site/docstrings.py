"""The docstrings of this project for the reference: sections out of lines.

    name, other (Type): meaning, over one line
        or more.
    RETURNS (Type): what.
    RAISES: Error: when.

become the sections that mkdocstrings knows from Google's convention. What is no such line stays
as it is.
"""

import re
from typing import Any

import griffe

_FIELD = re.compile(r"(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \((?P<type>.+?)\))?: (?P<text>.*)")
_RETURNS = re.compile(r"(?:RETURNS|YIELDS)(?: \((?P<type>.+?)\))?: (?P<text>.*)")
_RAISES = re.compile(r"(?:RAISES:?|Raises) (?P<error>\w+)(?: \(.*?\))?(?::| for| if) ?(?P<text>.*)")


class ProjectConvention(griffe.Extension):
    """Rewrites docstrings before they are parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class or function."""
        if obj.docstring is not None:
            obj.docstring.value = with_sections(obj.docstring.value, known_names(obj))


def known_names(obj: griffe.Object) -> set[str]:
    """What lines may describe: the parameters of a function, the fields of a class."""
    if obj.is_function:
        return {parameter.name for parameter in obj.parameters}
    if obj.is_class:
        fields = {name for name, member in obj.members.items() if member.is_attribute}
        init = obj.members.get("__init__")
        return fields | ({p.name for p in init.parameters} if init is not None else set())
    return set()


def with_sections(docstring: str, known: set[str]) -> str:
    """A docstring with sections `Args`, `Returns` and `Raises` at its end.

    known: the names of parameters or fields; a line about anything else is prose.
    """
    prose: list[str] = []
    sections: dict[str, list[str]] = {"Args": [], "Returns": [], "Raises": []}
    current = prose
    for line in docstring.split("\n"):
        if line.startswith(" ") and current is not prose:
            current[-1] += " " + line.strip()
            continue
        field, returns, raises = (p.fullmatch(line) for p in (_FIELD, _RETURNS, _RAISES))
        if returns:
            current = sections["Returns"]
            current.append(": ".join(filter(None, returns.group("type", "text"))))
        elif raises:
            current = sections["Raises"]
            current.append(f"{raises['error']}: {raises['text']}")
        elif field and known.issuperset(names := re.findall(r"\w+", field["names"])):
            current = sections["Args"]
            kind = f" ({field['type']})" if field["type"] else ""
            current += [f"{name}{kind}: {field['text']}" for name in names[:-1]]
            current.append(f"{names[-1]}{kind}: {field['text']}")
        elif line and current is not prose and line[0].islower():
            current[-1] += " " + line
        else:
            current = prose
            prose.append(line)
    parts = ["\n".join(prose).strip()]
    for title, lines in sections.items():
        if lines:
            parts.append("\n    ".join([f"{title}:", *lines]))
    return "\n\n".join(parts)
