"""The routes of a server, and what they take and return."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from typing import Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from spacy.language import Language
from spacy.tokens import Doc

from .. import __version__
from ..records import LAYERS, DocRecord, Layer, Plan, make_record
from ..report.html import render_parts
from .batcher import Batcher, Busy, PipelineError
from .label_studio import add_label_studio
from .limits import BodyLimit, Limits, cost
from .metrics import Metrics

_log = logging.getLogger("uvicorn.error")  # uvicorn shows it
_DIGITS = 6
_PAGES = {"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}
# The page runs no script but its own, and reads nothing from elsewhere. Drawings bring styles.
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Question(BaseModel):
    """What to annotate: one text, or several."""

    text: str | None = Field(None, description="One text")
    texts: list[str] | None = Field(None, description="Several texts")
    layers: list[Layer] = Field(list(LAYERS), description="What to return of each")

    def all_texts(self) -> list[str]:
        """Return the texts.

        RAISES: HTTPException: There are none, or both kinds.
        """
        if self.text is not None and self.texts is None:
            return [self.text]
        if self.texts is not None and self.text is None:
            return self.texts
        raise HTTPException(422, 'give "text", or "texts" with several, and not both')


class Health(BaseModel):
    """Whether the pipeline of a server annotates: "UP" or "DOWN"."""

    status: Literal["UP", "DOWN"]
    model: str
    version: str
    pipeline: list[str]
    model_class: str = "spacy-seqtag"


def create_app(nlp: Language, limits: Limits | None = None) -> FastAPI:
    """Make the application of a server, for uvicorn or any other that speaks ASGI.

    nlp (Language): The pipeline.
    limits (Limits | None): None for the defaults.
    RETURNS (FastAPI): The application.
    """
    limits = limits or Limits()
    metrics = Metrics()
    batcher: list[Batcher] = []  # made when the event loop is there
    running: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.append(Batcher(nlp, limits, metrics))
        task = asyncio.create_task(batcher[0].run())
        running.append(task)
        try:
            yield
        finally:
            running.clear()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(batcher.pop().close)

    async def annotate_all(texts: list[str], make: Callable[[Doc], object]) -> list[object]:
        """Annotate texts of a request, within the limits."""
        if cost(texts) > limits.max_characters:
            raise HTTPException(
                413,
                f"more than {limits.max_characters:,} characters. Send fewer or shorter texts at "
                "a time",
            )
        if any(len(text) > nlp.max_length for text in texts):
            raise HTTPException(413, f"a text has more than {nlp.max_length:,} characters")
        if not all(map(_is_text, texts)):
            raise HTTPException(422, "a text has half a character (a lone surrogate)")
        return await batcher[0].annotate(texts, make)

    # FastAPI, with a page of its routes that loads nothing from elsewhere.
    app = FastAPIOffline(
        title="spacy-seqtag", version=__version__, lifespan=lifespan, redoc_url=None
    )
    app.add_middleware(BodyLimit, limits=limits)
    _count_requests(app, metrics)
    _explain_errors(app)
    _add_pages(app)
    name = f"{nlp.meta['lang']}_{nlp.meta['name']}"

    @app.get("/health", tags=["server"])
    async def health(response: Response) -> Health:
        """Say whether texts are annotated, and with which pipeline; if not, with status 503."""
        up = any(not task.done() for task in running)
        response.status_code = 200 if up else 503
        version = str(nlp.meta.get("version", ""))
        status: Literal["UP", "DOWN"] = "UP" if up else "DOWN"
        return Health(status=status, model=name, version=version, pipeline=nlp.pipe_names)

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    async def show_metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.post("/annotate", response_model=DocRecord | list[DocRecord], tags=["annotate"])
    async def annotate(question: Question) -> JSONResponse:
        """Annotate a text, or several: tokens, sentences, entities and frames, with confidences."""
        texts = question.all_texts()
        plan = Plan(layers=tuple(question.layers), digits=_DIGITS)
        answers = await annotate_all(texts, lambda doc: make_record(doc, plan))
        # Sent as it is: FastAPI would look at each value once more.
        return JSONResponse(answers if question.text is None else answers[0])

    @app.post("/render", response_class=HTMLResponse, tags=["annotate"])
    async def render(question: Question) -> HTMLResponse:
        """Draw texts as HTML: words with tags, entities, and a row for each frame."""
        answers = await annotate_all(question.all_texts(), render_parts)
        return HTMLResponse("\n".join(map(str, answers)), headers=_SAFE)

    add_label_studio(app, annotate_all, nlp, name)
    return app


def _is_text(text: str) -> bool:
    """Whether a string can be written as UTF-8; JSON's escapes can say what cannot."""
    try:
        text.encode("utf8")
    except UnicodeEncodeError:
        return False
    return True


def _count_requests(app: FastAPI, metrics: Metrics) -> None:
    """Have each request counted, by the route that it matched."""

    @app.middleware("http")
    async def count(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        start = time.perf_counter()
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            # What matched none has no name of its own: anybody could make up any number of them.
            route = getattr(request.scope.get("route"), "path", "other")
            metrics.requests.labels(route, str(status)).inc()
            metrics.seconds.labels(route).observe(time.perf_counter() - start)


def _explain_errors(app: FastAPI) -> None:
    """Answer errors as JSON with one `detail`, as FastAPI does for its own."""

    @app.exception_handler(Busy)
    async def busy(request: Request, error: Busy) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, headers={"Retry-After": "1"})

    @app.exception_handler(PipelineError)
    async def failed(request: Request, error: PipelineError) -> JSONResponse:
        _log.error("The pipeline failed", exc_info=error.__cause__)
        return JSONResponse({"detail": "the pipeline failed on this text; the log says why"}, 500)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Without `input`, which would send the text back, and may not be UTF-8.
        details = [
            {key: value for key, value in problem.items() if key in ("type", "loc", "msg")}
            for problem in error.errors()
        ]
        return JSONResponse({"detail": details}, 422)


def _add_pages(app: FastAPI) -> None:
    """Serve the page to try it with, and the documentation of the routes."""
    folder = files(__package__).joinpath("page")
    contents = {name: folder.joinpath(name).read_bytes() for name in _PAGES}

    def page(name: str) -> Callable[[], Awaitable[Response]]:
        async def send() -> Response:
            return Response(contents[name], media_type=_PAGES[name], headers=_SAFE)

        return send

    app.add_api_route("/", page("index.html"), include_in_schema=False)
    for name in ("page.js", "page.css"):
        app.add_api_route(f"/{name}", page(name), include_in_schema=False)
