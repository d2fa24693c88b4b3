"""The Dockerfile, the compose file, the systemd unit and the Kubernetes manifest of `deploy/`. No container engine is run."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import adapters
from aion_bot.config import VARIABLES, Settings
from aion_bot.environment.database_location import PostgresUrl, read_location
from aion_bot.ports import secret_files
from aion_bot.ports.platform_package import secrets_of
from aion_bot.runtime import deployment as deployment_check
from scripts import extra_requirements

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNIT = (DEPLOY / "aion-bot.service").read_text()
REQUIRED = [Settings.required(), *(platform.required() for platform in adapters.platforms())]
SECRET_FILES = secret_files.variables(name for names in REQUIRED for name in names)
SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")


def _instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in order, with what follows each."""
    lines = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def _analyze(tmp_path: Path, *command: str, drop_in: str = "") -> subprocess.CompletedProcess[str]:
    unit = tmp_path / "aion-bot.service"
    # The program is not installed here.
    unit.write_text(UNIT.replace("/opt/aion-bot/bin/aion-bot", shutil.which("true") or "/bin/true"))
    if drop_in:
        (folder := tmp_path / "aion-bot.service.d").mkdir()
        (folder / "rotation.conf").write_text((DEPLOY / "aion-bot-rotation.conf").read_text() + drop_in)
    return subprocess.run(  # noqa: S603  # its own file
        [str(SYSTEMD), *command, str(unit)], capture_output=True, text=True, check=False, timeout=60
    )


def test_every_base_of_the_image_is_pinned_by_digest() -> None:
    """Each stage begins with the same tag and digest."""
    bases = [rest.split()[0] for word, rest in _instructions() if word == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", bases[0])


def test_what_the_image_copies_is_there() -> None:
    """Every source of a COPY from the context exists, and nothing else of the folder comes in."""
    copied = [rest.split()[:-1] for word, rest in _instructions() if word == "COPY" and "--from" not in rest]
    sources = {source for sources in copied for source in sources}
    assert {"aion_bot", "adapters", "pyproject.toml", "requirements.txt"} <= sources
    assert all((ROOT / source).exists() and source != "." for source in sources)


def test_every_installation_in_the_image_is_pinned() -> None:
    """What comes from outside is checked against hashes; the rest is built of the copied files alone."""
    installs = [rest for word, rest in _instructions() if word == "RUN" and " pip install " in rest]
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)


def test_the_image_runs_without_root_and_asks_for_readiness() -> None:
    """The last stage names a user that is not root, a volume for the database and a health check on `/readyz`."""
    last = dict(_instructions())
    assert last["USER"] == "10001:10001"
    assert last["VOLUME"] == last["WORKDIR"] == "/data"
    assert "/readyz" in last["HEALTHCHECK"]
    assert last["ENTRYPOINT"] == '["aion-bot"]'


