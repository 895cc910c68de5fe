"""`golive run --web.config.file`: the port under TLS and a password, and the commands that speak to it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import bcrypt
import pytest
import trustme

from tests.rig.daemon import GOLIVE
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST}
people: [{name: anna, role: approver, duties: [cutover-manager]}]
stages: [{name: legacy}]
gates: [{name: smoke, signed_by: cutover-manager}]
"""


def test_the_port_is_private_and_the_commands_find_their_way(tmp_path: Path) -> None:
    """Without the CA or the password nothing is read; `golive status` with both the CA and a token reads the board."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "server.key")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    (tmp_path / "golive.yaml").write_text(CONFIG)
    hashed = bcrypt.hashpw(b"horse", bcrypt.gensalt(4)).decode()
    tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
    (tmp_path / "web.yml").write_text(f"{tls}basic_auth_users: {{prom: '{hashed}'}}\n")
    token = subprocess.run(
        [*GOLIVE, "token", "new", "--name", "anna"], cwd=tmp_path, capture_output=True, check=True, timeout=30
    )
    secret = tmp_path / "anna.token"
    secret.write_bytes(token.stdout)
    secret.chmod(0o600)
    command = [*GOLIVE, "run", "--web.listen-address", "127.0.0.1:0", "--web.config.file", "web.yml"]
    log = tmp_path / "daemon.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out)
    try:
        url = _address(log)
        status = [program("curl"), "-s", "-o", "/dev/null", "-w", "%{http_code}"]

        def asked(*more: str) -> str:
            run = subprocess.run(
                [*status, *more, f"{url}/metrics"], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            return run.stdout

        assert asked() == "000"
        assert asked("--cacert", "ca.pem") == "401"
        assert asked("--cacert", "ca.pem", "-u", "prom:horse") == "200"
        trusting = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        words = [*GOLIVE, "status", "--url", url, "--oneline", "--token-file", str(secret)]
        seen = subprocess.run(
            words, cwd=tmp_path, env=trusting, capture_output=True, text=True, check=False, timeout=30
        )
        assert seen.stdout.startswith("TEST HOLD"), (seen.stdout, seen.stderr, log.read_text())
    finally:
        daemon.terminate()
        assert daemon.wait(15) == 0


def _address(log: Path) -> str:
    deadline = time.monotonic() + 30
    while True:
        found = re.search(r"watching .* on (https://\S+),", log.read_text())
        if found:
            return found[1]
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
