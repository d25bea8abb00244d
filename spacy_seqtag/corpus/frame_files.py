"""Inventories of frames: PropBank's frame files, and a JSON file of one's own.

PropBank's (https://github.com/propbank/propbank-frames) are a folder with an XML file for each
lemma. JSON is

    {"rolesets": [{"id": "give.01", "definition": "transfer", "words": {"VERB": ["give"]},
                   "roles": {"ARG0": "giver", "ARG1": "thing given"}}]}

where all but `id` and `words` may be missing.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, ValidationError
from spacy.util import registry

from ..errors import one_line, settings_error
from ..schemes.inventory import ANY, FrameInventory, InventoryRoleset
from ..schemes.upos import UPOS_TAGS
from .errors import FormatError, quoted

_JSON_FIX = "See docs/formats.md, Inventories of frames"
_XML_FIX = "Correct it, or take it out of the folder"

# The parts of speech of PropBank's aliases.
_POS = {"v": "VERB", "n": "NOUN", "j": "ADJ", "r": "ADV", "p": "ADP"}

# In a light verb construction ("take a shower") the predicate with the roleset is the noun, which
# has an alias of its own. The verb is in `take.LV`, or in a roleset of its own.
_LIGHT_VERB = "l"


class RolesetFile(BaseModel):
    """A roleset as JSON has it: see the documentation of the module."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    words: dict[str, list[str]]
    definition: str = ""
    roles: dict[str, str] = {}


class InventoryFile(BaseModel):
    """An inventory as JSON has it; `model_json_schema()` is its JSON Schema."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rolesets: list[RolesetFile]


class Inventory(NamedTuple):
    """What was read.

    frames (FrameInventory): The inventory.
    left_out (list[FormatError]): What was passed over, each with its place: files that are no XML,
        of which PropBank has some, and rolesets that cannot be used.
    """

    frames: FrameInventory
    left_out: list[FormatError]


@registry.readers("spacy_seqtag.FrameInventory.v1")  # type: ignore[untyped-decorator]
def create_frame_inventory(path: Path) -> FrameInventory:
    """Read an inventory of frames, for `[initialize.components.srl] frames`.

    path (Path): A folder of PropBank's frame files, or a JSON file.

    RAISES: ConfigValidationError (a ValueError): It cannot be read.
    """
    try:
        return read_inventory(Path(path)).frames
    except (FormatError, OSError) as err:
        raise settings_error(f"spacy_seqtag.FrameInventory.v1: {err}") from err


def read_inventory(path: Path) -> Inventory:
    """Read an inventory of frames.

    path (Path): A folder of PropBank's frame files, or a JSON file.

    RAISES: FormatError: A file that is no such JSON; no roleset at all; no file. OSError: It cannot
        be read.
    """
    if not path.exists():
        raise FormatError(path, None, "there is no such file or folder", "Check the path")
    left_out: list[FormatError] = []
    rolesets = list(_read_folder(path, left_out)) if path.is_dir() else _read_json(path)
    if not rolesets:
        what = f"no roleset in it ({left_out[0]})" if left_out else "no roleset in it"
        fix = "Give a folder with PropBank's frame files (give.xml), or a JSON file"
        raise FormatError(path, None, what, fix)
    return Inventory(FrameInventory(rolesets), left_out)


# PropBank's files


def _read_folder(folder: Path, left_out: list[FormatError]) -> Iterator[InventoryRoleset]:
    # An unpacked repository has them in a folder of its own.
    within = folder / "frames"
    where: dict[str, Path] = {}
    for file in sorted((within if within.is_dir() else folder).glob("*.xml")):
        try:
            root = _parse(file.read_bytes())
        except ElementTree.ParseError as err:
            left_out.append(FormatError(file, err.position[0], f"no XML: {err}", _XML_FIX))
            continue
        except (LookupError, ValueError) as err:
            what = f"its encoding cannot be read: {one_line(err)}"
            left_out.append(FormatError(file, None, what, _XML_FIX))
            continue
        for element in root.iter("roleset"):
            roleset = _read_roleset(element)
            is_light = element.find(f".//alias[@pos='{_LIGHT_VERB}']") is not None
            problem = _problem(roleset, is_light=is_light)
            if roleset.name in where:
                name = where[roleset.name].name
                problem = f"the roleset {quoted(roleset.name)} is in {name} already"
            if problem:
                left_out.append(FormatError(file, None, problem, _XML_FIX))
            else:
                where[roleset.name] = file
                yield roleset


def _parse(data: bytes) -> ElementTree.Element:
    """Parse XML in any encoding that Python knows.

    RAISES: ParseError: It is no XML. LookupError: There is no encoding of the name that it gives.
        ValueError: It is not in this encoding.
    """
    try:
        return ElementTree.fromstring(data)
    except ValueError:  # an encoding of several bytes, such as gb2312, which expat does not know
        encoding = re.search(rb"""encoding\s*=\s*["']([\w.:-]+)""", data)
        if encoding is None:
            raise
        return ElementTree.fromstring(data.decode(encoding[1].decode("ascii")))