def test_the_compose_file_keeps_the_root_read_only_and_the_database_in_a_volume() -> None:
    """It builds this Dockerfile, bounds its logs, and lets a stop take longer than the drain."""
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    (service,) = compose["services"].values()
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(
        DEPLOY / "Dockerfile"
    )
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    (volume,) = service["volumes"]
    assert volume.split(":") == [*compose["volumes"], "/data"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["stop_grace_period"] == "30s"


def test_compose_hands_every_secret_over_as_a_file() -> None:
    """Each secret is a file of its own that the container has under the path which its variable names."""
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    (service,) = compose["services"].values()
    names = [one.removesuffix("_FILE") for one in SECRET_FILES]
    assert sorted(service["secrets"]) == sorted(names)
    assert service["environment"] == {f"{name}_FILE": f"/run/secrets/{name}" for name in names}
    assert compose["secrets"] == {name: {"file": f"secrets/{name}"} for name in names}


def test_kubernetes_runs_one_restricted_pod_that_is_probed() -> None:
    """One replica that is recreated, no root, a read-only root, probes on the port that the bot listens on."""
    claim, deployment = yaml.safe_load_all((DEPLOY / "kubernetes.yml").read_text())
    spec: dict[str, Any] = deployment["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables.keys() <= {*VARIABLES, *SECRET_FILES}
    (mounted,) = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "secrets"]
    assert {name: variables[name] for name in SECRET_FILES} == {
        name: f"{mounted}/{name.removesuffix('_FILE')}" for name in SECRET_FILES
    }
    (port,) = container["ports"]
    assert variables["AION_BOT_HTTP_ADDRESS"].endswith(f":{port['containerPort']}")
    probes = {name: container[name]["httpGet"] for name in ("readinessProbe", "livenessProbe")}
    assert [probes[name]["path"] for name in probes] == ["/readyz", "/healthz"]
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_kubernetes_rolls_replicas_out_one_by_one() -> None:
    """Three pods that may not be fewer, a new one that stands by before an old one ends, one disruption at a time, on nodes apart."""
    deployment, budget, service = yaml.safe_load_all((DEPLOY / "kubernetes.postgres.yml").read_text())
    spec: dict[str, Any] = deployment["spec"]
    pod, labels = spec["template"]["spec"], spec["template"]["metadata"]["labels"]
    (container,) = pod["containers"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["minReadySeconds"] > deployment_check._ENDING
    assert (
        spec["selector"]["matchLabels"] == labels == budget["spec"]["selector"]["matchLabels"]
        == service["spec"]["selector"] == pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    )  # fmt: skip
    assert budget["spec"]["maxUnavailable"] == 1
    probes = {name: container[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe")}
    assert probes == {"readinessProbe": "/readyz?standby=ok", "livenessProbe": "/healthz"}
    (port,) = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_kubernetes_restricts_replicas_as_the_one_pod() -> None:
    """The same security, probes' port, grace and files of secrets as in kubernetes.yml; the address comes from the secret, and no disk is asked for."""
    _, alone = yaml.safe_load_all((DEPLOY / "kubernetes.yml").read_text())
    deployment, *_ = yaml.safe_load_all((DEPLOY / "kubernetes.postgres.yml").read_text())
    one, pod = alone["spec"]["template"]["spec"], deployment["spec"]["template"]["spec"]
    (single,), (container,) = one["containers"], pod["containers"]
    for name in ("automountServiceAccountToken", "terminationGracePeriodSeconds", "securityContext"):
        assert pod[name] == one[name]
    for name in ("securityContext", "ports", "livenessProbe", "resources"):
        assert container[name] == single[name]
    (address,) = [entry for entry in container["env"] if "valueFrom" in entry]
    assert address["name"] == "AION_BOT_DATABASE_URL"
    assert [entry for entry in container["env"] if entry is not address] == single["env"]
    (secrets,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
    assert address["valueFrom"]["secretKeyRef"]["name"] == secrets["secretName"]
    assert {item["key"] for item in secrets["items"]} == {name.removesuffix("_FILE") for name in SECRET_FILES}
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    assert not [volume for volume in pod["volumes"] if "persistentVolumeClaim" in volume]


def test_compose_runs_three_replicas_on_postgres() -> None:
    """None of them is unhealthy because it stands by, none has a port of the machine, and whoever lost the lease is started again."""
    bot = _composed("compose.postgres.yml")["services"]["aion-bot"]
    assert bot["deploy"]["replicas"] == 3
    assert "/readyz?standby=ok" in bot["healthcheck"]["test"][-1]
    assert bot["restart"] == "on-failure"
    assert "ports" not in bot
    assert "container_name" not in bot


def test_the_unit_hands_every_secret_over_as_a_file() -> None:
    """Each secret is a credential that its variable names; none stands in the environment."""
    for variable in SECRET_FILES:
        name = variable.removesuffix("_FILE")
        assert f"LoadCredential={name}:/etc/aion-bot/secrets/{name}\n" in UNIT
        assert f"Environment={variable}=%d/{name}\n" in UNIT
    assert UNIT.count("EnvironmentFile=") == 1


def test_the_drop_in_names_files_that_are_read_again() -> None:
    """With the drop-in no secret is a credential any more, and each variable names the file that the unit had copied."""
    lines = (DEPLOY / "aion-bot-rotation.conf").read_text().splitlines()
    given = [one for one in lines if one and not one.startswith("#")]
    files = [f"Environment={one}=/etc/aion-bot/secrets/{one.removesuffix('_FILE')}" for one in SECRET_FILES]
    (database,) = [one for one in UNIT.splitlines() if one.startswith("Environment=AION_BOT_DATABASE_URL")]
    head = ["[Service]", "SupplementaryGroups=aion-bot", "LoadCredential=", "Environment="]
    assert (given[:4], sorted(given[4:])) == (head, sorted([*files, database]))
    kept = {
        one.partition("=")[2].partition("=")[0] for one in UNIT.splitlines() if one.startswith("Environment=")
    }
    assert kept == {"AION_BOT_DATABASE_URL", *SECRET_FILES}


@needs_systemd
def test_the_unit_is_sound(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say about it."""
    found = _analyze(tmp_path, "verify")
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@needs_systemd
def test_the_unit_is_sound_with_the_drop_in(tmp_path: Path) -> None:
    """`systemd-analyze verify` reads the drop-in, as it objects to a line more in it, and finds nothing else to say."""
    found = _analyze(tmp_path, "verify", drop_in="Unknown=1\n")
    (line,) = (found.stdout + found.stderr).splitlines()
    assert "Unknown" in line


@needs_systemd
def test_the_unit_is_hardened(tmp_path: Path) -> None:
    """The figure of `systemd-analyze security`, from 0 to 10, is at most 1.5."""
    found = _analyze(tmp_path, "security", "--offline=true", "--threshold=15")
    assert found.returncode == 0, found.stdout[-500:]


class _Overriding(yaml.SafeLoader):
    """Reads Compose's `!reset` and `!override` as marked values."""


_Overriding.add_constructor("!reset", lambda *_: None)
_Overriding.add_constructor("!override", lambda loader, node: (loader.construct_sequence(node),))


def _merged(base: Any, over: Any) -> Any:
    """Merge as Compose does: mappings by key, lists joined, `!reset` takes a key away, `!override` replaces."""
    if isinstance(over, tuple):
        return over[0]
    if isinstance(base, dict) and isinstance(over, dict):
        merged = {**base, **{name: _merged(base.get(name), value) for name, value in over.items()}}
        gone = {name for name in over if over[name] is None and base.get(name) is not None}
        return {name: value for name, value in merged.items() if name not in gone}
    return [*base, *over] if isinstance(base, list) and isinstance(over, list) else over


def _composed(*files: str) -> dict[str, Any]:
    """Return what Compose makes of compose.yml and further files."""
    found: dict[str, Any] = {}
    for file in ("compose.yml", *files):
        read = yaml.load((DEPLOY / file).read_text(), Loader=_Overriding)  # noqa: S506  # a SafeLoader, for files of this repository
        found = _merged(found, read)
    return found


@pytest.mark.parametrize(
    "files",
    [("compose.http.yml",), ("compose.postgres.yml",), ("compose.http.yml", "compose.postgres.yml")],
)
def test_the_compose_files_for_http_and_postgres_fit_the_first_one(files: tuple[str, ...]) -> None:
    """Each variable is one of the bot's, each secret is declared and handed over, each volume is there; the root stays read-only."""
    composed = _composed(*files)
    bot = composed["services"]["aion-bot"]
    platforms = [name for platform in adapters.platforms() for name in platform.variables()]
    secrets = [
        *SECRET_FILES,
        *secret_files.variables(name for one in adapters.platforms() for name in secrets_of(one)),
    ]
    assert bot["environment"].keys() <= {*VARIABLES, *platforms, *secrets}
    for service in composed["services"].values():
        assert set(service["secrets"]) <= composed["secrets"].keys()
        assert {one.partition(":")[0] for one in service["volumes"]} <= composed["volumes"].keys()
        named = [one for one in service["environment"].values() if "/run/secrets/" in str(one)]
        assert {one.rpartition("/")[2] for one in named} == set(service["secrets"])
    assert bot["read_only"] is True


def test_the_compose_file_for_http_is_of_one_way() -> None:
    """The app-level token is gone, and the port that a proxy reaches is the one that the bot listens on, on loopback alone."""
    composed = _composed("compose.http.yml")
    bot = composed["services"]["aion-bot"]
    assert "SLACK_APP_TOKEN" not in str(composed)
    (port,) = bot["ports"]
    host, _, inside = port.rpartition(":")
    assert bot["environment"]["AION_BOT_HTTP_ADDRESS"].endswith(f":{inside}")
    assert host.startswith("127.0.0.1:")
    assert f":{inside}/readyz" in dict(_instructions())["HEALTHCHECK"]


def test_the_compose_file_for_postgres_has_an_address_that_the_bot_reads() -> None:
    """The address names the database of the other service, and no password."""
    composed = _composed("compose.postgres.yml")
    bot, server = composed["services"]["aion-bot"], composed["services"]["postgres"]
    location = read_location(bot["environment"]["AION_BOT_DATABASE_URL"])
    assert isinstance(location, PostgresUrl)
    user, database = server["environment"]["POSTGRES_USER"], server["environment"]["POSTGRES_DB"]
    assert str(location) == f"postgresql://{user}@postgres/{database}"
    assert ":" not in location.url.partition("//")[2].partition("@")[0]


def test_the_image_has_the_extra_for_postgres_as_it_is_pinned() -> None:
    """requirements-postgres.txt is what the script makes of requirements-dev.txt, and the image installs it by its hashes."""
    assert extra_requirements.TARGET.read_text("utf-8") == extra_requirements.requirements()
    (install,) = [
        rest for word, rest in _instructions() if word == "RUN" and extra_requirements.TARGET.name in rest
    ]
    assert "--require-hashes" in install
