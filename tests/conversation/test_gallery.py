"""Which pictures stand under an answer, and what becomes of those that cannot be had."""

import asyncio
import struct
from collections.abc import Mapping

import pytest

from aion_bot.aion.pictures import PictureReader, PictureUnavailable
from aion_bot.aion.settings import ClientSettings
from aion_bot.conversation.gallery import Pictures, Referred, referred_to
from aion_bot.domain import strings
from aion_bot.ports.messages import MOST_PICTURES
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import cited
from aion_bot.simulators.aion.pictures import gif, jpeg, pdf, png, webp


class Addresses(PictureReader):
    """Pictures by their addresses; "slow" never comes."""

    def __init__(self, known: Mapping[str, bytes]) -> None:
        super().__init__(ClientSettings.from_arguments(api_key="aion_aaaaaaaaaaaaaaaaaaaaaaaa"))
        self.known = known
        self.asked: list[str] = []

    async def read(self, address: str, *, most: int) -> bytes:
        self.asked.append(address)
        if address == "slow":
            await asyncio.Event().wait()
        if address not in self.known or len(self.known[address]) > most:
            raise PictureUnavailable("status 404")
        return self.known[address]


def picture(name: str, *addresses: str) -> Referred:
    return Referred(name, name, f"Title of {name}", f"Seen on {name}", addresses or (name,))


async def shown(*found: Referred, known: Mapping[str, bytes], patience: float = 5.0) -> tuple[list[str], str]:
    """The names of the pictures that are shown, and the line under them."""
    gallery = await Pictures(Addresses(known), patience).gallery("k", found)
    return [one.name for one in gallery.pictures], gallery.note


def test_pictures_come_in_the_order_of_reference() -> None:
    """Cited pictures come first, by their numbers, then others of the answer's data, then search results; each once."""
    metadata = {"image_context": [{"image_id": one, "filename": f"{one}.jpg"} for one in ("a1", "b2", "c3")]}
    found = [{"image_id": "d4", "title": "Found"}, {"image_id": "b2", "thumbnail_url": "/b2"}]
    sources = Sources()
    sources.learn(metadata)
    cited("First [[img:c3|c.jpg]], then [[img:a1|a.jpg]] and [[img:zz|z.jpg]].", sources)
    pictures = referred_to(sources, metadata, found)
    assert [one.id for one in pictures] == ["c3", "a1", "b2", "d4"]
    assert [one.name for one in pictures] == ["c.jpg", "a.jpg", "b2.jpg", "Found"]
    assert pictures[2].addresses == ("/b2",)


def test_a_picture_that_only_a_comment_names_is_none() -> None:
    """It is not shown, though the answer's data has it, unless words name it as well or a search found it."""
    metadata = {
        "image_context": [
            {"image_id": f"{one}-full", "filename": f"{one}.jpg"} for one in ("a1", "b2", "c3", "d4")
        ]
    }
    for text, expected in {
        "First [[img:a1|a.jpg]] <!-- [[img:b2|b.jpg]] -->": ["a1", "c3", "d4"],
        "First [[img:b2|b.jpg]] <!-- [[img:b2|b.jpg]] -->": ["b2", "a1", "c3", "d4"],
        "First <!-- [[img:d4|d.jpg]] -->": ["a1", "b2", "c3", "d4"],
        "First `<!-- [[img:b2|b.jpg]] -->`": ["a1", "b2", "c3", "d4"],
    }.items():
        sources = Sources()
        sources.learn(metadata)
        cited(text, sources)
        pictures = referred_to(sources, metadata, [{"image_id": "d4-full"}])
        assert [one.id for one in pictures] == [f"{one}-full" for one in expected]


def test_what_the_server_says_of_a_picture_is_words() -> None:
    """Titles and descriptions are one line each, without what turns them around; what is missing has words."""
    entry = {"image_id": "a", "title": "Pu\u202emp\nline", "description": "d" * 5_000, "medium_url": 7}
    (found,) = referred_to(Sources(), {"image_context": [entry, {"image_id": ""}, {}]}, [])
    assert found.title == "Pump line"
    assert len(found.description) == 1_000
    assert found.addresses == ()
    (bare,) = referred_to(Sources(), {"image_context": [{"image_id": "b"}]}, [])
    assert (bare.name, bare.description) == ("a picture", "a picture")


async def test_only_pictures_are_shown() -> None:
    """The content decides what is a picture; a page, a document, or nothing is named."""
    known = {
        "a.png": png("a"),
        "b.gif": gif(),
        "c.jpg": jpeg("c"),
        "d.webp": webp(),
        "e.jpg": pdf("e"),
        "f.jpg": b"<html>",
    }
    names, note = await shown(*map(picture, [*known, "g.jpg"]), known=known)
    assert names == ["a.png", "b.gif", "c.jpg", "d.webp"]
    assert note == strings.other_pictures(0, ["e.jpg", "f.jpg", "g.jpg"])