def _read_roleset(element: ElementTree.Element) -> InventoryRoleset:
    words: dict[str, list[str]] = {}
    for alias in element.iter("alias"):
        if alias.get("pos") == _LIGHT_VERB:
            continue
        word = " ".join((alias.text or "").replace("_", " ").split())
        own = words.setdefault(_POS.get(alias.get("pos", ""), ANY), [])
        if word and word not in own:
            own.append(word)
    roles = {
        _role(role): " ".join(role.get("descr", "").split())
        for role in element.iter("role")
        if role.get("n")
    }
    definition = " ".join(element.get("name", "").split())
    return InventoryRoleset(element.get("id", ""), definition, words, roles)


def _role(role: ElementTree.Element) -> str:
    number = role.get("n", "").upper()
    return f"ARGM-{role.get('f', '').upper()}" if number == "M" else f"ARG{number}"


def _problem(roleset: InventoryRoleset, *, is_light: bool = False) -> str | None:
    """Say why a roleset cannot be used; None if it can.

    is_light: It is that of a light verb construction. It may be without words: nothing is found by
        them, but it says what it means.
    """
    if not roleset.name or roleset.name.split() != [roleset.name]:
        return f"the id {quoted(roleset.name)} of a roleset is empty, or has blanks"
    if not (is_light or any(roleset.words.values())):
        return f"the roleset {quoted(roleset.name)} has no word"
    return None


# JSON


def _read_json(path: Path) -> list[InventoryRoleset]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as err:
        raise FormatError(path, err.lineno, f"no JSON: {err.msg}", _JSON_FIX) from err
    except UnicodeDecodeError as err:
        raise FormatError(path, None, "it is not UTF-8", "Convert it, e.g. with iconv") from err
    except RecursionError as err:
        what = "lists or objects within others, too deep to be an inventory"
        raise FormatError(path, None, what, _JSON_FIX) from err
    except ValueError as err:  # a number of thousands of digits
        raise FormatError(path, None, f"it cannot be read: {one_line(err)}", _JSON_FIX) from err
    try:
        found = InventoryFile.model_validate(data)
    except ValidationError as err:
        first = err.errors()[0]
        raise FormatError(path, None, f"{_place(first['loc'])}: {first['msg']}", _JSON_FIX) from err
    numbers: dict[str, int] = {}
    rolesets = []
    for i, item in enumerate(found.rolesets):
        words = {pos: [" ".join(word.split()) for word in own] for pos, own in item.words.items()}
        roleset = InventoryRoleset(item.id, item.definition, words, item.roles)
        _check(path, i, roleset, numbers.setdefault(item.id, i))
        rolesets.append(roleset)
    return rolesets


def _check(path: Path, i: int, roleset: InventoryRoleset, first: int) -> None:
    """Check a roleset of JSON. first: the number of the first with its id.

    RAISES: FormatError: It cannot be used.
    """
    problem = _problem(roleset)
    if first != i:
        problem = f"the id {quoted(roleset.name)} is that of rolesets[{first}] already"
    for pos, words in roleset.words.items():
        if pos not in (ANY, *UPOS_TAGS):
            problem = f"words: {quoted(pos)} is no universal part of speech, nor '' for any"
        if not all(words):
            problem = "words: a word is empty"
    if not all(roleset.roles):
        problem = "roles: the name of a role is empty"
    if problem:
        raise FormatError(path, None, f"rolesets[{i}]: {problem}", _JSON_FIX)


def _place(location: tuple[int | str, ...]) -> str:
    """Write where in a JSON file something is: `rolesets[3].words.VERB[0]`."""
    place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in location)
    return place.removeprefix(".") or "the file"
