"""Put the English Web Treebank into assets/ewt: from the pinned public files or from a folder.

What the files are, and which revisions of them, says project.yml.
"""

import shutil
import tempfile
from pathlib import Path
from typing import TypedDict

import typer
from spacy.cli import project_assets
from spacy.util import run_command
from wasabi import msg
from weasel.util import get_checksum, load_project_config


class Repository(TypedDict):
    """Where in a Git repository an asset is; the branch is a commit here."""

    repo: str
    branch: str
    path: str


class Asset(TypedDict, total=False):
    """An asset in project.yml: a file with a checksum, or a folder of a Git repository."""

    dest: str
    checksum: str
    git: Repository


def main(
    source: str = typer.Argument(..., help='"github", or a folder that holds the files'),
) -> None:
    assets: list[Asset] = load_project_config(Path.cwd())["assets"]
    if source == "github":
        for asset in assets:
            if "git" in asset:
                fetch_commit(Path(asset["dest"]), asset["git"])
        project_assets(Path.cwd())
    else:
        copy_assets(assets, Path(source))


def copy_assets(assets: list[Asset], folder: Path) -> None:
    """Copy the assets from a folder; exit with an error if one is missing, or is another one."""
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


def find(folder: Path, asset: Asset) -> Path:
    """Return where a folder holds an asset: a file by its name, a repository by its own name."""
    if "git" in asset:
        return folder / Path(asset["git"]["repo"]).name / asset["git"]["path"]
    return folder / Path(asset["dest"]).name


def fetch_commit(dest: Path, source: Repository) -> None:
    """Check out a folder of a repository at a commit, without the rest and the history.

    spaCy's own checkout takes the name of a branch, but no commit.
    """
    stamp = dest / ".commit"
    if stamp.is_file() and stamp.read_text("utf8") == source["branch"]:
        msg.good(f"Skipping download with matching commit: {dest}")
        return
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dest.parent) as clone:
        git = ["git", "-C", clone]
        fetch = ["fetch", "--quiet", "--depth=1", "--filter=blob:none"]
        run_command([*git, "init", "--quiet"])
        run_command([*git, "remote", "add", "origin", source["repo"]])
        run_command([*git, "sparse-checkout", "set", source["path"]])
        run_command([*git, *fetch, "origin", source["branch"]])
        run_command([*git, "checkout", "--quiet", "FETCH_HEAD"])
        checked_out = Path(clone) / source["path"]
        (checked_out / stamp.name).write_text(source["branch"], "utf8")
        shutil.rmtree(dest, ignore_errors=True)
        shutil.move(checked_out, dest)
    msg.good(f"Downloaded asset {dest}")


if __name__ == "__main__":
    typer.run(main)
