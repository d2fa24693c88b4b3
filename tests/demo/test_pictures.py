"""Pictures on the page: drawn with their alternative texts, fetched from the page alone, and never anything else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from aion_bot.demo.page import Page, discord_payload, message, slack_payload
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.elements import Confirmation, Html, element
from aion_bot.demo.page.pictures import Album, embedded, media_type
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.simulators.aion import library, photos
from aion_bot.simulators.aion.photos import ROOF_LEAK
from aion_bot.simulators.aion.pictures import gif, pdf, png, webp
from aion_bot.simulators.aion.stored_files import Arriving
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import SimulatedFile
from tests.demo.html_checker import Parsed
from tests.demo.photos import DRAWINGS

NOT_PICTURES = [
    b"",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<html><script>alert(1)</script>",
    pdf("a"),
    b"GIF",
    b"\x89PNG",
    b"RIFF\x00\x00\x00\x00WAVE",
    b" " + gif(),
]


def button(label: str, name: str, style: str, asked: Confirmation | None = None, /) -> Html:
    del name, style, asked
    return element("button", label)


@pytest.mark.parametrize("name", photos.NAMES)
def test_a_photo_of_the_library_is_a_whole_jpeg_with_a_drawing(name: str) -> None:
    """Every photo begins and ends as a JPEG, is small, and can be drawn anew."""
    arrived = Arriving()
    arrived.take(photos.photo(name))
    assert (media_type(photos.photo(name)), arrived.damaged) == (photos.MEDIA_TYPE, False)
    assert arrived.size < 60_000
    assert (DRAWINGS / name).with_suffix(".svg").is_file()


def test_every_image_of_the_library_has_a_photo_of_its_own() -> None:
    """No two images are alike, and the one to attach is none of them."""
    contents = [photos.photo(one.filename) for one in library.IMAGES]
    assert len({*contents, ROOF_LEAK.content}) == len(library.IMAGES) + 1


@pytest.mark.parametrize("content", NOT_PICTURES)
def test_nothing_but_a_picture_has_an_address(content: bytes) -> None:
    """What browsers could run, or do not show, is no picture, whatever its name says."""
    assert (Album().address(content), embedded(content)) == (None, None)


@pytest.mark.parametrize("content", [gif(), png("a"), webp(), ROOF_LEAK.content])
def test_a_picture_has_the_same_address_each_time(content: bytes) -> None:
    """The address is the content's: equal bytes have one, and it finds them."""
    album = Album()
    address = album.address(content)
    assert address is not None
    assert album.address(bytes(bytearray(content))) == address
    assert album.find(address.removeprefix("picture/")) == content


