"""Pages name all that there is: names, settings, commands; and their links lead somewhere."""

import re
import sys
from importlib.metadata import distribution
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from xml.etree import ElementTree

import pytest
import spacy
import srsly

from .blocks import PAGES, ROOT
from .conftest import gold_docs

DOCS = ROOT / "docs"
# Pages of the website that are files of the project's folder.
ROOT_PAGES = {
    f"{name.lower()}.md": f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY")
}
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
        if page.parent == DOCS and name in ROOT_PAGES:
            found = ROOT / ROOT_PAGES[name]
        assert found.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{page.name}: {target}"


def test_readme_is_short_and_has_the_two_commands():
    text = (ROOT / "README.md").read_text("utf8")
    assert text.count("\n") <= 120
    for extra, command in (
        ("demo", "python -m spacy project run all"),
        ("test", "python -m pytest"),
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


def test_every_command_and_option_is_explained():
    from spacy_seqtag.cli import seqtag

    text = (DOCS / "commands.md").read_text("utf8")
    for command in seqtag.registered_commands:
        assert f"\n## {command.name}\n" in text


def test_files_that_the_architecture_names_are_there():
    text = (DOCS / "architecture.md").read_text("utf8")
    rooms = text.partition("## The rooms")[2].partition("## Three tasks")[0]
    drawing = (DOCS / "assets" / "architecture.svg").read_text("utf8")
    named = re.findall(r"`([\w/*]+(?:\.py|/))`", rooms)
    named += re.findall(r'class="where"[^>]*>(.*?)<', drawing)
    assert len(named) > 40
    missing = [n for n in named if not [*ROOT.glob(n), *(ROOT / "spacy_seqtag").glob(n)]]
    assert not missing


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
