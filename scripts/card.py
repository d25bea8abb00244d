"""Write the card of a pipeline: the README and meta.json that `spacy package` puts into its wheel.

The card says who made the pipeline, what it was trained on and under which licences, its labels
and its scores. It is put together from a file for the training data (assets/cards), the scores that
`seqtag evaluate` wrote, and the pipeline itself.
"""

from importlib import metadata
from pathlib import Path
from typing import Annotated, TypedDict

import srsly
import typer
from spacy.cli.package import generate_readme, get_meta
from spacy.util import load_config
from wasabi import msg

# Scores that say nothing about quality.
_NO_QUALITY = ("speed", "gold_words_found")


class Source(TypedDict, total=False):
    """Something that a pipeline was made from, in the format of spaCy's meta.json."""

    name: str
    author: str
    license: str
    url: str


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of the trained pipeline")],
    card: Annotated[Path, typer.Argument(help="JSON file: description, author, license, sources")],
    scores: Annotated[Path, typer.Argument(help="JSON file of scores, from `seqtag evaluate`")],
    packages: Annotated[Path, typer.Argument(help="Folder where `spacy package` will build")],
    name: Annotated[str, typer.Option(help="Name of the package, without the language")],
    version: Annotated[str, typer.Option(help="Its version")],
) -> None:
    missing = [str(path) for path in (pipeline, card, scores) if not path.exists()]
    if missing:
        msg.fail(f"{', '.join(missing)}: not there. Train and evaluate the pipeline.", exits=1)
    meta = get_meta(pipeline, srsly.read_json(card))
    meta.update(name=name, version=version)
    meta["sources"].append(base_model(pipeline))
    meta["performance"] = {
        score: value
        for score, value in srsly.read_json(scores).items()
        if value is not None and score not in _NO_QUALITY
    }
    meta["notes"] += "\n\n" + training_data(meta["sources"])
    if not meta["url"]:
        del meta["url"]  # spaCy would make a link to nowhere
    folder = packages / f"{meta['lang']}_{name}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    srsly.write_json(folder / "meta.json", meta)
    (folder / "README.md").write_text(generate_readme(meta), encoding="utf8")
    (folder / "LICENSES_SOURCES").write_text(licences(meta["sources"]), encoding="utf8")
    msg.good(f"Wrote the card of {meta['lang']}_{name} to {folder}")


def base_model(pipeline: Path) -> Source:
    """Describe the pretrained encoder of a pipeline: a package, a hub name or a folder."""
    config = load_config(pipeline / "config.cfg", interpolate=True)
    name = str(config["components"]["transformer"]["model"]["name"])
    try:
        package = metadata.metadata(name)
    except (metadata.PackageNotFoundError, ValueError):
        if Path(name).exists() or name.startswith((".", "/")):
            return {"name": f"{Path(name).name} (base model)"}  # where it lies is nobody's business
        return {"name": f"{name} (base model)", "url": f"https://huggingface.co/{name}"}
    source: Source = {"name": f"{package['Name']} {package['Version']} (base model)"}
    licence = package.get("License-Expression") or package.get("License")
    if licence:
        source["license"] = licence
    return source


def training_data(sources: list[Source]) -> str:
    """Write a section of Markdown with the sources and their licences."""
    rows = ["### Training data and base model", "", "| Source | Licence |", "| --- | --- |"]
    rows += [f"| {source['name']} | {source.get('license', 'see there')} |" for source in sources]
    return "\n".join(rows)


def licences(sources: list[Source]) -> str:
    """Write the licences of the sources as plain text, a paragraph for each source."""
    return "\n".join(
        f"{source['name']}\n"
        f"  by: {source.get('author', 'see there')}\n"
        f"  licence: {source.get('license', 'see there')}\n"
        + (f"  from: {source['url']}\n" if "url" in source else "")
        for source in sources
    )


if __name__ == "__main__":
    typer.run(main)
