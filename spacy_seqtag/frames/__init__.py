"""Semantic roles as spans of a Doc, and frames as views of those spans.

A Doc with semantic roles has these span groups:

- `doc.spans["predicates"]`: spans of one token each, whose label is the roleset (`give.01`; `V` if
  it is unknown). If a model made them, three attributes of the group hold one value for each span:
  `attrs["scores"]`, the probability of the predicate; `attrs["roleset_scores"]`, the probability of
  its roleset, given that it is a predicate; and `attrs["roleset_known"]`, false if the roleset is a
  guess for a word that training never saw. With an inventory of frames `attrs["definitions"]` says
  what the rolesets mean, None where that is unknown.
- `doc.spans["srl"]`: the arguments, whose label is the role (`ARG0`, `ARGM-TMP`, `C-ARG1`,
  `R-ARG0`), with `attrs["scores"]`, and `attrs["descriptions"]` likewise.
- `doc.spans["predicate_parts"]`: what continues a predicate (`C-V`, a particle).
- `doc.spans["srl_annotated"]`: the sentences that carry this layer. A sentence outside has not been
  annotated, which is not the same as having no predicate. If a Doc has `doc.spans["predicates"]`
  but not this group, all of it counts as annotated.

An argument (or part) finds its predicate by its tie, `span.kb_id_`: the signed distance in
characters from its own start to the start of the predicate (`"+12"`, `"-5"`). As a distance, it
survives slicing and merging Docs; as a count of characters, it survives merging and splitting
tokens; and `Doc.to_json` keeps it. `span.id_` is the same distance in tokens, at the time when the
span was made. It is read only if `kb_id_` is empty, as in Docs made by older versions.

When tokens are merged or split, spaCy leaves the token numbers in span groups as they were. The
character numbers stay right, and everything here goes by those: see `span_groups`.

The modules, from the ground up: `groups` (their names, and what they hold), `places` (where spans
are now), `ties`, `annotated` (which sentences carry the layer), `retokenised` (the groups after
tokens were merged or split), `following` (groups that keep up by themselves), `view` (`Frame`),
`write`, `slicing`, `problems`.

Importing this package makes the extensions `doc._.frames` and `span._.as_doc()`.
"""

from spacy.tokens import Doc, Span

from .annotated import annotated_tokens, has_frames
from .following import RoleGroup, follow_tokens, span_groups
from .groups import ANNOTATED, ARGUMENTS, GROUPS, PARTS, PREDICATES
from .problems import problems
from .slicing import slice_doc, slice_group
from .ties import predicate_of
from .view import ArgumentDict, Frame, FrameDict, SpanDict, get_frames, propositions
from .write import rename_roles, set_propositions

__all__ = [
    "ANNOTATED",
    "ARGUMENTS",
    "GROUPS",
    "PARTS",
    "PREDICATES",
    "ArgumentDict",
    "Frame",
    "FrameDict",
    "RoleGroup",
    "SpanDict",
    "annotated_tokens",
    "follow_tokens",
    "get_frames",
    "has_frames",
    "predicate_of",
    "problems",
    "propositions",
    "rename_roles",
    "set_propositions",
    "slice_doc",
    "slice_group",
    "span_groups",
]

if not Doc.has_extension("frames"):
    Doc.set_extension("frames", getter=get_frames)
if not Span.has_extension("as_doc"):
    Span.set_extension("as_doc", method=slice_doc)