async def test_what_only_looks_like_a_picture_is_named() -> None:
    """A name says nothing: drawings with scripts, pages, nothing at all, and headers that claim more than can be drawn."""
    huge = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    known = {
        "drawing.png": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "page.png": b"<!doctype html><script>alert(1)</script>",
        "empty.png": b"",
        "huge.png": png("a")[:16] + huge + png("a")[24:],
        "huge.gif": gif()[:6] + b"\xff\xff\xff\xff" + gif()[10:],
        "page.gif": b"GIF89a/*" + b"<script>alert(1)</script>",
        "page.jpg": b"\xff\xd8\xff<script>alert(1)</script>",
        "program.png": b"MZ" + png("a"),
        "whole.png": png("a"),
    }
    gallery = await Pictures(Addresses(known)).gallery("k", [picture(one) for one in known])
    assert [one.name for one in gallery.pictures] == ["whole.png"]
    assert gallery.note == strings.other_pictures(0, list(known)[:-1])


async def test_the_rest_is_counted() -> None:
    """No more than ten pictures are asked for; the others are counted."""
    reader = Addresses({"x": png("x")})
    gallery = await Pictures(reader).gallery(
        "k", [picture(f"{at}.png", "x") for at in range(MOST_PICTURES + 3)]
    )
    assert len(gallery.pictures) == len(reader.asked) == MOST_PICTURES
    assert gallery.note == strings.other_pictures(3, [])


async def test_names_are_different() -> None:
    """Two files of one name are told apart, as a platform may take one for the other."""
    names, _ = await shown(picture("a.png"), picture("a.png"), known={"a.png": png("a")})
    assert names == ["a.png", "2-a.png"]
    known = {"2-a.png": png("a"), "a.png": png("a")}
    names, _ = await shown(*map(picture, ["2-a.png", "a.png", "a.png", "a.png"]), known=known)
    assert names == ["2-a.png", "a.png", "3-a.png", "4-a.png"]


@pytest.mark.parametrize(
    ("name", "shown_as"),
    [
        ("Pump at 3.5 m", "Pump at 3.5 m.png"),
        ("photo.exe", "photo.exe.png"),
        ("photo", "photo.png"),
        ("photo.JPG", "photo.JPG"),
    ],
)
async def test_a_picture_has_the_name_of_one(name: str, shown_as: str) -> None:
    """Discord draws a file by the end of its name, which a title, or a name with another end, does not have."""
    names, _ = await shown(picture(name), known={name: png("a")})
    assert names == [shown_as]


async def test_another_address_is_tried() -> None:
    """Where the better address has nothing, the next one may."""
    names, note = await shown(picture("a.png", "gone", "a.png"), known={"a.png": png("a")})
    assert (names, note) == (["a.png"], "")


@pytest.mark.parametrize("patience", [0.01])
async def test_a_slow_picture_holds_nobody_up(patience: float) -> None:
    """What does not come in time is named, and the others are shown."""
    known = {"a.png": png("a")}
    names, note = await shown(picture("slow"), picture("a.png"), known=known, patience=patience)
    assert (names, note) == (["a.png"], strings.other_pictures(0, ["slow"]))


def test_what_several_places_say_of_a_picture_is_taken_together() -> None:
    """A field that one place leaves empty does not hide what another one says."""
    entry = {"image_id": "a1", "filename": "a.jpg", "description": None, "medium_url": None, "title": ""}
    found = {"image_id": "a1", "description": "A pump", "medium_url": "/a1", "filename": "other.jpg"}
    for metadata in ({"image_context": [entry]}, {"image_context": {"x": [entry]}}):
        (one,) = referred_to(Sources(), metadata, [found])
        assert (one.name, one.description, one.addresses) == ("a.jpg", "A pump", ("/a1",))


def test_a_picture_in_place_of_its_address_is_none() -> None:
    """Megabytes of an entry are not stored with the turn; the next address counts."""
    entry = {"image_id": "a1", "medium_url": "data:image/png;base64," + "A" * 9_000, "thumbnail_url": "/a1"}
    (one,) = referred_to(Sources(), {"image_context": [entry]})
    assert one.addresses == ("/a1",)


def test_a_picture_with_a_description_alone_is_called_by_it() -> None:
    """A search's result has neither a file's name nor a title (Aion's contract, ImageSearchResultResponse)."""
    (one,) = referred_to(Sources(), {}, [{"image_id": "a", "description": "A torn hose " + "x" * 200}])
    assert one.title == one.name
    assert one.title.startswith("A torn hose x")
    assert len(one.title) == 100


async def test_slow_hosts_leave_room_for_other_pictures() -> None:
    """As many slow pictures as are fetched at once cost their own places alone."""
    names, note = await shown(
        *[picture("slow")] * 5, picture("a.png"), known={"a.png": png("a")}, patience=0.2
    )
    assert (names, note) == (["a.png"], strings.other_pictures(0, ["slow"] * 5))


async def test_a_type_that_the_platform_does_not_draw() -> None:
    """Slack draws no WebP: another address may lead to the picture in another type, otherwise it is named."""
    reader = Addresses({"a.webp": webp(), "b.webp": webp(), "b.png": png("b")})
    found = [picture("a", "a.webp"), picture("b", "b.webp", "b.png")]
    gallery = await Pictures(reader).gallery("k", found, types={"image/png"})
    assert [one.name for one in gallery.pictures] == ["b.png"]
    assert gallery.note == strings.other_pictures(0, ["a"])


def test_a_line_names_five_pictures_and_counts_the_rest() -> None:
    """A line under a gallery stays a line."""
    assert strings.other_pictures(0, list("abcdefg")) == "I couldn't load: a, b, c, d, e and 2 more."
