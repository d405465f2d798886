// Every account's state at every shard block that changed it, so that a pinned read finds its block's state.
'use strict';

const { SmartContract, createEmptyShardAccount } = require('@ton/sandbox');

/** States by shard block. Storing only changes makes a block cost what its transactions touched. */
class AccountHistory {
  #states = new Map();
  #blockchain;

  constructor(blockchain) {
    this.#blockchain = blockchain;
  }

  /** Remember `shardAccount` from shard block `shardSeqno` on; states no block before `oldestKept` needs are forgotten. */
  put(address, shardSeqno, shardAccount, oldestKept) {
    const key = address.toRawString();
    const states = this.#states.get(key) ?? [];
    states.push({ shardSeqno, shardAccount, contract: undefined });
    while (states.length > 1 && states[1].shardSeqno <= oldestKept) states.shift();
    this.#states.set(key, states);
  }

  /** The account as of shard block `shardSeqno`, as a contract that can run get-methods and never changes. */
  at(address, shardSeqno) {
    const states = this.#states.get(address.toRawString()) ?? [];
    const state = states.findLast((candidate) => candidate.shardSeqno <= shardSeqno);
    if (state === undefined) return new SmartContract(createEmptyShardAccount(address), this.#blockchain);
    state.contract ??= new SmartContract(withAccount(address, state.shardAccount), this.#blockchain);
    return state.contract;
  }
}

/** A deleted account has no account part; give it the empty one, keeping its last transaction. */
function withAccount(address, shardAccount) {
  if (shardAccount.account) return shardAccount;
  return { ...shardAccount, account: createEmptyShardAccount(address).account };
}

module.exports = { AccountHistory };
