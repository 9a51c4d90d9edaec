"""Nginx before vitte: the site, the certificate, and who may reach the socket.

Owns ``sites-available/vitte``, ``/etc/nginx/vitte/`` and ``/etc/vitte/tls/``. What Nginx
does not accept is taken back before anything is reloaded.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

from vitte.errors import StepFailed
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

EXAMPLE: Final = "bot.example.com"
EXAMPLE_OF_ADMIN: Final = "admin.example.com"
CONFIG: Final = ROOT / "config" / "nginx"
SITE: Final = Path("/etc/nginx/sites-available/vitte")
ENABLED: Final = Path("/etc/nginx/sites-enabled/vitte")
NETWORKS: Final = Path("/etc/nginx/vitte/telegram-networks.conf")
TLS: Final = Path("/etc/vitte/tls")
ROOT_OF_PAGES: Final = Path("/var/www/vitte")
HTTP2_IS_A_DIRECTIVE: Final = (1, 25, 1)
DOMAIN: Final = re.compile(
    r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
)


class Names(NamedTuple):
    """The names under which a machine is reached; the admin panel has one of its own, or none."""

    domain: str
    admin: str | None = None


def site(names: Names, nginx: tuple[int, ...], tls: tuple[Path, Path]) -> str:
    """The site of a machine, in the words of this Nginx."""
    text = (CONFIG / "vitte.conf").read_text(encoding="utf-8")
    if names.admin:
        panel = (CONFIG / "admin.conf").read_text(encoding="utf-8")
        text += panel.replace(EXAMPLE_OF_ADMIN, names.admin)
        text = text.replace(
            f"default {EXAMPLE};", f"default {EXAMPLE};\n    {names.admin} {names.admin};"
        )
        # The first is the server of port 80, which answers Let's Encrypt for both.
        text = text.replace(f"server_name {EXAMPLE};", f"server_name {EXAMPLE} {names.admin};", 1)
    text = text.replace("/etc/vitte/tls/fullchain.pem", str(tls[0]))
    text = text.replace("/etc/vitte/tls/privkey.pem", str(tls[1])).replace(EXAMPLE, names.domain)
    if nginx < HTTP2_IS_A_DIRECTIVE:
        text = re.sub(r"(?m)^( +listen [^;]*443 ssl[^;]*);", r"\1 http2;", text)
        text = re.sub(r"(?m)^ +http2 on;\n", "", text)
    return text


def put_before(
    machine: Machine, names: Names, *, given: tuple[Path, Path] | None, email: str | None
) -> None:
    """Put Nginx before vitte.

    Raises:
        StepFailed: Nginx does not accept it; what was there before is there again.
    """
    machine.folder(ROOT_OF_PAGES, mode=0o755)
    machine.folder(ROOT_OF_PAGES / "app", mode=0o755)
    _member(machine)
    tls = given or _of_before(names.domain) or _certificate(machine, names)
    nginx = version(machine)
    if not NETWORKS.exists():  # an operator may have added to it
        machine.write(NETWORKS, (CONFIG / NETWORKS.name).read_text(encoding="utf-8"))
    changed = _write_site(machine, site(names, nginx, tls))
    if changed and not machine.dry_run:
        machine.run("systemctl", "reload-or-restart", "nginx")
    if email and not given:
        _ask_lets_encrypt(machine, names, email, nginx)


def _write_site(machine: Machine, text: str) -> bool:
    before = SITE.read_text(encoding="utf-8") if SITE.exists() else None
    changed = machine.write(SITE, text)
    linked = machine.link(ENABLED, SITE)
    if machine.dry_run or not (changed or linked):
        return changed or linked
    try:
        machine.run("nginx", "-t", "-q")
    except StepFailed:
        ENABLED.unlink(missing_ok=True)
        SITE.unlink(missing_ok=True)
        if before is not None:
            machine.write(SITE, before)
            machine.link(ENABLED, SITE)
        raise
    return True


def _member(machine: Machine) -> None:
    """Let Nginx's account reach vitte's socket: through vitte's group."""
    groups = (machine.says("id", "-nG", "www-data") or "").split()
    if machine.step("www-data is in the group vitte", needed="vitte" not in groups):
        machine.run("usermod", "--append", "--groups", "vitte", "www-data")
        machine.run("systemctl", "restart", "nginx")  # a running process has the groups of before


def _of_before(domain: str) -> tuple[Path, Path] | None:
    """The certificate that was given when the site was made, if it is still there."""
    text = SITE.read_text(encoding="utf-8") if SITE.exists() else ""
    found = re.search(r"ssl_certificate (\S+);\s+ssl_certificate_key (\S+);", text)
    if found is None or f"default {domain};" not in text or found[1].startswith(str(TLS)):
        return None
    pair = Path(found[1]), Path(found[2])
    return pair if all(path.exists() for path in pair) else None


def _certificate(machine: Machine, names: Names) -> tuple[Path, Path]:
    """Let's Encrypt's where there is one, else one of our own, so that Nginx can start."""
    domain = names.domain
    lively = Path("/etc/letsencrypt/live", domain)
    if (lively / "fullchain.pem").exists():
        return lively / "fullchain.pem", lively / "privkey.pem"
    chain, key = TLS / "fullchain.pem", TLS / "privkey.pem"
    named = machine.says("openssl", "x509", "-in", str(chain), "-noout", "-subject") or ""
    if machine.step(f"a certificate of our own for {domain}", needed=domain not in named):
        TLS.mkdir(parents=True, exist_ok=True)
        key.unlink(missing_ok=True)
        machine.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj",
                    f"/CN={domain}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names if name),
                    "-keyout", str(key), "-out", str(chain))  # fmt: skip
        key.chmod(0o400)
    return chain, key


def _ask_lets_encrypt(machine: Machine, names: Names, email: str, nginx: tuple[int, ...]) -> None:
    """Have Let's Encrypt give a certificate; Nginx answers its question already."""
    lively = Path("/etc/letsencrypt/live", names.domain)
    machine.install("certbot")
    if machine.step("Let's Encrypt's certificate", needed=not lively.exists()):
        machine.run("certbot", "certonly", "--non-interactive", "--agree-tos", "--email", email,
                    "--webroot", "--webroot-path", str(ROOT_OF_PAGES), "--expand",
                    "--domain", ",".join(filter(None, names)),
                    "--deploy-hook", "systemctl reload nginx")  # fmt: skip
        _write_site(machine, site(names, nginx, _certificate(machine, names)))
        machine.run("systemctl", "reload", "nginx")


def version(machine: Machine) -> tuple[int, ...]:
    """Which Nginx this is; before it is installed, a new one."""
    try:
        said = machine.run("sh", "-c", "nginx -v 2>&1")
    except StepFailed:
        return HTTP2_IS_A_DIRECTIVE
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else HTTP2_IS_A_DIRECTIVE


def take_away(machine: Machine) -> None:
    """Take the site away; the certificate stays with the rest of /etc/vitte."""
    was = ENABLED.is_symlink()
    for path in (ENABLED, SITE, NETWORKS.parent):
        machine.remove(path)
    if was and not machine.dry_run:
        machine.run("systemctl", "reload-or-restart", "nginx")
