"""The report as one HTML file: what `review.py` found, with diagrams, and what it was made of."""

import base64
import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from spacy.language import Language

from ..analysis.intervals import DRAWS
from ..corpus.docbin_read import find_docbins
from ..errors import printable
from ..evaluation import Evaluation
from ..files import sha256
from .history import find_log, lines_of
from .lines import draw_lines
from .pages import fill_in, read_file
from .reliability import draw_reliability
from .review import Review

# Titles of diagrams, and what their scores begin with.
DIAGRAMS = {
    "Parts of speech": "pos",
    "Tags": "tag",
    "Entities": "ents",
    "Predicates": "predicates",
    "Rolesets": "roleset",
    "Arguments": "srl",
}
_PACKAGES = (
    "spacy-seqtag",
    "spacy",
    "spacy-transformers",
    "transformers",
    "torch",
    "thinc",
    "numpy",
)


def render_report(
    found: Evaluation, made: Review, model: str, data: Path, train: Path | None = None
) -> str:
    """Write the report of a pipeline as a page that needs nothing else.

    found (Evaluation): On the corpus's own words.
    made (Review): What is to be said of it.
    model (str): The pipeline: a package name or a folder.
    data (Path): The corpus.
    train (Path | None): The training corpus.
    RETURNS (str): HTML.
    """
    nlp = found.nlp
    script = read_file("report.js")
    log = find_log(Path(model), nlp.config.interpolate()["training"].get("logger") or {})
    lines = lines_of(log[1]) if log is not None else {}
    names = {
        title: name for title, name in DIAGRAMS.items() if found.scores.get(f"{name}_reliability")
    }
    by_group: dict[str, list[tuple[object, object]]] = {}
    for task in made.tasks:
        for group in task.groups:
            by_group.setdefault(group.title, []).append((task, group.rows))
    return fill_in(
        "report.html.jinja",
        title=f"{name_of(model, nlp)} on {printable(data.name, limit=None)}",
        review=made,
        draws=DRAWS,
        diagrams={title: _diagram(found, title, name) for title, name in names.items()},
        by_group=by_group,
        curve=draw_lines(lines, "Scores along the steps of training") if lines else "",
        log=log[1] if log else [],
        log_path=printable(str(log[0]), limit=None) if log else "",
        facts=_facts(found, model, data, train),
        components=_components(nlp),
        versions=versions(),
        digests=digests(model, data, train),
        config=printable_lines(nlp.config.to_str(interpolate=False)),
        script=script,
        script_hash=script_hash(script),
    )


def name_of(model: str, nlp: Language) -> str:
    """Name a pipeline: by its folder and the one that this is in, or its package."""
    path = Path(model)
    parts = path.resolve().parts[-2:] if path.is_dir() else (model,)
    return printable("/".join(parts), limit=None)


def script_hash(script: str) -> str:
    """Return the hash by which a page allows its own script, and no other."""
    return base64.b64encode(hashlib.sha256(script.encode("utf8")).digest()).decode()


def printable_lines(text: str) -> str:
    """Make lines of text safe to show."""
    return "\n".join(printable(line, limit=None) for line in text.splitlines())


def versions() -> dict[str, str]:
    """Return the versions of what computes."""
    result = {"Python": platform.python_version(), "machine": platform.platform()}
    for package in _PACKAGES:
        try:
            result[package] = version(package)
        except PackageNotFoundError:
            continue
    return result


def digests(model: str, data: Path, train: Path | None = None) -> dict[str, str]:
    """Return the digests of the corpora, and of the files of a pipeline that is a folder."""
    result = {}
    for corpus in (data, *([train] if train else [])):
        for file in find_docbins(corpus):
            result[printable(str(file), limit=None)] = sha256(file)
    folder = Path(model)
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file():
            name = f"{folder.name}/{file.relative_to(folder).as_posix()}"
            result[printable(name, limit=None)] = sha256(file)
    return result


def _diagram(found: Evaluation, title: str, name: str) -> str:
    bins, error = (found.scores.get(f"{name}_{what}") for what in ("reliability", "ece"))
    said = f"ECE {error:.3f}" if isinstance(error, float) else name
    return draw_reliability({said: bins if isinstance(bins, list) else None}, title)


def _facts(found: Evaluation, model: str, data: Path, train: Path | None) -> Mapping[str, str]:
    meta = found.nlp.meta
    facts = {
        "Pipeline": printable(model, limit=None),
        "Name": printable(f"{meta['lang']}_{meta['name']} {meta['version']}", limit=None),
        "Corpus": printable(str(data), limit=None),
    }
    if train is not None:
        facts["Training corpus"] = printable(str(train), limit=None)
    speed = found.scores.get("speed")
    if isinstance(speed, float):
        facts["Speed"] = f"{speed:,.0f} words a second, while this was annotated"
    words = found.scores.get("gold_words_found")
    if isinstance(words, float):
        facts["Words"] = f"{words:.1%} of the corpus's words are found by the pipeline's tokenizer"
    return facts


def _components(nlp: Language) -> Sequence[Mapping[str, object]]:
    return [
        {
            "name": printable(name),
            "factory": printable(nlp.get_pipe_meta(name).factory),
            "labels": len(getattr(nlp.get_pipe(name), "labels", ())),
        }
        for name in nlp.pipe_names
    ]
