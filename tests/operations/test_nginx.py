"""The site before Nginx itself and before gixy: no word of complaint from either."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vitte.hosting import proxy
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

ALONE = "pid {0}/pid; error_log {0}/error.log; events {{}} http {{ include {0}/site.conf; }}\n"


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A configuration of Nginx with nothing but the site, its files below one folder."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not here")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", "/CN=bot.example.com",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "chain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    version = proxy.version(Machine(dry_run=False))
    names = proxy.Names("bot.example.com", "admin.example.com")
    text = proxy.site(names, version, (tmp_path / "chain.pem", tmp_path / "key.pem"))
    networks = str(ROOT / "config" / "nginx" / "telegram-networks.conf")
    text = text.replace(str(proxy.NETWORKS), networks).replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "site.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(ALONE.format(tmp_path))
    return tmp_path / "nginx.conf"


def test_nginx_accepts_it_without_a_warning(configuration: Path) -> None:
    done = subprocess.run(
        ["nginx", "-t", "-c", str(configuration)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_gixy_finds_nothing(configuration: Path) -> None:
    gixy = shutil.which("gixy") or shutil.which("gixy", path=str(Path(sys.executable).parent))
    if gixy is None:
        pytest.skip("gixy is not here")

    done = subprocess.run([gixy, str(configuration)], capture_output=True, text=True, check=False)

    assert "No issues found" in done.stdout, done.stdout
    assert done.returncode == 0
