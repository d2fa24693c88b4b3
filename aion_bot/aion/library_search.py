"""Searches of the library for documents and videos, as values: no I/O, no conversation, no chat message.

Paths, bodies and limits are those of the vendor's machine-readable contract; names are those of its public type stubs.
Both are POSTs that only read, so they may be retried.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from aion_bot.aion.arguments import check_length, check_range
from aion_bot.aion.requests import Request
from aion_bot.aion.retry import RetryRule
from aion_bot.aion.serialization import Serializable, read, read_body, read_list

MAX_DOCUMENT_QUERY = 1_000
MAX_AGENT_QUERY = 2_000


@dataclass(frozen=True)
class DocumentSearchResult(Serializable):
    """A passage of a document that fits a search; `score` is from 0 to 1, None where the server does not tell it."""

    chunk_id: str
    document_id: str
    document_filename: str
    content: str = ""
    page_numbers: list[int] | None = None
    score: float | None = None


@dataclass(frozen=True)
class DocumentSearchResponse(Serializable):
    """What a search of documents found, best first: a document has a result for each passage."""

    results: list[DocumentSearchResult]
    total_count: int


@dataclass(frozen=True)
class VideoSearchResultItem(Serializable):
    """A video that fits a search."""

    video_id: str
    video_filename: str
    video_description: str = ""
    duration_seconds: float | None = None
    score: float | None = None


@dataclass(frozen=True)
class VideoSearchAgentResult(Serializable):
    """What Aion's agent for videos found, best first. Left out of what the contract has: scenes, strategy, tokens."""

    results: list[VideoSearchResultItem]
    count: int
    video_ids: list[str]
    summary: str = ""


def search_documents(query: str, limit: int) -> Request[DocumentSearchResponse]:
    """Find passages by meaning: 1 to 1,000 characters, 1 to 100 passages."""
    check_length("query", query, MAX_DOCUMENT_QUERY, minimum=1)
    check_range("limit", limit, 1, 100)

    def parse(response: httpx.Response) -> DocumentSearchResponse:
        body = read_body(response.content)
        results = [_passage(one) for one in read_list(body.get("results"), dict) or []]
        total = read(body.get("total_count"), int)
        return DocumentSearchResponse(results, len(results) if total is None else total)

    body = {"query": query, "limit": limit}
    return Request("POST", "/documents/search", "documents", RetryRule.ALWAYS, parse, body=body)


def search_videos(query: str, limit: int) -> Request[VideoSearchAgentResult]:
    """Let the agent find videos: 1 to 2,000 characters, 1 to 500 videos. It costs tokens, fewer than a question."""
    check_length("query", query, MAX_AGENT_QUERY, minimum=1)
    check_range("limit", limit, 1, 500)

    def parse(response: httpx.Response) -> VideoSearchAgentResult:
        body = read_body(response.content)
        results = [_video(one) for one in read_list(body.get("results"), dict) or []]
        count = read(body.get("count"), int)
        ids = read_list(body.get("video_ids"), str) or [one.video_id for one in results]
        summary = read(body.get("summary"), str) or ""
        return VideoSearchAgentResult(results, len(results) if count is None else count, ids, summary)

    body = {"query": query, "limit": limit}
    return Request("POST", "/agents/search/videos", "agents", RetryRule.ALWAYS, parse, body=body)


def _passage(data: dict[str, Any]) -> DocumentSearchResult:
    return DocumentSearchResult(
        chunk_id=read(data.get("chunk_id"), str) or "",
        document_id=read(data.get("document_id"), str) or "",
        document_filename=read(data.get("document_filename"), str) or "",
        content=read(data.get("content"), str) or "",
        page_numbers=read_list(data.get("page_numbers"), int),
        score=read(data.get("similarity_score"), float),
    )


def _video(data: dict[str, Any]) -> VideoSearchResultItem:
    return VideoSearchResultItem(
        video_id=read(data.get("video_id"), str) or "",
        video_filename=read(data.get("video_filename"), str) or "",
        video_description=read(data.get("video_description"), str) or "",
        duration_seconds=read(data.get("duration_seconds"), float),
        score=read(data.get("score"), float),
    )
