"""Pages name all that there is: names, settings, commands; and their links lead somewhere."""

import functools
import inspect
import json
import re
import sys
from importlib.metadata import distribution
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import spacy
import srsly
import typer

from spacy_seqtag.cli import seqtag
from spacy_seqtag.models.encoder import build_transformer

from .blocks import PAGES, ROOT
from .conftest import gold_docs

DOCS = ROOT / "docs"
FACTORIES = ("seqtag_pos", "seqtag_ner", "seqtag_srl")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the website make them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf8"), re.MULTILINE)
    words = (re.sub(r"[^\w\s-]", "", title).strip().lower() for title in titles)
    return {re.sub(r"\s", "-", title) for title in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    text = re.sub(r"^```.*?^```", "", page.read_text("utf8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        found = page.parent / name if name else page
        assert found.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{page.name}: {target}"


def test_readme_is_short_and_has_the_two_commands():
    text = (ROOT / "README.md").read_text("utf8")
    assert text.count("\n") <= 120
    for extra, command in (
        ("demo", "python -m spacy project run all"),
        ("test", "python -m pytest -n 2 --dist loadfile"),
    ):
        line = f'pip install -e ".[{extra}]" -c constraints.txt && {command}'
        assert f"```bash\n{line}\n```" in text
        assert line.partition("&& ")[2] in (ROOT / ".ci" / "run").read_text() or extra == "demo"


def test_readme_and_front_page_show_the_same_lines():
    readme, index = ((path).read_text("utf8") for path in (ROOT / "README.md", DOCS / "index.md"))
    (lines,) = re.findall(r"```python\n.*?```", index, re.DOTALL)
    assert lines in readme


def test_pytorch_is_the_one_of_the_constraints():
    (version,) = re.findall(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert f'"torch=={version}"' in (DOCS / "quickstart.md").read_text("utf8")


def test_every_registered_name_is_explained():
    text = (DOCS / "components.md").read_text("utf8")
    reference = (DOCS / "reference.md").read_text("utf8")
    groups = set(re.findall(r"\w+_\w+", " ".join(re.findall(r"registered: (.*?) -->", reference))))
    for entry in distribution("spacy-seqtag").entry_points:
        if entry.group != "spacy_cli":
            assert f"`{entry.name}`" in text, entry.name
            assert entry.group in groups, f"{entry.group} is not in reference.md"


@pytest.mark.parametrize("factory", FACTORIES)
def test_every_setting_is_explained_with_its_default(factory):
    text = (DOCS / "components.md").read_text("utf8").partition(f"### `{factory}`")[2]
    table = text.partition("\n#")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `(.*?)` \|", table, re.MULTILINE))
    defaults = spacy.blank("en").get_factory_meta(factory).default_config
    settings = {key: srsly.json_dumps(value) for key, value in defaults.items()}
    assert rows == {k: v for k, v in settings.items() if k not in ("model", "scorer")}


def rows_below(page: str, heading: str, *, to: str = "\n#") -> str:
    """The text of a section, up to the next heading."""
    _, found, text = (DOCS / page).read_text("utf8").partition(f"\n{heading}\n")
    assert found, f"{page}: {heading}"
    return text.partition(to)[0]


def test_every_setting_of_the_encoder_is_explained_with_its_default():
    table = rows_below("components.md", "### The encoder: `spacy_seqtag.TransformerModel.v1`")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    parameters = inspect.signature(build_transformer).parameters.values()
    assert rows == {
        p.name: "required" if p.default is p.empty else f"`{srsly.json_dumps(p.default)}`"
        for p in parameters
    }


def test_every_setting_of_training_is_explained_with_its_value():
    """Those of functions that are registered here, and others that the page names."""
    text = rows_below("components.md", "## Training")
    found = re.findall(r"^\| `(\w+)` \| `\[(.*?)\]` \| `(.*?)` \|", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\| `", text, re.MULTILINE))
    config = spacy.util.load_config(ROOT / "configs" / "joint.cfg", interpolate=True)

    def settings_of(section: str) -> dict[str, Any]:
        return functools.reduce(dict.__getitem__, section.split("."), config)

    for name, section, value in found:
        assert json.loads(value) == settings_of(section)[name], f"[{section}] {name}"
    registered = {e.name: e for e in distribution("spacy-seqtag").entry_points}
    sections = ["initialize.before_init", "initialize.after_init", "training.before_to_disk"]
    sections += ["training.optimizer", "training.optimizer.learn_rate", "corpora.train"]
    for section in sections:
        (function,) = (value for key, value in settings_of(section).items() if key.startswith("@"))
        wanted = set(inspect.signature(registered[function].load()).parameters) - {"learn_rate"}
        assert wanted == {name for name, where, _ in found if where == section}, section


def test_every_command_and_option_is_explained():
    group = typer.main.get_command(seqtag)
    for name, command in group.commands.items():
        table = rows_below("commands.md", f"## {name}", to="\n## ")
        cells = re.findall(r"^\| (`-.*?) \|", table, re.MULTILINE)
        explained = [option for cell in cells for option in re.findall(r"`(--?[\w-]+)`", cell)]
        options = [
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
            if option.startswith("-") and option != "--help"
        ]
        assert sorted(explained) == sorted(options), name


# A file that the reader of the page is told to write.
_TO_BE_WRITTEN = "corpus/formats/foo.py"


def test_architecture_names_every_module():
    """Each file that it names is there, and each module of the folders that have a map is named."""
    package = ROOT / "spacy_seqtag"
    named: set[Path] = set()
    for section in re.split(r"^## ", (DOCS / "architecture.md").read_text("utf8"), flags=re.M):
        title, *lines = section.split("\n")
        folders = [ROOT, package, *(package / name for name in re.findall(r"`(\w+/)`", title))]
        for line in lines:
            names = re.findall(r"`([\w/*]+(?:\.py|/))`", line)
            # What stands in a row beside a folder may be in that folder.
            inner = [base / name for base in folders for name in names if name.endswith("/")]
            for name in names:
                found = [path for base in (*folders, *inner) for path in base.glob(name)]
                assert found or name == _TO_BE_WRITTEN, f"{title}: {name}"
                named.update(found)
    mapped = ("pipeline", "models", "frames", "schemes", "corpus")
    modules = {path for folder in mapped for path in (package / folder).rglob("*.py")}
    modules = {path for path in modules if path.name != "__init__.py"}
    assert not sorted(str(path.relative_to(package)) for path in modules - named)


def test_picture_of_the_architecture_names_files_that_are_there():
    drawing = (DOCS / "assets" / "architecture.svg").read_text("utf8")
    named = re.findall(r'class="where"[^>]*>(.*?)<', drawing)
    assert named
    assert not [name for name in named if not [*(ROOT / "spacy_seqtag").glob(name)]]


def test_picture():
    """What the front pages show is drawn by a script: valid XML, with every word and label."""
    spec = spec_from_file_location("picture", ROOT / "scripts" / "picture.py")
    picture = module_from_spec(spec)
    sys.modules["picture"] = picture  # where dataclasses look
    spec.loader.exec_module(picture)
    doc = next(gold_docs(spacy.blank("en")))
    root = ElementTree.fromstring(picture.svg(doc))
    shown = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    labels = ["PER", "LOC", "want.01", "buy.01", "ARG0", "ARG0", "ARG1", "ARG1"]
    words = [token.text for token in doc] + [token.pos_ for token in doc]
    assert sorted(shown) == sorted(words + labels)
    (title,) = re.findall("<title>(.*)</title>", (DOCS / "assets" / "roles.svg").read_text("utf8"))
    assert title == doc.text