async def test_the_page_serves_the_pictures_that_it_drew(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """A drawn picture comes as what it is and may be kept; others, and any without the token, are not found."""
    await services.discord.direct_message(services.discord.people[0], "See", files=[ROOF_LEAK])
    direct = services.discord.direct(services.discord.people[0])
    async with http.get(f"{page.address}?discord={direct}") as answer:
        policy, drawn = answer.headers["Content-Security-Policy"], await answer.text()
    assert "img-src 'self';" in policy
    assert Parsed(drawn).wrong == []
    found = Album().address(ROOF_LEAK.content)
    assert f'src="{found}"' in drawn
    async with http.get(f"{page.address}{found}") as answer:
        assert await answer.read() == ROOF_LEAK.content
        assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
        assert "immutable" in answer.headers["Cache-Control"]
    elsewhere = page.address.rstrip("/").rpartition("/")[0] + f"/wrong/{found}"
    for address in (f"{page.address}picture/{'0' * 64}", elsewhere):
        async with http.get(address) as answer:
            assert answer.status == 404


def say(side: Any, *files: SimulatedFile) -> str:
    """Post files as Ada in the direct messages; returns the place's id."""
    ada = side.workspace.people[0]
    place = next(one for one in side.places(ada) if one.kind == "direct")
    if isinstance(side, DiscordSide):
        side.workspace.say(
            ada, "See", place.id, attachments=tuple(one.name for one in files), contents=tuple(files)
        )
    else:
        side.workspace.say(ada, side.workspace.conversations.channels[place.id], "See", files=files)
    return place.id


def drawn(side: Side, place: str) -> str:
    ada = side.workspace.people[0]
    (found,) = (one for one in side.places(ada) if one.id == place)
    return "".join(message.draw(side, one, button, Album().address) for one in side.entries(found, ada))


async def test_files_of_a_person_are_drawn_by_content(side: Side) -> None:
    """A picture is drawn whatever its name, with an alternative text; a document is its name and size."""
    lying = SimulatedFile("report.jpg", b"<svg onload=alert(1)>" * 100, "image/jpeg")
    unnamed = replace(ROOF_LEAK, name="note.txt", media_type="text/plain")
    shown = drawn(side, say(side, unnamed, lying, SimulatedFile("list.md", b"# A", "text/markdown")))
    assert Parsed(shown).wrong == []
    assert shown.count("<img ") == 1
    assert 'alt="A picture of Ada&#x27;s without a description"' in shown
    for words in ("File: note.txt", "File: report.jpg, 2 kB", "File: list.md, 3 bytes"):
        assert words in Parsed(shown).text


def test_a_slack_picture_has_its_title_and_alternative_text() -> None:
    """An uploaded picture is drawn with both; one at an address is named, because the page loads nothing from there."""
    uploaded = {
        "type": "image",
        "slack_file": {"id": "F1"},
        "alt_text": "A torn hose",
        "title": {"type": "plain_text", "text": "Pump"},
    }
    outside = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A gate"}
    kept: Callable[[str], str | None] = {"F1": "picture/1"}.get
    shown = slack_payload.draw({"blocks": [uploaded, outside]}, {}, button, kept)
    assert 'src="picture/1" alt="A torn hose"' in shown
    assert "<figcaption>Pump</figcaption>" in shown
    assert "[picture: A gate]" in shown
    assert "example.com" not in shown


def test_pictures_on_discord_stand_between_words_and_buttons() -> None:
    """Attached pictures have their descriptions; one that cannot be drawn is named."""
    row = {"components": [{"type": 2, "style": 2, "label": "Look closer", "custom_id": "x"}]}
    seen = [("picture/1", "A torn hose"), (None, "A gate")]
    shown = discord_payload.draw({"content": "Words", "components": [row]}, {}, button, seen)
    order = ["Words", 'src="picture/1" alt="A torn hose"', "[picture: A gate]", "Look closer"]
    assert [shown.index(one) for one in order] == sorted(shown.index(one) for one in order)


async def test_a_gallery_of_the_bot_is_drawn(services: SimulatedServices) -> None:
    """Pictures that the bot posted are drawn from the platform's own copy, with their descriptions."""
    slack, discord = services.slack, services.discord
    file, ticket = slack.uploads.announce("pump.jpg", len(ROOF_LEAK.content))
    slack.uploads.receive(ticket, ROOF_LEAK.content)
    slack.uploads.files[file].shared = True
    image = {
        "type": "image",
        "slack_file": {"id": file},
        "alt_text": "A leak",
        "title": {"type": "plain_text", "text": "Roof"},
    }
    ada = slack.people[0]
    thread = await slack.ask(ada, "A question")
    said = slack.post_as_bot(slack.general, "", thread=thread)
    slack.change(said, {"text": "", "blocks": [image]})
    root = discord.say(discord.people[0], "A question")
    discord.backend.post_as_bot(
        root.channel,
        {"content": "", "attachments": [{"filename": "a.jpg", "description": "A leak"}]},
        files={"a.jpg": ROOF_LEAK.content},
    )
    for side, place in ((SlackSide(slack), thread), (DiscordSide(discord), root.channel)):
        shown = drawn(side, place)
        assert f'src="{Album().address(ROOF_LEAK.content)}" alt="A leak"' in shown
        assert shown.count("<img ") == 1
