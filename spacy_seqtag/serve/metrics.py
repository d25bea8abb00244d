"""Figures for Prometheus (https://prometheus.io/docs/concepts/metric_types/)."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)


class Metrics:
    """The figures of one server.

    registry (CollectorRegistry): Has them all, and memory and processor time of the process.
    requests (Counter): Requests by route and status.
    seconds (Histogram): Time to the answer, by route.
    batches (Histogram): Texts in a batch.
    words (Counter): Tokens that were annotated.
    waiting (Gauge): Characters that wait or are being annotated.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "seqtag_requests", "Requests", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "seqtag_request_seconds", "Time to the answer", ["route"], registry=self.registry
        )
        self.batches = Histogram(
            "seqtag_batch_texts",
            "Texts in a batch",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self.words = Counter("seqtag_words", "Tokens annotated", registry=self.registry)
        self.waiting = Gauge(
            "seqtag_waiting_characters",
            "Characters that wait or are being annotated",
            registry=self.registry,
        )
