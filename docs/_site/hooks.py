"""Pages that the website has beyond the files of docs/.

They are files of the project's folder, and the reference of what is registered.
"""

import re
from importlib.metadata import EntryPoint, distribution
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]

# Files of the project's folder that are pages of the site.
PAGES = {name: f"{name.lower()}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")}

_REGISTERED = re.compile(r"<!-- registered: (.*?) -->")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are files of the project's folder."""
    for name, page in PAGES.items():
        text = (ROOT / f"{name}.md").read_text("utf8")
        files.append(File.generated(config, page, content=_linked(text)))
    return files


def _linked(text: str) -> str:
    """The text of such a file with its links as they are in the site."""
    text = re.sub(r"\]\(docs/", "](", text)
    for name, page in PAGES.items():
        text = text.replace(f"]({name}.md", f"]({page}")
    return text


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the reference of entry points in the place of `<!-- registered: GROUP, … -->`.

    Links to files of the project's folder become links to their pages.
    """
    for name, page in PAGES.items():
        markdown = markdown.replace(f"](../{name}.md", f"]({page}")
    return _REGISTERED.sub(lambda match: _reference(match[1].split(", ")), markdown)


def _reference(groups: list[str]) -> str:
    found = [entry for group in groups for entry in _entry_points() if entry.group == group]
    assert found, f"{groups}: nothing is registered there"
    return "\n\n".join(map(_directive, found))


def _directive(entry: EntryPoint) -> str:
    """What mkdocstrings replaces by the docstring of a registered function."""
    lines = [f"heading: {entry.name}", f"toc_label: {entry.name.removeprefix('spacy_seqtag.')}"]
    options = "".join(f"      {line}\n" for line in lines)
    return f"::: {entry.module}.{entry.attr}\n    options:\n{options}"


def _entry_points() -> list[EntryPoint]:
    return list(distribution("spacy-seqtag").entry_points)
