"""Remove files and folders inside the project."""

import os
import shutil
from pathlib import Path

import typer
from wasabi import msg


def main(paths: list[Path] = typer.Argument(..., help="What to remove")) -> None:
    root = Path.cwd().resolve()
    absolute = [Path(os.path.abspath(path)) for path in paths]
    # Of a link, the link itself is removed, wherever it leads.
    targets = [path.parent.resolve() / path.name for path in absolute]
    outside = [str(path) for path in targets if root not in path.parents]
    if outside:
        msg.fail(
            f"{', '.join(outside)}: not inside {root}, so nothing was removed. Name files and "
            "folders in it.",
            exits=1,
        )
    for path in targets:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    typer.run(main)
