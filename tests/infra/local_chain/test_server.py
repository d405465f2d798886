"""The local TON chain's server: which network it is, how it starts and that it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from infra.local.chain_client import ChainClient
from infra.local.endpoint_process import PROJECT_ROOT, start_endpoint, stop_endpoint
from infra.local.world import create_world
from tests.infra.local_chain.another_chain import another_chain
from tests.local_claims import Claimant


def is_gone_within(seconds: float, chain: ChainClient) -> bool:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        try:
            chain.head_seqno()
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_a_chain_of_another_network_says_so_everywhere(tmp_path: Path, oracle: SigningKey) -> None:
    with another_chain(tmp_path, "--network-id=-3") as chain:
        world = create_world(chain, oracle_public_key=bytes(oracle.verify_key))
        header = chain.call("getBlockHeader", workchain=-1, seqno=chain.head_seqno())
        player = Claimant.funded(chain, world, oracle)
        player.claim(seqno=1, units=5)  # the vault compares its network id with the chain's parameter 19
        assert (header["global_id"], world.network_id, player.jetton_units()) == (-3, -3, 5)


def test_the_server_ends_within_a_second_even_with_a_hanging_request(tmp_path: Path) -> None:
    endpoint = start_endpoint("infra.local.chain_endpoint", "--api-key=fake", log=tmp_path / "stderr.log")
    chain = ChainClient(endpoint.url, api_key="fake", timeout_s=0.2)
    chain.control("fault", kind="hang", count=1)
    with pytest.raises(TimeoutError):
        chain.head_seqno()
    started_s = time.monotonic()
    endpoint.process.terminate()
    assert endpoint.process.wait(5) == 0
    assert time.monotonic() - started_s < 10
    stop_endpoint(endpoint)


def test_the_server_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from infra.local.endpoint_process import start_endpoint;"
        "print(start_endpoint('infra.local.chain_endpoint', '--api-key=fake').url, flush=True);"
        "time.sleep(600)"
    )
    with (tmp_path / "stderr.log").open("ab") as stderr:
        parent = subprocess.Popen(
            [sys.executable, "-c", starter],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=PROJECT_ROOT,
        )
    with parent:
        assert parent.stdout is not None
        chain = ChainClient(parent.stdout.readline().strip(), api_key="fake")
        assert chain.head_seqno() > 0
        parent.kill()
    assert is_gone_within(5, chain)


def test_a_server_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="before it was ready"):
        start_endpoint("infra.local.chain_endpoint", log=tmp_path / "stderr.log")
    assert "--api-key is required" in (tmp_path / "stderr.log").read_text()
