"""What Aion answers when the files or the mode of a conversation are set: dictionaries with typed fields. No I/O.

The published methods return dictionaries, and so do these. A field that the server omits, or that cannot be read, is
missing: whoever needs to know that a file was taken looks for its id.
"""

from typing import Any, TypedDict, cast

from aion_bot.aion.serialization import read, read_list


class SelectedImages(TypedDict, total=False):
    """The answer to `update_images`."""

    session_id: str
    selected_image_ids: list[str]
    selected_video_ids: list[str]
    context_summary: str
    estimated_tokens: int


class SelectedDocuments(TypedDict, total=False):
    """The answer to `update_documents`."""

    session_id: str
    selected_document_ids: list[str]
    document_count: int


class SelectedVideos(TypedDict, total=False):
    """The answer to `update_videos`."""

    session_id: str
    selected_video_ids: list[str]
    video_count: int


class SessionMode(TypedDict, total=False):
    """The answer to `update_mode`."""

    session_id: str
    use_all_images: bool
    selected_image_count: int
    updated_at: str


def parse_selected_images(data: dict[str, Any]) -> SelectedImages:
    """Parse the answer to `update_images`."""
    fields = _read(data, {"session_id": str, "context_summary": str, "estimated_tokens": int})
    return cast("SelectedImages", fields | _ids(data, "selected_image_ids", "selected_video_ids"))


def parse_selected_documents(data: dict[str, Any]) -> SelectedDocuments:
    """Parse the answer to `update_documents`."""
    fields = _read(data, {"session_id": str, "document_count": int})
    return cast("SelectedDocuments", fields | _ids(data, "selected_document_ids"))


def parse_selected_videos(data: dict[str, Any]) -> SelectedVideos:
    """Parse the answer to `update_videos`."""
    fields = _read(data, {"session_id": str, "video_count": int})
    return cast("SelectedVideos", fields | _ids(data, "selected_video_ids"))


def parse_session_mode(data: dict[str, Any]) -> SessionMode:
    """Parse the answer to `update_mode`."""
    kinds = {"session_id": str, "use_all_images": bool, "selected_image_count": int, "updated_at": str}
    return cast("SessionMode", _read(data, kinds))


def _read(data: dict[str, Any], kinds: dict[str, type]) -> dict[str, Any]:
    """Return the fields that are there and of their kind."""
    found = {name: read(data.get(name), kind) for name, kind in kinds.items()}
    return {name: value for name, value in found.items() if value is not None}


def _ids(data: dict[str, Any], *names: str) -> dict[str, Any]:
    found = {name: read_list(data.get(name), str) for name in names}
    return {name: ids for name, ids in found.items() if ids is not None}
