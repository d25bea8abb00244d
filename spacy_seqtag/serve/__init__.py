"""A trained pipeline behind HTTP.

In the order of a request:

    app          the routes, and what they take and return
    limits       how large a request may be, and how long it may take
    batcher      requests of one moment → one batch through the pipeline
    page         the page to try it with
    label_studio what Label Studio asks of a backend that annotates
    metrics      figures for Prometheus

Needs the extra `serve` (FastAPI, uvicorn, prometheus-client); the command is in `cli/serve.py`.
"""

from .app import create_app
from .limits import Limits

__all__ = ["Limits", "create_app"]
