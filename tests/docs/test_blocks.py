"""Every block of Python and shell in README and docs is run, and what pages show is compared."""

import os
import re
from collections import Counter

import pytest
from spacy.util import load_config, load_model_from_config
from thinc.api import Config

from .blocks import CODE, PAGES, ROOT, Block, Reader, blocks, same_output

BLOCKS = {page.relative_to(ROOT).as_posix(): blocks(page) for page in PAGES}
WITH_CODE = sorted(p for p, found in BLOCKS.items() if any(b.language in CODE for b in found))
SETTINGS = [b for found in BLOCKS.values() for b in found if b.language == "ini" and not b.title]

# Languages of blocks that are no code of ours: text is what something prints or a file holds.
OTHERS = ("text", "ini", "json", "xml", "powershell")

# Blocks that are never run: how many there are for each reason.
_NETWORK = "installs packages from the network"
NOT_RUN = Counter(
    {
        ("README.md", _NETWORK): 2,
        ("docs/annotate.md", "needs a Ray cluster"): 1,
        ("docs/annotate.md", "needs the extra ray"): 1,
        ("docs/quickstart.md", _NETWORK): 2,
        ("docs/quickstart.md", "needs a GPU"): 1,
        ("docs/quickstart.md", "for Windows"): 1,
        ("docs/quickstart.md", "installs into the environment"): 1,
        ("docs/languages.md", "downloads the treebank"): 1,
        ("docs/languages.md", "trains for hours"): 1,
        ("docs/train.md", "downloads the treebank"): 1,
        ("docs/train.md", "trains for hours"): 1,
        ("docs/roles.md", "downloads the scorer"): 1,
        ("docs/commands.md", "downloads a model"): 1,
        ("docs/hugging-face.md", _NETWORK): 1,
        ("docs/hugging-face.md", "uploads to the hub"): 1,
        ("docs/performance.md", "installs other systems from the network"): 1,
        ("docs/serve.md", "serves until it is stopped"): 1,
    }
)


# Blocks of text that are compared with nothing: what a file holds, what an install prints, what
# another pipeline says.
NOT_COMPARED = Counter(
    {
        "docs/adding-a-format.md": 1,
        "docs/commands.md": 1,
        "docs/log.md": 1,
        "docs/quickstart.md": 1,
        "docs/serve.md": 1,
    }
)


def test_every_block_is_accounted_for():
    """No block is passed over without a word."""
    not_run: Counter[tuple[str, str]] = Counter()
    not_compared: Counter[str] = Counter()
    for block in (block for found in BLOCKS.values() for block in found):
        where = f"{block.page}:{block.line}"
        assert block.language in (*CODE, *OTHERS), f"{where}: language {block.language!r}"
        assert not (block.output and block.language != "text"), f"{where}: not output"
        assert not (block.run and block.language not in CODE), f"{where}: not code"
        if block.run == "no" or block.language == "powershell":
            not_run[block.page, block.reason or "for Windows"] += 1
        if block.language == "text" and not block.output:
            not_compared[block.page] += 1
    assert not_run == NOT_RUN
    assert not_compared == NOT_COMPARED


def test_every_output_follows_a_block_that_is_run():
    for found in BLOCKS.values():
        for before, block in zip([None, *found], found, strict=False):
            if block.output:
                printed = before is not None and before.language in CODE and before.run != "no"
                assert printed, f"{block.page}:{block.line}"


def read(page: str, reader: Reader, *, slow: bool) -> None:
    """Read a page from its top: run its code, and compare what is printed with what it shows."""
    printed: str | None = None
    for block in BLOCKS[page]:
        where = f"{block.page}:{block.line}"
        if block.language in CODE:
            runs = block.run == "" or (slow and block.run == "slow")
            printed = reader.run(block) if runs else None
        elif block.title:
            reader.save(block)
        elif block.output and printed is not None:
            tolerance = 0.0 if block.output == "exact" else 0.2 if slow else None
            same = same_output(block.source, printed, tolerance=tolerance)
            assert same, f"{where} shows\n{block.source}\nprinted was\n{printed}"


@pytest.mark.parametrize("page", WITH_CODE)
def test_blocks(page, quick_project, read_in, tiny_bert):
    reader = Reader(read_in(quick_project), tiny_bert)
    read(page, reader, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE)
def test_blocks_in_full(page, full_project, read_in, tiny_bert):
    # Links, as the project holds its pipeline four times, and no page writes over what it has.
    folder = read_in(full_project, copy=os.link)
    reader = Reader(folder, tiny_bert, in_full=True)
    read(page, reader, slow=True)


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: f"{block.page}:{block.line}")
def test_settings_fit_a_config(block: Block, tiny_bert, quick_project, monkeypatch):
    """A piece of a config replaces that of `joint.cfg`, and the whole is a pipeline."""
    monkeypatch.chdir(quick_project)
    config = load_config(ROOT / "configs" / "joint.cfg")
    piece = Config().from_str(with_parents(block.source), interpolate=False)
    for name, component in piece.get("components", {}).items():
        if "source" in component:  # instead of what the section says; its subsections may stay
            section = config["components"].get(name, {})
            config["components"][name] = {k: v for k, v in section.items() if isinstance(v, dict)}
    config = config.merge(piece)
    config["paths"]["base_model"] = tiny_bert
    load_model_from_config(config, auto_fill=True)


def with_parents(source: str) -> str:
    """A piece of a config with the sections that its own are in, as Thinc wants them."""
    sections = re.findall(r"^\[(.+)\]$", source, re.MULTILINE)
    parts = [section.split(".") for section in sections]
    parents = {".".join(part[:n]) for part in parts for n in range(1, len(part))}
    return "".join(f"[{name}]\n" for name in sorted(parents - set(sections))) + source


def test_same_output():
    assert same_output("a\n…\nb 0.5\n", "a  \nx\ny\nb 0.5\n")
    assert not same_output("a\nb 0.5\n", "a\nb 0.6\n")
    assert same_output("b 0.5", "b 0.61", tolerance=None)
    assert same_output("b 0.5 c 1.00", "b 0.6 c 0.95", tolerance=0.2)
    assert not same_output("b 0.5 c 1.00", "b 0.6 c 0.75", tolerance=0.2)
    assert not same_output("b 0.5", "c 0.5", tolerance=None)
