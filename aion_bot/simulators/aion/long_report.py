"""A long answer, for platforms that show it as several messages. No I/O."""


def _site(number: int) -> str:
    points = "\n".join(
        f"{point}. Zone {zone} of site {number}: {finding}."
        for point, (zone, finding) in enumerate(_FINDINGS, start=1)
    )
    return (
        f"## Site {number}\n\n"
        f"Work on site {number} went on as planned. The photos of this month show every zone, and each finding below "
        "names the zone, what is wrong and what it would take to mend it.\n\n"
        f"{points}\n\n"
        "```python\n"
        f"def due(site={number}):\n"
        f'    """Return the zones of site {number} that need a visit this week."""\n'
        "    zones = load_zones(site)\n"
        "    for zone in zones:\n"
        "        if zone.findings and not zone.closed:\n"
        "            yield zone.name, len(zone.findings)\n"
        "```\n\n"
        f"- **Open:** two findings in the north of site {number}\n"
        "- **Closed:** everything that the last report named\n"
        f"- **Next visit:** Thursday, with the foreman of site {number}\n"
    )


_FINDINGS = (
    ("north", "a cross brace of the scaffold is bent and has to be replaced before anybody climbs it"),
    ("south", "the edge protection of the upper floor is complete, only two caps are missing"),
    ("east", "water stands in the trench after rain, a pump of the smaller kind is enough"),
    ("west", "the fence is closed, all signs are in place and readable from the street"),
    ("yard", "pallets block the way of the fire brigade for about four metres"),
)

LONG_REPORT = "\n".join(
    [
        "# Report on all building sites\n",
        *(_site(number) for number in range(1, 9)),
        "## What to do first\n\nClose the way of the fire brigade on every site, then the scaffolds.",
    ]
)
"""Headings, lists and fenced code."""
