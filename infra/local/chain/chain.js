// A TON chain in memory: the real TVM, masterchain blocks that follow the clock, one shard that lags behind.
'use strict';

const { Cell, Dictionary, beginCell, external, internal } = require('@ton/core');
const { Blockchain, EmulationError } = require('@ton/sandbox');
const { AccountHistory } = require('./accounts');
const { JettonTransfers } = require('./jetton_transfers');

const KEPT_TRANSACTIONS = 1000;
const FIRST_SEQNO = 1000;
const GLOBAL_ID_PARAM = 19;
const THROWING_CODE = beginCell().storeUint(0xf2c2c9, 24).endCell(); // THROW 713, whatever comes

/**
 * Masterchain blocks carry the clock's time; each names the shard block it includes.
 *
 * Contracts run at the shard's own block time, which is the clock minus `shardLagS` and never falls.
 * That gap is the settlement hazard of a real network: after the masterchain has passed a claim's
 * validUntil, a shard block that has not may still execute it.
 */
class Chain {
  #blocks = new Map();
  #clock;
  #blockchain;
  #pending = []; // external messages held back: {message} or, once begun, {iterator}
  #transactions = new Map();
  #brokenCode = new Map();
  #treasury;
  #keptBlocks; // what a pinned read can still reach; a real liteserver forgets old states too

  isStalled = false;
  isDelayed = false;
  shardLagS;
  lastTransactions = [];

  constructor({ blockchain, clock, networkId, shardLagS, keptBlocks }) {
    this.#blockchain = blockchain;
    this.#keptBlocks = keptBlocks;
    this.#clock = clock;
    this.networkId = networkId;
    this.shardLagS = shardLagS;
    this.accounts = new AccountHistory(blockchain);
    this.transfers = new JettonTransfers(this);
    const nowS = clock();
    this.head = { seqno: FIRST_SEQNO, timeS: nowS, shard: { seqno: FIRST_SEQNO, timeS: nowS - shardLagS } };
    this.#blocks.set(this.head.seqno, this.head);
  }

  /** A new world: an owner account with a million TON and nothing else. */
  static async create(options) {
    const blockchain = await Blockchain.create({ config: 'slim' });
    blockchain.setConfig(configFor(blockchain.config, options.networkId));
    const chain = new Chain({ blockchain, ...options });
    blockchain.now = chain.head.shard.timeS;
    chain.#treasury = await blockchain.treasury('owner');
    await chain.#recordAccount(chain.#treasury.address);
    return chain;
  }

  get owner() {
    return this.#treasury.address;
  }

  get pendingCount() {
    return this.#pending.length;
  }

