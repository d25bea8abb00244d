"""Remove files and folders inside the project."""

import shutil
from pathlib import Path

import typer


def main(paths: list[Path] = typer.Argument(..., help="What to remove")) -> None:
    root = Path.cwd().resolve()
    for path in paths:
        if root not in path.resolve().parents:
            raise typer.BadParameter(f"{path} is not inside {root}")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    typer.run(main)
