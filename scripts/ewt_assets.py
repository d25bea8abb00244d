"""Put the English Web Treebank into assets/ewt: from the pinned public files or from a folder."""

import shutil
from pathlib import Path

import typer
from spacy.cli import project_assets
from wasabi import msg
from weasel.util import get_checksum, load_project_config


def main(
    source: str = typer.Argument(..., help='"github", or a folder that holds the files'),
) -> None:
    if source == "github":
        project_assets(Path.cwd())
        return
    folder = Path(source)
    assets = load_project_config(Path.cwd())["assets"]
    missing = [a["dest"] for a in assets if not (folder / Path(a["dest"]).name).is_file()]
    if missing:
        names = ", ".join(Path(dest).name for dest in missing)
        msg.fail(f"{folder}: these files of the treebank are not there: {names}", exits=1)
    for asset in assets:
        dest = Path(asset["dest"])
        local = folder / dest.name
        expected = asset.get("checksum")
        if expected and get_checksum(local) != expected:
            msg.fail(
                f"{local}: md5 is {get_checksum(local)}, but project.yml pins {expected}. "
                "Use the pinned revision of the file, or change the checksum there.",
                exits=1,
            )
        dest.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(local, dest)
        msg.good(f"Copied {dest.name}")


if __name__ == "__main__":
    typer.run(main)
