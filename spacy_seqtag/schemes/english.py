"""The base form of an inflected English word: a table of irregular verbs, and rules of spelling.

The rules undo what English does when it adds an ending: it doubles a consonant (*stopped*), drops a
mute *e* (*hoping*), turns *y* into *ie* (*flies*) and *ie* into *y* (*dying*). Whether an *e* was
dropped (*hoping*, but *opening*) is decided by the letters before the ending, which is right for
most verbs but not for all.
"""

import re

# Each base form, followed by its irregular forms.
_IRREGULAR = """
arise arose arisen; awake awoke awoken; be am are is was were been; bear bore borne born
beat beaten; become became; befall befell befallen; begin began begun; behold beheld; bend bent
bind bound; bite bit bitten; bleed bled; blow blew blown; break broke broken; breed bred
bring brought; build built; burn burnt; buy bought; catch caught; choose chose chosen
cling clung; come came; creep crept; deal dealt; dig dug; do does did done; draw drew drawn
dream dreamt; drink drank drunk; drive drove driven; dwell dwelt; eat ate eaten
fall fell fallen; feed fed; feel felt; fight fought; find found; flee fled; fling flung
fly flew flown; forbid forbade forbad forbidden; forget forgot forgotten
forgive forgave forgiven; forgo forwent forgone; forsake forsook forsaken; freeze froze frozen
get got gotten; give gave given; go went gone goes; grind ground; grow grew grown; hang hung
have has had; hear heard; hide hid hidden; hold held; keep kept; kneel knelt; know knew known
lay laid; lead led; lean leant; leap leapt; learn learnt; leave left; lend lent; lie lain
light lit; lose lost; make made; mean meant; meet met; mow mown; partake partook partaken
pay paid; plead pled; prove proven; ride rode ridden; ring rang rung; rise rose risen; run ran
saw sawn; say said; see saw seen; seek sought; sell sold; send sent; sew sewn
shake shook shaken; shear shorn; shine shone; shoot shot; show shown; shrink shrank shrunk
sing sang sung; sink sank sunk; sit sat; slay slew slain; sleep slept; slide slid; sling slung
slink slunk; smell smelt; smite smote smitten; sow sown; speak spoke spoken; speed sped
spell spelt; spend spent; spill spilt; spin spun; spit spat; spoil spoilt; spring sprang sprung
stand stood; steal stole stolen; stick stuck; sting stung; stink stank stunk; strew strewn
stride strode stridden; strike struck stricken; string strung; strive strove striven
swear swore sworn; sweep swept; swell swollen; swim swam swum; swing swung; take took taken
teach taught; tear tore torn; tell told; think thought; thrive throve; throw threw thrown
tread trod trodden; wake woke woken; wear wore worn; weave wove woven; weep wept; win won
wind wound; wring wrung; write wrote written; die dying; tie tying; lie lying; vie vying
belie belying; agree agreed; disagree disagreed; free freed; decree decreed
guarantee guaranteed; referee refereed; hoe hoed; toe toed; dye dyeing; eye eyeing
singe singeing; tinge tingeing; age ageing
"""
_BASE = {
    form: words[0]
    for line in re.split(r"[;\n]", _IRREGULAR)
    if (words := line.split())
    for form in words[1:]
}
# *misled*, *withdrew*, *outshone*
_PREFIXED = re.compile("(cross|fore|mis|out|over|pre|re|under|un|up|with)(.+)")
_NO_PREFIX = ("rebound", "relying", "resent")

_VOWELS = re.compile("[aeiouy]+")

# What stands before "ing" or "ed" in verbs that dropped an "e", and the verbs that look as if they
# had.
_LOST_E = re.compile(
    r"""(?:
      [bcdfgkpstz]l | [cuvz] | [^s]s | [dlr]g | [aeiou]g | leng | lung | (?:ch|[cdr])ang | cr
    | [iu]at | creat | [^aeo]at | [aeiou]?quot | [^aeiou]ut | [mv]ot | (?:pl|el|mp)et
    | (?:nv|xc|nc|gn|un|xped|trad)it
    | [^aeo][aiou]d | [cp]ed
    | [^aeiou][iua]r | [aeiou]?quir | (?:gn|pl|st|sc)or | (?:dh|rf)er
    | [^aeiou][iu][lmn] | [be]?l?com | [^aeiou]am | [tp][ph]on | rven
    | [^aeiou][aiou][kb] | [^aeiou]ap
    | [aei][ae]th | loath | [ptw]ast
    )$""",
    re.VERBOSE,
)
_NEVER_HAD_E = re.compile("(?:focus|bias|canvas|combat|format|evil|peril|ransom|ool|see|ree)$")


def base_forms(form: str) -> list[str]:
    """List the possible base forms of a word, the likeliest first.

    form (str): The word, in lower case.
    RETURNS (list[str]): The form alone if it does not look inflected.
    """
    if form in _BASE:
        return [_BASE[form]]
    prefixed = _PREFIXED.fullmatch(form)
    if prefixed and prefixed[2] in _BASE and form not in _NO_PREFIX:
        return [prefixed[1] + _BASE[prefixed[2]]]
    for ending, take_off in (("ing", _without_ing), ("ed", _without_ed), ("s", _without_s)):
        stem = form.removesuffix(ending)
        if stem != form and _VOWELS.search(stem):
            return take_off(stem)
    return [form]


def _without_s(stem: str) -> list[str]:
    if stem.endswith(("s", "u", "i", "'")):  # "miss", "focus", "analysis"
        return [stem + "s"]
    if stem.endswith("ie"):
        return [stem] if len(stem) < 4 else [stem[:-2] + "y", stem]
    if stem.endswith(("sse", "she", "che", "xe", "zze", "oe")):
        return [stem[:-1], stem]
    return [stem, stem[:-1]] if stem.endswith("se") else [stem]  # "uses", "focuses"


def _without_ed(stem: str) -> list[str]:
    if stem.endswith("i"):
        return [stem + "e"] if len(stem) < 3 else [stem[:-1] + "y"]
    if stem.endswith("e"):  # "need", "exceed"
        return [stem + "ed"]
    return _without_ing(stem)


def _without_ing(stem: str) -> list[str]:
    """List the base forms of what precedes "ing" or "ed"."""
    plain, with_e = stem, stem + "e"
    syllables = len(_VOWELS.findall(stem.replace("qu", "q")))
    if stem[-1:] == stem[-2:-1] and stem[-1] not in "aeiou":
        single = stem[:-1]
        # "fill", "miss", "staff", "buzz", but "model", "control"
        ends_in_ll = stem[-1] == "l" and (syllables == 1 or stem[-3] in "iau")
        keeps = len(stem) < 4 or stem[-1] in "sfz" or ends_in_ll
        return [plain, single] if keeps else [single, plain]
    if stem.endswith("ick") and syllables > 1:  # "panic"
        return [stem[:-1], plain]
    short = syllables == 1 and re.search("(^|[^aeiou]|qu)[aeiouy][^aeiouwxy]$", stem)
    lost = _LOST_E.search(stem) and not _NEVER_HAD_E.search(stem)
    return [with_e, plain] if short or lost else [plain, with_e]
