"""Packing, signing, verifying, digests and listings, with the test keys of the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import chartpy
import pytest

RINGS = Path(__file__).resolve().parents[2] / "fixtures/provenance/rings"
CHART = chartpy.load({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n", "values.yaml": "a: 1\n"})
EPOCH = 1_710_000_000


@pytest.mark.parametrize("ring", ["public.gpg", "public.asc", "pubring.kbx"])
def test_what_is_signed_verifies(tmp_path: Path, ring: str) -> None:
    package = CHART.package(tmp_path, epoch=EPOCH, key="ed25519@", keyring=RINGS / "secret.gpg")
    assert package.provenance == f"{package.path}.prov"
    verified = chartpy.verify(package, keyring=RINGS / ring)
    assert verified.signed_by == ("Test Key Ed25519 (not a real key) <ed25519@chart.test>",)
    assert (verified.file_name, verified.digest) == ("web-0.1.0.tgz", package.digest)
    assert len(verified.fingerprint) == 40
    assert str(verified).endswith(f"Chart Hash Verified: {package.digest}\n")
    again = CHART.package(tmp_path / "again", epoch=EPOCH, key="ed25519@", keyring=RINGS / "secret.gpg")
    assert again.provenance
    assert Path(again.provenance).read_bytes() == Path(f"{package.path}.prov").read_bytes()


def test_a_package_without_a_key_is_not_signed(tmp_path: Path) -> None:
    package = CHART.package(tmp_path)
    assert package.provenance is None
    assert os.listdir(tmp_path) == ["web-0.1.0.tgz"]
    with pytest.raises(FileNotFoundError, match="could not load provenance file"):
        chartpy.verify(package, keyring=RINGS / "public.gpg")


@pytest.mark.parametrize("passphrase", ["open sesame", b"open sesame"])
def test_locked_keys_want_their_passphrase(tmp_path: Path, passphrase: str | bytes) -> None:
    ring = RINGS / "secret-locked.gpg"
    with pytest.raises(chartpy.UsageError, match="is locked: give its `passphrase`"):
        CHART.package(tmp_path, key="locked", keyring=ring)
    with pytest.raises(chartpy.SignatureError, match="private key checksum failure"):
        CHART.package(tmp_path, key="locked", keyring=ring, passphrase="wrong")
    assert not os.listdir(tmp_path)
    package = CHART.package(tmp_path, key="locked", keyring=ring, passphrase=passphrase)
    assert chartpy.verify(package, keyring=RINGS / "public.gpg").signed_by[0].startswith("Test Key Locked")


def test_what_does_not_verify_is_an_error(tmp_path: Path) -> None:
    package = CHART.package(tmp_path, epoch=EPOCH, key="rsa@", keyring=RINGS / "secret.gpg")
    with pytest.raises(chartpy.SignatureError, match="made by unknown entity"):
        chartpy.verify(package, keyring=RINGS / "stranger.gpg")
    with pytest.raises(chartpy.SignatureError, match="signature expired"):
        chartpy.verify(package, keyring=RINGS / "public.gpg", now=EPOCH - 1)
    Path(package).write_bytes(b"changed")
    with pytest.raises(chartpy.SignatureError, match="sha256 sum does not match") as raised:
        chartpy.verify(package, keyring=RINGS / "public.gpg", compat="helm3")
    assert raised.value.code == "signature"
    with pytest.raises(chartpy.SignatureError, match="private key not found"):
        CHART.package(tmp_path, key="nobody", keyring=RINGS / "secret.gpg")
    with pytest.raises(chartpy.UsageError, match="go together"):
        CHART.package(tmp_path, key="nobody")
    with pytest.raises(TypeError):
        CHART.package(tmp_path, key="locked", keyring=RINGS / "secret.gpg", passphrase=3)  # type: ignore[arg-type]


def test_a_folder_and_its_archive_have_one_digest(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    package = chartpy.load(folder).package(tmp_path)
    digests = chartpy.digest(folder)
    assert digests == chartpy.digest(package)
    assert digests.archive == package.digest
    assert chartpy.digest(folder, epoch=EPOCH).content == digests.content
    assert chartpy.digest(folder, epoch=EPOCH).archive != digests.archive
    listing = chartpy.listing(folder, version="0.2.0")
    assert (listing.name, listing.version, listing.ignored) == ("web", "0.2.0", ())
    assert listing.files == (chartpy.PackedFile("web/Chart.yaml", listing.size),)
