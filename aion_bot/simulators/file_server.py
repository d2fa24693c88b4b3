"""The bytes of attached files, as both platforms' simulators serve them, whole or as a failure leaves them."""

from aiohttp import web

from aion_bot.simulators.workspace import SimulatedFile

_PIECE = 256 * 1024


async def serve_file(
    file: SimulatedFile, request: web.Request, *, short: int = 0, cut: int | None = None
) -> web.StreamResponse:
    """Send the bytes of a file, as fast as the connection takes them.

    `short` bytes at its end are missing, or more are there if it is negative; after `cut` bytes the connection breaks.
    """
    content = file.content
    content = content[: len(content) - short] if short >= 0 else content + b"x" * -short
    answer = web.StreamResponse(
        headers={"Content-Type": file.media_type, "Content-Length": str(len(content))}
    )
    await answer.prepare(request)
    sent = content[:cut]
    for at in range(0, len(sent), _PIECE):
        await answer.write(sent[at : at + _PIECE])
    if cut is not None and request.transport is not None:
        request.transport.abort()
    return answer
