"""Which contract a vault must be: the code hash settlement trusts."""

from typing import Final

VAULT_CODE_HASH: Final = "602ef837f24f121336f9fa25b958c2ef35ac92fffdf03e894ff4185bc834a6bf"
"""The compiled contract of infra/vault; a test compares the two."""
