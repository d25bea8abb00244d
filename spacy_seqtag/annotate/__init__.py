"""Annotating corpora of any size: files in, files out, and a run that goes on after a cut.

An input is a row of items (`items`), which `inputs` finds and `reading` reads one by one. `batches`
divides them into parts and batches, by the items alone. An `Annotator` turns a batch into a piece
of an output file (`outputs`, a module for each format). An *engine* hands batches to annotators, in
this process, in others (`local`) or on a Ray cluster (`ray_engine`), and yields their pieces in
order. `run` puts pieces together to parts, and keeps the `manifest`.

So each part is a function of its items, the pipeline and the settings: it has the same bytes
whichever engine made it, and after whichever cuts.
"""
