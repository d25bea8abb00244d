"""Small PropBank files, and the words that they belong to, for the tests."""

import re

from spacy_seqtag.frames import get_frames, has_frames

GOLD = """\
d1 0 0 Ann NNP * - - (ARG0*) *
d1 0 1 gave VBD * give give_up.08 (V*) *
d1 0 2 it PRP * - - (ARG1*) *
d1 0 3 up RP * - - (C-V*) *
d1 0 4 to TO * - - (ARGM-PRP* *
d1 0 5 rest VB * rest rest.01 *) (V*)

d1 1 0 Yes UH * - -

d2 0 0 Oslo NNP * - -
"""
CONLLU = """\
# newdoc id = d1
# sent_id = s1
1\tAnn\tAnn\tPROPN\tNNP\t_\t_\t_\t_\t_
2\tgave\tgive\tVERB\tVBD\t_\t_\t_\t_\t_
3\tit\tit\tPRON\tPRP\t_\t_\t_\t_\t_
4\tup\tup\tADP\tRP\t_\t_\t_\t_\t_
5\tto\tto\tPART\tTO\t_\t_\t_\t_\t_
6\trest\trest\tVERB\tVB\t_\t_\t_\t_\t_

# sent_id = s2
1\tYes\tyes\tINTJ\tUH\t_\t_\t_\t_\t_

# newdoc id = d2
# sent_id = s3
1\tOslo\tOslo\tPROPN\tNNP\t_\t_\t_\t_\t_
"""
SKEL = "\n".join(
    " ".join([*row[:3], "[WORD]", *row[4:]]) if row else ""
    for row in (line.split() for line in GOLD.split("\n"))
)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path


def shown(docs):
    """The frames as text, None for a Doc without the layer."""
    return [[str(frame) for frame in get_frames(doc)] if has_frames(doc) else None for doc in docs]


FRAMES = [
    ["[ARG0 Ann] [V gave] [ARG1 it] [C-V up] [ARGM-PRP to rest]", "[V rest]"],
    [],
]


def table(name, *sentences):
    """A skeleton: sentences of rows (XPOS, roleset, cells...)."""
    rows = []
    for number, sentence in enumerate(sentences):
        for i, line in enumerate(sentence.strip().split("\n")):
            xpos, roleset, *cells = line.split()
            rows.append(f"{name} {number} {i} [WORD] {xpos} * - {roleset} {' '.join(cells)}")
        rows.append("")
    return "\n".join(rows) + "\n"


def words(name, *sentences):
    """CoNLL-U: sentences of `word/XPOS`."""
    lines = [f"# newdoc id = {name}"]
    for sentence in sentences:
        for i, item in enumerate(sentence.split(), start=1):
            word, xpos = item.rsplit("/", 1)
            lines.append(f"{i}\t{word}\t_\t_\t{xpos}" + "\t_" * 5)
        lines.append("")
    return "\n".join(lines) + "\n"


def rows(name, *sentences, first=0):
    """A .gold_conll: sentences of rows (word, XPOS, frame file, roleset, cells...)."""
    lines = []
    for number, sentence in enumerate(sentences, first):
        for i, row in enumerate(sentence.split(" / ")):
            word, xpos, frame, *rest = row.split()
            lines.append(f"{name} {number} {i} {word} {xpos} * {frame} {' '.join(rest)}")
        lines.append("")
    return "\n".join(lines) + "\n"


def masked(text):
    return re.sub(r"^(\S+ \S+ \S+) \S+", r"\1 [WORD]", text, flags=re.M)


HI, BYE = "Hi UH - -", "Bye UH - - / now RB - - / . . - -"
EAT = "Eat VB eat eat.01 (V*) / pie NN - - (ARG1*) / . . - - *"
DRINK = "Drink VB drink drink.01 (V*) / tea NN - - (ARG1*) / . . - - *"
