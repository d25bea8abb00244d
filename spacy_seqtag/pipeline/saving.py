"""Saving and loading a component, so that damage is told from annotation.

A saved component brings what it learned: labels and weights. Its settings are in the pipeline's
config, and what the component's folder says of them is not read. So `spacy.load(path, config=...)`
can change them.

What is loaded is checked in two ways. Digests, saved beside the files, tell whether each file is
the one that was saved (see `digests`). What has no digests, such as bytes and the files of older
versions, is checked by its contents: labels and weights have to belong together.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import srsly
from spacy.pipeline import TrainablePipe
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import SAYS_NO_DAMAGE, damaged_error
from .digests import check_digests, save_digests

# What a component saves in the file `cfg`: settings and labels, as JSON.
SavedCfg = dict[str, Any]


class CheckedPipe(TrainablePipe):  # type: ignore[misc]  # compiled, without types
    """A trainable component that checks what it loads.

    Subclasses say how many classes their output layers have: see `class_counts`.
    """

    vocab: Vocab
    model: Model[Any, Any]
    name: str
    # The settings, and what was learned.
    cfg: SavedCfg

    # What of `cfg` is learned from the data, not set by the user.
    learned: tuple[str, ...] = ("labels",)

    def class_counts(self) -> dict[str, int]:
        """Return how many classes each output layer has to have, by its ref in the model."""
        raise NotImplementedError

    def take_learned(self) -> None:
        """Renew what a subclass makes of `cfg`; called when that was loaded.

        RAISES: KeyError, TypeError, ValueError, AttributeError: What was loaded makes no sense.
        """

    def forget_learned(self) -> None:
        """Forget what of `cfg` older versions did not save; called before another is loaded."""

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "CheckedPipe":
        """Load labels and weights from bytes; settings stay as they are.

        bytes_data (bytes): From `to_bytes`.
        exclude (Iterable[str]): Parts to leave as they are.

        RAISES: ConfigValidationError (a ValueError): Labels and weights that do not belong
            together, or other bytes.
        """
        settings = self._settings()
        where = f"The component {self.name!r}"
        exclude = tuple(exclude)
        if "cfg" not in exclude:
            self.forget_learned()
        try:
            super().from_bytes(bytes_data, exclude=exclude)
        except SAYS_NO_DAMAGE:
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error(where, err) from err
        self.cfg.update(settings)
        self._check_loaded(where, "its model")
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save labels, weights and their digests to a folder.

        path (str or Path): The folder.
        exclude (Iterable[str]): Parts not to save.
        """
        super().to_disk(path, exclude=tuple(exclude))
        save_digests(Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "CheckedPipe":
        """Load labels and weights from a folder; settings stay as they are.

        path (str or Path): The folder.
        exclude (Iterable[str]): Parts to leave as they are.

        RAISES: ConfigValidationError (a ValueError): A file that is missing or damaged, that is
            from another pipeline, or that does not belong to the others. The message names it.
        """
        path = Path(path)
        exclude = tuple(exclude)
        check_digests(path)
        settings = self._settings()
        cfg, model = (f"{path / name} (component {self.name!r})" for name in ("cfg", "model"))
        if "cfg" not in exclude:
            _check_cfg(path / "cfg", cfg)
            self.forget_learned()
        try:
            super().from_disk(path, exclude=exclude)
        except (OSError, *SAYS_NO_DAMAGE):  # an OSError names the file itself
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error(model, err) from err
        self.cfg.update(settings)
        self._check_loaded(cfg, model)
        return self

    def _settings(self) -> SavedCfg:
        return {key: value for key, value in self.cfg.items() if key not in self.learned}

    def _check_loaded(self, cfg: str, model: str) -> None:
        """Check that labels and weights belong together.

        cfg, model (str): Where labels and weights come from, to name in the error.

        RAISES: ConfigValidationError (a ValueError): They do not.
        """
        labels = self.cfg["labels"]
        if not isinstance(labels, list) or not all(isinstance(k, str) and k for k in labels):
            raise damaged_error(cfg, "its labels are not a list of names")
        if len(set(labels)) < len(labels):
            raise damaged_error(cfg, "it has a label twice")
        try:
            self.take_learned()
            counts = self.class_counts()
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise damaged_error(cfg, err) from err
        for name, n_classes in counts.items():
            layer = self.model.get_ref(name)
            if layer.has_param("W") and len(layer.get_param("W")) != n_classes:
                n_found = len(layer.get_param("W"))
                reason = f"{n_classes} classes, for which {model} has weights of {n_found}"
                raise damaged_error(cfg, reason)
        isfinite = self.model.ops.xp.isfinite
        for node in self.model.walk():
            for name in node.param_names:
                if node.has_param(name) and not bool(isfinite(node.get_param(name)).all()):
                    raise damaged_error(model, f"the weights {name} are not finite")


def _check_cfg(path: Path, what: str) -> None:
    """Check the file of labels. what: its name in the error.

    RAISES: ConfigValidationError (a ValueError): It is missing, or is no JSON object.
    """
    if not path.exists():  # spaCy would take it for an empty one
        raise damaged_error(what, "it is missing")
    try:
        dict(srsly.read_json(path))
    except (ValueError, TypeError) as err:
        raise damaged_error(what, err) from err
