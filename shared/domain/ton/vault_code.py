"""Which contract a vault must be: the code hash settlement trusts."""

from typing import Final

VAULT_CODE_HASH: Final = "235bbb0bc354ca9a05544b8e4f8a17e99ccff698407033920809a04ad79970d4"
"""The compiled contract of infra/vault; a test compares the two."""
