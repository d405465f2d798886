// The indexer behind /api/v3/jetton/transfers: every transfer a genuine jetton wallet was asked for, done or failed.
'use strict';

const { beginCell } = require('@ton/core');

const KEPT_TRANSFERS = 20_000;
const TRANSFER = 0x0f8a7ea5; // TEP-74 transfer, sent by the owner to its own wallet
const INTERNAL_TRANSFER = 0x178d4519;

/**
 * Transfers, oldest first, as TEP-74 messages show them.
 *
 * As in the real indexer, `isAborted` is about the transaction in the sender's wallet: a failure
 * further on, in the receiver's wallet, does not show here.
 */
class JettonTransfers {
  #chain;
  #wallets = new Map();
  all = [];

  constructor(chain) {
    this.#chain = chain;
  }

  /** Look at the message of a transaction `entry` of the chain. */
  async record(entry, message) {
    const body = message.body.beginParse();
    if (message.info.type !== 'internal' || message.info.bounced || body.remainingBits < 32) return;
    const operation = body.loadUint(32);
    if (operation !== TRANSFER && operation !== INTERNAL_TRANSFER) return;
    const wallet = await this.#wallet(entry.address);
    if (wallet === undefined || operation !== TRANSFER) return;
    const transfer = readTransfer(body);
    if (transfer === undefined) return;
    this.all.push({ ...transfer, ...wallet, entry });
    if (this.all.length > KEPT_TRANSFERS) this.all.shift();
  }

  /** {owner, master} of a jetton wallet whose master agrees; remembered, since a broken wallet cannot say it. */
  async #wallet(address) {
    const key = address.toRawString();
    if (!this.#wallets.has(key)) {
      const wallet = await this.#askWallet(address).catch(() => undefined); // a get-method that throws: no jetton wallet
      if (wallet === undefined) return undefined;
      this.#wallets.set(key, wallet);
    }
    return this.#wallets.get(key);
  }

  async #askWallet(address) {
    const { stackReader } = await this.#chain.account(address).get('get_wallet_data');
    stackReader.skip(1);
    const [owner, master] = [stackReader.readAddress(), stackReader.readAddress()];
    const ownerSlice = { type: 'slice', cell: beginCell().storeAddress(owner).endCell() };
    const answer = await this.#chain.account(master).get('get_wallet_address', [ownerSlice]);
    return answer.stackReader.readAddress().equals(address) ? { owner, master } : undefined;
  }
}

/** The fields after the operation code, or undefined when they are not those of TEP-74. */
function readTransfer(body) {
  try {
    return {
      queryId: body.loadUintBig(64),
      amount: body.loadCoins(),
      destination: body.loadAddress(),
      responseDestination: body.loadMaybeAddress(),
      customPayload: body.loadMaybeRef(),
      forwardNano: body.loadCoins(),
    };
  } catch {
    return undefined;
  }
}

module.exports = { JettonTransfers };
