"""What the vendor's pages use is there: their examples run once the import is changed."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import aion_bot.aion as published
from aion_bot.aion import AionVision, ChatResource, ChatSessionContext, ChatTokenType
from aion_bot.simulators.aion import SimulatedAion

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
pages_needed = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="the vendor's pages are not beside this checkout"
)


def pages() -> str:
    return "\n".join(page.read_text("utf-8") for page in sorted(SEEDS.glob("*.txt")))


@pages_needed
@pytest.mark.parametrize(
    ("pattern", "owner"),
    [(r"\bsession\.(\w+)\(", ChatSessionContext), (r"\bclient\.chats\.(\w+)\(", ChatResource)],
)
def test_every_method_of_the_pages_exists(pattern: str, owner: type) -> None:
    """Each method that an example calls is one of ours."""
    used = set(re.findall(pattern, pages()))
    assert used
    assert {name for name in used if not hasattr(owner, name)} == set()


@pages_needed
def test_every_type_of_the_pages_has_every_field_of_the_pages() -> None:
    """Each published class is ours, with each published field, property and method."""
    text = (SEEDS / "chat-types.txt").read_text("utf-8")
    classes = re.findall(r"@dataclass\(frozen=True\)class (\w+):(.*?)(?=@dataclass|\Z)", text, re.DOTALL)
    assert len(classes) >= 13
    for name, body in classes:
        kind = getattr(published, name)
        ours = {field.name for field in fields(kind)} | set(dir(kind))
        # A field begins with a small letter, has its type behind a colon, and no bracket before it.
        wanted = set(re.findall(r"(?<=\s)([a-z]\w+): (?=[A-Za-z]\w*[\[ ,\n=])", body.split("def ")[0]))
        wanted |= set(re.findall(r"def (\w+)\(self", body))
        assert wanted - ours == set(), name


@pages_needed
def test_every_event_type_of_the_pages_exists() -> None:
    """Each `ChatTokenType.X` of an example is one of ours."""
    assert set(re.findall(r"ChatTokenType\.([A-Z_]+)", pages())) <= set(ChatTokenType.__members__)


async def test_the_streaming_example(
    aion: SimulatedAion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The vendor's loop over a stream works with `==` on types and `.get` on data."""
    for name, value in aion.env.items():
        monkeypatch.setenv(name, value)
    async with AionVision.from_env() as client, client.chat_session(use_all_images=True) as session:
        async for event in session.send_stream("Find damaged equipment"):
            assert event.data is not None
            if event.type == ChatTokenType.TOKEN:
                print(event.content, end="", flush=True)  # noqa: T201  # the vendor's example prints
            elif event.type == ChatTokenType.IMAGE_RESULTS:
                print(f"\nFound {len(event.data.get('images', []))} images")  # noqa: T201  # likewise
    printed = capsys.readouterr().out
    assert "Found 3 images" in printed
    assert "damaged equipment on **site 7**" in printed


async def test_any_id_goes_where_the_pages_give_short_ones(aion: SimulatedAion, client: AionVision) -> None:
    """The pages name images `img_001`; the client passes ids on as they are."""
    async with client.chat_session(image_ids=["img_001", "img_002"], use_all_images=False) as session:
        response = await session.send("Compare these two images")
    assert response.content
    assert aion.bodies("create_session") == [
        {"use_all_images": False, "initial_image_ids": ["img_001", "img_002"]}
    ]
