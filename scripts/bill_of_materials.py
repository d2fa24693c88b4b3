"""The pinned libraries of requirements.txt as a CycloneDX file, or as a table of their licences.

`python -m scripts.bill_of_materials FILE` writes the file (CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/);
`--licences` prints the table and exits with 1 if a licence is not allowed. Nothing is asked of a network: licences are
those of the installed metadata.
"""

import json
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, NamedTuple

from aion_bot import __version__

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"

ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "PSF-2.0"}
"""SPDX ids that a program under Apache-2.0 can be used with. MPL-2.0 holds for the files of certifi alone."""

_ELSEWHERE = {"audioop-lts": "PSF-2.0", "colorama": "BSD-3-Clause"}
"""Libraries that only another Python or system installs, with the licences that their metadata says."""

_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""SPDX ids of what older metadata says in words."""


class Pin(NamedTuple):
    """A library as requirements.txt pins it."""

    name: str
    version: str
    digests: tuple[str, ...]
    """SHA-256 of each of its archives, as hexadecimal digits."""


def pins(text: str) -> list[Pin]:
    """Return the pins of a file that uv made, in its order."""
    found: list[Pin] = []
    for line in text.splitlines():
        if line[:1].isalnum():
            name, _, rest = line.partition("==")
            found.append(Pin(name, rest.split()[0], ()))
        elif (digest := line.strip().removeprefix("--hash=sha256:")) != line.strip():
            last = found[-1]
            found[-1] = last._replace(digests=(*last.digests, digest.rstrip(" \\")))
    return found


def licence(name: str) -> str:
    """Return the SPDX expression of a library, or an empty string if its metadata says none."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return _ELSEWHERE.get(name, "")
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [
        line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License")
    ]
    said = (about.get("License") or "").splitlines()[:1]
    known = [_SPDX.get(one, one) for one in (*said, *classifiers)]
    return next((one for one in known if re.split(r" OR | AND ", one)[0] in ALLOWED), "")


def refused(licences: Mapping[str, str]) -> list[str]:
    """Return the libraries whose licence is not allowed: of `A OR B` one must be, of `A AND B` both."""

    def allowed(expression: str) -> bool:
        return any(set(choice.split(" AND ")) <= ALLOWED for choice in expression.split(" OR "))

    return [name for name, expression in licences.items() if not allowed(expression)]


def bill(libraries: list[Pin]) -> dict[str, Any]:
    """Return the CycloneDX document of the bot with these libraries."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "aion-bot",
                "version": __version__,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [
            {
                "type": "library",
                "name": pin.name,
                "version": pin.version,
                "purl": f"pkg:pypi/{pin.name}@{pin.version}",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in pin.digests],
                "licenses": [{"expression": licence(pin.name)}],
            }
            for pin in libraries
        ],
    }


def main() -> None:
    """Write the file that the command line names, or print the table."""
    libraries = pins(REQUIREMENTS.read_text("utf-8"))
    if sys.argv[1:] != ["--licences"]:
        Path(sys.argv[1]).write_text(json.dumps(bill(libraries), indent=2) + "\n", "utf-8")
        return
    licences = {pin.name: licence(pin.name) for pin in libraries}
    for name, expression in licences.items():
        print(f"{name:20} {expression or 'not said'}")
    if wrong := refused(licences):
        sys.exit(f"Not allowed: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
