"""The option that says of which labels entities were looked for in a corpus."""

from typing import Annotated

import typer

EntityLabelsOption = Annotated[
    str | None,
    typer.Option(
        metavar="LABELS",
        help="Only entities of these labels were looked for in the corpus, such as PER,LOC; - for "
        "none: the rest is unknown; * for all (default: as the pipeline's config says of the "
        "corpus that it was trained with)",
    ),
]