  get oldestSeqno() {
    return Math.max(FIRST_SEQNO, this.head.seqno - this.#keptBlocks + 1);
  }

  /** An account as it is now; see AccountHistory.at. */
  account(address) {
    return this.accounts.at(address, this.head.shard.seqno);
  }

  /** The masterchain block, or undefined when it is not produced yet or forgotten. */
  block(seqno) {
    return this.#blocks.get(seqno);
  }

  /** The newest transactions of an account first. */
  transactionsOf(address) {
    return this.#transactions.get(address.toRawString()) ?? [];
  }

  /** The stack's clock, in whole seconds. */
  nowS() {
    return this.#clock();
  }

  /** Let the blocks catch up with the clock, unless block production is stalled. */
  advance() {
    if (this.isStalled) return;
    const timeS = Math.max(this.head.timeS, this.nowS());
    const shardTimeS = Math.max(this.head.shard.timeS, timeS - this.shardLagS);
    const isShardMoved = shardTimeS > this.head.shard.timeS;
    if (timeS > this.head.timeS || isShardMoved) this.#produceBlock({ timeS, shardTimeS, isShardMoved });
  }

  /** Take an external message as a validator does: at once, or held while delayed or stalled. */
  async submit(message) {
    if (this.isDelayed || this.isStalled) {
      this.#pending.push({ message });
      return;
    }
    this.lastTransactions = [];
    const iterator = await this.#begin(message);
    while (await this.#step(iterator));
  }

  /** Run at most `limit` transactions of the held messages, each in a block of its own. */
  async flush(limit) {
    this.lastTransactions = [];
    while (this.lastTransactions.length < limit && this.#pending.length > 0) {
      const held = this.#pending[0];
      held.iterator ??= await this.#begin(held.message);
      if (!(await this.#stepUnlessRefused(held.iterator))) this.#pending.shift();
    }
  }

  /** Send from the owner's account past everything held back; the chain must be producing blocks. */
  async ownerSend({ to, nano, body, init, isBounceable }) {
    const message = internal({ to, value: nano, body, init, bounce: isBounceable });
    this.lastTransactions = [];
    const iterator = await this.#begin(
      external({ to: this.owner, body: this.#treasury.createTransfer({ messages: [message] }) }),
    );
    while (await this.#step(iterator));
  }

  /** Make every message to the contract fail, so that senders see a bounce; get-methods fail too. */
  async breakContract(address) {
    const state = (await this.#blockchain.getContract(address)).accountState;
    if (state?.type !== 'active' || this.#brokenCode.has(address.toRawString())) return;
    this.#brokenCode.set(address.toRawString(), state.state.code);
    await this.#replaceCode(address, THROWING_CODE);
  }

  async mendContract(address) {
    const code = this.#brokenCode.get(address.toRawString());
    if (code === undefined) return;
    this.#brokenCode.delete(address.toRawString());
    await this.#replaceCode(address, code);
  }

  async #replaceCode(address, code) {
    const contract = await this.#blockchain.getContract(address);
    const { account, ...last } = contract.account;
    const state = { type: 'active', state: { ...account.storage.state.state, code } };
    contract.account = { ...last, account: { ...account, storage: { ...account.storage, state } } };
    await this.#recordAccount(address);
  }

  async #begin(message) {
    this.advance();
    // A queue of its own keeps a half-run held message apart from what is sent meanwhile.
    return this.#blockchain.sendMessageIter(message, { allowParallel: true });
  }

  /** Run one transaction; false when the message's whole trace is done. */
  async #step(iterator) {
    this.advance();
    this.#blockchain.now = this.head.shard.timeS;
    const { value: transaction, done } = await iterator.next();
    this.#blockchain.transactions.length = 0; // the sandbox would keep them all for ever; we keep our own, bounded
    if (done) return false;
    const address = transaction.inMessage.info.dest;
    await this.#recordAccount(address);
    await this.#recordTransaction(address, transaction);
    return true;
  }

  /** As #step; a held message that is not accepted when its turn comes just disappears, as on the network. */
  async #stepUnlessRefused(iterator) {
    try {
      return await this.#step(iterator);
    } catch (error) {
      if (error instanceof EmulationError) return false;
      throw error;
    }
  }

  async #recordAccount(address) {
    this.#produceBlock({ timeS: this.head.timeS, shardTimeS: this.head.shard.timeS, isShardMoved: true });
    const contract = await this.#blockchain.getContract(address);
    const oldestKept = this.block(this.oldestSeqno).shard.seqno;
    // The sandbox's own serialised account, private by name: parsing and writing it anew would cost every transaction.
    this.accounts.put(address, this.head.shard.seqno, contract._account, oldestKept);
  }

  async #recordTransaction(address, transaction) {
    const entry = {
      address,
      seqno: this.head.seqno,
      lt: transaction.lt,
      hash: transaction.hash(),
      timeS: transaction.now,
      isAborted: transaction.description.aborted === true,
      boc: transaction.raw.toBoc(), // parsed, with its trace, it would take a hundred times the memory
    };
    const entries = this.#transactions.get(address.toRawString()) ?? [];
    entries.unshift(entry);
    entries.length = Math.min(entries.length, KEPT_TRANSACTIONS);
    this.#transactions.set(address.toRawString(), entries);
    this.lastTransactions.push(transaction);
    await this.transfers.record(entry, transaction.inMessage);
  }

  #produceBlock({ timeS, shardTimeS, isShardMoved }) {
    const { shard } = this.head;
    const next = isShardMoved ? { seqno: shard.seqno + 1, timeS: shardTimeS } : shard;
    this.head = { seqno: this.head.seqno + 1, timeS, shard: next };
    this.#blocks.set(this.head.seqno, this.head);
    this.#blocks.delete(this.head.seqno - this.#keptBlocks);
  }
}

/** The sandbox's configuration with its own network id, which the vault compares with the one it was deployed for. */
function configFor(config, networkId) {
  const params = config.beginParse().loadDictDirect(Dictionary.Keys.Int(32), Dictionary.Values.Cell());
  params.set(GLOBAL_ID_PARAM, beginCell().storeInt(networkId, 32).endCell());
  return beginCell().storeDictDirect(params).endCell();
}

module.exports = { Chain };
