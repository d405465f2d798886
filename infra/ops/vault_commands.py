"""`./arena vault`: what the vault's owner is to sign, printed; no key of the owner ever comes here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Final

import typer

from infra.vault import messages
from infra.vault.code import CODE_HASH
from infra.vault.signing_request import SigningRequest
from shared.domain.errors import InvariantBroken, Refused
from shared.domain.ton.address import MAINNET_ID, TESTNET_ID, Address, parse_address
from shared.domain.ton.cell import Cell

app = typer.Typer(no_args_is_help=True, help=__doc__)


class Network(Enum):
    """Where the vault lives; its number is in every vault's address."""

    MAINNET = "mainnet"
    TESTNET = "testnet"


MOST_COINS: Final = (1 << 120) - 1
"""What the field of an amount holds, of nanotons and jetton units alike."""
NETWORK_IDS: Final = {Network.MAINNET: MAINNET_ID, Network.TESTNET: TESTNET_ID}

VaultOption = Annotated[str, typer.Option("--vault", help="The vault's address, raw or friendly.")]
NetworkOption = Annotated[Network, typer.Option("--network", help="No default: a mix-up is expensive.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
ToOption = Annotated[str, typer.Option("--to", help="Address of the receiver.")]


@app.command()
def deploy(
    network: NetworkOption,
    owner: Annotated[str, typer.Option(help="May give every order; best a multisig.")],
    guardian: Annotated[str, typer.Option(help="May only pause.")],
    jetton_master: Annotated[str, typer.Option(help="The jetton it pays.")],
    oracle_key: Annotated[str, typer.Option(help="The signer's Ed25519 public key, 64 hex.")],
    per_claim: Annotated[int, typer.Option(min=1, max=MOST_COINS, help="Cap of one claim, in jetton units.")],
    per_day: Annotated[int, typer.Option(min=1, max=MOST_COINS, help="Cap of one UTC day, in jetton units.")],
    paused: Annotated[bool, typer.Option("--paused", help="Pay nothing until resumed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Deploy a new vault; send it set-jetton-wallet and jettons afterwards."""
    network_id = NETWORK_IDS[network]
    with _told():
        setup = messages.VaultSetup(
            owner=parse_address(owner, network_id=network_id),
            guardian=parse_address(guardian, network_id=network_id),
            jetton_master=parse_address(jetton_master, network_id=network_id),
            oracle_key=_key(oracle_key),
            network_id=network_id,
            per_claim_cap_units=per_claim,
            per_day_cap_units=per_day,
            is_paused=paused,
        )
        request = SigningRequest(
            what=f"deploy a vault with code {CODE_HASH}",
            to=messages.vault_address(setup),
            amount_nanoton=messages.DEPLOY_NANOTON,
            body=messages.top_up(),
            network_id=network_id,
            state_init=messages.vault_state_init(setup),
        )
    _print(request, as_json=as_json)


@app.command("top-up")
def top_up(
    vault: VaultOption,
    network: NetworkOption,
    nanoton: Annotated[int, typer.Option(min=1, max=MOST_COINS, help="How much, in nanotons.")],
    as_json: JsonOption = False,
) -> None:
    """Give the vault coins for its rent. Jettons are given by an ordinary jetton transfer to it."""
    _order("top up", vault, network, lambda _: messages.top_up(), nanoton=nanoton, as_json=as_json)


@app.command()
def pause(vault: VaultOption, network: NetworkOption, as_json: JsonOption = False) -> None:
    """Stop every claim; the guardian may sign this too."""
    _order("pause claims", vault, network, lambda _: messages.set_paused(is_paused=True), as_json=as_json)


@app.command()
def resume(vault: VaultOption, network: NetworkOption, as_json: JsonOption = False) -> None:
    """Let claims run again; only the owner may."""
    _order("resume claims", vault, network, lambda _: messages.set_paused(is_paused=False), as_json=as_json)


@app.command("set-oracle")
def set_oracle(
    vault: VaultOption,
    network: NetworkOption,
    key: Annotated[str, typer.Option(help="The new Ed25519 public key, 64 hex.")],
    grace_s: Annotated[int, typer.Option(min=0, help="How long the old key stays good; 0 in an emergency.")],
    as_json: JsonOption = False,
) -> None:
    """Rotate the signing key."""
    what = f"accept signatures of {key}, and of the key before it for {grace_s} s"
    _order(what, vault, network, lambda _: messages.set_oracle(_key(key), grace_s=grace_s), as_json=as_json)


@app.command("set-caps")
def set_caps(
    vault: VaultOption,
    network: NetworkOption,
    per_claim: Annotated[int, typer.Option(min=0, max=MOST_COINS, help="In jetton units.")],
    per_day: Annotated[int, typer.Option(min=0, max=MOST_COINS, help="In jetton units.")],
    as_json: JsonOption = False,
) -> None:
    """Limit one claim and one UTC day."""
    _order(
        f"cap a claim at {per_claim} and a day at {per_day} units",
        vault,
        network,
        lambda _: messages.set_caps(per_claim_units=per_claim, per_day_units=per_day),
        as_json=as_json,
    )


@app.command("set-jetton-wallet")
def set_jetton_wallet(
    vault: VaultOption,
    network: NetworkOption,
    wallet: Annotated[str, typer.Option(help="What the master's get_wallet_address says for the vault.")],
    as_json: JsonOption = False,
) -> None:
    """Tell the vault its own jetton wallet; once, and never undone."""
    _order(
        f"set the jetton wallet to {wallet}, for ever",
        vault,
        network,
        lambda network_id: messages.set_jetton_wallet(parse_address(wallet, network_id=network_id)),
        as_json=as_json,
    )


@app.command("set-guardian")
def set_guardian(
    vault: VaultOption,
    network: NetworkOption,
    guardian: Annotated[str, typer.Option(help="The new guardian.")],
    as_json: JsonOption = False,
) -> None:
    """Replace the guardian."""
    _order(
        f"make {guardian} the guardian",
        vault,
        network,
        lambda network_id: messages.set_guardian(parse_address(guardian, network_id=network_id)),
        as_json=as_json,
    )


@app.command("propose-owner")
def propose_owner(
    vault: VaultOption,
    network: NetworkOption,
    new_owner: Annotated[str, typer.Option(help="Who is to accept.")],
    as_json: JsonOption = False,
) -> None:
    """Offer the vault to a new owner, who takes it with accept-owner."""
    _order(
        f"offer the vault to {new_owner}",
        vault,
        network,
        lambda network_id: messages.propose_owner(parse_address(new_owner, network_id=network_id)),
        as_json=as_json,
    )


@app.command("accept-owner")
def accept_owner(vault: VaultOption, network: NetworkOption, as_json: JsonOption = False) -> None:
    """Take the vault; signed by the proposed owner."""
    _order("take the vault over", vault, network, lambda _: messages.accept_owner(), as_json=as_json)


@app.command("withdraw-jettons")
def withdraw_jettons(
    vault: VaultOption,
    network: NetworkOption,
    units: Annotated[int, typer.Option(min=1, max=MOST_COINS, help="How many, in jetton units.")],
    to: ToOption,
    query_id: Annotated[int, typer.Option(min=0, max=(1 << 64) - 1, help="To find the transfer again.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Move jettons out of the vault."""
    _order(
        f"withdraw {units} jetton units to {to}",
        vault,
        network,
        lambda network_id: messages.withdraw_jettons(
            amount_units=units, to=parse_address(to, network_id=network_id), query_id=query_id
        ),
        nanoton=messages.WITHDRAW_JETTONS_NANOTON,
        as_json=as_json,
    )


@app.command("withdraw-ton")
def withdraw_ton(
    vault: VaultOption,
    network: NetworkOption,
    nanoton: Annotated[int, typer.Option(min=1, max=MOST_COINS, help="How much, in nanotons.")],
    to: ToOption,
    as_json: JsonOption = False,
) -> None:
    """Move coins out of the vault, above what its getReserve says."""
    _order(
        f"withdraw {nanoton} nanotons to {to}",
        vault,
        network,
        lambda network_id: messages.withdraw_ton(
            amount_nanoton=nanoton, to=parse_address(to, network_id=network_id)
        ),
        as_json=as_json,
    )


def _order(
    what: str,
    vault: str,
    network: Network,
    body_of: Callable[[int], Cell],
    *,
    as_json: bool,
    nanoton: int = messages.ORDER_NANOTON,
) -> None:
    """Print the request for one order; the body may need the network's id to read addresses."""
    network_id = NETWORK_IDS[network]
    with _told():
        to: Address = parse_address(vault, network_id=network_id)
        request = SigningRequest(
            what=what, to=to, amount_nanoton=nanoton, body=body_of(network_id), network_id=network_id
        )
    _print(request, as_json=as_json)


def _print(request: SigningRequest, *, as_json: bool) -> None:
    document = request.as_document()
    if as_json:
        print(json.dumps(document, indent=2))
        return
    for name, value in document.items():
        if value is not None:
            print(f"{name:<11} {value}")


def _key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise Refused("an oracle key is 64 hex digits", code="invalid_key") from error
    if len(key) != messages.ORACLE_KEY_BYTES or len(text) != 2 * messages.ORACLE_KEY_BYTES:
        raise Refused("an oracle key is 64 hex digits", code="invalid_key")
    return key


@contextmanager
def _told() -> Iterator[None]:
    """A refusal is a sentence and exit status 2, as for any wrong argument."""
    try:
        yield
    except (Refused, InvariantBroken) as error:
        raise typer.BadParameter(error.detail) from error
