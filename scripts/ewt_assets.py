"""Put the English Web Treebank into assets/ewt: from the pinned public files or from a folder."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import typer
from spacy.cli import project_assets
from spacy.util import run_command
from wasabi import msg
from weasel.util import get_checksum, load_project_config


def main(
    source: str = typer.Argument(..., help='"github", or a folder that holds the files'),
) -> None:
    assets = load_project_config(Path.cwd())["assets"]
    if source == "github":
        for asset in assets:
            if "git" in asset:
                fetch_commit(asset)
        project_assets(Path.cwd())
        return
    folder = Path(source)
    missing = [str(place) for asset in assets if not (place := find(folder, asset)).exists()]
    if missing:
        msg.fail(f"These files of the treebank are not there: {', '.join(missing)}", exits=1)
    for asset in assets:
        dest = Path(asset["dest"])
        local = find(folder, asset)
        expected = asset.get("checksum")
        if expected and get_checksum(local) != expected:
            msg.fail(
                f"{local}: md5 is {get_checksum(local)}, but project.yml pins {expected}. "
                "Use the pinned revision of the file, or change the checksum there.",
                exits=1,
            )
        dest.parent.mkdir(parents=True, exist_ok=True)
        if local.is_dir():
            shutil.rmtree(dest, ignore_errors=True)
            shutil.copytree(local, dest)
        else:
            shutil.copyfile(local, dest)
        msg.good(f"Copied {dest.name}")


def find(folder: Path, asset: dict[str, Any]) -> Path:
    """Where a folder holds an asset: a file by its name, a repository by its own name."""
    if "git" in asset:
        return folder / Path(asset["git"]["repo"]).name / asset["git"]["path"]
    return folder / Path(asset["dest"]).name


def fetch_commit(asset: dict[str, Any]) -> None:
    """Check out a folder of a repository at a commit, without the rest and the history."""
    repo, commit, path = (asset["git"][key] for key in ("repo", "branch", "path"))
    dest = Path(asset["dest"])
    stamp = dest / ".commit"
    if stamp.is_file() and stamp.read_text("utf8") == commit:
        msg.good(f"Skipping download with matching commit: {dest}")
        return
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dest.parent) as clone:
        git = ["git", "-C", clone]
        run_command([*git, "init", "--quiet"])
        run_command([*git, "remote", "add", "origin", repo])
        run_command([*git, "sparse-checkout", "set", path])
        run_command([*git, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", commit])
        run_command([*git, "checkout", "--quiet", "FETCH_HEAD"])
        (Path(clone) / path / stamp.name).write_text(commit, "utf8")
        shutil.rmtree(dest, ignore_errors=True)
        shutil.move(Path(clone) / path, dest)
    msg.good(f"Downloaded asset {dest}")


if __name__ == "__main__":
    typer.run(main)
