"""Arguments and options that several commands share."""

from typing import Annotated

import typer

PipelineArgument = Annotated[str, typer.Argument(help="Pipeline: package name or folder")]
GpuOption = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for CPU")]
