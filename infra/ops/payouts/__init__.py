"""What the vault paid on chain against what the ledger says it paid: for after a restore. Nothing is written."""
