// Every account's state at every shard block that changed it, so that a pinned read finds its block's state.
'use strict';

const { Cell, loadShardAccount } = require('@ton/core');
const { SmartContract, createEmptyShardAccount } = require('@ton/sandbox');

const PARSED_ACCOUNTS = 32;

/**
 * States by shard block, kept as bags of cells: parsed, a vault of a thousand recipients would take
 * megabytes a block. Storing only changes makes a block cost what its transactions touched.
 */
class AccountHistory {
  #states = new Map();
  #lastRead = new Map(); // one parsed state an account: most reads are about the newest
  #blockchain;

  constructor(blockchain) {
    this.#blockchain = blockchain;
  }

  /** Remember the base64 shard account from shard block `shardSeqno` on; what no block since `oldestKept` needs is forgotten. */
  put(address, shardSeqno, boc, oldestKept) {
    const key = address.toRawString();
    const states = this.#states.get(key) ?? [];
    states.push({ shardSeqno, boc });
    while (states.length > 1 && states[1].shardSeqno <= oldestKept) states.shift();
    this.#states.set(key, states);
  }

  /** The account as of shard block `shardSeqno`, as a contract that can run get-methods and never changes. */
  at(address, shardSeqno) {
    const key = address.toRawString();
    const state = (this.#states.get(key) ?? []).findLast((candidate) => candidate.shardSeqno <= shardSeqno);
    if (state === undefined) return new SmartContract(createEmptyShardAccount(address), this.#blockchain);
    const read = this.#lastRead.get(key);
    if (read?.state === state) return read.contract;
    const contract = new SmartContract(shardAccount(address, state.boc), this.#blockchain);
    this.#lastRead.delete(key);
    this.#lastRead.set(key, { state, contract });
    if (this.#lastRead.size > PARSED_ACCOUNTS) this.#lastRead.delete(this.#lastRead.keys().next().value);
    return contract;
  }
}

/** A deleted account has no account part; give it the empty one, keeping its last transaction. */
function shardAccount(address, boc) {
  const parsed = loadShardAccount(Cell.fromBase64(boc).beginParse());
  return parsed.account ? parsed : { ...parsed, account: createEmptyShardAccount(address).account };
}

module.exports = { AccountHistory };
