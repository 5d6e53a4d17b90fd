"""The sandbox as a process of its own."""

import os
import sys
from pathlib import Path

import httpx

from tests.conftest import ROOT
from tests.servers import Server


class Sandbox(Server):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, "-m", "sandbox", "--port", str(self.port)]
        self.environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def answers(self) -> bool:
        try:
            return httpx.get(self.url, trust_env=False).is_success
        except httpx.TransportError:
            return False
