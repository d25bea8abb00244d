"""A treebank of Universal Dependencies with its layers, as training and dev corpus.

`fetch` puts the files of the layers into a folder: `words`, `entities` and `roles`, in each of
which `train` and `dev` hold the files. They come from the repositories of Universal Dependencies,
Universal NER and Universal PropBank, or from a folder that holds such files under their own names.
`join` makes `train.spacy` and `dev.spacy` of them.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypedDict

import srsly
import typer
from spacy.util import run_command
from wasabi import msg

SPLITS = ("train", "dev")
LAYERS = {
    "words": ("UniversalDependencies", re.compile(r"-ud-(train|dev)\b.*\.conllu$")),
    "entities": ("UniversalNER", re.compile(r"-(train|dev)\b.*\.iob2$")),
    "roles": ("UniversalPropositions", re.compile(r"-up-(train|dev)\b.*\.conllup?$")),
}
"""The organisation that publishes a layer, and how the names of its files are made."""

_LICENCE = re.compile(r"^License:\s*(.+)$", re.M)

app = typer.Typer(add_completion=False)

Repository = Annotated[str, typer.Option(help="Name of the repository; empty for none")]


class Source(TypedDict, total=False):
    """Something that a pipeline is made from, in the format of spaCy's meta.json."""

    name: str
    author: str
    license: str
    url: str


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help='"github", or a folder that holds the files')],
    target: Annotated[Path, typer.Argument(help="Folder to put them into; made anew")],
    treebank: Annotated[str, typer.Option(help="Such as UD_Chinese-GSDSimp")],
    entities: Repository = "",
    roles: Repository = "",
    revision: Annotated[str, typer.Option(help="Branch or tag of the treebank, as r2.9")] = "",
) -> None:
    """Fetch the layers of a treebank, or take them from a folder."""
    names = {"words": treebank, "entities": entities, "roles": roles}
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as aside:
        new = Path(aside) / "new"
        sources: list[Source] = []
        for layer, (organisation, pattern) in LAYERS.items():
            url = f"https://github.com/{organisation}/{names[layer]}"
            folder = Path(source)
            if source == "github":
                if not names[layer]:
                    continue
                folder = Path(aside) / layer
                clone(url, folder, revision if layer == "words" else "")
            elif not folder.is_dir():
                msg.fail(f"{source}: no such folder. Give one that holds the files", exits=1)
            found = files_of(folder, pattern)
            if not found:
                if names[layer]:
                    expected = f"{'/'.join(SPLITS)} in names that match {pattern.pattern}"
                    missing = f"{source}: no files of {names[layer]}: {expected}"
                    if layer == "words" or source == "github":
                        msg.fail(missing, exits=1)
                    msg.warn(missing)
                continue
            for split, path in found:
                place = new / layer / split / path.name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
                msg.good(f"{layer}: {path.name}")
            paths = [path for _, path in found]
            licence = licence_of(layer, paths, folder)
            sources.append(about(names[layer] or layer, url if names[layer] else "", licence))
        card = {
            "description": f"A pipeline on one transformer, trained on {treebank}.",
            "author": "",
            "license": "",
            "sources": sources,
            "notes": f"Scores, given words and sentences, are those on {held_out(new)}.",
        }
        srsly.write_json(new / "card.json", card)
        shutil.rmtree(target, ignore_errors=True)
        new.rename(target)


def clone(url: str, folder: Path, revision: str) -> None:
    """Check out the files at the top of a repository, without folders and history."""
    branch = ["--branch", revision] if revision else []
    options = ["--quiet", "--depth=1", "--filter=blob:none", "--sparse", *branch]
    if subprocess.run(["git", "clone", *options, url, str(folder)]).returncode != 0:
        msg.fail(f"{url}: cannot be fetched. Check the names, or give a folder", exits=1)


def files_of(folder: Path, pattern: re.Pattern[str]) -> list[tuple[str, Path]]:
    """Find the files of a layer with their splits, in a folder and below it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(found[1], path) for path in paths if (found := pattern.search(path.name))]


def about(name: str, url: str, licence: str) -> Source:
    """Describe a layer for the card. An empty URL or licence is not known."""
    source: Source = {"name": name}
    if url:
        source["url"] = url
    if licence:
        source["license"] = licence
    return source


def licence_of(layer: str, paths: Iterable[Path], folder: Path) -> str:
    """Find the licence of a layer in its README; empty if there is none.

    A README is that of the layer if no files of other layers are in its folder or below.
    """
    others = [pattern for name, (_, pattern) in LAYERS.items() if name != layer]
    for place in {parent: None for path in paths for parent in path.parents}:
        if not place.is_relative_to(folder) or any(files_of(place, other) for other in others):
            continue
        for path in sorted(place.glob("README*")):
            if found := _LICENCE.search(path.read_text("utf8")):
                return found[1].strip()
    return ""


def held_out(folder: Path) -> str:
    """Say what the dev corpus is."""
    if len(list((folder / "words").iterdir())) == len(SPLITS):
        return "the dev split"
    return (
        "a fifth of the one split that there was, drawn at random, which training did not see: "
        "they say nothing about quality"
    )


@app.command()
def join(
    source: Annotated[Path, typer.Argument(help="Folder that `fetch` made")],
    target: Annotated[Path, typer.Argument(help="Folder for train.spacy and dev.spacy")],
    lang: Annotated[str, typer.Option(help="Language code")],
    max_mismatch: Annotated[str, typer.Option(help="See `seqtag convert`")] = "0.02",
    role_names: Annotated[str, typer.Option(help="See `seqtag convert`")] = "keep",
) -> None:
    """Join the layers; where there is one split alone, a fifth of it becomes the dev corpus."""
    options = ["--lang", lang, "--max-mismatch", max_mismatch, "--role-names", role_names]
    splits = [split for split in SPLITS if (source / "words" / split).is_dir()]
    if len(splits) == len(SPLITS):
        for split in splits:
            convert([*layers(source, split)], target / f"{split}.spacy", *options)
        return
    whole = target / "whole.spacy"
    convert([*layers(source, splits[0])], whole, *options)
    drawn = ["--lang", lang, "--subset", "0.8"]
    convert([whole], target / "train.spacy", *drawn)
    convert([whole], target / "dev.spacy", *drawn, "--rest")


def layers(folder: Path, split: str) -> Iterable[Path]:
    """Find the folders of the layers of a split.

    Where the treebank has one split alone, a layer that lacks it comes as a whole: its file may be
    of another split and have the same sentences. Else it is left out.
    """
    is_one = len(list((folder / "words").iterdir())) == 1
    for layer in LAYERS:
        own, whole = folder / layer / split, folder / layer
        if own.is_dir():
            yield own
        elif whole.is_dir() and is_one:
            yield whole
        elif whole.is_dir():
            msg.warn(f"{split}: no {layer}, of which there is another split alone")


def convert(paths: Iterable[Path], output: Path, *options: str) -> None:
    command = [sys.executable, "-m", "spacy", "seqtag", "convert", *map(str, paths)]
    run_command([*command, "--output", str(output), *options])


if __name__ == "__main__":
    app()
