"""How large a request may be, and how long it may take.

What comes over a network is bounded before it is looked at: the bytes of a request while they
arrive, its characters when they are read, and what waits for the pipeline in all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from anyio import current_time, fail_after
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import Number, Whole, check_settings

# Characters that a text counts more than it has: even an empty one is a Doc and an answer.
_EACH = 50


def cost(texts: Sequence[str]) -> int:
    """Say what texts cost, in characters."""
    return sum(len(text) + _EACH for text in texts)


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    max_bytes (int): Of the body of a request; a larger one is answered with 413.
    max_characters (int): Of all texts of a request, each of which counts 50 more; likewise.
    max_waiting (int): Characters of all requests that wait; more are answered with 503.
    timeout (float): Seconds until a request that is not annotated is answered with 503, and one
        whose body did not arrive with 408.
    batch_characters (int): The most of a batch; a longer text is a batch alone.
    """

    max_bytes: int = 2_000_000
    max_characters: int = 200_000
    max_waiting: int = 2_000_000
    timeout: float = 60.0
    batch_characters: int = 50_000

    def __post_init__(self) -> None:
        check_settings(
            "serve:",
            max_bytes=(self.max_bytes, Whole(1)),
            max_characters=(self.max_characters, Whole(1)),
            max_waiting=(self.max_waiting, Whole(1)),
            timeout=(self.timeout, Number(above=0.0)),
            batch_characters=(self.batch_characters, Whole(1)),
        )


class BodyLimit:
    """Middleware that stops reading a body that is too large, or that does not arrive.

    app (ASGIApp): What answers the request.
    limits (Limits): `max_bytes` and `timeout` count.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, see ASGI (https://asgi.readthedocs.io/en/latest/specs/main.html)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"")
        too_large = announced.isdigit() and int(announced) > self.limits.max_bytes
        deadline = current_time() + self.limits.timeout
        received, complete = 0, False

        async def limited() -> Message:
            nonlocal received, complete
            if complete:  # what follows is the end of the connection, which may take its time
                return await receive()
            if too_large:
                raise self._too_large()
            try:
                with fail_after(deadline - current_time()):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    408, f"the body did not arrive within {self.limits.timeout:g} seconds"
                ) from None
            received += len(message.get("body", b""))
            if received > self.limits.max_bytes:
                raise self._too_large()
            complete = not message.get("more_body", False)
            return message

        await self.app(scope, limited, send)

    def _too_large(self) -> HTTPException:
        limit = self.limits.max_bytes
        return HTTPException(
            413, f"the body has more than {limit:,} bytes. Send fewer or shorter texts at a time"
        )
