"""What is known of the machine and the software that figures come from."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("torch", "transformers", "spacy", "spacy-transformers", "spacy-seqtag", "flair")


@dataclass(frozen=True)
class Machine:
    """The machine and the software.

    packages: Versions by name; None where one is not installed.
    commit: Of this code, "-dirty" where files differ from it; None outside a repository.
    """

    cpu: str
    cores: int | None
    system: str
    python: str
    packages: dict[str, str | None]
    commit: str | None


def machine() -> Machine:
    """Look at this machine."""
    packages: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return Machine(
        cpu=_cpu_name(),
        cores=os.cpu_count(),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages=packages,
        commit=_commit(),
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None
